"""The communes of the respondents: one spelling each, and what the second file says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import Problem, nearest
from analysis.survey.codebook import Codebook, header_of
from analysis.survey.coding import CodedTable, answer_problems, code_variables, column_problems
from analysis.survey.ingest import RawTable
from analysis.survey.labels import fold
from analysis.survey.recode import NO_ANSWER, Unknown, cell_texts, read_text
from analysis.survey.rules import Texts


@dataclass(frozen=True, slots=True)
class CommuneTable:
    """One row per commune: names (str, shape (m,)) and the commune variables."""

    names: Texts
    variables: CodedTable


@dataclass(frozen=True, slots=True)
class Membership:
    """The commune of each of n responses.

    names: str, shape (n,), None where absent. reasons: str, shape (n,), why it is absent, "" where it is not.
    positions: row of the commune table, shape (n,), -1 where absent; None without such a table.
    respelled: how many cells had another spelling. unknown: communes that are not in the table.
    """

    names: Texts
    reasons: Texts
    positions: np.ndarray[tuple[int], np.dtype[np.intp]] | None
    respelled: int
    unknown: tuple[Unknown, ...]


def commune_column_problems(table: RawTable, codebook: Codebook) -> Iterator[Problem]:
    """What is wrong with the columns of the file of communes."""
    headers = [header_of(name, variable) for name, variable in codebook.communes.variables.items()]
    known = [*codebook.technical, *codebook.ignored]
    return column_problems(table, [codebook.commune_column, *headers], known)


def code_communes(table: RawTable, codebook: Codebook) -> CommuneTable:
    """Code the file of communes; its columns are known to be right."""
    names = cell_texts(table.frame[codebook.commune_column])
    return CommuneTable(names, code_variables(table, codebook.communes.variables, codebook))


def commune_problems(source: str, communes: CommuneTable) -> Iterator[Problem]:
    """Answers that the codebook does not know, unnamed and repeated communes."""
    yield from answer_problems(source, communes.variables.unknown)
    for name, count in Counter(map(fold, communes.names)).items():
        if name and count > 1:
            yield Problem(f"the commune '{name}' stands {count} times", source, "keep one row a commune")
    for row, name in enumerate(communes.names, 1):
        if not name:
            yield Problem(f"data row {row}: no name of a commune", source, "name it, or remove the row")


def place(table: RawTable, codebook: Codebook, communes: CommuneTable | None) -> Membership:
    """The commune of each response, in the spelling of the commune table, else in its most frequent one.

    A commune that is a declared missing label is absent; missing codes are not looked for, since a commune may
    be written as a number.
    """
    column = codebook.commune_column
    texts, coded = read_text(table.frame[column], codebook.missing)
    distinct, counts = _count(texts)
    known = _frequent_spellings(distinct, counts) if communes is None else _spellings(communes.names)
    unknown = tuple(
        Unknown(column, text, counts[text], nearest(text, known.values()))
        for text in distinct
        if fold(text) not in known
    )
    spelling = {text: known.get(fold(text)) for text in distinct}
    names = np.array([None if text is None else spelling[text] for text in texts], dtype=object)
    respelled = sum(counts[text] for text, name in spelling.items() if name is not None and name != text)
    return Membership(names, coded.reasons, _positions(names, communes), respelled, unknown)


def join_communes(membership: Membership, communes: CommuneTable | None) -> tuple[pd.DataFrame, dict[str, Texts]]:
    """The commune variables of each response, and the reasons why they are missing."""
    if communes is None or membership.positions is None:
        return pd.DataFrame(index=range(len(membership.names))), {}
    absent = membership.positions < 0
    values = communes.variables.values.iloc[np.where(absent, 0, membership.positions)].reset_index(drop=True)
    reasons = {
        name: np.where(absent, NO_ANSWER, reason[membership.positions])
        for name, reason in communes.variables.reasons.items()
    }
    return values.mask(np.broadcast_to(absent[:, None], values.shape)), reasons


def _count(texts: Texts) -> tuple[list[str], Counter[str]]:
    counts = Counter(text for text in texts if text is not None)
    return sorted(counts), counts


def _spellings(names: Texts) -> dict[str, str]:
    return {fold(name): str(name) for name in names}


def _frequent_spellings(distinct: list[str], counts: Mapping[str, int]) -> dict[str, str]:
    """Of the spellings of a commune the most frequent; of several the first in the alphabet."""
    chosen: dict[str, str] = {}
    for text in distinct:
        rival = chosen.setdefault(fold(text), text)
        if counts[text] > counts[rival]:
            chosen[fold(text)] = text
    return chosen


def _positions(names: Texts, communes: CommuneTable | None) -> np.ndarray[tuple[int], np.dtype[np.intp]] | None:
    if communes is None:
        return None
    return np.asarray(pd.Index(communes.names).get_indexer(pd.Index(names)), dtype=np.intp)
