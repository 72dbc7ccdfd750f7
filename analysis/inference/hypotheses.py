"""Hypotheses held against the fitted models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal

import pandas as pd

from analysis.errors import Problem, SpecificationError, nearest
from analysis.inference.families import Families, families_of
from analysis.inference.rows import key_of, parse_key, written
from analysis.inference.smallest_effect import Equivalence, two_one_sided_tests
from analysis.multilevel import MixedResult
from analysis.sem import Estimate, SemResult
from analysis.study_files import Estimand, Hypothesis

LEVEL = 0.05
Verdict = Literal["supported", "not supported", "contrary"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One hypothesis with its estimate and verdict.

    ``std`` is the completely standardised estimate, None for a mixed model; numbers are None where the model
    gives no standard error, and then ``note`` says so. ``pvalue_adjusted`` is over the ``family``, None where the study
    adjusts none. ``sesoi`` is the smallest effect of interest in ``sesoi_unit`` ("b" or "beta"), with the p of the two
    one-sided tests and the interval of confidence 90 % that goes with them; ``equivalence`` is empty without one.
    """

    id: str
    statement_en: str
    statement_fr: str
    model: str
    estimand: str
    expected: str
    est: float
    se: float | None
    pvalue: float | None
    ci_lower: float | None
    ci_upper: float | None
    std: float | None
    verdict: Verdict
    note: str
    status: str = "confirmatory"
    family: str = ""
    pvalue_adjusted: float | None = None
    sesoi: float | None = None
    sesoi_unit: str = ""
    tost_pvalue: float | None = None
    tost_ci_lower: float | None = None
    tost_ci_upper: float | None = None
    equivalence: Literal["", "equivalent", "not equivalent"] = ""


@dataclass(frozen=True, slots=True)
class Found:
    """An estimate as its model gives it; ``df`` is None where inference is by the normal distribution."""

    est: float
    se: float | None
    pvalue: float | None
    ci_lower: float | None
    ci_upper: float | None
    std: float | None
    note: str
    std_se: float | None = None
    df: float | None = None


_NUMBERS = (
    "est", "se", "pvalue", "ci_lower", "ci_upper", "std", "pvalue_adjusted", "sesoi", "tost_pvalue", "tost_ci_lower",
    "tost_ci_upper",
)  # fmt: skip


def judge(
    hypotheses: Iterable[Hypothesis],
    sems: Mapping[str, SemResult],
    mixeds: Mapping[str, MixedResult],
    families: Families | None = None,
) -> pd.DataFrame:
    """Hold each hypothesis against the estimate it names: one row each, the columns of Judgement.

    Supported: the sign expected, and two-sided p < .05. Contrary: the other sign, and p < .05. Not supported:
    anything else, which is no evidence of absence. The p is the adjusted one where ``families`` adjust. Raises
    SpecificationError with every hypothesis that names a model, parameter, effect or term that does not exist or is
    not estimated.
    """
    stated = list(hypotheses)
    found = estimates_of(stated, sems, mixeds)
    problems = [Problem(f.what, f"hypothesis {name}", f.hint) for name, f in found.items() if isinstance(f, Problem)]
    if problems:
        raise SpecificationError(problems)
    return _table(stated, {name: f for name, f in found.items() if isinstance(f, Found)}, families)


def estimates_of(
    hypotheses: Iterable[Hypothesis], sems: Mapping[str, SemResult], mixeds: Mapping[str, MixedResult]
) -> dict[str, Found | Problem]:
    """What each hypothesis is about, by id: its estimate, or why there is none."""
    return {h.id: _find(h.estimand, sems, mixeds) for h in hypotheses}


def verdicts_under(
    hypotheses: Iterable[Hypothesis], model: SemResult, base: str, families: Families
) -> dict[str, Verdict]:
    """Verdict on each hypothesis about the model ``base``, by id, where ``model`` stands in its place; those about
    parameters or effects that it does not estimate are left out.
    """
    about = [h for h in hypotheses if h.estimand.kind != "mixed" and h.estimand.model == base]
    found = {h.id: _find_row(model, h.estimand.kind, h.estimand.name) for h in about}
    estimated = {name: f for name, f in found.items() if isinstance(f, Found)}
    table = _table([h for h in about if h.id in estimated], estimated, families)
    return dict(zip(table["id"], table["verdict"], strict=True))


def _table(stated: list[Hypothesis], found: Mapping[str, Found], families: Families | None) -> pd.DataFrame:
    together = families_of(stated, "none") if families is None else families
    adjusted = together.adjusted({name: estimate.pvalue for name, estimate in found.items()})
    rows = [_judgement(h, found[h.id], together.family[h.id], adjusted.get(h.id)) for h in stated]
    frame = pd.DataFrame([asdict(row) for row in rows], columns=[f.name for f in fields(Judgement)])
    return frame.astype(dict.fromkeys(_NUMBERS, float))


