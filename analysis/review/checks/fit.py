"""Fit of a model from its chi-square, df and N."""

from __future__ import annotations

import math
from collections.abc import Iterator

from analysis.review.article import Article, Record, Table
from analysis.review.fit_indices import close_fit, comparative_of, p_of_chisq, rmsea_limit, rmsea_of, robust_of, sizes
from analysis.review.interval import Interval, exactly
from analysis.review.registry import check
from analysis.review.verdict import Finding, Reading, Verdict, judge, lacking

# Estimators whose chi-squares are not scaled.
PLAIN = frozenset({"ML", "GLS", "ULS", "FIML", "REML", "OLS"})


def whole(value: Interval | None) -> float | None:
    """A number of degrees of freedom that is printed without decimals; None otherwise."""
    return value.lower if value is not None and value.lower == value.upper else None


def degrees(record: Record, column: str = "df") -> Interval | None:
    """Degrees of freedom: exact where they are printed as a whole number."""
    cell = record.cell(column)
    if cell is None or cell.printed is None:
        return None
    return exactly(cell.printed.value) if cell.printed.unit >= 1 else cell.printed.interval


@check("p from chi-square", "fit")
def p_value(article: Article) -> Iterator[Finding]:
    """P follows from chi-square and df.

    Formula: p = P(χ²(df) > χ²)
    Needs: χ², df
    Source: the definition of the test
    """
    for _, record in article.records("fit"):
        if (cell := record.cell("p")) is None:
            continue
        df, chisq = degrees(record), record.number("chisq")
        if df is None or chisq is None:
            yield lacking(cell, "chi-square and df")
        elif df.lower <= 0:
            yield lacking(cell, "a df above 0: a saturated model is not tested")
        else:
            readings = [Reading("", p_of_chisq(chisq, df))]
            if (scaled := record.number("chisq_scaled")) is not None:
                readings.append(Reading("scaled chi-square", p_of_chisq(scaled, df)))
            yield judge(cell, readings)


@check("chi-square over df", "fit")
def ratio(article: Article) -> Iterator[Finding]:
    """The ratio of chi-square to df.

    Formula: χ²/df
    Needs: χ², df
    Source: arithmetic
    """
    for _, record in article.records("fit"):
        if (cell := record.cell("chisq_df")) is None:
            continue
        df, chisq = degrees(record), record.number("chisq")
        if df is None or chisq is None or df.lower <= 0:
            yield lacking(cell, "chi-square and a df above 0")
        else:
            yield judge(cell, [Reading("", chisq / df)])


@check("RMSEA", "fit")
def rmsea(article: Article) -> Iterator[Finding]:
    """RMSEA, its 90 % interval and its test of close fit follow from chi-square, df and N.

    Formula: √(max(χ² − df, 0)/(df·N)), N or N − 1, with G groups N − G too, times √G or not; limits by the
    non-central χ²
    Needs: χ², df, N (and the number of groups)
    Source: Steiger & Lind (1980); Browne & Cudeck (1992), Sociological Methods & Research 21(2), 230-258; Steiger
    (1998)
    """
    for table, record in article.records("fit"):
        for column in ("rmsea", "rmsea_lower", "rmsea_upper", "rmsea_p"):
            if (cell := record.cell(column)) is None:
                continue
            chisq, df = record.number("chisq"), whole(degrees(record))
            n = article.number(table, record, "n")
            if chisq is None or not df or n is None or n.lower <= 2:
                yield lacking(cell, _missing_for_rmsea(record, chisq, df))
                continue
            groups = article.number(table, record, "groups") or exactly(1)
            finding = judge(cell, _rmsea_readings(column, record, chisq, exactly(df), sizes(n, groups.lower)))
            yield _unless_robust(finding, table, record, "scaling")


