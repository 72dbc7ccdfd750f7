"""The random terms of a formula as arrays: effects by row, groups by code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, ModelError, Problem
from analysis.multilevel.expression import Array
from analysis.multilevel.model_matrix import Values, model_matrix
from analysis.multilevel.terms import Atom, Grouping, RandomTerm
from analysis.multilevel.variables import level_label

Codes = Mapping[str, tuple[NDArray[np.intp], pd.Index]]


@dataclass(frozen=True, slots=True)
class RandomBlock:
    """A random term with q effects that covary, over G groups.

    ``label`` is lme4's name of the term ("g", and "g.1" where g has a term already), ``group`` that of the groups,
    whose ``codes`` (n,) run from 0 to G-1 and stand for ``levels`` (G,). ``Z`` (n, q) holds the rows of the effects
    ``names`` (q,), not spread over groups; ``term`` is what the formula says.
    """

    label: str
    group: str
    Z: Array
    codes: NDArray[np.intp]
    levels: tuple[str, ...]
    names: tuple[str, ...]
    term: RandomTerm

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.levels)


def random_blocks(terms: Sequence[RandomTerm], values: Mapping[Atom, Values], codes: Codes) -> tuple[RandomBlock, ...]:
    """Random terms in lme4's order: by number of groups, descending; at equal numbers the later term first.

    ``values`` of the atoms and ``codes`` (n,) with levels of the grouping variables are those of the analysed rows.
    Raises ModelError for a term without an effect, DataError for groups that are none.
    """
    found: list[RandomBlock] = []
    for term in terms:
        group, levels = _combined(term.group, codes)
        n = len(group)
        effects = model_matrix(term.effects, [values[atom] for atom in term.effects.atoms], n)
        if not effects.names:
            raise ModelError(Problem("the random term has no effect", "formula", f"write (1 | {term.group.label})"))
        _require_groups(term.group.label, [codes[name][1] for name in term.group.variables], len(levels), n)
        found.append(RandomBlock(term.group.label, term.group.label, effects.X, group, levels, effects.names, term))
    sizes = [block.n_groups for block in found]
    if any(after > before for before, after in pairwise(sizes)):
        found = sorted(found, key=lambda block: block.n_groups)[::-1]
    return tuple(_labelled(found))


def _labelled(blocks: list[RandomBlock]) -> list[RandomBlock]:
    """Labels as lme4 makes them where a grouping factor has several terms: valid names in R, numbered from the second.

    Without such a factor, the label is the name of the factor as it is.
    """
    if len({block.group for block in blocks}) == len(blocks):
        return blocks
    labelled: list[RandomBlock] = []
    for block in blocks:
        name = re.sub(r"[^\w.]", ".", block.group)
        times = sum(other.group == block.group for other in labelled)
        labelled.append(replace(block, label=f"{name}.{times}" if times else name))
    return labelled


def _combined(group: Grouping, codes: Codes) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Codes (n,) of the combinations of a term's grouping variables that occur, and their labels."""
    combined, levels = codes[group.variables[0]]
    labels = [level_label(level) for level in levels]
    for name in group.variables[1:]:
        more, levels = codes[name]
        combined = combined * len(levels) + more
        used, combined = np.unique(combined, return_inverse=True)
        labels = [f"{labels[u // len(levels)]}:{level_label(levels[u % len(levels)])}" for u in used]
    counts = np.bincount(combined, minlength=len(labels))
    if counts.all():
        return combined, tuple(labels)
    used = np.flatnonzero(counts)
    return (np.cumsum(counts > 0) - 1)[combined], tuple(labels[u] for u in used)


def _require_groups(label: str, levels: Sequence[pd.Index], n_groups: int, n: int) -> None:
    """Raise DataError for a grouping factor that is a measure, has one group, or a group for each row."""
    for index in levels:
        if pd.api.types.is_float_dtype(index) and bool((index % 1 != 0).any()):
            what = f"the grouping variable '{label}' has decimals: it is a measure, not a group"
            raise DataError(Problem(what, "data", "group by a label or a whole number"))
    if n_groups < 2:
        what = f"the grouping variable '{label}' has a single group among the analysed rows"
        raise DataError(Problem(what, "data", "a mixed model needs at least two groups"))
    if n_groups == n:
        hint = "with one row per group, group and residual variance cannot be told apart"
        raise DataError(Problem(f"each row is a group of its own in '{label}'", "data", hint))
