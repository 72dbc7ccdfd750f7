"""The models that replications are fitted to: structural-equation models, from moments or from rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem, SmartCityError
from analysis.inference.population_checks import require_known
from analysis.inference.population_draw import Sampler
from analysis.inference.power_fits import CLUSTER, GROUP, Fits, Sample, Target, failed, frame_of, stacked
from analysis.inference.power_truth import (
    Place,
    place,
    population_samples,
    require_values,
    target_of,
    threshold_truth,
    values_by_name,
)
from analysis.sem import chi_square
from analysis.sem.bootstrap.draws import WeightedMoments
from analysis.sem.effects import defined_effects
from analysis.sem.estimate import estimate
from analysis.sem.estimators import choose
from analysis.sem.moment_fits import fit_moments, moment_solution
from analysis.sem.partable import ParameterTable, TableOptions, build_table
from analysis.sem.solution import Solution
from analysis.sem.syntax import ParsedModel, parse_model
from analysis.sem.twolevel.table import two_level_table

Array = NDArray[np.float64]

NORMAL_95 = chi_square.normal_quantile(0.975)


@dataclass(frozen=True, slots=True)
class FitChoice:
    """How replications are estimated. ``clustered``: errors robust to clusters; models of two levels need it."""

    estimator: str | None = None
    ordered: tuple[str, ...] = ()
    missing: str = "listwise"
    clustered: bool = False

    @property
    def of_moments(self) -> bool:
        """Whether the moments of complete data are all that is needed."""
        plain = self.estimator in {None, "ML"} and self.missing == "listwise"
        return plain and not (self.ordered or self.clustered)


@dataclass(frozen=True, slots=True)
class MomentModel:
    """Complete continuous data by ML: moments suffice, and replications are fitted together."""

    target: Target
    table: ParameterTable
    start: Array
    inverse_hessian: Array

    def fit(self, samples: Sequence[Sample]) -> Fits:
        """Fit every sample."""
        moments = [[_moments(rows) for rows in values] for values, _ in samples]
        found = fit_moments(self.table, moments, self.start, self.inverse_hessian)
        critical = np.full(found.estimate.shape, NORMAL_95)
        return Fits(found.estimate, found.se, critical, found.chisq, found.improper, found.failure)


@dataclass(frozen=True, slots=True)
class RowModel:
    """Any other estimator, ordinal answers, gaps, clusters, two levels: rows are fitted one sample after the other."""

    target: Target
    text: str
    choice: FitChoice
    groups: tuple[str, ...]
    places: tuple[Place, ...]

    def fit(self, samples: Sequence[Sample]) -> Fits:
        """Fit every sample."""
        return stacked([self._one(sample) for sample in samples])

    def _one(self, sample: Sample) -> Fits:
        try:
            solution = estimate(
                self.text,
                frame_of(self.target.observed, self.groups, sample),
                estimator=self.choice.estimator,
                ordered=self.choice.ordered,
                missing=self.choice.missing,
                group=GROUP if len(self.groups) > 1 else None,
                cluster=CLUSTER if self.choice.clustered else None,
            )
        except (SmartCityError, np.linalg.LinAlgError) as error:
            return failed(len(self.target.statistics), str(error).splitlines()[0])
        return self._of(solution)

    def _of(self, solution: Solution) -> Fits:
        """The estimates of one solution, by name: a sample may lack an answer category, and with it a threshold."""
        table, covariance, m = solution.table, solution.covariance, len(self.target.statistics)
        at = {place(row): i for i, row in enumerate(table.parameters) if row.free}
        if any(name not in at for name in self.places):
            return failed(m, "an answer category that nobody chose")
        rows = [at[name] for name in self.places]
        effects = defined_effects(table, solution.values, covariance, solution.values)
        se = np.full(len(rows), np.nan)
        if covariance is not None:
            with np.errstate(invalid="ignore"):
                se = np.sqrt(np.diag(covariance))[[table.parameters[i].free - 1 for i in rows]]
        improper = any(solution.values[i] < 0 for i, row in enumerate(table.parameters) if row.is_variance)
        of_effects = [np.nan if effect.se is None else effect.se for effect in effects]
        return Fits(
            estimate=np.append(solution.values[rows], [effect.estimate for effect in effects])[None],
            se=np.append(se, of_effects)[None],
            critical=np.full((1, m), NORMAL_95),
            chisq=np.array([solution.test.chisq]),
            improper=np.array([improper]),
            failure=("",),
        )


def sem_model(text: str, name: str, sampler: Sampler, choice: FitChoice) -> MomentModel | RowModel:
    """The model with what is true of it. Raises SpecificationError for faulty syntax and ModelError for what model
    and population do not share, or a model that is not identified.
    """
    parsed = parse_model(text, name)
    if any(":" in s.lhs + s.rhs for s in parsed.statements):
        what = "products of variables are not planned for in a structural model"
        raise ModelError(Problem(what, name, "take them out; a mixed-model formula may have x:w"))
    if any(s.level is not None for s in parsed.statements):
        return _two_level(parsed, text, sampler, choice)
    choose(choice.estimator, choice.missing, ordinal=bool(choice.ordered), clustered=choice.clustered, weighted=False)
    n_groups = len(sampler.population.groups)
    groups = ("",) if n_groups == 1 else tuple(str(g + 1) for g in range(n_groups))
    options = TableOptions(meanstructure=choice.missing == "fiml" or choice.clustered, groups=groups)
    table = build_table(parsed, options)
    require_known(sampler.population, table.observed, name)
    require_values(table, sampler.population, name)
    solution = moment_solution(table, population_samples(sampler, table.observed, choice.ordered), name)
    known = {place(row): float(v) for row, v in zip(table.parameters, solution.values, strict=True)}
    final = table
    if choice.ordered:
        known |= threshold_truth(sampler, choice.ordered)
        counts = tuple((variable, len(sampler.cuts[variable])) for variable in choice.ordered)
        final = build_table(parsed, TableOptions(groups=groups, thresholds=counts))
    target = target_of(final, sampler, known, (solution.optimum.value, solution.df))
    if not choice.of_moments or table.constraints:
        return RowModel(target, text, choice, groups, _places(final))
    inverse = np.asarray(np.linalg.inv(solution.objective.hessian(solution.optimum.theta)), dtype=np.float64)
    return MomentModel(target, table, solution.optimum.theta, inverse)


def _two_level(parsed: ParsedModel, text: str, sampler: Sampler, choice: FitChoice) -> RowModel:
    """A model of two levels; what is true of it is what the population says by name at the same level."""
    if not choice.clustered or sampler.sizes is None:
        what = "a model of two levels needs clusters of several respondents"
        raise ModelError(Problem(what, parsed.filename, "give their sizes: --cluster FILE"))
    table = two_level_table(parsed, std_lv=False)
    require_known(sampler.population, table.observed, parsed.filename)
    target = target_of(table, sampler, values_by_name(table, sampler.population), None)
    return RowModel(target, text, choice, ("",), _places(table))


def _places(table: ParameterTable) -> tuple[Place, ...]:
    return tuple(place(row) for row in table.parameters if row.free)


def _moments(rows: Array) -> WeightedMoments:
    mean = rows.mean(axis=0)
    centred = rows - mean
    return WeightedMoments(centred.T @ centred / len(rows), mean, len(rows))
