"""Whether a verdict hangs on the estimator: hypotheses of one model judged under each way of estimating it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from analysis.inference.families import Families
from analysis.inference.hypotheses import judge
from analysis.sem import SemResult
from analysis.study_files import Hypothesis


def judge_alternatives(
    hypotheses: Iterable[Hypothesis], fits: Mapping[str, SemResult], model: str, families: Families | None = None
) -> pd.DataFrame:
    """Judge the hypotheses that rest on ``model`` under each of ``fits`` (name of the analysis → its result).

    One row a hypothesis and analysis, hypothesis by hypothesis: analysis, estimator, missing, nobs, and the columns
    of ``judge``. Raises its SpecificationError. ``families`` hold the p values of the hypotheses about other models.
    """
    resting = [h for h in hypotheses if h.estimand.kind != "mixed" and h.estimand.model == model]
    frames = []
    for name, result in fits.items():
        judged = judge(resting, {model: result}, {}, families)
        named = {"analysis": name, "estimator": result.estimator, "missing": result.missing, "nobs": result.nobs}
        head = pd.DataFrame(named, index=judged.index)
        frames.append(pd.concat([head, judged], axis=1).assign(order=range(len(judged))))
    whole = pd.concat(frames, ignore_index=True)
    return whole.sort_values("order", kind="stable", ignore_index=True).drop(columns="order")
