"""Data quality as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.report.columns import aligned, remarks
from analysis.report.rounding import Kind, p_phrase, show

if TYPE_CHECKING:
    from analysis.measurement.data_quality import DataQuality
    from analysis.measurement.missing_values import MissingValues
    from analysis.measurement.treatments import TreatedParameter, Treatments

_SHOWN = 10  # patterns that are listed
_TITLES = {"listwise": "listwise", "fiml": "FIML", "imputation": "imputation"}


def quality_summary(quality: DataQuality) -> str:
    """Items, persons, patterns, tests, and treatments where compared; then reasons of what is undefined, and notes."""
    missing = quality.missing
    parts = [
        [
            f"{missing.n} respondents, {missing.n_complete} answered every item, "
            f"{show(missing.share, Kind.PERCENT)} of all answers missing"
        ],
        _titled(f"Items; * floor or ceiling from {show(quality.cutoff, Kind.PERCENT)}", _items(quality)),
        _titled("Items left out by a person", _persons(missing)),
        _titled(f"Patterns of missing items ({'' if missing.monotone else 'not '}monotone)", _patterns(missing)),
        _titled("Tests", _tests(quality)),
        _titled("Treatments of missing values", _treatments(quality.treatments)),
        _titled("Not defined", [f"{key}: {reason}" for key, reason in quality.undefined.items()]),
    ]
    return "\n".join([line for part in parts for line in part] + remarks(quality.warnings))


def _titled(title: str, lines: list[str]) -> list[str]:
    return ["", title, *lines] if lines else []


def _items(quality: DataQuality) -> list[str]:
    def marked(share: float | None) -> str:
        return show(share, Kind.PERCENT) + ("*" if share is not None and share >= quality.cutoff else " ")

    ends = {row.item: row for row in quality.floor_ceiling}
    rows = [
        [
            row.item,
            show(row.n, Kind.COUNT),
            show(row.missing_share, Kind.PERCENT),
            *(show(value, Kind.NUMBER) for value in (row.mean, row.sd, row.skew, row.kurtosis)),
            *(show(value, Kind.FREE) for value in (row.min, row.max)),
            marked(ends[row.item].floor),
            marked(ends[row.item].ceiling),
        ]
        for row in quality.descriptives.item_rows
    ]
    header = ["", "n", "missing", "mean", "SD", "skew", "kurtosis", "min", "max", "floor ", "ceiling "]
    return aligned(header, rows)


def _persons(missing: MissingValues) -> list[str]:
    rows = [[str(row.n_missing), show(row.n, Kind.COUNT), show(row.share, Kind.PERCENT)] for row in missing.persons]
    return aligned(["items", "persons", "share"], rows)


def _patterns(missing: MissingValues) -> list[str]:
    rows = [[", ".join(row.missing) or "(none)", show(row.n, Kind.COUNT)] for row in missing.patterns[:_SHOWN]]
    further = len(missing.patterns) - _SHOWN
    return [*aligned(["missing", "persons"], rows), *([f"and {further} further patterns"] if further > 0 else [])]


def _tests(quality: DataQuality) -> list[str]:
    lines = []
    if mcar := quality.missing.mcar:
        lines.append(
            f"missing completely at random (Little): chi-square({mcar.df}) = {show(mcar.chisq, Kind.NUMBER)}, "
            f"{p_phrase(mcar.pvalue)}, {mcar.n_patterns} patterns"
        )
    if mardia := quality.descriptives.mardia:
        lines += [
            f"multivariate skewness (Mardia): {show(mardia.skew, Kind.NUMBER)}, chi-square({mardia.skew_df}) = "
            f"{show(mardia.skew_chisq, Kind.NUMBER)}, {p_phrase(mardia.skew_pvalue)}",
            f"multivariate kurtosis (Mardia): {show(mardia.kurtosis, Kind.NUMBER)}, "
            f"z = {show(mardia.kurtosis_z, Kind.NUMBER)}, {p_phrase(mardia.kurtosis_pvalue)}",
        ]
    if hz := quality.henze_zirkler:
        lines.append(
            f"multivariate normality (Henze-Zirkler): {show(hz.statistic, Kind.NUMBER)}, {p_phrase(hz.pvalue)}"
        )
    return lines


def _treatments(compared: Treatments | None) -> list[str]:
    """One row a parameter, estimate, SE and p of each treatment side by side; then N and the test of the model."""
    if compared is None:
        return []
    done = [row for row in compared.treatments if not row.reason]
    header = [""]
    for treatment in done:
        header += [_TITLES[treatment.name], "SE", "p"]
    has_pooled = any(row.name == "imputation" for row in done)
    table = []
    for rows in zip(*(treatment.parameters for treatment in done), strict=True):
        line = [f"{rows[0].lhs} {rows[0].op} {rows[0].rhs}".rstrip()]
        for row in rows:
            line += [show(row.est, Kind.ESTIMATE), show(row.se, Kind.ESTIMATE), show(row.pvalue, Kind.PVALUE)]
        table.append([*line, *([_fmi(rows[-1])] if has_pooled else [])])
    models = [
        [
            _TITLES[row.name],
            show(row.nobs, Kind.COUNT),
            show(row.chisq, Kind.NUMBER),
            show(row.df, Kind.COUNT),
            show(row.pvalue, Kind.PVALUE),
        ]
        for row in done
    ]
    told = f"{compared.n_imputations} imputations from seed {compared.seed}, {compared.n_failed} failed"
    tests = aligned(["", "N", "chi-square", "df", "p"], models)
    return [told, *aligned([*header, *(["FMI"] if has_pooled else [])], table), "", *tests]


def _fmi(row: TreatedParameter) -> str:
    return show(row.pooled.fmi if row.pooled else None, Kind.BOUNDED)
