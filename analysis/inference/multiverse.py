"""A study under every defensible choice: who is screened out, how models are estimated, what stands for a construct.

Steegen, Tuerlinckx, Gelman & Vanpaemel (2016), Perspectives on Psychological Science 11(5), 702-712; Simonsohn, Simmons
& Nelson (2020), Nature Human Behaviour 4(11), 1208-1214.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from analysis.errors import Problem, SmartCityError
from analysis.inference.families import Families
from analysis.inference.hypotheses import Found, estimates_of, verdict
from analysis.multilevel import MixedResult
from analysis.sem import SemResult, fit
from analysis.sem.format import format_model
from analysis.sem.syntax import parse_model
from analysis.study_files import ORDINAL, Estimation, Hypothesis, StudyEstimation

# Rules that say which rows are responses at all: they are no choice of the analysis.
ALWAYS = frozenset({"test_rows", "consent", "commune", "duplicates"})
CHOICES = ("estimator", "missing", "constructs", "controls")
OFF = "off"
ANSWERED_SHARE = 0.5  # of the items of a construct, for its mean to be defined
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Analysis:
    """How models are fitted: ``constructs`` are latent variables, or composites, the means of their items; ``controls``
    the names of variables held constant, or "off".
    """

    estimator: str
    missing: str
    constructs: Literal["latent", "composite"]
    ordered: str | tuple[str, ...] = ()
    controls: str = OFF


def analyses(own: StudyEstimation, controls: Sequence[str] = ()) -> tuple[Analysis, ...]:
    """The study's own analysis first; then ML and MLR, listwise and by full information, of latent variables and
    composites; and ordinal ones of latent variables where the study declares any. Each without and with ``controls``.
    """
    kinds: tuple[Literal["latent", "composite"], ...] = ("latent", "composite")
    crossed = [Analysis(e, m, c) for e in ("ML", "MLR") for m in ("listwise", "fiml") for c in kinds]
    declared = [_of(how) for how in (own, *own.sensitivity.values())]
    ways = dict.fromkeys([declared[0], *crossed, *(how for how in declared if how.estimator in ORDINAL)])
    with_them = [replace(way, controls=", ".join(controls)) for way in ways] if controls else []
    return (*ways, *with_them)


def _of(how: Estimation) -> Analysis:
    return Analysis(how.estimator, how.missing, "latent", how.ordered)


def screening_settings(
    levels: Mapping[str, Sequence[str]], own: Mapping[str, str], n_settings: int, seed: int
) -> tuple[dict[str, str], ...]:
    """At most ``n_settings`` settings of the screening rules, each a level of every rule: all, or the ``own`` one, all
    rules off, each that differs from the own one in a single rule, and a random draw of the others.
    """
    near = [{**own, rule: level} for rule, of_rule in levels.items() for level in of_rule if level != own[rule]]
    found = [dict(own)]
    found += [setting for setting in (dict.fromkeys(levels, OFF), *near) if setting != own]
    shape = [len(of_rule) for of_rule in levels.values()]
    total = math.prod(shape)
    n_drawn = min(total, n_settings + len(found))
    for number in np.random.default_rng(seed).choice(total, n_drawn, replace=False).tolist():
        at = np.unravel_index(number, shape) if shape else ()
        setting = {rule: of_rule[i] for (rule, of_rule), i in zip(levels.items(), at, strict=True)}
        if setting not in found:
            found.append(setting)
    unique = [setting for i, setting in enumerate(found) if setting not in found[:i]]
    return tuple(unique[:n_settings])


def composite_model(text: str) -> tuple[str, dict[str, tuple[str, ...]]]:
    """The model of composites in the place of latent variables, empty where nothing is left of it; and their items."""
    parsed = parse_model(text)
    items: dict[str, tuple[str, ...]] = {}
    for s in parsed.statements:
        if s.op == "=~":
            items[s.lhs] = (*items.get(s.lhs, ()), s.rhs)
    known = set(items)
    kept = [s for s in parsed.statements if s.op != "=~" and (s.lhs in known or s.rhs in known)]
    kept = [s for s in kept if not (s.op == "~~" and s.lhs == s.rhs)]
    return (format_model(replace(parsed, statements=tuple(kept))) if kept else ""), items


def with_controls(text: str, controls: Sequence[str]) -> str:
    """The model with ``controls`` held constant: all that is explained is explained by them too, and so are exogenous
    latent variables, whose residuals go on to covary; observed exogenous variables covary with them as they are.
    """
    parsed = parse_model(text)
    latent = list(dict.fromkeys(s.lhs for s in parsed.statements if s.op == "=~"))
    outcomes = list(dict.fromkeys(s.lhs for s in parsed.statements if s.op == "~"))
    exogenous = [name for name in latent if name not in outcomes]
    stated = {frozenset((s.lhs, s.rhs)) for s in parsed.statements if s.op == "~~"}
    lines = [f"{name} ~ {' + '.join(controls)}" for name in (*outcomes, *exogenous)]
    lines += [f"{a} ~~ {b}" for a, b in combinations(exogenous, 2) if frozenset((a, b)) not in stated]
    return "\n".join([text, *lines, ""])


def with_composites(data: pd.DataFrame, items: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """``data`` with the mean of each construct's items in a column of its name."""
    means = {}
    for name, of in items.items():
        answers = data[list(of)]
        means[name] = answers.mean(axis=1).where(answers.notna().mean(axis=1) >= ANSWERED_SHARE)
    return data.assign(**means)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One hypothesis under one specification. ``est`` and its interval are standardised for parameters and effects of
    structural models (``unit`` "beta"), and as estimated for terms of mixed models ("b"). ``nobs`` are the rows of its
    own model. Where it could not be estimated, ``error`` says why.
    """

    id: str
    unit: str
    nobs: int | None = None
    est: float | None = None
    ci_lower: float | None = None
    ci_upper: float | None = None
    pvalue: float | None = None
    verdict: str = ""
    error: str = ""


def outcomes(
    hypotheses: Sequence[Hypothesis],
    models: Mapping[str, str],
    mixeds: Mapping[str, MixedResult],
    data: pd.DataFrame,
    how: Analysis,
    families: Families,
) -> list[Outcome]:
    """Every hypothesis under one analysis of ``data``; ``models`` are structural ones, ``mixeds`` are fitted to it."""
    sems: dict[str, SemResult] = {}
    errors: dict[str, str] = {}
    for name in dict.fromkeys(h.estimand.model for h in hypotheses if h.estimand.kind != "mixed"):
        try:
            sems[name] = _fit(models[name], data, how, name)
        except SmartCityError as error:
            errors[name] = error.problems[0].what
    found = estimates_of(hypotheses, sems, mixeds)
    adjusted = families.adjusted({name: f.pvalue for name, f in found.items() if isinstance(f, Found)})
    fitted: Mapping[str, SemResult | MixedResult] = {**sems, **mixeds}
    made = []
    for h in hypotheses:
        estimate, unit = found[h.id], "b" if h.estimand.kind == "mixed" else "beta"
        if isinstance(estimate, Problem):
            made.append(Outcome(id=h.id, unit=unit, error=errors.get(h.estimand.model, estimate.what)))
        else:
            nobs = fitted[h.estimand.model].nobs
            made.append(_outcome(h, unit, nobs, estimate, adjusted.get(h.id, estimate.pvalue)))
    return made


def _fit(text: str, data: pd.DataFrame, how: Analysis, name: str) -> SemResult:
    if how.constructs == "composite":
        text, items = composite_model(text)
        data = with_composites(data, items)
    if how.controls != OFF:
        text = with_controls(text, how.controls.split(", "))
    return fit(text, data, name=name, estimator=how.estimator, missing=how.missing, ordered=how.ordered)


def _outcome(h: Hypothesis, unit: str, nobs: int, found: Found, pvalue: float | None) -> Outcome:
    numbers: dict[str, float | None] = {"est": found.est, "ci_lower": found.ci_lower, "ci_upper": found.ci_upper}
    if unit == "beta":
        std, se = found.std, found.std_se
        ends = (None, None) if std is None or se is None else (std - _Z * se, std + _Z * se)
        numbers = {"est": std, "ci_lower": ends[0], "ci_upper": ends[1]}
    return Outcome(id=h.id, unit=unit, nobs=nobs, **numbers, pvalue=pvalue, verdict=verdict(found.est, pvalue, h.sign))  # type: ignore[arg-type]


def table_of(specifications: Sequence[tuple[Mapping[str, object], Sequence[Outcome]]]) -> pd.DataFrame:
    """One row a specification and hypothesis: specification (its number, the study's own is 0), the choices of each,
    and the fields of Outcome.
    """
    rows = [
        {"specification": number, **choices, **asdict(outcome)}
        for number, (choices, found) in enumerate(specifications)
        for outcome in found
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(("nobs", "est", "ci_lower", "ci_upper", "pvalue"), float))


def choice_effects(table: pd.DataFrame, choices: Sequence[str]) -> pd.DataFrame:
    """What each choice does to the estimate of each hypothesis: id, choice, level, mean, range.

    ``mean`` is the estimate at that level of the choice, the others held equal: that of a linear model of the estimates
    with all choices as main effects. ``range`` is between the highest and the lowest level of the choice.
    """
    parts = [
        _effects(rows, choices).assign(id=name) for name, rows in table.dropna(subset="est").groupby("id", sort=False)
    ]
    columns = ["id", "choice", "level", "mean", "range"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _effects(rows: pd.DataFrame, choices: Sequence[str]) -> pd.DataFrame:
    varying = [choice for choice in choices if len(set(rows[choice])) > 1]
    dummies = [pd.get_dummies(rows[choice], dtype=float).rename(columns=str) for choice in varying]
    centred = [(frame - frame.mean()).iloc[:, 1:] for frame in dummies]
    design = np.column_stack([np.ones(len(rows)), *(frame.to_numpy() for frame in centred)])
    coefficients = np.linalg.lstsq(design, rows["est"].to_numpy(), rcond=None)[0]
    found, at = [], 1
    for choice, frame in zip(varying, dummies, strict=True):
        shift = np.concatenate([[0.0], coefficients[at : at + frame.shape[1] - 1]])
        at += frame.shape[1] - 1
        means = coefficients[0] + shift - float(shift @ frame.mean().to_numpy())
        spread = float(np.ptp(means))
        found += [(choice, level, mean, spread) for level, mean in zip(frame.columns, means, strict=True)]
    return pd.DataFrame(found, columns=["choice", "level", "mean", "range"])


def summary(table: pd.DataFrame, effects: pd.DataFrame) -> pd.DataFrame:
    """One row a hypothesis: specifications, failed, nobs_min, nobs_max, own (the study's own estimate), own_verdict,
    median, lowest, highest, share_same_verdict (as under the study's own), share_supported, moves_most, by.
    """
    return pd.DataFrame([_summed(str(name), rows, effects) for name, rows in table.groupby("id", sort=False)])


def _summed(name: str, rows: pd.DataFrame, effects: pd.DataFrame) -> dict[str, object]:
    done = rows.dropna(subset="est")
    own = rows.loc[rows["specification"] == 0].iloc[0]
    moving = effects.loc[effects["id"] == name].sort_values("range", ascending=False, kind="stable")
    return {
        "id": name,
        "unit": own["unit"],
        "specifications": len(rows),
        "failed": len(rows) - len(done),
        "nobs_min": done["nobs"].min(),
        "nobs_max": done["nobs"].max(),
        "own": own["est"],
        "own_verdict": own["verdict"],
        "median": done["est"].median(),
        "lowest": done["est"].min(),
        "highest": done["est"].max(),
        "share_same_verdict": (done["verdict"] == own["verdict"]).mean(),
        "share_supported": (done["verdict"] == "supported").mean(),
        "moves_most": moving["choice"].iloc[0] if len(moving) else "",
        "by": moving["range"].iloc[0] if len(moving) else np.nan,
    }
