"""Items one by one: answers, mean, spread, shape, and their correlations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd

from analysis.errors import ModelError, Problem, nearest
from analysis.measurement.moments import Mardia, kurtosis, mardia, skewness

CONVENTIONS = (
    "standard deviations with denominator n - 1",
    "skewness and excess kurtosis are G1 and G2 of Joanes & Gill (1998), as SPSS prints them",
    "correlations on the respondents who answered both items",
    "Mardia's tests on the respondents who answered every item, covariances with denominator n - 1",
)


@dataclass(frozen=True, slots=True)
class ItemDescription:
    """One item: ``n`` answers, share missing, moments; None where ``Descriptives.undefined`` gives the reason."""

    item: str
    construct: str
    n: int
    missing_share: float
    mean: float | None
    sd: float | None
    skew: float | None
    kurtosis: float | None
    min: float | None
    max: float | None


@dataclass(frozen=True, slots=True)
class AnswerShare:
    """How many gave one answer to one item, and their share of those who answered it."""

    item: str
    code: float
    n: int
    share: float


@dataclass(frozen=True, slots=True)
class ItemCorrelation:
    """Pearson correlation of two items over the ``n`` respondents who answered both; None where undefined."""

    item: str
    other: str
    n: int
    correlation: float | None


@dataclass(frozen=True, slots=True)
class Descriptives:
    """Description of all items; ``undefined`` maps "item.statistic" or "mardia" to the reason."""

    n_respondents: int
    item_rows: tuple[ItemDescription, ...]
    answer_rows: tuple[AnswerShare, ...]
    correlation_rows: tuple[ItemCorrelation, ...]
    mardia: Mardia | None
    undefined: dict[str, str]
    conventions: tuple[str, ...]

    @property
    def items(self) -> pd.DataFrame:
        """One row per item, the columns of ItemDescription."""
        names = [field.name for field in fields(ItemDescription)]
        frame = pd.DataFrame([asdict(row) for row in self.item_rows], columns=names)
        return frame.astype(dict.fromkeys(names[3:], float))

    @property
    def answers(self) -> pd.DataFrame:
        """One row per item and code: item, code, n, share."""
        return pd.DataFrame([asdict(row) for row in self.answer_rows], columns=["item", "code", "n", "share"])

    @property
    def correlation(self) -> pd.DataFrame:
        """Correlation matrix of the items by name, NaN where undefined."""
        names = [row.item for row in self.item_rows]
        matrix = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
        for row in self.correlation_rows:
            value = np.nan if row.correlation is None else row.correlation
            matrix.loc[row.item, row.other] = matrix.loc[row.other, row.item] = value
        return matrix

    def tidy(self) -> pd.DataFrame:
        """One row per item."""
        return self.items

    def glance(self) -> pd.DataFrame:
        """One row: respondents, items, and Mardia's tests (NaN where undefined)."""
        names = [field.name for field in fields(Mardia)]
        tests = asdict(self.mardia) if self.mardia else dict.fromkeys(names, np.nan)
        head = {"n_respondents": self.n_respondents, "n_items": len(self.item_rows)}
        return pd.DataFrame([head | {f"mardia_{name}": value for name, value in tests.items()}])


def describe(responses: pd.DataFrame, items: Mapping[str, Sequence[str]]) -> Descriptives:
    """Describe the ``items`` (construct → items) of ``responses``, numeric codes with NaN for no answer.

    Raises ModelError naming every item that is not in the data.
    """
    unknown = [item for members in items.values() for item in members if item not in responses.columns]
    if unknown:
        known = [str(column) for column in responses.columns]
        raise ModelError(
            Problem(f"the item '{item}' is not in the data", "descriptives", nearest(item, known)) for item in unknown
        )
    names = [item for members in items.values() for item in members]
    undefined: dict[str, str] = {}
    rows = [
        _describe_item(responses[item], item, construct, undefined)
        for construct, members in items.items()
        for item in members
    ]
    return Descriptives(
        n_respondents=len(responses),
        item_rows=tuple(rows),
        answer_rows=tuple(_answers(responses, items)),
        correlation_rows=tuple(_correlations(responses[names], undefined)),
        mardia=_mardia(responses[names], undefined),
        undefined=undefined,
        conventions=CONVENTIONS,
    )


def _describe_item(answers: pd.Series, item: str, construct: str, undefined: dict[str, str]) -> ItemDescription:
    x = answers.dropna().to_numpy(dtype=float)
    n = len(x)
    varies = n > 0 and np.ptp(x) > 0
    reason = "all answers are the same" if n else "nobody answered"
    for name, least in (("mean", 1), ("sd", 2), ("skew", 3), ("kurtosis", 4)):
        if n < least:
            undefined[f"{item}.{name}"] = f"needs at least {least} answers, there are {n}"
        elif name in {"skew", "kurtosis"} and not varies:
            undefined[f"{item}.{name}"] = reason
    return ItemDescription(
        item=item,
        construct=construct,
        n=n,
        missing_share=float(1.0 - n / len(answers)) if len(answers) else 0.0,
        mean=float(x.mean()) if n else None,
        sd=float(x.std(ddof=1)) if n > 1 else None,
        skew=skewness(x) if varies and n > 2 else None,
        kurtosis=kurtosis(x) if varies and n > 3 else None,
        min=float(x.min()) if n else None,
        max=float(x.max()) if n else None,
    )


def _answers(responses: pd.DataFrame, items: Mapping[str, Sequence[str]]) -> Iterator[AnswerShare]:
    """Counts of every code that the scale's items received, zero included."""
    for members in items.values():
        answered = responses[list(members)]
        values = answered.to_numpy(dtype=float)
        codes = np.unique(values[~np.isnan(values)])
        for j, item in enumerate(members):
            n = int((~np.isnan(values[:, j])).sum())
            for code in codes:
                given = int((values[:, j] == code).sum())
                yield AnswerShare(item, float(code), given, given / n if n else 0.0)


def _correlations(answers: pd.DataFrame, undefined: dict[str, str]) -> Iterator[ItemCorrelation]:
    values = answers.to_numpy(dtype=float)
    names = list(answers.columns)
    for i, item in enumerate(names):
        for j in range(i + 1, len(names)):
            both = values[~np.isnan(values[:, [i, j]]).any(axis=1)][:, [i, j]]
            if len(both) > 1 and (np.ptp(both, axis=0) > 0).all():
                r: float | None = float(np.corrcoef(both, rowvar=False)[0, 1])
            else:
                r = None
                undefined[f"{item}.{names[j]}"] = "too few common answers, or answers that do not vary"
            yield ItemCorrelation(item, names[j], len(both), r)


def _mardia(answers: pd.DataFrame, undefined: dict[str, str]) -> Mardia | None:
    complete = answers.dropna().to_numpy(dtype=float)
    n, p = complete.shape
    if n > p and (np.ptp(complete, axis=0) == 0).any():
        undefined["mardia"] = "an item does not vary among those who answered every item"
        return None
    if n <= p:
        undefined["mardia"] = f"{n} respondents answered every one of {p} items: more than {p} are needed"
        return None
    try:
        return mardia(complete)
    except np.linalg.LinAlgError:
        undefined["mardia"] = "the covariance matrix of the items is singular: some items determine another"
        return None