def _rmsea_readings(
    column: str, record: Record, chisq: Interval, df: Interval, readings: list[tuple[str, Interval]]
) -> list[Reading]:
    """Every reading of N, and with a scaling factor that of the scaled and of the robust RMSEA."""
    kernels = {
        "rmsea": rmsea_of,
        "rmsea_lower": lambda c, d, m: rmsea_limit(c, d, m, 0.95),
        "rmsea_upper": lambda c, d, m: rmsea_limit(c, d, m, 0.05),
        "rmsea_p": close_fit,
    }
    kernel = kernels[column]
    found = [Reading(name, kernel(chisq, df, size)) for name, size in readings]
    scaled, factor = record.number("chisq_scaled"), record.number("scaling")
    if scaled is not None:
        found += [Reading(f"{name}, scaled", kernel(scaled, df, size)) for name, size in readings]
    if factor is not None and factor.lower > 0 and factor.bounded:
        scales = [scaled] if scaled is not None else [chisq, chisq / factor]
        # The plain chi-square against its expectation c·df, as lavaan has the scaled limits and the scaled p.
        plain = [chisq] if scaled is not None else [chisq, chisq * factor]
        found += [
            Reading(f"{name}, scaled as lavaan", kernel(c, df * factor, s)) for name, s in readings for c in plain
        ]
        # The robust index is the scaled one times the root of the factor, and so are its limits.
        found += [Reading(f"{name}, robust", kernel(c, df, size / factor)) for name, size in readings for c in scales]
    return found


def _missing_for_rmsea(record: Record, chisq: Interval | None, df: float | None) -> str:
    if chisq is None or df is None:
        return "chi-square and df"
    if df == 0:
        return "a df above 0: RMSEA of a saturated model is not defined"
    found = record.number("rmsea")
    if found is None or found.lower <= 0 or chisq.lower <= df:
        return "N"
    lowest, highest = (chisq.lower - df) / (df * found.upper**2), (chisq.upper - df) / (df * found.lower**2)
    return f"N; an N between {math.floor(lowest)} and {math.ceil(highest) + 1} would give the printed RMSEA"


@check("CFI, TLI, NFI", "fit")
def comparative_indices(article: Article) -> Iterator[Finding]:
    """CFI, TLI and NFI follow from the chi-squares and df of model and baseline.

    Formula: 1 − max(χ² − df, 0)/max(χ²_b − df_b, χ² − df, 0); (χ²_b/df_b − χ²/df)/(χ²_b/df_b − 1); (χ²_b − χ²)/χ²_b
    Needs: χ², df, χ² and df of the baseline
    Source: Bentler (1990); Tucker & Lewis (1973); Bentler & Bonett (1980)
    """
    for table, record in article.records("fit"):
        for column in ("cfi", "tli", "nfi"):
            if (cell := record.cell(column)) is None:
                continue
            chisq, df, base = record.number("chisq"), whole(degrees(record)), baseline_of(table, record)
            if base is None:
                yield from _tli_from_cfi(column, record) or [lacking(cell, "chi-square and df of the baseline model")]
            elif chisq is None or df is None:
                yield lacking(cell, "chi-square and df")
            else:
                finding = judge(cell, _comparative_readings(column, record, (chisq, df), base))
                yield _unless_robust(finding, table, record, "base_scaling")


def _comparative_readings(
    column: str, record: Record, model: tuple[Interval, float], base: tuple[Interval, float]
) -> list[Reading]:
    found = [Reading("", comparative_of(column, model, base))]
    scaled = record.number("chisq_scaled")
    if scaled is not None:
        found.append(Reading("scaled chi-square", comparative_of(column, (scaled, model[1]), base)))
    factors = record.number("scaling"), record.number("base_scaling")
    if factors[0] is not None and factors[1] is not None and column != "nfi" and model[1] > 0:
        # Either chi-square may be printed plain or scaled; without a scaled one beside it both are of one kind.
        chisqs = [model[0]] * 2 if scaled is not None else [model[0], model[0] * factors[0]]
        expected = (factors[0] * model[1], factors[1] * base[1])
        found += [
            Reading("robust", robust_of(column, (chisq, expected[0]), (b, expected[1]), model[1] / base[1]))
            for chisq, b in zip(chisqs, [base[0], base[0] * factors[1]], strict=True)
            if base[1] > 0
        ]
    return found


