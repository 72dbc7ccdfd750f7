"""The stages of the pipeline that set residents in their communes. Each is: load, one call, save."""

from __future__ import annotations

from analysis.inference import coverage as coverages
from analysis.inference import influence as influences
from analysis.inference import mixed_evidence
from analysis.inference.levels import Levels, fit_levels
from analysis.inference.mixed_comparison import MixedComparison, compare_mixed
from analysis.multilevel import MixedResult, fit
from analysis.multilevel.profile_intervals import ProfileInterval
from analysis.multilevel.solution import Solution, solve
from analysis.run import Results, Run

COVERAGE_REPLICATES = 500


def mixeds(run: Run, done: Results) -> dict[str, MixedResult]:
    """Every model of multilevel.yaml."""
    data = done["clean"].responses
    return {name: fit(model.formula, data, name=name) for name, model in run.study.multilevel.items()}


def _null_formulas(run: Run) -> dict[str, str]:
    return {name: f"{name}_mean ~ 1 + (1 | {run.study.codebook.communes.key})" for name in run.scales}


def nulls(run: Run, done: Results) -> dict[str, MixedResult]:
    """The null model of every scale."""
    data = done["clean"].responses
    return {name: fit(formula, data, name=name) for name, formula in _null_formulas(run).items()}


def iccs(run: Run, done: Results) -> dict[str, ProfileInterval]:
    """Their intraclass correlations with intervals."""
    return {name: mixed_evidence.icc(formula, done["clean"].responses) for name, formula in _null_formulas(run).items()}


def evidence(run: Run, done: Results) -> dict[str, mixed_evidence.MixedEvidence]:
    """What stands beside the estimates of every model."""
    return {
        name: mixed_evidence.evidence(model.formula, done["clean"].responses)
        for name, model in run.study.multilevel.items()
    }


def comparison(run: Run, done: Results) -> MixedComparison | None:
    """All models by ML on the same rows."""
    models = run.study.multilevel
    return compare_mixed({name: m.formula for name, m in models.items()}, done["clean"].responses) if models else None


def _focus(run: Run, done: Results) -> Solution | None:
    name = run.study.focus
    return None if name is None else solve(run.study.multilevel[name].formula, done["clean"].responses)


def assumptions(run: Run, done: Results) -> mixed_evidence.Assumptions | None:
    """What is plotted to judge the assumptions of the model in focus."""
    solution = _focus(run, done)
    return None if solution is None else mixed_evidence.assumptions(solution)


def influence(run: Run, done: Results) -> influences.Influence | None:
    """The model in focus without each commune."""
    solution = _focus(run, done)
    return None if solution is None else influences.influence(solution)


def coverage(run: Run, done: Results) -> coverages.Coverage | None:
    """The model in focus drawn and fitted many times."""
    solution = _focus(run, done)
    return None if solution is None else coverages.coverage(solution, COVERAGE_REPLICATES, run.study.spec.seed)


def levels(run: Run, done: Results) -> Levels:
    """The structural model beside one of both levels."""
    study, data = run.study, done["clean"].responses
    missing = "fiml" if study.spec.estimation.missing == "fiml" else "listwise"
    return fit_levels(study.models["structural"], study.two_level, data, study.codebook.communes.key, missing)
