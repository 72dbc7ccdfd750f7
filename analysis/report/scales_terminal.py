"""Scale quality as text for a terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from analysis.report.columns import aligned, remarks
from analysis.report.rounding import NONE, Kind, interval, p_phrase, show

if TYPE_CHECKING:
    from analysis.measurement.marker import MarkerTechnique
    from analysis.measurement.method_bias import MethodBias
    from analysis.measurement.scale_quality import ScaleQuality

_BESIDE = {
    "omega_total": "ω total",
    "omega_hierarchical": "ω hierarchical",
    "alpha_ordinal": "α ordinal",
    "omega_latent_response": "ω of responses",
    "glb": "glb",
}


def scales_summary(quality: ScaleQuality) -> str:
    """Reliability, items, validity and method bias, each a table; then reasons of what is not defined, and notes."""
    parts = [
        [f"{quality.estimator}, {quality.nobs} respondents"],
        _titled("Reliability and convergent validity", _reliability(quality)),
        _titled("Reliability by level", _levels(quality)),
        _titled("Items", _items(quality)),
        _titled("Correlations of constructs, √AVE on the diagonal (Fornell-Larcker)", _fornell_larcker(quality)),
        _titled(f"Heterotrait-monotrait ratios, {quality.n_resamples} resamples", _htmt(quality)),
        _titled("Pairs of constructs taken for one, against two constructs", _pairs(quality)),
        _titled("Method bias", _method_bias(quality.method_bias, set(quality.warnings))),
        _titled("Not defined", [f"{key}: {reason}" for key, reason in _reasons(quality)]),
    ]
    return "\n".join([line for part in parts for line in part] + remarks(quality.warnings))


def _titled(title: str, lines: list[str]) -> list[str]:
    return ["", title, *lines] if lines else []


def _reliability(quality: ScaleQuality) -> list[str]:
    """One row a scale; coefficients that no scale has are left out."""
    beside = {key: title for key, title in _BESIDE.items() if any(getattr(c, key) for c in quality.coefficients)}
    header = ["", "items", "n", "α", "95 % interval", "ω", "CR", "AVE", *beside.values()]
    rows = [
        [
            scale.construct,
            show(scale.n_items, Kind.COUNT),
            show(scale.n, Kind.COUNT),
            show(scale.alpha, Kind.BOUNDED),
            interval(scale.alpha_ci_lower, scale.alpha_ci_upper, Kind.BOUNDED),
            *(show(value, Kind.BOUNDED) for value in (scale.omega, scale.cr, scale.ave)),
            *(show(getattr(more, key), Kind.BOUNDED) for key in beside),
        ]
        for scale, more in zip(quality.reliability.scales, quality.coefficients, strict=True)
    ]
    return aligned(header, rows)


def _levels(quality: ScaleQuality) -> list[str]:
    rows = [
        [f"{row.construct}, {row.level} clusters", show(row.alpha, Kind.BOUNDED), show(row.omega, Kind.BOUNDED)]
        for row in quality.levels
    ]
    said = dict.fromkeys(f"    {row.construct}: {warning}" for row in quality.levels for warning in row.warnings)
    return [*aligned(["", "α", "ω"], rows), *said] if rows else []


def _items(quality: ScaleQuality) -> list[str]:
    header = ["", "item", "loading", "r with rest", "α without"]
    rows = [
        [row.construct, row.item, *(show(value, Kind.BOUNDED) for value in _item_values(row))] for row in quality.items
    ]
    return aligned(header, rows)


def _item_values(row: object) -> Iterator[object]:
    for name in ("loading", "rest_correlation", "alpha_if_dropped"):
        yield getattr(row, name)


def _fornell_larcker(quality: ScaleQuality) -> list[str]:
    matrix = quality.reliability.fornell_larcker
    names = [str(name) for name in matrix.index]
    if not quality.reliability.correlations:
        return []
    distinct = quality.reliability.discriminant.set_index("construct")["distinct"]
    rows = [[a, *(show(matrix.loc[a, b], Kind.BOUNDED) for b in names), show(distinct[a], Kind.YES_NO)] for a in names]
    return aligned(["", *names, "√AVE exceeds them"], rows)


def _htmt(quality: ScaleQuality) -> list[str]:
    header = ["", "", "percentile 95 %", "BCa 95 %", "cutoff", "p", "below it"]
    rows = [
        [
            f"{row.construct}, {row.other}: {row.measure.upper()}",
            show(row.value, Kind.BOUNDED),
            interval(row.perc_lower, row.perc_upper, Kind.BOUNDED),
            interval(row.bca_lower, row.bca_upper, Kind.BOUNDED),
            show(row.cutoff, Kind.BOUNDED),
            show(row.pvalue, Kind.PVALUE),
            NONE if row.distinct is None else show(row.distinct, Kind.YES_NO),
        ]
        for row in quality.htmt
    ]
    return aligned(header, rows) if rows else []


def _pairs(quality: ScaleQuality) -> list[str]:
    header = ["", "r", "chi-square difference", "df", "p"]
    rows = [
        [
            f"{row.construct}, {row.other}: {row.restriction}",
            show(row.correlation, Kind.BOUNDED),
            show(row.chisq_diff, Kind.NUMBER),
            show(row.df_diff, Kind.COUNT),
            show(row.pvalue, Kind.PVALUE),
        ]
        for row in quality.pairs
    ]
    return aligned(header, rows) if rows else []


def _method_bias(bias: MethodBias, said: Collection[str]) -> list[str]:
    """Harman, VIF, method factors with what only they warn of, and the marker technique."""
    lines = []
    if bias.single_factor_share is not None:
        lines.append(f"first principal component (Harman): {show(bias.single_factor_share, Kind.PERCENT)} of variance")
    if bias.vifs:
        factors = ", ".join(f"{row.construct} {show(row.vif, Kind.NUMBER)}" for row in bias.vifs)
        lines.append(f"full collinearity VIF (3.3 and more is a sign): {factors}")
    for factor in bias.method_factors:
        test = f"chi-square difference ({show(factor.df_diff, Kind.COUNT)}) = {show(factor.chisq_diff, Kind.NUMBER)}"
        shares = (show(share, Kind.PERCENT) for share in (factor.method_share, factor.substantive_share))
        lines.append(
            f"method factor, {'equal' if factor.equal else 'free'} loadings: {next(shares)} of variance, constructs "
            f"{next(shares)}; {test}, {p_phrase(factor.pvalue)}"
        )
        lines += [f"    {warning}" for warning in factor.warnings if warning not in said]
    return [*lines, *_marker(bias.marker)]


def _marker(marker: MarkerTechnique | None) -> list[str]:
    if marker is None:
        return []
    models = [
        [
            model.name,
            show(model.chisq, Kind.NUMBER),
            show(model.df, Kind.COUNT),
            show(model.cfi, Kind.BOUNDED),
        ]
        for model in marker.models
    ]
    tests = [
        [
            f"{test.restricted} against {test.full}",
            show(test.chisq_diff, Kind.NUMBER),
            show(test.df_diff, Kind.COUNT),
            show(test.pvalue, Kind.PVALUE),
        ]
        for test in marker.tests
    ]
    return [
        f"marker {marker.marker}",
        *aligned(["", "chi-square", "df", "CFI"], models),
        *aligned(["", "chi-square difference", "df", "p"], tests),
    ]


def _reasons(quality: ScaleQuality) -> Iterable[tuple[str, str]]:
    """Reasons, but for coefficients that belong to models of another kind and are left out of the table."""
    silent = ("omega_hierarchical", "alpha_ordinal", "omega_latent_response")
    return ((key, reason) for key, reason in quality.undefined.items() if not key.endswith(silent))
