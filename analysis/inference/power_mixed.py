"""Replications fitted by a linear mixed model of respondents within clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analysis.errors import ModelError, Problem, SmartCityError
from analysis.inference.population import Population
from analysis.inference.population_checks import require_known
from analysis.inference.population_draw import Sampler
from analysis.inference.power_fits import CLUSTER, Fits, Sample, Target, failed, frame_of, stacked
from analysis.multilevel.design import build_design
from analysis.multilevel.formula import Formula, parse_formula
from analysis.multilevel.satterthwaite import coefficient_df, variance_uncertainty
from analysis.multilevel.singularity import is_singular
from analysis.multilevel.solution import solve_design
from analysis.sem.bootstrap.result import Statistic

Array = NDArray[np.float64]

_MEAN = "_mean"
_PILOT = 20  # respondents a cluster of the sample that the formula is read on


@dataclass(frozen=True, slots=True)
class MixedModel:
    """The fixed effects of ``formula`` by REML, with Satterthwaite's degrees of freedom. ``scales`` are variables that
    are means of items: the scale of the latent variable x is called x_mean.
    """

    target: Target
    formula: Formula
    cluster: str
    scales: Mapping[str, tuple[str, ...]]

    def fit(self, samples: Sequence[Sample]) -> Fits:
        """Fit every sample."""
        return stacked([self._one(sample) for sample in samples])

    def frame(self, sample: Sample) -> pd.DataFrame:
        """The variables of the formula."""
        frame = frame_of(self.target.observed, ("",), sample).rename(columns={CLUSTER: self.cluster})
        means = {name: frame[list(items)].mean(axis=1) for name, items in self.scales.items()}
        return frame.assign(**means)

    def _one(self, sample: Sample) -> Fits:
        m = len(self.target.statistics)
        try:
            solution = solve_design(self.formula, build_design(self.formula, self.frame(sample)))
        except (SmartCityError, np.linalg.LinAlgError) as error:
            return failed(m, str(error).splitlines()[0])
        if solution.design.fixed_names != tuple(s.lhs for s in self.target.statistics):
            return failed(m, "the sample does not tell all terms apart")
        df = coefficient_df(variance_uncertainty(solution))
        return Fits(
            estimate=solution.beta[None],
            se=np.sqrt(np.diag(solution.cov_beta))[None],
            critical=np.asarray(special.stdtrit(df, 0.975), dtype=np.float64)[None],
            chisq=np.array([np.nan]),
            improper=np.array([is_singular(solution)]),
            failure=("",),
        )


def formula_variables(text: str, population: Population) -> tuple[str, tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The cluster of a formula, the variables to be drawn for it, and its scales with their items.

    Raises SpecificationError for a faulty formula, ModelError where it has several grouping factors.
    """
    formula = parse_formula(text)
    clusters = tuple(dict.fromkeys(name for term in formula.random for name in term.group.variables))
    if len(clusters) > 1:
        what = f"the formula has {len(clusters)} grouping factors: {', '.join(clusters)}"
        raise ModelError(Problem(what, "formula", "a sample is drawn in clusters of one kind: keep one of them"))
    scales = {name: _items(name, population) for name in formula.variables if name not in clusters}
    drawn = tuple(dict.fromkeys(item for name, items in scales.items() for item in items or (name,)))
    return clusters[0], drawn, {name: items for name, items in scales.items() if items}


def mixed_model(text: str, sampler: Sampler) -> MixedModel:
    """The model with what is true of it: what the population says by name. Raises SpecificationError for a faulty
    formula, ModelError for what it does not share with the population.
    """
    cluster, _, scales = formula_variables(text, sampler.population)
    require_known(sampler.population, sampler.names, "formula")
    if sampler.sizes is None:
        what = "a mixed model needs clusters of several respondents"
        raise ModelError(Problem(what, "formula", "give their sizes: --cluster FILE"))
    if len(sampler.population.groups) > 1:
        raise ModelError(Problem("a mixed model has no groups", "population", "write one value in place of c(…)"))
    formula = parse_formula(text)
    nameless = MixedModel(Target(sampler.names, (), np.zeros(0)), formula, cluster, scales)
    sample = sampler.draw(_PILOT * len(sampler.sizes), np.random.Generator(np.random.PCG64(0)))
    names = build_design(formula, nameless.frame(sample)).fixed_names
    outcome = formula.text.partition("~")[0].strip()
    truth = np.array([_truth(outcome, name, sampler.population) for name in names])
    statistics = tuple(Statistic(name, "term", "", None, name, True) for name in names)
    return MixedModel(Target(sampler.names, statistics, truth), formula, cluster, scales)


def _items(name: str, population: Population) -> tuple[str, ...]:
    """The items of the scale ``name``; none where it is no scale."""
    if not name.endswith(_MEAN) or name in population.groups[0].names:
        return ()
    latent = name.removesuffix(_MEAN)
    return tuple(dict.fromkeys(rhs for _, (lhs, op, rhs) in population.values if op == "=~" and lhs == latent))


def _truth(outcome: str, term: str, population: Population) -> float:
    """What the population says of a term; NaN where it says nothing, or one thing a level."""
    if term == "(Intercept)":
        rights, op = [""], "~1"
    else:
        rights, op = [term, ":".join(reversed(term.split(":")))], "~"
    found = {values[0] for right in rights for level in (0, 1, 2)
             if (values := population.values.get((level, (outcome, op, right))))}  # fmt: skip
    return found.pop() if len(found) == 1 else np.nan
