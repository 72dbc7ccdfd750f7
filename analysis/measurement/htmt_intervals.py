"""HTMT and HTMT2 of all pairs of constructs with bootstrap intervals, tested against a cutoff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.criteria import CRITERIA
from analysis.measurement.htmt import heterotrait_monotrait, membership
from analysis.measurement.resampled_correlations import (
    Correlations,
    pearson_correlations,
    polychoric_correlations,
    resample,
)
from analysis.sem.bootstrap.draws import LeaveOneOut, WithReplacement
from analysis.sem.bootstrap.intervals import interval, jackknife_acceleration
from analysis.sem.ordinal.coding import code_answers

Array = NDArray[np.float64]

CUTOFF = CRITERIA["htmt"].value
MEASURES = ("htmt", "htmt2")

_MOST_BLOCKS = 1000  # of the jackknife behind BCa intervals, as in the bootstrap of models


@dataclass(frozen=True, slots=True)
class HtmtRatio:
    """One ratio of two constructs, ``measure`` "htmt" or "htmt2".

    ``perc_*`` and ``bca_*`` are 95 % intervals. ``pvalue``: share of resamples that reach ``cutoff``, that is, the
    one-sided bootstrap test of "the ratio is ``cutoff`` or more"; ``distinct``: it is below .05. None where the
    ratio, or its interval, is not defined.
    """

    construct: str
    other: str
    measure: str
    value: float | None
    perc_lower: float | None
    perc_upper: float | None
    bca_lower: float | None
    bca_upper: float | None
    cutoff: float
    pvalue: float | None
    distinct: bool | None


def htmt_ratios(
    answers: pd.DataFrame,
    scales: Mapping[str, Sequence[str]],
    *,
    ordinal: bool,
    n_resamples: int,
    seed: int,
    cutoff: float = CUTOFF,
) -> tuple[HtmtRatio, ...]:
    """Ratios of each pair of ``scales`` (construct → at least two items, none in two) from complete ``answers``.

    Pearson correlations, or polychoric ones where ``ordinal``. Intervals from ``n_resamples`` resamples of
    respondents; a ratio is tested against ``cutoff``, never against 0, which no one doubts it exceeds.
    """
    items = [item for members in scales.values() for item in members]
    rows = answers[items].to_numpy(dtype=float)
    source: Correlations = pearson_correlations(rows)
    if ordinal:
        source = polychoric_correlations(code_answers(rows, items))
    pairs = np.triu_indices(len(scales), 1)
    members = membership(list(scales.values()), items)
    estimate = _ratios(source.of_resamples(np.ones((1, source.n))), members, pairs)[0]
    drawn = _of_scheme(source, WithReplacement(seed), n_resamples, members, pairs)
    n_blocks = min(source.n, _MOST_BLOCKS)
    left_out = _of_scheme(source, LeaveOneOut(n_blocks), n_blocks, members, pairs)
    return _rows(list(scales), estimate, drawn, jackknife_acceleration(left_out), cutoff)


def _of_scheme(
    source: Correlations,
    scheme: WithReplacement | LeaveOneOut,
    count: int,
    members: Array,
    pairs: tuple[NDArray[np.intp], ...],
) -> Array:
    batches = resample(source, scheme, range(count))
    return np.concatenate([_ratios(correlation, members, pairs) for correlation in batches])


def _ratios(correlation: Array, members: Array, pairs: tuple[NDArray[np.intp], ...]) -> Array:
    """Both measures of all pairs (r, 2 m) from correlations (r, p, p): HTMT of each pair, then HTMT2."""
    both = [heterotrait_monotrait(correlation, members, geometric=geometric) for geometric in (False, True)]
    return np.hstack([ratios[:, pairs[0], pairs[1]] for ratios in both])


def _rows(names: list[str], estimate: Array, drawn: Array, acceleration: Array, cutoff: float) -> tuple[HtmtRatio, ...]:
    perc = interval(drawn, estimate, "perc")
    bca = interval(drawn, estimate, "bca", acceleration=acceleration)
    reached = ((drawn >= cutoff).sum(axis=0) + 1) / (len(drawn) + 1)
    pvalue = np.where(np.isfinite(drawn).all(axis=0), reached, np.nan)
    firsts, seconds = np.triu_indices(len(names), 1)
    labels = [(names[i], names[j], measure) for measure in MEASURES for i, j in zip(firsts, seconds, strict=True)]
    return tuple(
        HtmtRatio(
            *label,
            value=_defined(estimate[k]),
            perc_lower=_defined(perc[0][k]),
            perc_upper=_defined(perc[1][k]),
            bca_lower=_defined(bca[0][k]),
            bca_upper=_defined(bca[1][k]),
            cutoff=cutoff,
            pvalue=_defined(pvalue[k]),
            distinct=bool(pvalue[k] < 0.05) if np.isfinite(pvalue[k]) else None,
        )
        for k, label in enumerate(labels)
    )


def _defined(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
