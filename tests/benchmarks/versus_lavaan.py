"""Whole calls, standard errors, tests and fit measures included, ours and lavaan's in turns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from types import MappingProxyType

import pandas as pd
from analysis import sem
from analysis.sem.bootstrap.resample import BootstrapPlan, bootstrap_solution, with_bootstrap
from analysis.sem.estimate import estimate
from analysis.sem.present import present
from analysis.sem.result import SemResult
from tests.benchmarks.lavaan_side import Lavaan, Request
from tests.benchmarks.simulated import (
    N_ROWS,
    clustered_responses,
    factor_model,
    ordinal,
    responses,
    two_level_model,
    with_missing,
)
from tests.benchmarks.table import Row

MODEL = factor_model(16, 4)
TWO_LEVELS = two_level_model(8, 2)


@dataclass(frozen=True, slots=True)
class Versus:
    """One fit on both sides. Each of ``repeats`` runs is the mean of ``calls`` in a row, more than one where calls are
    short: after the other side's turn the processor has forgotten this one's work.
    """

    words: str
    estimator: str
    missing: str
    ordered: str
    bootstrap: int
    target: float
    repeats: int
    calls: int
    data: Callable[[], pd.DataFrame]
    model: str = MODEL
    cluster: str | None = None

    def fit(self, data: pd.DataFrame) -> SemResult:
        """Our whole call."""
        if not self.bootstrap:
            return sem.fit(
                self.model, data, estimator=self.estimator, missing=self.missing, ordered=self.ordered or (),
                cluster=self.cluster,
            )  # fmt: skip
        solution = estimate(self.model, data, estimator=self.estimator)
        plan = BootstrapPlan(self.bootstrap, seed=1)
        return with_bootstrap(present(self.model, "model", "listwise", solution), bootstrap_solution(solution, plan))


def complete() -> pd.DataFrame:
    """604 rows of 16 items."""
    return responses(N_ROWS, 16, 4)


def in_communes() -> pd.DataFrame:
    """1,500 residents of 60 communes who answer eight items."""
    return clustered_responses(1500, 60, 8, 2)


CASES: Mapping[str, Versus] = MappingProxyType(
    {
        "ml": Versus("ML", "ML", "listwise", "", 0, 15, 5, 5, complete),
        "mlr": Versus("MLR", "MLR", "listwise", "", 0, 15, 5, 5, complete),
        "fiml": Versus(
            "MLR, 1.5 % missing, FIML", "MLR", "fiml", "", 0, 25, 5, 1, lambda: with_missing(complete(), 0.015)
        ),
        "wlsmv": Versus("WLSMV, 7 answers", "WLSMV", "listwise", "all", 0, 8, 5, 1, lambda: ordinal(complete())),
        "bootstrap": Versus("ML, 1,000 bootstrap resamples", "ML", "listwise", "", 1000, 15, 1, 1, complete),
        "twolevel": Versus(
            "Two levels, 60 communes, ML", "ML", "listwise", "", 0, 10, 5, 3, in_communes, TWO_LEVELS, "commune"
        ),
        "twolevel_mlr": Versus(
            "Two levels, 60 communes, MLR", "MLR", "listwise", "", 0, 10, 5, 3, in_communes, TWO_LEVELS, "commune"
        ),
    }
)


def run(name: str, lavaan: Lavaan | None) -> Iterator[Row]:
    """Time one case: a warm-up each, then runs in turns, so that what else the machine does strikes both."""
    case, data = CASES[name], CASES[name].data()
    with TemporaryDirectory() as folder:
        request = _request(case, data, Path(folder))
        ours, theirs = [], []
        chisq = case.fit(data).fit_measures["chisq"]
        if lavaan is not None and case.repeats > 1:
            _require_same(chisq, lavaan.seconds(request)[1])
        for _ in range(case.repeats):
            start = perf_counter()
            for _ in range(case.calls):
                case.fit(data)
            ours.append((perf_counter() - start) / case.calls)
            if lavaan is not None:
                seconds, found = lavaan.seconds(request)
                _require_same(chisq, found)
                theirs.append(seconds)
    words = f"{case.words}, {len(data)} rows"
    mine, target = f"{1000 * median(ours):.1f} ms", f">= {case.target:.0f}x"
    if not theirs:
        yield Row(words, mine, "", None, target, None)
        return
    ratio = median(theirs) / median(ours)
    yield Row(words, mine, f"{1000 * median(theirs):.0f} ms", ratio, target, ratio >= case.target)


def _request(case: Versus, data: pd.DataFrame, folder: Path) -> Request:
    model, file = folder / "model.lav", folder / "data.csv"
    model.write_text(case.model + "\n", encoding="utf-8")
    data.to_csv(file, index=False)
    ordered, cluster = case.ordered or "none", case.cluster or "none"
    return Request(case.estimator, case.missing, ordered, case.bootstrap, case.calls, cluster, model, file)


def _require_same(ours: float | None, theirs: float) -> None:
    """A comparison of times is one of the same fit."""
    if ours is None or not math.isclose(ours, theirs, rel_tol=1e-3):
        raise RuntimeError(f"the two sides fitted different models: chi-square {ours} and {theirs}")
