"""Fit measures as computed, scaled and robust: which of them a model has, how they are called, which one is judged.

Robust CFI, TLI and RMSEA estimate what the measures are in the population, whatever the distribution and what is
missing; rules of thumb are about these. They are judged where a model has them, else the scaled, else the plain ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.report.parts import SemPart
from analysis.report.rounding import Kind, absent, interval, p_phrase, show

NO_VALUE = "the estimator gives none, or the measure is not defined for the model"
SCALED_TESTS = {
    "MLR": "Yuan-Bentler scaled",
    "MLM": "Satorra-Bentler scaled",
    "WLSMV": "scaled and shifted",
}
_ROBUST_SOURCES = (
    "complete answers: Brosseau-Liard & Savalei 2014, Multivariate Behavioral Research 49(5), 460–470, and "
    "Brosseau-Liard, Savalei & Li 2012, same journal 47(6), 904–930",
    "incomplete answers: Zhang & Savalei 2023, Psychological Methods 28(2), 263–283",
    "ordinal answers: Savalei 2021, Multivariate Behavioral Research 56(3), 390–407",
)
_NAMES = {"": "naive", "_scaled": "scaled", "_robust": "robust"}
_JUDGED = ("_robust", "_scaled", "")
_MEASURES = (
    ("nobs", "n", Kind.COUNT),
    ("npar", "Free parameters", Kind.COUNT),
    ("df", "df", Kind.COUNT),
    ("chisq", "χ²", Kind.NUMBER),
    ("chisq_scaling_factor", "Scaling factor of χ²", Kind.ESTIMATE),
    ("pvalue", "p of χ²", Kind.PVALUE),
    ("cfi", "CFI", Kind.BOUNDED),
    ("tli", "TLI", Kind.BOUNDED),
    ("rmsea", "RMSEA", Kind.BOUNDED),
    ("rmsea_ci", "RMSEA, 90 % CI", Kind.BOUNDED),
    ("rmsea_pvalue", "p of close fit", Kind.PVALUE),
    ("srmr", "SRMR", Kind.BOUNDED),
    ("logl", "log-likelihood", Kind.NUMBER),
    ("aic", "AIC", Kind.NUMBER),
    ("bic", "BIC", Kind.NUMBER),
)
_ONE_VERSION = {"nobs", "npar", "df", "chisq_scaling_factor", "srmr", "logl", "aic", "bic"}


@dataclass(frozen=True, slots=True)
class FitRow:
    """One line of a fit table: the ``measure`` it is a version of, its label, and a cell for each model, None where
    the model has none.

    ``judged``: rules of thumb apply to this version.
    """

    measure: str
    label: str
    cells: tuple[str | None, ...]
    judged: bool


def fit_rows(models: Sequence[SemPart]) -> Iterator[FitRow]:
    """Every version of every measure that one of the models has, labelled where there is more than one."""
    fits = [model.glance.iloc[0] for model in models]
    for measure, label, kind in _MEASURES:
        endings = [""] if measure in _ONE_VERSION else list(_NAMES)
        found = [e for e in endings if any(_cell(fit, measure, e, kind) is not None for fit in fits)]
        judged = next((e for e in _JUDGED if e in found), "")
        for ending in found:
            name = label if found == [""] else f"{label}, {_NAMES[ending]}"
            cells = tuple(_cell(fit, measure, ending, kind) for fit in fits)
            yield FitRow(measure, name, cells, ending == judged)


def fit_sentence(model: SemPart) -> str:
    """Chi-square with df and p, CFI, RMSEA with interval, SRMR, as a paper writes them, naming scaled and robust."""
    fit = model.glance.iloc[0]
    ending = "_scaled" if has(fit, "chisq_scaled") else ""
    chisq = f"χ²({show(fit['df'], Kind.COUNT)}) = {show(fit[f'chisq{ending}'], Kind.NUMBER)}"
    if ending:
        factor = show(fit.get("chisq_scaling_factor"), Kind.ESTIMATE)
        chisq = f"{SCALED_TESTS.get(model.estimator, 'scaled')} {chisq} (scaling factor {factor})"
    cfi, rmsea = judged_ending(fit, "cfi"), judged_ending(fit, "rmsea")
    limits = interval(fit.get(f"rmsea_ci_lower{rmsea}"), fit.get(f"rmsea_ci_upper{rmsea}"), Kind.BOUNDED)
    return (
        f"{chisq}, {p_phrase(fit[f'pvalue{ending}'])}; "
        f"{_prefix(cfi)}CFI {show(fit[f'cfi{cfi}'], Kind.BOUNDED)}; "
        f"{_prefix(rmsea)}RMSEA {show(fit[f'rmsea{rmsea}'], Kind.BOUNDED)} {limits}; "
        f"SRMR {show(fit['srmr'], Kind.BOUNDED)}"
    )


def judged_ending(fit: pd.Series, measure: str) -> str:
    """The ending of the version of ``measure`` that is judged: robust, else scaled, else none."""
    return next((ending for ending in _JUDGED if has(fit, f"{measure}{ending}")), "")


def is_corrected(model: SemPart) -> bool:
    """Whether the model has a scaled test."""
    return has(model.glance.iloc[0], "chisq_scaled")


def versions_note(models: Sequence[SemPart]) -> str:
    """What the versions are and which of them is judged; that there is one alone, where no model has others."""
    tests = dict.fromkeys(SCALED_TESTS.get(m.estimator, "scaled") for m in models if is_corrected(m))
    if not tests:
        return "No statistic here is scaled or robust."
    return (
        f"naive: as if normal theory held; scaled: from the {' or the '.join(tests)} test; robust: estimates of the "
        f"population's value ({_robust_sources(models)}). The scaled χ² is the test of the model."
    )


def _robust_sources(models: Sequence[SemPart]) -> str:
    """Who proposed the robust measures: they differ for complete, incomplete and ordinal answers."""
    corrected = [model for model in models if is_corrected(model)]
    ordinal = [model.estimator == "WLSMV" for model in corrected]
    missing = [model.missing == "fiml" for model in corrected]
    complete = [not (a or b) for a, b in zip(ordinal, missing, strict=True)]
    kinds = zip((complete, missing, ordinal), _ROBUST_SOURCES, strict=True)
    return "; ".join(source for found, source in kinds if any(found))


def has(fit: pd.Series, name: str) -> bool:
    """Whether a model has a value of this name."""
    return not absent(fit.get(name))


def _prefix(ending: str) -> str:
    return f"{_NAMES[ending]} " if ending else ""


def _cell(fit: pd.Series, measure: str, ending: str, kind: Kind) -> str | None:
    if measure == "rmsea_ci":
        lower, upper = fit.get(f"rmsea_ci_lower{ending}"), fit.get(f"rmsea_ci_upper{ending}")
        return None if absent(lower) or absent(upper) else interval(lower, upper, kind)
    value = fit.get(f"{measure}{ending}")
    return None if absent(value) else show(value, kind)
