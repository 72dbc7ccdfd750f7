"""Measurement invariance as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.report.columns import aligned, remarks
from analysis.report.rounding import MINUS, NONE, Kind, interval, show

if TYPE_CHECKING:
    from analysis.measurement.invariance_criteria import Cutoffs
    from analysis.measurement.invariance_result import Invariance, Step


def invariance_summary(found: Invariance) -> str:
    """Fit of the steps, their tests, releases and latent means, each a table; then reasons and notes."""
    sizes = ", ".join(f"{label} ({show(n, Kind.COUNT)})" for label, n in found.groups)
    parts = [
        [f"{found.estimator}, {found.nobs} respondents; {found.group}: {sizes}"],
        _titled("Fit", _fit(found)),
        _titled("Against the step before", _tests(found)),
        _titled("Let go, post hoc", _releases(found)),
        ["", f"Invariance holds up to: {found.level}"],
        _means(found),
    ]
    return "\n".join([line for part in parts for line in part] + remarks(found.warnings))


def _titled(title: str, lines: list[str]) -> list[str]:
    return ["", title, *lines] if lines else []


def _fit(found: Invariance) -> list[str]:
    """Scaled chi-square, robust or scaled CFI and RMSEA where there are any; the header says which."""
    endings = {key: _version(found.steps, key) for key in ("chisq", "pvalue", "cfi", "rmsea")}
    names = {"chisq": "chi-square", "pvalue": "p", "cfi": "CFI", "rmsea": "RMSEA"}
    shown = {key: f"{names[key]}{' ' + end[1:] if end and key != 'pvalue' else ''}" for key, end in endings.items()}
    header = ["", shown["chisq"], "df", "p", shown["cfi"], shown["rmsea"], "SRMR", "equal"]
    rows = [
        [
            step.name,
            show(step.fit.get(f"chisq{endings['chisq']}"), Kind.NUMBER),
            show(step.fit.get("df"), Kind.COUNT),
            show(step.fit.get(f"pvalue{endings['pvalue']}"), Kind.PVALUE),
            show(step.fit.get(f"cfi{endings['cfi']}"), Kind.BOUNDED),
            show(step.fit.get(f"rmsea{endings['rmsea']}"), Kind.BOUNDED),
            show(step.fit.get("srmr"), Kind.BOUNDED),
            ", ".join(step.equal) or NONE,
        ]
        for step in found.steps
    ]
    return aligned(header, rows)


def _version(steps: tuple[Step, ...], key: str) -> str:
    """The version that all steps have: robust, scaled, or plain."""
    for ending in ("_robust", "_scaled"):
        if all(step.fit.get(f"{key}{ending}") is not None for step in steps):
            return ending
    return ""


def _tests(found: Invariance) -> list[str]:
    header = ["", "chi-square difference", "df", "p", "ΔCFI", "ΔRMSEA", "ΔSRMR", "holds"]
    rows = []
    for step in found.steps[1:]:
        test, delta = step.test, step.delta
        rows.append(
            [
                step.name,
                show(test.chisq_diff if test else None, Kind.NUMBER),
                show(test.df_diff if test else None, Kind.COUNT),
                show(test.pvalue if test else None, Kind.PVALUE),
                *(show(getattr(delta, key) if delta else None, Kind.BOUNDED) for key in ("cfi", "rmsea", "srmr")),
                NONE if step.holds is None else show(step.holds, Kind.YES_NO),
            ]
        )
    reasons = [f"    {step.name}: {step.reason}" for step in found.steps if step.reason]
    return [*aligned(header, rows), f"    {_limits(found.cutoffs)}", *reasons]


def _limits(cutoffs: Cutoffs) -> str:
    """The largest changes, each with where it is from."""
    shown = {
        "cfi": f"CFI {MINUS}{show(cutoffs.cfi, Kind.BOUNDED)}",
        "rmsea": f"RMSEA {show(cutoffs.rmsea, Kind.BOUNDED)}",
        "srmr_loadings": f"SRMR {show(cutoffs.srmr_loadings, Kind.BOUNDED)} for loadings",
        "srmr": f"{show(cutoffs.srmr, Kind.BOUNDED)} for others",
    }
    by_source: dict[str, list[str]] = {}
    for key, words in shown.items():
        by_source.setdefault(cutoffs.sources[key], []).append(words)
    return "largest changes: " + "; ".join(f"{', '.join(words)} ({source})" for source, words in by_source.items())


def _releases(found: Invariance) -> list[str]:
    rows = [
        [
            f"{made.step}: {made.parameter}",
            show(made.x2, Kind.NUMBER),
            show(made.df, Kind.COUNT),
            show(made.pvalue, Kind.PVALUE),
            NONE if made.holds is None else show(made.holds, Kind.YES_NO),
        ]
        for made in found.partial.releases
    ]
    reasons = [f"    {step}: {reason}" for step, reason in found.partial.stopped.items()]
    return [*(aligned(["", "score test", "df", "p", "holds then"], rows) if rows else []), *reasons]


def _means(found: Invariance) -> list[str]:
    if not found.latent_means:
        return ["", f"Latent means are not compared: {found.means_reason}"]
    rows = [
        [
            f"{mean.lhs}, {mean.group}",
            show(mean.est, Kind.ESTIMATE),
            show(mean.se, Kind.ESTIMATE),
            show(mean.z, Kind.NUMBER),
            show(mean.pvalue, Kind.PVALUE),
            interval(mean.ci_lower, mean.ci_upper, Kind.ESTIMATE),
            show(mean.std_diff, Kind.ESTIMATE),
        ]
        for mean in found.latent_means
    ]
    title = f"Latent means less those of {found.groups[0][0]}, at the step {found.means_at}"
    return ["", title, *aligned(["", "difference", "SE", "z", "p", "95 % interval", "d"], rows)]
