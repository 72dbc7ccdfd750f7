"""Results as text for a terminal: aligned columns, the same rounding as the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from analysis.report.columns import aligned as _table
from analysis.report.columns import remarks as _remarks
from analysis.report.rounding import Kind, interval, p_phrase, show

if TYPE_CHECKING:  # what reads results needs none of what makes them, and a command should start quickly
    from analysis.multilevel import MixedResult
    from analysis.sem import SemResult
    from analysis.sem.nested import Comparison
    from analysis.sem.result import ModificationIndex

_SECTIONS = {
    "=~": "Loadings",
    "~": "Regressions",
    "~~": "Variances and covariances",
    "~1": "Intercepts",
    "|": "Thresholds",
    ":=": "Defined parameters",
}


def sem_summary(result: SemResult) -> str:
    """A structural-equation model: fit, estimates by kind and group, explained variance, what to know."""
    tidy = result.tidy()
    lines = [
        f"{result.estimator}, {result.nobs} observations, {result.npar} free parameters; {result.optimiser}",
        "",
        *_fit_lines(result),
    ]
    for group in result.groups if len(result.groups) > 1 else (None,):
        rows = tidy if group is None else tidy[tidy["group"] == group]
        if group is not None:
            lines += ["", f"Group {group}"]
        for op, title in _SECTIONS.items():
            if len(part := rows[rows["op"] == op]):
                lines += ["", title, *_table(*_parameters(part))]
    if len(result.groups) > 1 and len(defined := tidy[tidy["op"] == ":="]):
        lines += ["", _SECTIONS[":="], *_table(*_parameters(defined))]
    explained = [[name, show(value, Kind.BOUNDED)] for name, value in result.r_squared.items()]
    if explained:
        lines += ["", "Explained variance", *_table(["", "R²"], explained)]
    return "\n".join([*lines, *_remarks(result.warnings)])


def _fit_lines(result: SemResult) -> list[str]:
    """Plain measures, then scaled and robust ones where there are any, each line saying which they are."""
    fit = result.fit_measures
    lines = [
        f"chi-square ({show(fit['df'], Kind.COUNT)}) = {show(fit['chisq'], Kind.NUMBER)}, {p_phrase(fit['pvalue'])}",
        _indices(fit, ""),
    ]
    if "chisq_scaled" in fit:
        factor = show(fit["chisq_scaling_factor"], Kind.ESTIMATE)
        scaled = f"{show(fit['chisq_scaled'], Kind.NUMBER)}, {p_phrase(fit['pvalue_scaled'])}"
        lines += [f"scaled chi-square = {scaled} (factor {factor})", f"scaled: {_indices(fit, '_scaled')}"]
    if fit.get("cfi_robust") is not None:
        lines.append(f"robust: {_indices(fit, '_robust')}")
    lines.append(f"SRMR {show(fit['srmr'], Kind.BOUNDED)}")
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
    return "\n".join(["", head, *_table(["", "MI", "EPC", "EPC, standardised"], rows)])


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
        *_table(["", "parameters", "df", "chi-square", "CFI", "RMSEA", "SRMR", "AIC", "BIC"], rows),
        "",
        f"{comparison.restricted} against {comparison.full} ({test.method}): {outcome}",
    ]
    return "\n".join(lines)


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
