"""Hypotheses held against the fitted models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal

import pandas as pd

from analysis.errors import Problem, SpecificationError, nearest
from analysis.inference.rows import key_of, parse_key, written
from analysis.multilevel import MixedResult
from analysis.sem import Estimate, SemResult
from analysis.study_files import Estimand, Hypothesis

LEVEL = 0.05
Verdict = Literal["supported", "not supported", "contrary"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One hypothesis with its estimate and verdict.

    ``std`` is the completely standardised estimate, None for a mixed model; numbers are None where the model
    gives no standard error, and then ``note`` says so.
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


@dataclass(frozen=True, slots=True)
class _Found:
    est: float
    se: float | None
    pvalue: float | None
    ci_lower: float | None
    ci_upper: float | None
    std: float | None
    note: str


def judge(
    hypotheses: Iterable[Hypothesis], sems: Mapping[str, SemResult], mixeds: Mapping[str, MixedResult]
) -> pd.DataFrame:
    """Hold each hypothesis against the estimate it names: one row each, the columns of Judgement.

    Supported: the sign expected, and two-sided p < .05. Contrary: the other sign, and p < .05. Not supported:
    anything else, which is no evidence of absence. Raises SpecificationError with every hypothesis that names a
    model, parameter, effect or term that does not exist or is not estimated.
    """
    rows: list[Judgement] = []
    problems: list[Problem] = []
    for hypothesis in hypotheses:
        found = _find(hypothesis.estimand, sems, mixeds)
        if isinstance(found, _Found):
            rows.append(_judgement(hypothesis, found))
        else:
            problems.append(Problem(found.what, f"hypothesis {hypothesis.id}", found.hint))
    if problems:
        raise SpecificationError(problems)
    frame = pd.DataFrame([asdict(row) for row in rows], columns=[f.name for f in fields(Judgement)])
    return frame.astype(dict.fromkeys(["est", "se", "pvalue", "ci_lower", "ci_upper", "std"], float))


def verdict(est: float, pvalue: float | None, sign: str) -> Verdict:
    """The verdict on an estimate whose sign was expected to be ``sign``."""
    if pvalue is None or not pvalue < LEVEL:
        return "not supported"
    return "supported" if (est > 0) == (sign == "+") else "contrary"


def _judgement(hypothesis: Hypothesis, found: _Found) -> Judgement:
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
        verdict=verdict(found.est, found.pvalue, hypothesis.sign),
        note=found.note,
    )


def _find(estimand: Estimand, sems: Mapping[str, SemResult], mixeds: Mapping[str, MixedResult]) -> _Found | Problem:
    models: Mapping[str, object] = mixeds if estimand.kind == "mixed" else sems
    if estimand.model not in models:
        kind = "mixed model" if estimand.kind == "mixed" else "structural model"
        return Problem(f"there is no {kind} '{estimand.model}'", hint=nearest(estimand.model, models))
    if estimand.kind == "mixed":
        return _find_term(mixeds[estimand.model], estimand.name)
    return _find_row(sems[estimand.model], estimand.kind, estimand.name)


def _find_row(model: SemResult, kind: str, name: str) -> _Found | Problem:
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


def _from_row(model: SemResult, row: Estimate) -> _Found | Problem:
    if not row.free and row.op != ":=":
        what = f"'{written(row.lhs, row.op, row.rhs)}' is fixed in the model"
        return Problem(what, hint="free it, or take another parameter")
    notes = [] if model.converged else ["the model did not converge"]
    notes += ["no standard error"] if row.pvalue is None else []
    return _Found(row.est, row.se, row.pvalue, row.ci_lower, row.ci_upper, row.std_all, "; ".join(notes))


def _find_term(model: MixedResult, name: str) -> _Found | Problem:
    parts = sorted(name.replace(" ", "").split(":"))
    for effect in model.fixed_effects:
        if sorted(effect.term.replace(" ", "").split(":")) == parts:
            note = "singular fit" if model.singular else ""
            return _Found(effect.est, effect.se, effect.pvalue, effect.ci_lower, effect.ci_upper, None, note)
    terms = [effect.term for effect in model.fixed_effects]
    return Problem(f"the mixed model has no term '{name}'", hint=nearest(name, terms))
