"""Results as text for a terminal: aligned columns, the same rounding as the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from analysis.report.rounding import Kind, interval, p_phrase, show

if TYPE_CHECKING:  # what reads results needs none of what makes them, and a command should start quickly
    from analysis.sem import SemResult
    from analysis.sem.bootstrap.result import BootstrapResult
    from analysis.sem.nested import Comparison
    from analysis.sem.result import ModificationIndex
    from analysis.sem.slopes import JohnsonNeyman, SimpleSlopes

_SECTIONS = {
    "=~": "Loadings",
    "~": "Regressions",
    "~~": "Variances and covariances",
    "~1": "Intercepts",
    "|": "Thresholds",
    ":=": "Defined parameters",
}


def sem_summary(result: SemResult) -> str:
    """A structural-equation model: fit, estimates by kind and group or level, explained variance, what to know."""
    tidy = result.tidy()
    clusters = f" in {result.n_clusters} clusters" if result.n_clusters is not None else ""
    lines = [
        f"{result.estimator}, {result.nobs} observations{clusters}, {result.npar} free parameters; {result.optimiser}",
        "",
        *_fit_lines(result),
    ]
    defined = tidy["op"] == ":="
    for heading, rows in _blocks(result, tidy[~defined]):
        lines += ["", heading] if heading else []
        for op, title in _SECTIONS.items():
            if len(part := rows[rows["op"] == op]):
                lines += ["", title, *columns(*_parameters(part))]
    if defined.any():
        lines += ["", _SECTIONS[":="], *columns(*_parameters(tidy[defined]))]
    if result.icc is not None:
        shares = [[name, show(value, Kind.BOUNDED)] for name, value in result.icc.items()]
        lines += ["", "Share of variance between clusters", *columns(["", "ICC"], shares)]
    explained = [[name, show(value, Kind.BOUNDED)] for name, value in result.r_squared.items()]
    if explained:
        lines += ["", "Explained variance", *columns(["", "R²"], explained)]
    if result.bootstrap is not None:
        lines += ["", *_bootstrap_lines(result.bootstrap)]
    for slopes, region in zip(result.simple_slopes, result.johnson_neyman, strict=True):
        lines += ["", *_slope_lines(slopes, region)]
    return "\n".join([*lines, *remarks(result.warnings)])


def _bootstrap_lines(boot: BootstrapResult) -> list[str]:
    """Resamples fitted and failed, and intervals of fit measures."""
    kinds = {"chisq": Kind.NUMBER}
    rows = [
        [
            name,
            *(show(found[key], kinds.get(name, Kind.BOUNDED)) for key in ("est", "se")),
            interval(found["ci_lower"], found["ci_upper"], kinds.get(name, Kind.BOUNDED)),
        ]
        for name, found in boot.of_fit.items()
    ]
    head = f"Fit over {boot.n_succeeded} of {boot.n_requested} bootstrap resamples ({len(boot.failures)} failed)"
    return [head, *columns(["", "sample", "SE", f"{boot.level:.0%} interval".replace("%", " %")], rows)]


def _slope_lines(slopes: SimpleSlopes, region: JohnsonNeyman) -> list[str]:
    """Slopes by values of the moderator, and where they are significant."""
    where = "" if slopes.group is None else f" [{slopes.group}]"
    rows = [
        [
            f"{slopes.moderator} at {slope.at:+g} SD" if slope.at else f"{slopes.moderator} at its mean",
            show(slope.est, Kind.ESTIMATE),
            show(slope.se, Kind.ESTIMATE),
            show(slope.z, Kind.NUMBER),
            show(slope.pvalue, Kind.PVALUE),
            interval(slope.ci_lower, slope.ci_upper, Kind.ESTIMATE),
        ]
        for slope in slopes.slopes
    ]
    bounds = [show(bound, Kind.ESTIMATE) for bound in (region.lower, region.upper) if bound is not None]
    words, apart = " and ".join(bounds), " or above ".join(bounds)
    places = {
        "outside": f"where {region.moderator} is below {apart}",
        "inside": f"where {region.moderator} is between {words}",
        "below": f"where {region.moderator} is below {words}",
        "above": f"where {region.moderator} is above {words}",
        "everywhere": f"at every value of {region.moderator}",
        "nowhere": f"at no value of {region.moderator}",
    }
    return [
        f"Simple slopes of {slopes.outcome} on {slopes.predictor}{where}",
        *columns(["", "b", "SE", "z", "p", "95 % interval"], rows),
        f"Johnson-Neyman: significant (p < {region.level:g}) {places[region.region]}"
        f" (its SD is {show(region.sd, Kind.ESTIMATE)}, its mean 0)",
    ]


def _blocks(result: SemResult, tidy: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Parameters group by group or level by level, with what to head them by; all of them where there is one block."""
    if result.levels:
        for level, name in enumerate(result.levels, start=1):
            yield f"Level {level} ({name} clusters)", tidy[tidy["level"] == level]
    elif len(result.groups) > 1:
        for group in result.groups:
            yield f"Group {group}", tidy[tidy["group"] == group]
    else:
        yield "", tidy


