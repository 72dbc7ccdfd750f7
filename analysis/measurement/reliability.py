"""Reliability and validity of all scales: alpha, omega, CR, AVE, and the Fornell-Larcker comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import chain

import numpy as np
import pandas as pd

from analysis.errors import ModelError, Problem, nearest
from analysis.measurement.alpha import Alpha, cronbach_alpha
from analysis.measurement.answer_codes import suspect_codes
from analysis.measurement.composite import (
    Loadings,
    average_variance_extracted,
    composite_reliability,
    loadings_of,
    omega,
)
from analysis.sem import SemResult

CONVENTIONS = (
    "alpha on respondents who answered every item of the scale, interval by Feldt",
    "omega of the sum of answers as given, with the variance that the model gives it (McDonald 1999; Raykov 2001); "
    "of ordinal items that of Green & Yang (2009)",
    "CR and AVE from standardised loadings (Fornell & Larcker 1981)",
)


@dataclass(frozen=True, slots=True)
class ScaleReliability:
    """Reliability of one scale; None where ``Reliability.undefined`` gives the reason. ``n`` complete rows."""

    construct: str
    n_items: int
    n: int
    alpha: float | None
    alpha_ci_lower: float | None
    alpha_ci_upper: float | None
    omega: float | None
    cr: float | None
    ave: float | None


@dataclass(frozen=True, slots=True)
class ConstructCorrelation:
    """Correlation of two constructs in the measurement model."""

    construct: str
    other: str
    correlation: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Reliability of the scales; ``undefined`` maps "construct.statistic" to the reason."""

    scales: tuple[ScaleReliability, ...]
    correlations: tuple[ConstructCorrelation, ...]
    undefined: dict[str, str]
    warnings: tuple[str, ...]
    conventions: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row per scale, the columns of ScaleReliability."""
        names = [field.name for field in fields(ScaleReliability)]
        frame = pd.DataFrame([asdict(scale) for scale in self.scales], columns=names)
        return frame.astype(dict.fromkeys(names[3:], float))

    @property
    def fornell_larcker(self) -> pd.DataFrame:
        """Constructs by constructs: √AVE on the diagonal, correlations off it, NaN where neither is known.

        Fornell & Larcker (1981) ask that each diagonal value exceed those of its row and column.
        """
        names = [scale.construct for scale in self.scales if scale.ave is not None]
        matrix = pd.DataFrame(np.nan, index=names, columns=names)
        for scale in self.scales:
            if scale.ave is not None:
                matrix.loc[scale.construct, scale.construct] = float(np.sqrt(scale.ave))
        for pair in self.correlations:
            if pair.construct in matrix.index and pair.other in matrix.index:
                matrix.loc[pair.construct, pair.other] = pair.correlation
                matrix.loc[pair.other, pair.construct] = pair.correlation
        return matrix

    @property
    def discriminant(self) -> pd.DataFrame:
        """Per construct: √AVE, the strongest correlation with another, and whether √AVE exceeds it; None where no
        correlation is known.
        """
        matrix = self.fornell_larcker
        off = matrix.abs().where(~np.eye(len(matrix), dtype=bool))
        strongest = off.max(axis=1)
        root = pd.Series(np.diag(matrix), index=matrix.index)
        return pd.DataFrame(
            {
                "construct": matrix.index,
                "sqrt_ave": root.to_numpy(),
                "strongest_correlation": strongest.to_numpy(),
                "distinct": (root > strongest).astype(object).where(strongest.notna(), None).to_numpy(),
            }
        )

    def tidy(self) -> pd.DataFrame:
        """One row per scale."""
        return self.table

    def glance(self) -> pd.DataFrame:
        """One row: number of scales, range of alpha."""
        alphas = [scale.alpha for scale in self.scales if scale.alpha is not None]
        lowest, highest = (min(alphas), max(alphas)) if alphas else (np.nan, np.nan)
        return pd.DataFrame([{"n_scales": len(self.scales), "alpha_min": lowest, "alpha_max": highest}])


def reliability(
    responses: pd.DataFrame, scales: Mapping[str, Sequence[str]], loadings: SemResult | None
) -> Reliability:
    """Reliability of ``scales`` (construct → items), with omega, CR and AVE from the measurement model.

    Raises ModelError naming every unknown or constant item.
    """
    require_items(responses, scales)
    undefined: dict[str, str] = {}
    rows: list[ScaleReliability] = []
    coded = {construct: list(suspect_codes(responses, items)) for construct, items in scales.items()}
    warnings = list(dict.fromkeys(chain.from_iterable(coded.values())))
    for construct, items in scales.items():
        found = loadings_of(loadings, construct) if loadings is not None else None
        rows.append(_scale(responses[list(items)], construct, found, undefined))
        warnings += _heywood(construct, found)
        # Codes of missing answers turn loadings round; nothing is to be reversed for them.
        warnings += [] if coded[construct] else _reversed(construct, found)
    return Reliability(
        scales=tuple(rows),
        correlations=tuple(_correlations(loadings, list(scales))) if loadings is not None else (),
        undefined=undefined,
        warnings=tuple(warnings),
        conventions=CONVENTIONS,
    )


def require_items(responses: pd.DataFrame, scales: Mapping[str, Sequence[str]]) -> None:
    """Raise ModelError naming every item of ``scales`` that is not in ``responses``, or is constant there."""
    problems = []
    for construct, items in scales.items():
        for item in items:
            where = f"scale '{construct}'"
            if item not in responses.columns:
                hint = nearest(item, map(str, responses.columns))
                problems.append(Problem(f"the item '{item}' is not in the data", where, hint))
            elif _is_constant(responses[item]):
                hint = "take it out of the scale"
                problems.append(Problem(f"the item '{item}' is constant: all gave one answer", where, hint))
    if problems:
        raise ModelError(problems)


def _is_constant(answers: pd.Series) -> bool:
    given = answers.dropna().to_numpy()
    return len(given) > 0 and bool((given == given[0]).all())


def _scale(
    answers: pd.DataFrame, construct: str, loadings: Loadings | None, undefined: dict[str, str]
) -> ScaleReliability:
    complete = answers.dropna().to_numpy(dtype=float)
    reason = _why_no_alpha(complete)
    alpha = cronbach_alpha(complete) if not reason else None
    if reason:
        undefined[f"{construct}.alpha"] = reason
    reason = why_no_composite(loadings)
    measured = loadings if not reason else None
    if reason:
        undefined |= {f"{construct}.{name}": reason for name in ("omega", "cr", "ave")}
    mixed = _why_no_omega(measured)
    if mixed:
        undefined[f"{construct}.omega"] = mixed
    first_order = measured if measured and not measured.higher_order else None
    if measured and measured.higher_order:
        undefined |= dict.fromkeys((f"{construct}.cr", f"{construct}.ave"), "measured by constructs, not by items")
    return ScaleReliability(
        construct=construct,
        n_items=answers.shape[1],
        n=len(complete),
        **_alpha_columns(alpha),
        omega=omega(measured) if measured and not mixed else None,
        cr=composite_reliability(first_order.standardised) if first_order else None,
        ave=average_variance_extracted(first_order.standardised) if first_order else None,
    )


def _alpha_columns(alpha: Alpha | None) -> dict[str, float | None]:
    return {
        "alpha": alpha.alpha if alpha else None,
        "alpha_ci_lower": alpha.ci_lower if alpha else None,
        "alpha_ci_upper": alpha.ci_upper if alpha else None,
    }


def _why_no_alpha(complete: np.ndarray) -> str:
    n, k = complete.shape
    if k < 2:
        return "alpha needs at least two items"
    if n < 2:
        return f"{n} respondents answered every item of the scale"
    return "" if np.ptp(complete.sum(axis=1)) > 0 else "the sum of the items does not vary"


def why_no_composite(loadings: Loadings | None) -> str:
    """Why a model gives no reliability of a construct; empty where it does."""
    if loadings is None:
        return "the measurement model does not measure this construct"
    if len(loadings.items) < 2:
        return "a single item: its loading is fixed, not estimated"
    return "" if np.isfinite(loadings.standardised).all() else "the standardised loadings are not defined"


def _why_no_omega(loadings: Loadings | None) -> str:
    if loadings is None or loadings.n_ordinal in {0, len(loadings.items)}:
        return ""
    return "some items are ordinal and others are not: answers and responses behind answers have no common sum"


def _heywood(construct: str, loadings: Loadings | None) -> Iterator[str]:
    if loadings is not None:
        for item, value in zip(loadings.items, loadings.standardised, strict=True):
            if abs(value) > 1:
                yield f"{construct}: the standardised loading of {item} exceeds 1 (Heywood case)"


def _reversed(construct: str, loadings: Loadings | None) -> Iterator[str]:
    """Items whose loadings have not the sign of most of the construct."""
    if loadings is not None and np.isfinite(loadings.standardised).all():
        against = loadings.standardised * loadings.standardised.sum() < 0
        for item in np.array(loadings.items)[against]:
            yield (
                f"{construct}: {item} loads against the other items: if it is worded the other way round, reverse its "
                "codes first; alpha, omega and CR take answers as they are given"
            )


def _correlations(model: SemResult, constructs: list[str]) -> Iterator[ConstructCorrelation]:
    for row in model.estimates:
        among = row.op == "~~" and row.lhs != row.rhs and {row.lhs, row.rhs} <= set(constructs)
        if among and row.std_all is not None:
            yield ConstructCorrelation(row.lhs, row.rhs, row.std_all)
