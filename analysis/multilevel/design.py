"""From a formula and a table to the arrays of a mixed model, with lme4's names for every column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, ModelError, Problem, nearest
from analysis.multilevel.expression import Array, Name, deparse, evaluate, names
from analysis.multilevel.formula import Algebra, Atom, Formula

RANK_TOLERANCE = 1e-7  # lme4's rankMatrix tolerance for the fixed part
_COLUMN = re.compile(r"(?:poly\()?v(?P<atom>\d+)(?:, \d+\))?(?:\[(?:T\.)?(?P<level>l?)(?P<code>\d+)\])?")


@dataclass(frozen=True, slots=True)
class Design:
    """Arrays of a mixed model with n rows, p fixed effects, q random effects per group and G groups.

    ``y`` (n,), ``X`` (n, p), ``Z`` (n, q), ``group`` (n,) codes 0 … G-1 of ``group_levels`` (G,).
    ``dropped_terms`` names the columns of the fixed part that the others determine.
    """

    y: Array
    X: Array
    Z: Array
    group: NDArray[np.intp]
    group_name: str
    group_levels: tuple[str, ...]
    n_groups: int
    fixed_names: tuple[str, ...]
    random_names: tuple[str, ...]
    n_dropped: int
    dropped_terms: tuple[str, ...]


def build_design(formula: Formula, data: pd.DataFrame) -> Design:
    """Evaluate a formula with one grouping variable on the rows of ``data`` that are complete for it.

    ``center()`` and ``scale()`` use all answered values of their variable, as R does.
    Raises ModelError for what the model asks in vain, DataError for data that cannot carry it.
    """
    _require_known(formula, data)
    if len(formula.random) > 1:
        what = f"the formula has {len(formula.random)} random terms, one can be fitted"
        raise ModelError(Problem(what, "formula", "join effects of one group in one term: (1 + x | g)"))
    term = formula.random[0]
    y = evaluate(formula.response, _numbers(names(formula.response), data)) + np.zeros(len(data))
    fixed = [_column(atom, data) for atom in formula.fixed.atoms]
    random = [_column(atom, data) for atom in term.effects.atoms]
    rows = data[term.group].notna().to_numpy() & ~np.isnan(y)
    for column in (*fixed, *random):
        rows &= column.notna().to_numpy()
    _require_rows(rows, formula, data)
    group, levels = _group_codes(data.loc[rows, term.group], term.group)
    _require_outcome(y[rows], group, deparse(formula.response), term.group)
    X, fixed_names = _matrix(formula.fixed, [column[rows] for column in fixed], int(rows.sum()))
    Z, random_names = _matrix(term.effects, [column[rows] for column in random], int(rows.sum()))
    if not random_names:
        raise ModelError(Problem("the random term has no effect", "formula", f"write (1 | {term.group})"))
    _require_slopes_vary(Z, random_names, group, term.group)
    kept = independent_columns(X)
    return Design(
        y=y[rows],
        X=X[:, kept],
        Z=Z,
        group=group,
        group_name=term.group,
        group_levels=levels,
        n_groups=int(group.max()) + 1,
        fixed_names=tuple(fixed_names[j] for j in kept),
        random_names=random_names,
        n_dropped=int((~rows).sum()),
        dropped_terms=tuple(name for j, name in enumerate(fixed_names) if j not in kept),
    )


def independent_columns(X: Array) -> list[int]:
    """Columns of X that those before them do not determine, by Gram-Schmidt with reorthogonalisation.

    A column is left out when what remains of it is shorter than 1e-7 of its length (as R's ``qr``).
    """
    basis = np.zeros((len(X), 0))
    kept: list[int] = []
    for j in range(X.shape[1]):
        column = X[:, j]
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        length = float(np.linalg.norm(rest))
        if length > RANK_TOLERANCE * float(np.linalg.norm(column)):
            basis = np.column_stack([basis, rest / length])
            kept.append(j)
    return kept


def _require_known(formula: Formula, data: pd.DataFrame) -> None:
    columns = [str(column) for column in data.columns]
    unknown = [name for name in formula.variables if name not in columns]
    if unknown:
        raise ModelError(
            Problem(f"the variable '{name}' is not in the data", "formula", nearest(name, columns)) for name in unknown
        )


def _numbers(variables: Iterable[str], data: pd.DataFrame) -> Mapping[str, Array]:
    found: dict[str, Array] = {}
    for name in variables:
        if not pd.api.types.is_numeric_dtype(data[name]):
            raise ModelError(Problem(f"'{name}' is text, the formula needs numbers", "formula"))
        found[name] = data[name].to_numpy(dtype=float, na_value=np.nan)
    return found


def _column(atom: Atom, data: pd.DataFrame) -> pd.Series:
    """The values of an atom for all rows: floats, or a categorical where it is a factor."""
    if isinstance(atom.expression, Name):
        series = data[atom.expression.text]
        if atom.kind == "category" or not _is_number(series):
            return _as_factor(series)
    values = evaluate(atom.expression, _numbers(names(atom.expression), data)) + np.zeros(len(data))
    return pd.Series(values, index=data.index)


def _is_number(series: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)


def _as_factor(series: pd.Series) -> pd.Series:
    """A factor with text levels: sorted, or in the order that a categorical declares."""
    factor = series.astype("category")
    labels = [_level_label(level) for level in factor.cat.categories]
    return factor.cat.rename_categories(labels)


def _level_label(level: object) -> str:
    if isinstance(level, bool | np.bool_):
        return str(level).upper()
    return f"{level:g}" if isinstance(level, float) else str(level)


def _require_rows(rows: NDArray[np.bool_], formula: Formula, data: pd.DataFrame) -> None:
    if rows.any():
        return
    counts = ", ".join(f"{name} {int(data[name].notna().sum())}" for name in formula.variables)
    what = "no row has a value for every variable of the formula"
    raise DataError(Problem(what, "data", f"rows with a value: {counts}"))


def _group_codes(groups: pd.Series, name: str) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    if pd.api.types.is_float_dtype(groups) and bool((groups % 1 != 0).any()):
        what = f"the grouping variable '{name}' has decimals: it is a measure, not a group"
        raise DataError(Problem(what, "data", "group by a label or a whole number"))
    codes, levels = pd.factorize(groups, sort=True)
    if len(levels) < 2:
        what = f"the grouping variable '{name}' has a single group among the analysed rows"
        raise DataError(Problem(what, "data", "a mixed model needs at least two groups"))
    if len(levels) == len(groups):
        hint = "with one row per group, group and residual variance cannot be told apart"
        raise DataError(Problem(f"each row is a group of its own in '{name}'", "data", hint))
    return codes, tuple(_level_label(level) for level in levels)


def _require_finite(values: Array, label: str) -> None:
    infinite = int((~np.isfinite(values)).sum())
    if infinite:
        hint = "the logarithm of 0 or a division by 0 is not a number"
        raise DataError(Problem(f"{label} is infinite in {infinite} rows", "data", hint))


def _require_outcome(y: Array, group: NDArray[np.intp], label: str, group_name: str) -> None:
    _require_finite(y, f"the outcome '{label}'")
    if np.ptp(y) == 0:
        hint = "there is no variance to explain"
        raise ModelError(Problem(f"the outcome '{label}' is constant in the analysed rows", "data", hint))
    if _constant_within(y, group):
        what = f"the outcome '{label}' does not vary within the groups of '{group_name}'"
        raise ModelError(Problem(what, "data", "a variable of the group itself is no outcome of its members"))


def _matrix(algebra: Algebra, columns: list[pd.Series], n: int) -> tuple[Array, tuple[str, ...]]:
    """Model matrix (n, columns) and R's names of its columns. Formulaic sees placeholders alone."""
    from formulaic import model_matrix

    frame = pd.DataFrame(index=range(n))
    levels: list[tuple[str, ...]] = []
    for j, (atom, column) in enumerate(zip(algebra.atoms, columns, strict=True)):
        levels.append(_levels(atom, column))
        frame[f"v{j}"] = _coded(column, levels[j]) if levels[j] else column.to_numpy()
    built = model_matrix(algebra.template, frame, na_action="raise")
    names_in_r = tuple(_r_name(str(name), algebra.atoms, levels) for name in built.columns)
    return np.asarray(built, dtype=float).reshape(n, len(names_in_r)), names_in_r


def _levels(atom: Atom, column: pd.Series) -> tuple[str, ...]:
    """Levels in use of a factor, empty for a number. Checks that the column can stand in a model."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        used = tuple(column.cat.remove_unused_categories().cat.categories)
        if len(used) < 2:
            what = f"'{atom.label}' has a single level '{used[0]}' in the analysed rows"
            raise ModelError(Problem(what, "data", "take it out of the formula"))
        return used
    _require_finite(column.to_numpy(), f"'{atom.label}'")
    if atom.kind == "polynomial" and column.nunique() <= atom.degree:
        what = f"'{atom.label}' needs more than {atom.degree} different values"
        raise ModelError(Problem(what, "data"))
    return ()


def _coded(column: pd.Series, levels: tuple[str, ...]) -> pd.Categorical[str]:
    """A factor whose levels are called l0, l1, …: no label of the data meets formulaic's own notation."""
    code = {level: f"l{i}" for i, level in enumerate(levels)}
    return pd.Categorical([code[str(level)] for level in column], categories=list(code.values()))


def _r_name(column: str, atoms: tuple[Atom, ...], levels: list[tuple[str, ...]]) -> str:
    if column == "Intercept":
        return "(Intercept)"
    matches = [_COLUMN.fullmatch(part) for part in column.split(":")]
    # R writes the factors of a product in the order in which the formula first names them.
    in_order = sorted((match for match in matches if match), key=lambda match: int(match["atom"]))
    return ":".join(_r_factor_name(match, atoms, levels) for match in in_order)


def _r_factor_name(match: re.Match[str], atoms: tuple[Atom, ...], levels: list[tuple[str, ...]]) -> str:
    j = int(match["atom"])
    if match["code"] is None or (atoms[j].kind == "polynomial" and atoms[j].degree == 1):
        return atoms[j].label
    return atoms[j].label + (levels[j][int(match["code"])] if match["level"] else match["code"])


def _require_slopes_vary(Z: Array, terms: tuple[str, ...], group: NDArray[np.intp], group_name: str) -> None:
    """A slope over groups needs a variable that differs between the rows of at least one group."""
    fixed_within = [name for j, name in enumerate(terms) if name != "(Intercept)" and _constant_within(Z[:, j], group)]
    if fixed_within:
        what = f"cannot vary over '{group_name}': the variable is constant within each group"
        raise ModelError(
            Problem(f"the random slope of '{name}' {what}", "formula", "keep it in the fixed part")
            for name in fixed_within
        )
    if len(independent_columns(Z)) < Z.shape[1]:
        raise ModelError(Problem("the random effects are collinear: " + ", ".join(terms), "formula"))
    n_effects = Z.shape[1] * (int(group.max()) + 1)
    if n_effects >= len(Z):
        what = f"{n_effects} random effects cannot be told from {len(Z)} observations"
        raise ModelError(Problem(what, "formula", "take fewer random slopes or join small groups"))


def _constant_within(values: Array, group: NDArray[np.intp]) -> bool:
    first_rows = np.unique(group, return_index=True)[1]
    return bool((values == values[first_rows[group]]).all())
