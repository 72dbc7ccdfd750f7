"""Results as text for a terminal: aligned columns, the same rounding as the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from analysis.multilevel import MixedResult
from analysis.report.rounding import Kind, interval, p_phrase, show
from analysis.sem import SemResult

_SECTIONS = {
    "=~": "Loadings",
    "~": "Regressions",
    "~~": "Variances and covariances",
    "~1": "Intercepts",
    ":=": "Defined parameters",
}


def sem_summary(result: SemResult) -> str:
    """A structural-equation model: fit, estimates by kind, explained variance, what to know."""
    fit = result.fit_measures
    lines = [
        f"{result.estimator}, {result.nobs} observations, {result.npar} free parameters; {result.optimiser}",
        "",
        f"chi-square ({show(fit['df'], Kind.COUNT)}) = {show(fit['chisq'], Kind.NUMBER)}, {p_phrase(fit['pvalue'])}",
        f"CFI {show(fit['cfi'], Kind.BOUNDED)}, TLI {show(fit['tli'], Kind.BOUNDED)}, "
        f"RMSEA {show(fit['rmsea'], Kind.BOUNDED)} "
        f"{interval(fit['rmsea_ci_lower'], fit['rmsea_ci_upper'], Kind.BOUNDED)}, "
        f"SRMR {show(fit['srmr'], Kind.BOUNDED)}",
        f"log-likelihood {show(fit['logl'], Kind.NUMBER)}, AIC {show(fit['aic'], Kind.NUMBER)}, "
        f"BIC {show(fit['bic'], Kind.NUMBER)}",
    ]
    tidy = result.tidy()
    for op, title in _SECTIONS.items():
        rows = tidy[tidy["op"] == op]
        if len(rows):
            lines += ["", title, *_table(*_parameters(rows))]
    explained = [[name, show(value, Kind.BOUNDED)] for name, value in result.r_squared.items()]
    if explained:
        lines += ["", "Explained variance", *_table(["", "R²"], explained)]
    return "\n".join([*lines, *_remarks(result.warnings)])


def mixed_summary(result: MixedResult) -> str:
    """A mixed model: fixed effects, variance components, fit, what to know."""
    groups = ", ".join(f"{count} {name}" for name, count in result.groups.items())
    fixed = [
        [
            row.term,
            show(row.est, Kind.ESTIMATE),
            show(row.se, Kind.ESTIMATE),
            show(row.t, Kind.NUMBER),
            show(row.pvalue, Kind.PVALUE),
            interval(row.ci_lower, row.ci_upper, Kind.ESTIMATE),
        ]
        for row in result.fixed_effects
    ]
    random = [
        [c.grp, c.var1 or "", c.var2 or "", show(c.vcov, Kind.ESTIMATE), show(c.sdcor, Kind.ESTIMATE)]
        for c in result.random_effects
    ]
    lines = [
        f"{'REML' if result.reml else 'ML'}, {result.nobs} observations, {groups}",
        f"log-likelihood {show(result.loglik, Kind.NUMBER)}, AIC {show(result.aic, Kind.NUMBER)}, "
        f"BIC {show(result.bic, Kind.NUMBER)}; R² marginal {show(result.r2_marginal, Kind.BOUNDED)}, "
        f"conditional {show(result.r2_conditional, Kind.BOUNDED)}; ICC {show(result.icc, Kind.BOUNDED)}",
        "",
        "Fixed effects",
        *_table(["", "b", "SE", "t", "p", "95 % interval"], fixed),
        "",
        "Random effects",
        *_table(["group", "", "", "variance", "SD or r"], random),
    ]
    return "\n".join([*lines, *_remarks(result.warnings)])


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


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines with the first column to the left and the others to the right."""
    table = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    aligned = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in table]
    return ["  ".join(cells).rstrip() for cells in aligned]


def _remarks(warnings: Sequence[str]) -> list[str]:
    return ["", *(f"Note: {warning}" for warning in warnings)] if warnings else []
