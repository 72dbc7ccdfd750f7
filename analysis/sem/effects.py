"""Defined parameters (``:=``): value and delta-method standard error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DefinedEffect:
    """A defined parameter: its value, SE (None without a covariance of estimates) and value by ``std_lv``."""

    name: str
    text: str
    estimate: float
    se: float | None
    std_lv: float


def defined_effects(
    table: ParameterTable, values: Array, covariance: Array | None, std_lv: Array
) -> tuple[DefinedEffect, ...]:
    """Evaluate every definition at the values of all rows of the table, plain and by ``std_lv``.

    The variance is g' V g with the exact gradient g (Sobel 1982, Sociological Methodology 13, 290-312).
    """
    plain, gradients = evaluate(table, values)
    by_lv, _ = evaluate(table, std_lv)
    effects = []
    for definition in table.definitions:
        name, gradient = definition.name, gradients[definition.name]
        se = None if covariance is None else float(np.sqrt(gradient @ covariance @ gradient))
        effects.append(DefinedEffect(name, definition.expression.text, plain[name], se, by_lv[name]))
    return tuple(effects)


def evaluate(table: ParameterTable, values: Array) -> tuple[dict[str, float], dict[str, Array]]:
    """Value of every definition and its gradient (n_free,), given the values of all rows (n_rows,)."""
    bound = bound_labels(table, values)
    for definition in table.definitions:
        value, gradient = definition.expression.evaluate(bound)
        bound[definition.name] = (value, np.broadcast_to(gradient, (table.n_free,)))
    names = [definition.name for definition in table.definitions]
    return {name: bound[name][0] for name in names}, {name: bound[name][1] for name in names}


def bound_labels(table: ParameterTable, values: Array) -> dict[str, tuple[float, Array]]:
    """Each label with its value and the direction of its parameter in theta (zero where it is fixed)."""
    bound: dict[str, tuple[float, Array]] = {}
    for row, value in zip(table.parameters, values, strict=True):
        if row.label and row.label not in bound:
            direction = np.zeros(table.n_free)
            if row.free:
                direction[row.free - 1] = 1.0
            bound[row.label] = (float(value), direction)
    return bound
