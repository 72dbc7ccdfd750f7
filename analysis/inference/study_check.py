"""A study judged before it runs: every model counted and identified or not, hypotheses and items that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.errors import Problem, SmartCityError
from analysis.inference.rows import key, parse_key
from analysis.multilevel.formula import parse_formula
from analysis.sem.identification import REMEDY
from analysis.sem.model_check import ModelCheck, check_model
from analysis.sem.syntax import parse_model
from analysis.specification import line_of
from analysis.study import Hypothesis, Study


@dataclass(frozen=True, slots=True)
class StudyCheck:
    """What a study's files lead to. ``models``: name → counts of each structural-equation model that can be built;
    ``mixed``: name → number of terms of the fixed part, and of the random part. ``problems`` must be mended before a
    run; ``notes`` are for the reader to judge.
    """

    models: dict[str, ModelCheck]
    mixed: dict[str, tuple[int, int]]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def check_study(study: Study) -> StudyCheck:
    """Build every model of a study whose files agree, without data."""
    models: dict[str, ModelCheck] = {}
    problems: list[Problem] = []
    means = study.spec.estimation.missing == "fiml"
    for name, file in study.files.items():
        try:
            models[name] = check_model(study.sources[file], file, meanstructure=means)
        except SmartCityError as error:
            problems += error.problems
            continue
        problems += _identification_problems(models[name], name, file)
    problems += [p for i, h in enumerate(study.hypotheses) for p in _hypothesis_problems(study, h, i, models)]
    formulas = {name: parse_formula(model.formula) for name, model in study.multilevel.items()}
    mixed = {
        name: (len(formula.fixed.terms), sum(len(term.effects.terms) for term in formula.random))
        for name, formula in formulas.items()
    }
    return StudyCheck(models, mixed, tuple(problems), tuple(_notes(study)))


def _identification_problems(check: ModelCheck, name: str, file: str) -> Iterator[Problem]:
    if check.df < 0:
        counted = f"{check.npar} free parameters for {check.n_moments} moments (df = {check.df})"
        yield Problem(f"the model '{name}' is not identified: {counted}", file, REMEDY)
    elif check.at_fault:
        what = f"the model '{name}' is not identified: no data can tell apart {', '.join(check.at_fault)}"
        yield Problem(what, file, REMEDY)


def _hypothesis_problems(
    study: Study, hypothesis: Hypothesis, index: int, models: dict[str, ModelCheck]
) -> Iterator[Problem]:
    """A hypothesis about a parameter that its model fixes, or does not have after all."""
    estimand = hypothesis.estimand
    wanted = parse_key(estimand.name)
    if estimand.kind != "parameter" or wanted is None or estimand.model not in models:
        return
    rows = [row for row in models[estimand.model].table.parameters if key(row.lhs, row.op, row.rhs) == wanted]
    if any(row.free for row in rows):
        return
    file = f"models/{study.name}/hypotheses.yaml"
    where = f"{file}:{line_of(study.sources[file], ('hypotheses', index, 'estimand', 'name'))}"
    how = "fixes" if rows else "does not have"
    what = f"no model estimates {hypothesis.id}: '{estimand.model}' {how} the parameter '{estimand.name}'"
    hint = f"{'free' if rows else 'add'} it in {study.files[estimand.model]}, or name another parameter"
    yield Problem(what, where, hint)


def _notes(study: Study) -> Iterator[str]:
    """Items that no model uses, and paths between latent variables that no hypothesis is about."""
    book = study.codebook
    used = _used_variables(study)
    marker = study.spec.measurement.marker
    for name, construct in book.constructs.items():
        if name == marker or f"{name}_mean" in used:
            continue
        unused = [item for item in construct.items if item not in used]
        if unused:
            yield f"no model uses {', '.join(unused)} ({name})"
    named = {parse_key(h.estimand.name) for h in study.hypotheses if h.estimand.kind == "parameter"}
    for statement in parse_model(study.models["structural"], study.files["structural"]).statements:
        if statement.op == "~" and statement.rhs != "1" and key(statement.lhs, "~", statement.rhs) not in named:
            yield f"no hypothesis is about '{statement.lhs} ~ {statement.rhs}', which the structural model estimates"


def _used_variables(study: Study) -> set[str]:
    texts = (study.sources[file] for file in study.files.values())
    used = {name for text in texts for s in parse_model(text).statements for name in (s.lhs, s.rhs)}
    return used | {v for model in study.multilevel.values() for v in parse_formula(model.formula).variables}
