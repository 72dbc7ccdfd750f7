"""The ladder of invariance over three groups, from a data frame to the last difference test: ours and semTools' with
lavaan in turns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from types import MappingProxyType

import numpy as np
import pandas as pd
from analysis.measurement.invariance import Search, invariance
from analysis.measurement.invariance_result import Invariance
from analysis.measurement.invariance_sample import Treatment
from tests.benchmarks.lavaan_side import Lavaan, open_r
from tests.benchmarks.simulated import factor_model, ordinal, responses, with_missing
from tests.benchmarks.table import Row

MODEL = factor_model(12, 3)
N_ROWS = 900


@dataclass(frozen=True, slots=True)
class LadderRequest:
    """One ladder as the R side takes it."""

    estimator: str
    missing: str
    ordered: str
    group: str
    calls: int
    model: Path
    data: Path


@dataclass(frozen=True, slots=True)
class LadderVersus:
    """Rows in three groups; each of ``repeats`` runs is the mean of ``calls`` in a row."""

    words: str
    estimator: str
    missing: str
    ordered: str
    target: float
    repeats: int
    calls: int
    items: Callable[[], pd.DataFrame]

    def climb(self, data: pd.DataFrame) -> Invariance:
        """Our whole call, without a search, which the other side does not make."""
        treatment = Treatment("place", self.estimator, self.missing, self.ordered or ())
        return invariance(MODEL, data, treatment, Search(max_releases=0))


def complete() -> pd.DataFrame:
    """900 rows of 12 items."""
    return responses(N_ROWS, 12, 3)


CASES: Mapping[str, LadderVersus] = MappingProxyType(
    {
        "invariance": LadderVersus("Invariance, 3 groups, MLR", "MLR", "listwise", "", 10, 5, 1, complete),
        "invariance_fiml": LadderVersus(
            "Invariance, 3 groups, FIML", "ML", "fiml", "", 10, 3, 1, lambda: with_missing(complete(), 0.015)
        ),
        "invariance_wlsmv": LadderVersus(
            "Invariance, 3 groups, WLSMV", "WLSMV", "listwise", "all", 10, 3, 1, lambda: ordinal(complete())
        ),
    }
)


def run(name: str) -> Iterator[Row]:
    """Time one case: a warm-up each, then runs in turns."""
    case = CASES[name]
    data = case.items().assign(place=np.array(["north", "south", "west"])[np.arange(N_ROWS) % 3])
    chisq = case.climb(data).steps[-1].fit["chisq"]
    ours, theirs = [], []
    with TemporaryDirectory() as folder, open_r("invariance.R", "semTools") as semtools:
        model, file = Path(folder, "model.lav"), Path(folder, "data.csv")
        model.write_text(MODEL + "\n", encoding="utf-8")
        data.to_csv(file, index=False)
        request = LadderRequest(case.estimator, case.missing, case.ordered or "none", "place", case.calls, model, file)
        if semtools is not None:
            _theirs(semtools, request, chisq)
        for _ in range(case.repeats):
            start = perf_counter()
            for _ in range(case.calls):
                case.climb(data)
            ours.append((perf_counter() - start) / case.calls)
            if semtools is not None:
                theirs.append(_theirs(semtools, request, chisq))
    words, mine = f"{case.words}, {N_ROWS} rows", f"{1000 * median(ours):.1f} ms"
    target = f">= {case.target:.0f}x"
    if not theirs:
        yield Row(words, mine, "", None, target, None)
        return
    ratio = median(theirs) / median(ours)
    yield Row(words, mine, f"{1000 * median(theirs):.0f} ms", ratio, target, ratio >= case.target)


def _theirs(semtools: Lavaan, request: LadderRequest, chisq: float | None) -> float:
    """Their seconds; a comparison of times is one of the same fit."""
    seconds, found = semtools.seconds(request)
    if chisq is None or not math.isclose(chisq, found, rel_tol=1e-3):
        raise RuntimeError(f"the two sides fitted different models: chi-square {chisq} and {found}")
    return seconds
