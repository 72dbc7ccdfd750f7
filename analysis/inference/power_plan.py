"""What is to be simulated, as data, and the job made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from analysis.errors import ModelError, Problem, nearest
from analysis.inference.population import read_population
from analysis.inference.population_draw import Sampler, sampler
from analysis.inference.power import PowerJob
from analysis.inference.power_fits import PowerModel
from analysis.inference.power_mixed import MixedModel, formula_variables, mixed_model
from analysis.inference.power_models import FitChoice, RowModel, sem_model
from analysis.sem.defaults import roles_of
from analysis.sem.syntax import parse_model


@dataclass(frozen=True, slots=True)
class Plan:
    """A model and a population as texts (with the names of their files), and how replications are drawn and fitted.

    ``missing`` is the share of answers that are missing completely at random, ``codes`` the lowest and the highest
    answer that items are rounded to, ``ordered`` the items estimated as ordinal, ``clusters`` the sizes of clusters, in
    proportion to which a sample is shared out. ``mixed``: the model is the formula of a mixed model.
    """

    model: str
    population: str
    name: str = "model"
    population_name: str = "population"
    seed: int = 1
    estimator: str | None = None
    missing: float = 0.0
    codes: tuple[int, int] | None = None
    ordered: Literal["all"] | tuple[str, ...] = ()
    clusters: tuple[int, ...] | None = None
    mixed: bool = False


def job_of(plan: Plan) -> tuple[PowerJob, tuple[str, ...]]:
    """The job, and notes on what was chosen. Raises SpecificationError and ModelError for what cannot be simulated."""
    population = read_population(plan.population, plan.population_name)
    if plan.mixed:
        _, names, _ = formula_variables(plan.model, population)
    else:
        names = roles_of(parse_model(plan.model, plan.name).statements).observed
    drawn = sampler(population, names, codes=plan.codes, missing=plan.missing, sizes=plan.clusters)
    choice = _choice(plan, drawn)
    model = mixed_model(plan.model, drawn) if plan.mixed else sem_model(plan.model, plan.name, drawn, choice)
    return PowerJob(drawn, model, plan.seed), tuple(_notes(plan, drawn, model))


def _choice(plan: Plan, drawn: Sampler) -> FitChoice:
    """How replications are fitted. Raises ModelError for ordinal items that are not cut into answers."""
    cut = tuple(name for name in drawn.names if name in drawn.cuts)
    ordered = cut if plan.ordered == "all" else plan.ordered
    problems = [
        Problem(f"'{name}' is not in the model", "--ordered", nearest(name, drawn.names))
        if name not in drawn.names
        else Problem(f"{name} has no answers", "--ordered", "give thresholds in the population, or --codes 1-7")
        for name in ordered
        if name not in cut
    ]
    if plan.ordered == "all" and not cut:
        what = "no item has answers that could be ordinal"
        problems.append(Problem(what, "--ordered", "give thresholds in the population, or --codes 1-7"))
    if plan.mixed and (plan.estimator or plan.ordered):
        what = "--estimator and --ordered are for structural models"
        problems.append(Problem(what, "smartcity power", "a mixed model is fitted by REML: leave them out"))
    if problems:
        raise ModelError(problems)
    clustered = plan.clusters is not None and plan.estimator in {None, "MLR"} and not ordered
    likelihood = plan.estimator in {None, "ML", "MLR"} and not ordered
    return FitChoice(
        estimator=plan.estimator,
        ordered=ordered,
        missing="fiml" if plan.missing and likelihood else "listwise",
        clustered=clustered,
    )


def _notes(plan: Plan, drawn: Sampler, model: PowerModel) -> Iterator[str]:
    target = model.target
    if drawn.population.two_level and plan.clusters is None:
        yield "each respondent is of a cluster of their own; --cluster FILE draws clusters"
    if plan.clusters is not None:
        how = "errors are robust to them" if isinstance(model, RowModel) and model.choice.clustered else "ignored"
        how = "random effects (REML, Satterthwaite)" if isinstance(model, MixedModel) else how
        yield f"{len(plan.clusters)} clusters, sizes in proportion to those given; in estimation: {how}"
    if plan.missing:
        how = "full information" if isinstance(model, RowModel) and model.choice.missing == "fiml" else "listwise"
        yield f"a share of {plan.missing} of the answers is missing completely at random: {how}"
    if uncut := [n for n in drawn.cuts if not isinstance(model, RowModel) or n not in model.choice.ordered]:
        yield f"truth is in the metric of the variables before they are cut into answers: {', '.join(uncut)}"
    if target.discrepancy is None:
        yield "truth is what the population says by name at the same level; nothing is known of what it does not name"
    if target.discrepancy is not None and target.discrepancy > 1e-8:
        yield (
            f"the model does not hold in the population (F = {target.discrepancy:.4g}, df = {target.df}): truth is "
            "what its estimates tend to"
        )
