"""PLSpredict: how well a path model predicts the items of its outcomes in rows it was not estimated on.

Shmueli, Ray, Velasquez Estrada & Chatla (2016), The elephant in the room, Journal of Business Research 69(10),
4552-4564; Shmueli et al. (2019), Predictive model assessment in PLS-SEM, European Journal of Marketing 53(11),
2322-2347. Scores of exogenous constructs run through the paths (earliest antecedents); predicted scores times loadings
predict items. The benchmark regresses each item on all items of the exogenous constructs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import EstimationError, ModelError, Problem
from analysis.pls.design import Design, Scheme
from analysis.pls.estimates import PathEstimates, estimates

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Out-of-sample errors by item, all folds and repetitions. ``q2_predict`` = 1 - SSE / SSE of training means."""

    n_folds: int
    n_repetitions: int
    seed: int
    items: tuple[str, ...]
    constructs: tuple[str, ...]
    q2_predict: Array
    rmse: Array
    mae: Array
    lm_rmse: Array
    lm_mae: Array

    def tidy(self) -> pd.DataFrame:
        """One row an item of an endogenous construct."""
        names = ("q2_predict", "rmse", "mae", "lm_rmse", "lm_mae")
        frame = pd.DataFrame({name: getattr(self, name) for name in names})
        frame.insert(0, "construct", self.constructs)
        frame.insert(1, "item", self.items)
        return frame


def pls_predict(
    values: Array,
    design: Design,
    scheme: Scheme = "path",
    folds: int = 10,
    repetitions: int = 10,
    seed: int = 1,
) -> Prediction:
    """Errors of ``values`` (n, p), each row predicted once a repetition, errors of repetitions pooled.

    Scores predict, which are composites: what PLSc corrects for the error in them is not applied.
    Raises ModelError for a number of folds that n rows do not allow, EstimationError where a fold cannot be estimated.
    """
    n = len(values)
    if not 2 <= folds <= n or repetitions < 1:
        what = f"{n} rows cannot be cut into {folds} folds, {repetitions} times"
        raise ModelError(Problem(what, "PLSpredict", "10 folds and 10 repetitions are usual"))
    held = list(fold_masks(n, folds, repetitions, seed))
    # Training samples share one stack of correlations, so that all of them are iterated together.
    moments = [(values[~mask].mean(axis=0), values[~mask].std(axis=0)) for mask in held]
    if any((spread <= 1e-12).any() for _, spread in moments):
        raise EstimationError(Problem("an item is constant in a training sample", "PLSpredict", "take fewer folds"))
    stack = np.array([np.corrcoef(values[~mask], rowvar=False) for mask in held])
    fitted, outer = estimates(stack, design, scheme, "PLS")
    if not (outer.converged & fitted.admissible).all():
        raise EstimationError(Problem("a training sample could not be estimated", "PLSpredict", "take more folds"))
    outcome = np.flatnonzero(~design.block[:, : design.n_exogenous].any(axis=1))
    errors = np.concatenate(
        [_errors(values, mask, at, fitted, k, design) for k, (mask, at) in enumerate(zip(held, moments, strict=True))],
        axis=1,
    )[:, :, outcome]
    of_model, of_mean, of_linear = errors
    owner = [design.constructs[int(np.argmax(design.block[i]))] for i in outcome]
    return Prediction(
        folds,
        repetitions,
        seed,
        tuple(design.items[i] for i in outcome),
        tuple(owner),
        1.0 - (of_model**2).sum(axis=0) / (of_mean**2).sum(axis=0),
        *(measure for of in (of_model, of_linear) for measure in (_rmse(of), np.abs(of).mean(axis=0))),
    )


def fold_masks(n: int, folds: int, repetitions: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Rows held out (n,), fold by fold, of each repetition: folds of a random order, as equal in size as can be."""
    for sequence in np.random.SeedSequence(seed).spawn(repetitions):
        order = np.random.Generator(np.random.PCG64(sequence)).permutation(n)
        for k in range(folds):
            mask = np.zeros(n, dtype=bool)
            mask[order[k::folds]] = True
            yield mask


def predicted_items(rows: Array, weights: Array, loadings: Array, totals: Array, n_exogenous: int) -> Array:
    """Items (n, p), standardised, predicted from standardised ``rows`` (n, p) through exogenous scores alone."""
    scores = rows @ weights[:, :n_exogenous]
    reach = np.concatenate([np.eye(n_exogenous), totals[n_exogenous:, :n_exogenous]])
    return np.asarray(scores @ reach.T @ loadings.T)


def _errors(
    values: Array, mask: NDArray[np.bool_], moments: tuple[Array, Array], fitted: PathEstimates, k: int, design: Design
) -> Array:
    """Errors (3, n_held, p): of the model of fold ``k``, of the training mean, of the linear benchmark."""
    mean, spread = moments
    rows = (values[mask] - mean) / spread
    guessed = predicted_items(rows, fitted.weights[k], fitted.loadings[k], fitted.totals[k], design.n_exogenous)
    sources = design.block[:, : design.n_exogenous].any(axis=1)
    training = (values[~mask] - mean) / spread
    slopes = np.linalg.lstsq(training[:, sources], training, rcond=None)[0]
    return np.array([rows - guessed, rows, rows - rows[:, sources] @ slopes]) * spread


def _rmse(errors: Array) -> Array:
    return np.asarray(np.sqrt((errors**2).mean(axis=0)))
