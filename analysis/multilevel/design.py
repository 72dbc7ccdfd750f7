"""From a formula and a table to the arrays of a mixed model, with lme4's names and order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem, nearest
from analysis.multilevel.collinearity import independent_columns
from analysis.multilevel.design_checks import (
    require_outcome,
    require_rows,
    require_slopes,
    require_usable,
    require_weights,
)
from analysis.multilevel.expression import Array, Columns, deparse, evaluate, grouped_by, names
from analysis.multilevel.formula import Formula
from analysis.multilevel.model_matrix import Factor, Values, model_matrix
from analysis.multilevel.random_blocks import RandomBlock, random_blocks
from analysis.multilevel.terms import Algebra, Atom
from analysis.multilevel.variables import analysed, atom_values, group_codes, missing, numbers


@dataclass(frozen=True, slots=True)
class FixedPart:
    """The fixed part as it was built: R's names of the p columns of X, and what was left out.

    ``algebra`` and the ``values`` of its atoms rebuild it; ``term`` (p,) is each column's position in the algebra;
    ``dropped`` names the columns that the others determine.
    """

    names: tuple[str, ...]
    term: tuple[int, ...]
    algebra: Algebra
    values: tuple[Values, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """Arrays of a mixed model with n rows and p fixed effects.

    ``y`` (n,), ``X`` (n, p), ``weights`` (n,) of the precision of each row or None, from the column ``weighted_by``;
    the random ``blocks`` in lme4's order (most groups first), ``rows`` (n of the table,) which rows are analysed.
    """

    y: Array
    X: Array
    weights: Array | None
    weighted_by: str | None
    fixed: FixedPart
    blocks: tuple[RandomBlock, ...]
    rows: NDArray[np.bool_]

    @property
    def n_dropped(self) -> int:
        """Rows left out for a missing value."""
        return int((~self.rows).sum())

    @property
    def fixed_names(self) -> tuple[str, ...]:
        """Names of the columns of X."""
        return self.fixed.names

    @property
    def dropped_terms(self) -> tuple[str, ...]:
        """Columns of the fixed part that the others determine."""
        return self.fixed.dropped

    @property
    def groups(self) -> dict[str, int]:
        """Number of groups by grouping factor, in lme4's order."""
        return {block.group: block.n_groups for block in self.blocks}

    @property
    def only_block(self) -> RandomBlock:
        """The random term of a model that has one. Raises ModelError for a model with several."""
        if len(self.blocks) > 1:
            what = f"the formula has {len(self.blocks)} random terms, one can be fitted"
            raise ModelError(Problem(what, "formula", "join effects of one group in one term: (1 + x | g)"))
        return self.blocks[0]


def build_design(formula: Formula, data: pd.DataFrame, weights: str | None = None) -> Design:
    """Evaluate a formula on the rows of ``data`` that are complete for it and for the column of ``weights``.

    ``center()`` and ``scale()`` use all answered values of their variable, as R does; ``within()`` and ``between()``
    take the means of the analysed rows. Raises ModelError for what the model asks in vain, DataError for data that
    cannot carry it.
    """
    _require_known(formula, data, weights)
    y = np.broadcast_to(evaluate(formula.response, Columns(numbers(names(formula.response), data))), len(data))
    weight = None if weights is None else numbers([weights], data)[weights]
    columns = {atom: atom_values(atom, data) for atom in formula.atoms}
    codes = {name: group_codes(data[name]) for term in formula.random for name in term.group.variables}
    rows = ~np.isnan(y)
    if weight is not None:
        rows &= ~np.isnan(weight)
    for column in columns.values():
        rows &= ~missing(column)
    for coded, _ in codes.values():
        rows &= coded >= 0
    require_rows(rows, formula.variables, data)
    values = {atom: _analysed(atom, column, rows, data) for atom, column in columns.items()}
    for atom, value in values.items():
        require_usable(atom.label, value)
    fixed = model_matrix(formula.fixed, [values[atom] for atom in formula.fixed.atoms], int(rows.sum()))
    blocks = random_blocks(
        formula.random, values, {name: (coded[rows], levels) for name, (coded, levels) in codes.items()}
    )
    y = y[rows]
    require_outcome(y, deparse(formula.response), blocks)
    require_slopes(blocks)
    kept = independent_columns(fixed.X)
    return Design(
        y=y,
        X=fixed.X if len(kept) == fixed.X.shape[1] else fixed.X[:, kept],
        weights=None if weight is None else require_weights(weight[rows], str(weights)),
        weighted_by=weights,
        fixed=FixedPart(
            names=tuple(fixed.names[j] for j in kept),
            term=tuple(fixed.term[j] for j in kept),
            algebra=formula.fixed,
            values=tuple(values[atom] for atom in formula.fixed.atoms),
            dropped=tuple(name for j, name in enumerate(fixed.names) if j not in kept),
        ),
        blocks=blocks,
        rows=rows,
    )


def _require_known(formula: Formula, data: pd.DataFrame, weights: str | None) -> None:
    columns = [str(column) for column in data.columns]
    wanted = formula.variables if weights is None else (*formula.variables, weights)
    unknown = [name for name in wanted if name not in columns]
    if unknown:
        raise ModelError(
            Problem(f"the variable '{name}' is not in the data", "formula", nearest(name, columns)) for name in unknown
        )


def _analysed(atom: Atom, values: Array | Factor, rows: NDArray[np.bool_], data: pd.DataFrame) -> Values:
    if next(grouped_by(atom.expression), None) is None:
        return analysed(atom, values, rows)
    kept = data.loc[rows]
    return analysed(atom, atom_values(atom, kept), np.ones(len(kept), dtype=bool))
