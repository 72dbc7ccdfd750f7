"""What a refit needs and what it leaves, for refits in batches and one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.bootstrap.draws import Kind, Scheme
from analysis.sem.effects import evaluate
from analysis.sem.estimators import Estimator
from analysis.sem.groups import GroupRows
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NOT_REGULAR = "the covariance matrix of the resample is not positive definite"
NO_MINIMUM = "no minimum was reached"


@dataclass(frozen=True, slots=True)
class RefitJob:
    """What every refit needs. ``start`` (n_free,) are the estimates of the full sample; ``inverse_hessian``
    (n_free, n_free) is that of F at them, None where resamples have to be refitted one by one; ``projector`` is that on
    the directions which linear constraints leave free, None without any. ``categories`` are the codes of ordinal
    variables, all of which every resample must show.
    """

    table: ParameterTable
    estimator: Estimator
    rows: tuple[GroupRows, ...]
    kind: Kind
    scheme: Scheme
    start: Array
    inverse_hessian: Array | None
    projector: Array | None
    categories: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Replicates:
    """Statistics of b resamples: ``theta`` (b, n_free); ``values`` and ``standardised`` (b, n_statistics), all rows of
    the table, then its definitions; ``chisq``, ``baseline_chisq`` and ``srmr`` (b,), NaN where the saturated moments of
    incomplete rows do not settle. ``failure`` says why a resample could not be fitted, "" where it was; numbers of
    failed resamples are NaN. ``improper`` (b,) marks solutions with a negative variance or latent variables whose
    covariance matrix is not positive definite.
    """

    theta: Array
    values: Array
    standardised: Array
    chisq: Array
    baseline_chisq: Array
    srmr: Array
    failure: tuple[str, ...]
    improper: BoolArray


def stacked(parts: Sequence[Replicates]) -> Replicates:
    """One after the other."""
    return Replicates(
        theta=np.concatenate([part.theta for part in parts]),
        values=np.concatenate([part.values for part in parts]),
        standardised=np.concatenate([part.standardised for part in parts]),
        chisq=np.concatenate([part.chisq for part in parts]),
        baseline_chisq=np.concatenate([part.baseline_chisq for part in parts]),
        srmr=np.concatenate([part.srmr for part in parts]),
        failure=tuple(reason for part in parts for reason in part.failure),
        improper=np.concatenate([part.improper for part in parts]),
    )


def with_definitions(table: ParameterTable, values: Array) -> Array:
    """Values of all rows (b, n_rows) followed by those of the definitions."""
    if not table.definitions:
        return values
    names = [definition.name for definition in table.definitions]
    defined = np.full((len(values), len(names)), np.nan)
    for i, of_resample in enumerate(values):
        found, _ = evaluate(table, of_resample)
        defined[i] = [found[name] for name in names]
    return np.hstack([values, defined])
