"""What a fitted mixed model says of rows that it was not fitted to, of known groups and of new ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem, nearest
from analysis.multilevel.expression import (
    FUNCTIONS,
    OPERATIONS,
    Array,
    Call,
    Columns,
    Expression,
    GroupPart,
    Name,
    Negative,
    Number,
    Operation,
    evaluate,
    group_means,
    grouped_by,
    names,
)
from analysis.multilevel.model_matrix import Basis, Factor, Values, model_matrix
from analysis.multilevel.modes import conditional_modes
from analysis.multilevel.solution import Solution
from analysis.multilevel.terms import Algebra, Atom, Grouping
from analysis.multilevel.variables import (
    analysed,
    atom_values,
    factor,
    level_label,
    missing,
    numbers,
    orthonormal_polynomial,
)


@dataclass(frozen=True, slots=True)
class _Tables:
    """The table that was fitted, which of its rows (n,) were analysed, and the new rows."""

    fitted: pd.DataFrame
    rows: NDArray[np.bool_]
    new: pd.DataFrame


def predict(solution: Solution, data: pd.DataFrame, new: pd.DataFrame, *, random_effects: bool = True) -> Array:
    """Predicted outcomes (n,) of the rows of ``new``, NaN where a predictor is missing.

    ``data`` is the table that ``solution`` was fitted to: constants of ``center()``, ``scale()``, ``poly()`` and group
    means are its own; a group that it lacks takes the means of its new rows. ``random_effects`` adds the conditional
    modes of known groups; those of new groups are zero, their expectation (as lme4's allow.new.levels). Raises
    ModelError for columns and factor levels that the model does not know.
    """
    tables = _Tables(data, solution.design.rows, new)
    formula, design = solution.formula, solution.design
    wanted = [name for atom in formula.atoms for name in (*names(atom.expression), *grouped_by(atom.expression))]
    wanted += [name for term in formula.random for name in term.group.variables if random_effects]
    if unknown := [name for name in dict.fromkeys(wanted) if name not in new.columns]:
        columns = [str(column) for column in new.columns]
        raise ModelError(
            Problem(f"the new rows have no '{name}'", "prediction", nearest(name, columns)) for name in unknown
        )
    values = {atom: _values(atom, tables) for atom in formula.atoms}
    known = np.ones(len(new), dtype=bool)
    for atom in formula.fixed.atoms:
        known &= ~_absent(values[atom])
    X = _columns(formula.fixed, values, len(new), design.fixed_names)
    predicted = np.where(known, X @ solution.beta, np.nan)
    if random_effects:
        for block, modes in zip(design.blocks, conditional_modes(solution), strict=True):
            Z = _columns(block.term.effects, values, len(new), block.names)
            codes = _codes(block.term.group, block.levels, new)
            predicted += np.where(codes < 0, 0.0, (Z * modes.modes[codes]).sum(axis=1))
    return np.asarray(predicted)


def _columns(algebra: Algebra, values: dict[Atom, Values], n: int, kept: tuple[str, ...]) -> Array:
    built = model_matrix(algebra, [values[atom] for atom in algebra.atoms], n)
    return built.X[:, [built.names.index(name) for name in kept]]


def _codes(group: Grouping, levels: tuple[str, ...], new: pd.DataFrame) -> NDArray[np.intp]:
    """Codes (n,) of the groups of the new rows among the known ``levels``, -1 for new ones and missing ones."""
    columns = [[level_label(value) for value in new[name]] for name in group.variables]
    labels = [":".join(parts) for parts in zip(*columns, strict=True)]
    place = {level: code for code, level in enumerate(levels)}
    missing_group = new[list(group.variables)].isna().any(axis=1).to_numpy()
    codes = np.array([place.get(label, -1) for label in labels], dtype=np.intp)
    return np.where(missing_group, -1, codes)


def _values(atom: Atom, tables: _Tables) -> Values:
    """Values of an atom in the new rows, in the coding that the fitted rows had."""
    known = atom_values(atom, tables.fitted)
    if isinstance(known, Factor):
        used = analysed(atom, known, tables.rows)
        assert isinstance(used, Factor)
        return _recoded(atom, used, tables.new)
    values = _evaluate(atom.expression, tables)
    if atom.kind == "polynomial":
        return Basis(orthonormal_polynomial(known[tables.rows], atom.degree, at=values))
    return np.broadcast_to(values, len(tables.new))


def _recoded(atom: Atom, known: Factor, new: pd.DataFrame) -> Factor:
    assert isinstance(atom.expression, Name)
    found = factor(new[atom.expression.text])
    place = {level: code for code, level in enumerate(known.levels)}
    if strange := [level for level in found.levels if level not in place]:
        what = f"'{atom.label}' has levels that the model was not fitted to: {', '.join(strange)}"
        raise ModelError(Problem(what, "prediction", f"known levels: {', '.join(known.levels)}"))
    recode = np.array([place[level] for level in found.levels] or [0], dtype=np.intp)
    return Factor(np.where(found.codes < 0, -1, recode[found.codes]), known.levels)


def _absent(values: Values) -> NDArray[np.bool_]:
    if isinstance(values, Basis):
        return np.asarray(np.isnan(values.columns).any(axis=1))
    return missing(values)


def _evaluate(expression: Expression, tables: _Tables) -> Array:
    """Values (n,) or () in the new rows, with the constants of the fitted ones."""
    with np.errstate(all="ignore"):
        match expression:
            case Number():
                return evaluate(expression, Columns({}))
            case Name(text):
                return numbers([text], tables.new)[text]
            case Negative(operand):
                return -_evaluate(operand, tables)
            case Operation(operator, left, right):
                return OPERATIONS[operator](_evaluate(left, tables), _evaluate(right, tables))
            case Call("center" | "scale" as function, argument):
                fitted = _fitted(argument, tables.fitted)
                spread = np.nanstd(fitted, ddof=1) if function == "scale" else 1.0
                return np.asarray((_evaluate(argument, tables) - np.nanmean(fitted)) / spread)
            case Call(function, argument):
                return FUNCTIONS[function](_evaluate(argument, tables))
            case GroupPart(function, argument, group, _):
                values = np.broadcast_to(_evaluate(argument, tables), len(tables.new))
                means = _means(argument, group, values, tables)
                return means if function == "between" else values - means


def _fitted(argument: Expression, fitted: pd.DataFrame) -> Array:
    return evaluate(argument, Columns(numbers(names(argument), fitted)))


def _means(argument: Expression, group: str, values: Array, tables: _Tables) -> Array:
    """Group means (n,) of the analysed rows; of groups that these lack, of the new rows."""
    kept = tables.fitted.loc[tables.rows]
    old = np.broadcast_to(_fitted(argument, kept), len(kept))
    codes, _ = pd.factorize(pd.concat([kept[group], tables.new[group]], ignore_index=True))
    own, new = codes[: len(kept)], codes[len(kept) :]
    known = np.full(int(codes.max(initial=0)) + 1, np.nan)
    known[own] = group_means(old, own)
    fresh = group_means(np.where(new < 0, np.nan, values), new)
    means = np.where(new < 0, np.nan, known[new])
    return np.where(np.isnan(means), fresh, means)
