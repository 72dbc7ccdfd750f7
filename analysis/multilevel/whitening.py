"""A change of units that makes the search for variances well behaved, whatever the units of the variables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem
from analysis.multilevel.crossproducts import Block
from analysis.multilevel.design import Design

Array = NDArray[np.float64]

EXACT = 1e-10  # residual standard deviation, as a share of the outcome's, below which a fit is exact


@dataclass(frozen=True, slots=True)
class Whitened:
    """A design with orthogonal columns of length √n and the outcome as standardised least-squares residuals.

    Rows are multiplied by the root of their weight first. ``y`` (n,), ``X`` (n, p) and the random ``blocks``;
    ``R_X`` (p, p) and ``R_Z`` (q, q) of each block lead back to the columns of the design: X_design = X R_X.
    ``scale`` and ``ols`` (p,) lead back to its outcome: y_design = scale · y + X_design ols. ``log_weights`` is the
    sum of the logarithms of the weights.
    """

    y: Array
    X: Array
    blocks: tuple[Block, ...]
    R_X: Array
    R_Z: tuple[Array, ...]
    scale: float
    ols: Array
    log_weights: float


def whiten(design: Design) -> Whitened:
    """Orthogonalise X and each Z by QR and take the least-squares fit out of y.

    The likelihood is equivariant under all three: nothing is lost, and slopes, units and large means no
    longer matter. Raises ModelError when the fixed effects leave no residual degrees of freedom or no residual.
    """
    n, p = design.X.shape
    if p == 0:
        raise ModelError(Problem("the formula has no fixed effect", "formula", "keep at least the intercept"))
    if n <= p:
        raise ModelError(Problem(f"{p} fixed effects cannot be estimated from {n} rows", "formula"))
    root_weights = None if design.weights is None else np.sqrt(design.weights)
    y = _weighted(design.y, root_weights)
    X, R_X = np.linalg.qr(_weighted(design.X, root_weights))
    projected = X.T @ y
    residual = y - X @ projected
    residual -= X @ (X.T @ residual)
    scale = float(np.sqrt(residual @ residual / n))
    if scale <= EXACT * float(np.std(y)):
        raise ModelError(Problem("the fixed effects reproduce the outcome exactly", "data"))
    root = float(np.sqrt(n))
    factored = [np.linalg.qr(_weighted(block.Z, root_weights)) for block in design.blocks]
    return Whitened(
        y=residual / scale,
        X=X * root,
        blocks=tuple(
            Block(Z * root, block.codes, block.group, block.n_groups)
            for block, (Z, _) in zip(design.blocks, factored, strict=True)
        ),
        R_X=R_X / root,
        R_Z=tuple(R / root for _, R in factored),
        scale=scale,
        ols=np.linalg.solve(R_X, projected),
        log_weights=0.0 if design.weights is None else float(np.log(design.weights).sum()),
    )


def _weighted(columns: Array, root_weights: Array | None) -> Array:
    if root_weights is None:
        return columns
    return columns * (root_weights if columns.ndim == 1 else root_weights[:, None])
