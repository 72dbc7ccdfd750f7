"""What replications of a simulation leave, and what is true of what they estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.sem.bootstrap.result import Statistic

Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

# Values (n_g, p) and clusters (n_g,) by group.
Sample = tuple[list[Array], list[IntArray]]

GROUP, CLUSTER = "group.", "cluster."


@dataclass(frozen=True, slots=True)
class Fits:
    """Of b replications: ``estimate`` and ``se`` (b, m), and ``critical`` (b, m), the quantile that |estimate / se| has
    to exceed at the two-sided 5 % level; ``chisq`` (b,), ``improper`` (b,) and ``failure``, "" where it was fitted.
    """

    estimate: Array
    se: Array
    critical: Array
    chisq: Array
    improper: BoolArray
    failure: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """The m ``statistics`` of a model of the variables ``observed``, and what is true of them.

    ``truth`` (m,) is what their estimates tend to as the sample grows, NaN where it is not known. ``discrepancy`` F
    and ``df`` are those of the model at the moments of the population, None where it was not fitted to them.
    """

    observed: tuple[str, ...]
    statistics: tuple[Statistic, ...]
    truth: Array
    discrepancy: float | None = None
    df: int | None = None


class PowerModel(Protocol):
    """A model that replications are fitted to."""

    @property
    def target(self) -> Target:
        """What is estimated."""
        ...

    def fit(self, samples: Sequence[Sample]) -> Fits:
        """Fit every sample."""
        ...


def stacked(parts: Sequence[Fits]) -> Fits:
    """One after the other."""
    return Fits(
        estimate=np.concatenate([part.estimate for part in parts]),
        se=np.concatenate([part.se for part in parts]),
        critical=np.concatenate([part.critical for part in parts]),
        chisq=np.concatenate([part.chisq for part in parts]),
        improper=np.concatenate([part.improper for part in parts]),
        failure=tuple(reason for part in parts for reason in part.failure),
    )


def failed(m: int, reason: str) -> Fits:
    """One replication without a fit."""
    nothing = np.full((1, m), np.nan)
    return Fits(nothing, nothing, nothing, np.array([np.nan]), np.array([False]), (reason,))


def written_statistic(statistic: Statistic) -> str:
    """A statistic as a model would write it; a defined effect or a term by its name."""
    if statistic.op in {":=", "term"}:
        return statistic.lhs
    name = f"{statistic.lhs} ~ 1" if statistic.op == "~1" else f"{statistic.lhs} {statistic.op} {statistic.rhs}"
    return name if statistic.group is None else f"{name} [{statistic.group}]"


def frame_of(names: Sequence[str], groups: Sequence[str], sample: Sample) -> pd.DataFrame:
    """All groups as one frame, with the columns GROUP and CLUSTER; clusters lie within groups."""
    values, clusters = sample
    counts = [len(codes) for codes in clusters]
    firsts = np.cumsum([0, *[int(codes.max(initial=-1)) + 1 for codes in clusters]])[:-1]
    frame = pd.DataFrame(np.concatenate(values), columns=list(names))
    frame[GROUP] = np.repeat(np.array(groups, dtype=object), counts)
    frame[CLUSTER] = np.concatenate([codes + first for codes, first in zip(clusters, firsts, strict=True)])
    return frame
