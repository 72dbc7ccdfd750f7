"""The stages of the pipeline that judge hypotheses, rival models and the plan. Each is: load, one call, save."""

from __future__ import annotations

import pandas as pd

from analysis.inference.difference import Difference, differences
from analysis.inference.equivalent import equivalent_models, refit
from analysis.inference.families import Families, families_of
from analysis.inference.hypotheses import judge, verdicts_under
from analysis.inference.rivals import compare_rivals
from analysis.inference.sensitivity import judge_alternatives
from analysis.preregistration import Deviations, Given, deviations
from analysis.run import Results, Run
from analysis.study import MAIN


def families(run: Run, done: Results) -> Families:
    """The families of the study's hypotheses, with the p values of its own analysis."""
    judged: pd.DataFrame = done["hypotheses"]
    pvalues = dict(zip(judged["id"], judged["pvalue"], strict=True))
    return families_of(run.study.hypotheses, run.study.adjust).given(pvalues)


def hypotheses(run: Run, done: Results) -> pd.DataFrame:
    """Every hypothesis under the study's own analysis."""
    study = run.study
    return judge(study.hypotheses, done["sems"], done["mixeds"], families_of(study.hypotheses, study.adjust))


def verdicts(run: Run, done: Results) -> pd.DataFrame:
    """The hypotheses about the structural model under each way of estimating it."""
    fits = {MAIN: done["sems"]["structural"], **done["sensitivity"]}
    return judge_alternatives(run.study.hypotheses, fits, "structural", families(run, done))


def tests_of_rivals(run: Run, done: Results) -> dict[str, Difference]:
    """Each rival against the structural model."""
    data, how = done["clean"].responses, run.study.spec.estimation
    texts = {name: text for name, text in run.study.models.items() if name in {"structural", *run.study.rivals}}
    return differences(texts, data, "structural", estimator=how.estimator, missing=how.missing, ordered=how.ordered)


def rivals(run: Run, done: Results) -> pd.DataFrame:
    """The structural model and its rivals side by side, with the verdicts on the hypotheses under each."""
    study, together = run.study, families(run, done)
    mixed = {name: done["mixeds"][model] for name, model in study.mixed_rivals.items()}
    sems = {name: result for name, result in done["sems"].items() if name in {"structural", *study.rivals}}
    judged = {name: verdicts_under(study.hypotheses, model, "structural", together) for name, model in sems.items()}
    return compare_rivals({**sems, **mixed}, "structural", done["differences"], judged)


def equivalents(run: Run, done: Results) -> pd.DataFrame:
    """Models that no data can tell from the structural one, each refitted."""
    text, how = run.study.models["structural"], run.study.spec.estimation
    return refit(
        text,
        equivalent_models(text),
        done["clean"].responses,
        estimator=how.estimator,
        missing=how.missing,
        ordered=how.ordered,
    )


def from_plan(run: Run, done: Results) -> Deviations | None:
    """What the run does otherwise than the frozen plan; None where none was frozen."""
    document = run.study.preregistration
    if document is None:
        return None
    given = Given(run.inputs[f"data:{run.responses.name}"], len(done["clean"].responses))
    return deviations(document, run.study, given)
