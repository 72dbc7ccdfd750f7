"""Dimensions of a scale as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.report.columns import aligned, remarks
from analysis.report.rounding import NONE, Kind, p_phrase, show

if TYPE_CHECKING:
    from analysis.measurement.dimensions import Dimensions
    from analysis.measurement.exploratory import FactorSolution
    from analysis.measurement.general_factor import GeneralFactor
    from analysis.measurement.hierarchical import Hierarchy

_CRITERIA = {
    "parallel_factors": "parallel analysis, factors",
    "parallel_components": "parallel analysis, components",
    "map": "minimum average partial (squared)",
    "map_fourth": "minimum average partial (fourth power)",
}
_SHOWN_BEYOND = 3  # eigenvalues after the last that any criterion counts


def dimensions_summary(found: Dimensions) -> str:
    """Adequacy, number of dimensions, factors, structures, each a table; then what is not defined, and notes."""
    parts = [
        _head(found),
        _titled("Number of dimensions", _suggested(found)),
        _titled("Eigenvalues, and those of unrelated answers", _eigenvalues(found)),
        *([] if found.solution is None else _factors(found.solution)),
        *([] if found.hierarchy is None else _structures(found.hierarchy)),
        _titled("Not defined", [f"{key}: {reason}" for key, reason in found.undefined.items()]),
    ]
    return "\n".join([line for part in parts for line in part] + remarks(found.warnings))


def _titled(title: str, lines: list[str]) -> list[str]:
    return ["", title, *lines] if lines else []


def _head(found: Dimensions) -> list[str]:
    items = found.items
    who = f"{show(items.nobs, Kind.FREE)} respondents"
    if items.missing == "pairwise":
        who += f" to a pair of items (harmonic mean; {items.n_dropped} lack an answer)"
    elif items.n_dropped:
        who += f" ({items.n_dropped} with a missing answer left out)"
    lines = [f"{items.kind} correlations of {len(items.names)} items, {who}"]
    if found.adequacy is not None and found.bartlett is not None:
        least = int(found.adequacy.by_item.argmin())
        low = show(found.adequacy.by_item[least], Kind.BOUNDED)
        lines += [
            f"KMO {show(found.adequacy.overall, Kind.BOUNDED)}, least {low} ({items.names[least]}); "
            f"Bartlett's chi-square ({found.bartlett.df}) = "
            f"{show(found.bartlett.chisq, Kind.NUMBER)}, {p_phrase(found.bartlett.pvalue)}"
        ]
    return lines


def _suggested(found: Dimensions) -> list[str]:
    return aligned(["", ""], [[_CRITERIA[key], show(n, Kind.COUNT)] for key, n in found.suggested.items()])[1:]


def _eigenvalues(found: Dimensions) -> list[str]:
    parallel = found.parallel
    percent = f"{parallel.percent:g} %"
    header = ["", "factors", "mean", percent, "components", "mean", percent, "partial²", "partial⁴"]
    last = max(found.suggested.values()) + _SHOWN_BEYOND
    rows = []
    for i in range(min(last, len(found.items.names))):
        values = [getattr(side, key)[i] for side in (parallel.factors, parallel.components)
                  for key in ("observed", "mean", "percentile")]  # fmt: skip
        after = [
            power[i + 1] if i + 1 < len(power) else None for power in (found.partial.squared, found.partial.fourth)
        ]
        rows.append([str(i + 1), *(show(v, Kind.ESTIMATE) for v in values), *(show(v, Kind.BOUNDED) for v in after)])
    start = [show(power[0], Kind.BOUNDED) for power in (found.partial.squared, found.partial.fourth)]
    return aligned(header, [["0", *[NONE] * 6, *start], *rows])


def _factors(solution: FactorSolution) -> list[list[str]]:
    names = list(solution.loadings.columns)
    rows = [
        [
            str(row["item"]),
            *(show(row[name], Kind.CORRELATION) for name in names),
            *(show(row[key], Kind.CORRELATION) for key in ("communality", "uniqueness")),
            show(row["complexity"], Kind.NUMBER),
        ]
        for row in solution.tidy().to_dict("records")
    ]
    rows.append(["share of variance", *(show(solution.variance[name], Kind.CORRELATION) for name in names), "", "", ""])
    fit = solution.fit
    line = (
        f"chi-square ({fit.df}) = {show(fit.chisq, Kind.NUMBER)}, {p_phrase(fit.pvalue)}; "
        f"RMSEA {show(fit.rmsea, Kind.BOUNDED)}, TLI {show(fit.tli, Kind.BOUNDED)}, "
        f"BIC {show(fit.bic, Kind.NUMBER)}, RMSR {show(fit.rmsr, Kind.BOUNDED)}"
    )
    title = f"{solution.n_factors} factors by {solution.extraction}, rotation {solution.rotation}"
    parts = [_titled(title, [*aligned(["", *names, "h²", "u²", "complexity"], rows), line])]
    if solution.n_factors > 1 and solution.rotation not in {"varimax", "none"}:
        matrix = solution.factor_correlations
        cells = [[a, *(show(matrix.loc[a, b], Kind.CORRELATION) for b in names)] for a in names]
        parts.append(_titled("Correlations of factors", aligned(["", *names], cells)))
    return parts


def _structures(hierarchy: Hierarchy) -> list[list[str]]:
    scaled = any(fit.chisq_scaled is not None for fit in hierarchy.fits)
    end = "_scaled" if scaled else ""
    header = ["", "chi-square", "df", "CFI", "TLI", "RMSEA", "SRMR", "AIC", "BIC"]
    rows = [
        [
            fit.structure,
            show(getattr(fit, f"chisq{end}"), Kind.NUMBER),
            show(fit.df, Kind.COUNT),
            *(show(getattr(fit, key + end), Kind.BOUNDED) for key in ("cfi", "tli", "rmsea")),
            show(fit.srmr, Kind.BOUNDED),
            *(show(value, Kind.NUMBER) for value in (fit.aic, fit.bic)),
        ]
        for fit in hierarchy.fits
    ]
    tests = [
        [
            f"{test.restricted} against {test.full}",
            show(test.chisq_diff, Kind.NUMBER),
            show(test.df_diff, Kind.COUNT),
            show(test.pvalue, Kind.PVALUE),
        ]
        for test in hierarchy.tests
    ]
    names = ", ".join(hierarchy.factors)
    return [
        _titled(f"Structures of {names}{' (scaled)' if scaled else ''}", [*aligned(header, rows), *_told(hierarchy)]),
        _titled("Tests of structures", aligned(["", "chi-square difference", "df", "p"], tests)),
        *([] if hierarchy.general is None else [_general(hierarchy.general)]),
    ]


def _told(hierarchy: Hierarchy) -> list[str]:
    """What a reader must know of the fits; once, and without a name, where it holds for all that could be estimated."""
    fitted = [fit for fit in hierarchy.fits if fit.npar is not None]
    every = [what for what in fitted[0].warnings if all(what in fit.warnings for fit in fitted)] if fitted else []
    own = [f"    {fit.structure}: {what}" for fit in fitted for what in fit.warnings if what not in every]
    return [*(f"    {what}" for what in every), *own]


def _general(general: GeneralFactor) -> list[str]:
    header = ["", "ω", "ω hierarchical", "share of common variance"]
    rows = [
        ["general", *(show(v, Kind.BOUNDED) for v in (general.omega, general.omega_hierarchical, general.ecv))],
        *(
            [row.factor, *(show(v, Kind.BOUNDED) for v in (row.omega, row.omega_hierarchical, row.ecv))]
            for row in general.specific
        ),
    ]
    puc = f"correlations that the general factor alone makes (PUC): {show(general.puc, Kind.PERCENT)}"
    return _titled("General and specific factors (bifactor model)", [*aligned(header, rows), puc])