def _unless_robust(finding: Finding, table: Table, record: Record, factor: str) -> Finding:
    """With robust estimators an index may be a robust one, which needs the scaling factor to be recomputed."""
    unsure = table.file.estimator.upper() not in PLAIN and record.number(factor) is None
    if finding.verdict is Verdict.INCONSISTENT and unsure:
        return lacking(
            finding.cell, f"the scaling factor ({factor}): with {table.file.estimator} it may be a robust index"
        )
    return finding


def baseline_of(table: Table, record: Record) -> tuple[Interval, float] | None:
    """Chi-square and df of the baseline: from the row, or from the row that the table names as baseline."""
    chisq, df = record.number("base_chisq"), whole(record.number("base_df"))
    named = table.file.baseline
    if (chisq is None or df is None) and named is not None:
        for other in table.records:
            if other.label == named:
                chisq, df = other.number("chisq"), whole(degrees(other))
    return None if chisq is None or df is None else (chisq, df)


def _tli_from_cfi(column: str, record: Record) -> list[Finding]:
    """TLI from CFI and the two df alone: (1 − TLI) = (1 − CFI)·df_b/df where CFI is below 1."""
    cell, cfi, base_df, df = (
        record.cell("tli"), record.number("cfi"), whole(record.number("base_df")), whole(degrees(record)),
    )  # fmt: skip
    if column != "tli" or cell is None or cfi is None or base_df is None or not df or cfi.upper >= 1:
        return []
    return [judge(cell, [Reading("from CFI", 1 - (1 - cfi) * (base_df / df))])]


@check("scaled chi-square", "fit")
def scaled_chisq(article: Article) -> Iterator[Finding]:
    """A scaled chi-square is the plain one over its factor; the robust CFI takes the factors of model and baseline.

    Formula: χ²_scaled = χ²/c; robust CFI = 1 − (χ² − c·df)/(χ²_b − c_b·df_b)
    Needs: χ², the factor c; for the robust CFI plain and scaled χ² of the baseline too
    Source: Satorra & Bentler (1994); Brosseau-Liard & Savalei (2014), Multivariate Behavioral Research 49(5), 460-470
    """
    for table, record in article.records("fit"):
        factor = record.number("scaling")
        if (cell := record.cell("chisq_scaled")) is not None:
            chisq = record.number("chisq")
            if chisq is None or factor is None:
                yield lacking(cell, "the plain chi-square and its scaling factor")
            else:
                yield judge(cell, [Reading("", chisq / factor)])
        plain = next((r for r in table.records if r.label == record.word("scaled_from") != ""), None)
        if plain is None or factor is None:
            continue
        chisq, scaled = plain.number("chisq"), record.cell("chisq")
        if chisq is not None and scaled is not None:
            yield judge(scaled, [Reading("", chisq / factor)])
        yield from _robust_cfi(record, plain, factor)


def _robust_cfi(record: Record, plain: Record, factor: Interval) -> Iterator[Finding]:
    if (cell := record.cell("cfi_robust")) is None:
        return
    chisq, df = plain.number("chisq"), whole(degrees(plain))
    base, base_scaled, base_df = plain.number("base_chisq"), record.number("base_chisq"), whole(plain.number("base_df"))
    if chisq is None or df is None or base is None or base_scaled is None or base_df is None:
        yield lacking(cell, "plain and scaled chi-square of model and baseline")
        return
    excess = (chisq - factor * df).within(0, math.inf)
    yield judge(cell, [Reading("", 1 - excess / (base - base / base_scaled * base_df))])
