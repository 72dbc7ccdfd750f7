"""Mixed models: whole calls from a data frame, Satterthwaite df included, ours and lme4's in turns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from types import MappingProxyType

from analysis import multilevel
from tests.benchmarks.lavaan_side import Lavaan, open_r
from tests.benchmarks.simulated import N_ROWS, residents
from tests.benchmarks.table import Row

FORMULA = "y ~ x + (1 + x | commune)"


@dataclass(frozen=True, slots=True)
class MixedRequest:
    """One fit as the R side takes it: the ``calls`` to take the mean of, the formula, the file."""

    calls: int
    formula: str
    data: Path


@dataclass(frozen=True, slots=True)
class MixedVersus:
    """Rows in communes; each of ``repeats`` runs is the mean of ``calls`` in a row."""

    n_rows: int
    n_groups: int
    target: float
    repeats: int
    calls: int


CASES: Mapping[str, MixedVersus] = MappingProxyType(
    {"mixed": MixedVersus(N_ROWS, 40, 8, 7, 5), "mixed-large": MixedVersus(100_000, 1_000, 12, 3, 1)}
)


def run(name: str) -> Iterator[Row]:
    """Time one case: a warm-up each, then runs in turns."""
    case = CASES[name]
    data = residents(case.n_rows, case.n_groups)
    loglik = multilevel.fit(FORMULA, data).loglik
    ours, theirs = [], []
    with TemporaryDirectory() as folder, open_r("lme4.R", "lmerTest") as lme4:
        file = Path(folder, "data.csv")
        data.to_csv(file, index=False)
        request = MixedRequest(case.calls, FORMULA, file)
        if lme4 is not None:
            _theirs(lme4, request, loglik)
        for _ in range(case.repeats):
            start = perf_counter()
            for _ in range(case.calls):
                multilevel.fit(FORMULA, data)
            ours.append((perf_counter() - start) / case.calls)
            if lme4 is not None:
                theirs.append(_theirs(lme4, request, loglik))
    words = f"random slope, {case.n_rows:,} rows, {case.n_groups:,} groups, lme4"
    mine, target = f"{1000 * median(ours):.1f} ms", f">= {case.target:.0f}x"
    if not theirs:
        yield Row(words, mine, "", None, target, None)
        return
    ratio = median(theirs) / median(ours)
    yield Row(words, mine, f"{1000 * median(theirs):.0f} ms", ratio, target, ratio >= case.target)


def _theirs(lme4: Lavaan, request: MixedRequest, loglik: float) -> float:
    """Their seconds; a comparison of times is one of the same fit."""
    seconds, found = lme4.seconds(request)
    if not math.isclose(loglik, found, rel_tol=1e-6):
        raise RuntimeError(f"the two sides fitted different models: log-likelihood {loglik} and {found}")
    return seconds