def verdict(est: float, pvalue: float | None, sign: str) -> Verdict:
    """The verdict on an estimate whose sign was expected to be ``sign``."""
    if pvalue is None or not pvalue < LEVEL:
        return "not supported"
    return "supported" if (est > 0) == (sign == "+") else "contrary"


def _judgement(hypothesis: Hypothesis, found: Found, family: str, adjusted: float | None) -> Judgement:
    tested = _equivalence(hypothesis, found)
    unit = "" if hypothesis.sesoi is None else "b" if hypothesis.sesoi.b is not None else "beta"
    return Judgement(
        id=hypothesis.id,
        statement_en=hypothesis.statement.en,
        statement_fr=hypothesis.statement.fr,
        model=hypothesis.estimand.model,
        estimand=hypothesis.estimand.name,
        expected=hypothesis.sign,
        est=found.est,
        se=found.se,
        pvalue=found.pvalue,
        ci_lower=found.ci_lower,
        ci_upper=found.ci_upper,
        std=found.std,
        verdict=verdict(found.est, found.pvalue if adjusted is None else adjusted, hypothesis.sign),
        note=found.note,
        status=hypothesis.status,
        family=family,
        pvalue_adjusted=adjusted,
        sesoi=None if hypothesis.sesoi is None else hypothesis.sesoi.b or hypothesis.sesoi.beta,
        sesoi_unit=unit,
        tost_pvalue=None if tested is None else tested.pvalue,
        tost_ci_lower=None if tested is None else tested.ci_lower,
        tost_ci_upper=None if tested is None else tested.ci_upper,
        equivalence="" if tested is None else "equivalent" if tested.equivalent else "not equivalent",
    )


def _equivalence(hypothesis: Hypothesis, found: Found) -> Equivalence | None:
    """Two one-sided tests against the smallest effect of interest; None without one, or without a standard error."""
    smallest = hypothesis.sesoi
    if smallest is None:
        return None
    if smallest.b is not None:
        return None if found.se is None else two_one_sided_tests(found.est, found.se, smallest.b, found.df)
    if smallest.beta is None or found.std is None or found.std_se is None:
        return None
    return two_one_sided_tests(found.std, found.std_se, smallest.beta)


def _find(estimand: Estimand, sems: Mapping[str, SemResult], mixeds: Mapping[str, MixedResult]) -> Found | Problem:
    models: Mapping[str, object] = mixeds if estimand.kind == "mixed" else sems
    if estimand.model not in models:
        kind = "mixed model" if estimand.kind == "mixed" else "structural model"
        return Problem(f"there is no {kind} '{estimand.model}'", hint=nearest(estimand.model, models))
    if estimand.kind == "mixed":
        return _find_term(mixeds[estimand.model], estimand.name)
    return _find_row(sems[estimand.model], estimand.kind, estimand.name)


def _find_row(model: SemResult, kind: str, name: str) -> Found | Problem:
    wanted = (name.strip(), ":=", "") if kind == "effect" else parse_key(name)
    if wanted is None:
        return Problem(f"'{name}' is not a parameter", hint="write it as in a model: y ~ x")
    for row in model.estimates:
        if key_of(row) == wanted:
            return _from_row(model, row)
    defined = [row.lhs for row in model.estimates if row.op == ":="]
    if kind == "effect":
        return Problem(f"the model defines no effect '{name}'", hint=nearest(name, defined))
    known = [written(row.lhs, row.op, row.rhs) for row in model.estimates if row.op == wanted[1] and row.free]
    return Problem(f"the model has no parameter '{name}'", hint=nearest(name, known))


def _from_row(model: SemResult, row: Estimate) -> Found | Problem:
    if not row.free and row.op != ":=":
        what = f"'{written(row.lhs, row.op, row.rhs)}' is fixed in the model"
        return Problem(what, hint="free it, or take another parameter")
    notes = [] if model.converged else ["the model did not converge"]
    notes += ["no standard error"] if row.pvalue is None else []
    interval = (row.ci_lower, row.ci_upper)
    return Found(row.est, row.se, row.pvalue, *interval, row.std_all, "; ".join(notes), row.std_all_se)


def _find_term(model: MixedResult, name: str) -> Found | Problem:
    parts = sorted(name.replace(" ", "").split(":"))
    for effect in model.fixed_effects:
        if sorted(effect.term.replace(" ", "").split(":")) == parts:
            note = "singular fit" if model.singular else ""
            interval = (effect.ci_lower, effect.ci_upper)
            return Found(effect.est, effect.se, effect.pvalue, *interval, None, note, df=effect.df)
    terms = [effect.term for effect in model.fixed_effects]
    return Problem(f"the mixed model has no term '{name}'", hint=nearest(name, terms))