def _fit_lines(result: SemResult) -> list[str]:
    """Plain measures, then scaled and robust ones where there are any, each line saying which they are."""
    fit = result.fit_measures
    lines = [
        f"chi-square ({show(fit['df'], Kind.COUNT)}) = {show(fit['chisq'], Kind.NUMBER)}, {p_phrase(fit['pvalue'])}",
        _indices(fit, ""),
    ]
    if "pvalue_bollen_stine" in fit:
        lines.insert(1, f"Bollen-Stine bootstrap: {p_phrase(fit['pvalue_bollen_stine'])}")
    if "chisq_scaled" in fit:
        factor = show(fit["chisq_scaling_factor"], Kind.ESTIMATE)
        scaled = f"{show(fit['chisq_scaled'], Kind.NUMBER)}, {p_phrase(fit['pvalue_scaled'])}"
        lines += [f"scaled chi-square = {scaled} (factor {factor})", f"scaled: {_indices(fit, '_scaled')}"]
    if fit.get("cfi_robust") is not None:
        lines.append(f"robust: {_indices(fit, '_robust')}")
    of_levels = [f"{name} {show(fit[f'srmr_{name}'], Kind.BOUNDED)}" for name in result.levels]
    lines.append(f"SRMR {show(fit['srmr'], Kind.BOUNDED)}" + (f" ({', '.join(of_levels)})" if of_levels else ""))
    if "logl" in fit:
        lines.append(
            f"log-likelihood {show(fit['logl'], Kind.NUMBER)}, AIC {show(fit['aic'], Kind.NUMBER)}, "
            f"BIC {show(fit['bic'], Kind.NUMBER)}"
        )
    return lines


def _indices(fit: Mapping[str, float | None], suffix: str) -> str:
    limits = interval(fit.get(f"rmsea_ci_lower{suffix}"), fit.get(f"rmsea_ci_upper{suffix}"), Kind.BOUNDED)
    cfi, tli, rmsea = (show(fit.get(f"{name}{suffix}"), Kind.BOUNDED) for name in ("cfi", "tli", "rmsea"))
    return f"CFI {cfi}, TLI {tli}, RMSEA {rmsea} {limits}"


def modification_summary(indices: Sequence[ModificationIndex], n_shown: int = 10) -> str:
    """The largest modification indices with the changes to expect."""
    rows = [
        [
            f"{index.lhs} {index.op} {index.rhs}" + (f" [{index.group}]" if index.group else ""),
            show(index.mi, Kind.NUMBER),
            show(index.epc, Kind.ESTIMATE),
            show(index.sepc_all, Kind.ESTIMATE),
        ]
        for index in indices[:n_shown]
    ]
    head = f"Modification indices, the {len(rows)} largest of {len(indices)} (post hoc: they follow the sample)"
    return "\n".join(["", head, *columns(["", "MI", "EPC", "EPC, standardised"], rows)])


def comparison_summary(comparison: Comparison) -> str:
    """Two models side by side and the test of the restriction."""
    rows = [
        [
            model.name,
            show(model.npar, Kind.COUNT),
            show(model.df, Kind.COUNT),
            show(model.chisq, Kind.NUMBER),
            show(model.cfi, Kind.BOUNDED),
            show(model.rmsea, Kind.BOUNDED),
            show(model.srmr, Kind.BOUNDED),
            show(model.aic, Kind.NUMBER),
            show(model.bic, Kind.NUMBER),
        ]
        for model in comparison.models
    ]
    first, test = comparison.models[0], comparison.test
    outcome = (
        f"chi-square ({show(test.df_diff, Kind.COUNT)}) = {show(test.chisq_diff, Kind.NUMBER)}, {p_phrase(test.pvalue)}"
        if test.chisq_diff is not None
        else f"not defined: {test.reason}"
    )
    lines = [
        f"{first.estimator}, {first.nobs} observations",
        "",
        *columns(["", "parameters", "df", "chi-square", "CFI", "RMSEA", "SRMR", "AIC", "BIC"], rows),
        "",
        f"{comparison.restricted} against {comparison.full} ({test.method}): {outcome}",
    ]
    return "\n".join(lines)


def _parameters(rows: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    header = ["", "b", "SE", "z", "p", "95 % interval", "β"]
    cells = [
        [
            f"{row.lhs} {row.op} {row.rhs}".replace("~1", "~ 1").strip(),
            show(row.est, Kind.ESTIMATE),
            show(row.se, Kind.ESTIMATE),
            show(row.z, Kind.NUMBER),
            show(row.pvalue, Kind.PVALUE),
            interval(row.ci_lower, row.ci_upper, Kind.ESTIMATE),
            show(row.std_all, Kind.ESTIMATE),
        ]
        for row in rows.itertuples(index=False)
    ]
    return header, cells


def columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines with the first column to the left and the others to the right."""
    table = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    aligned = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in table]
    return ["  ".join(cells).rstrip() for cells in aligned]


def remarks(warnings: Sequence[str]) -> list[str]:
    """What the reader must know, a line each."""
    return ["", *(f"Note: {warning}" for warning in warnings)] if warnings else []
