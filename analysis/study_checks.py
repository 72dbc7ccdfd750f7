"""What the files of a study say of each other: every model, variable and estimand that is named is there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

from analysis.errors import Problem, SpecificationError, nearest
from analysis.multilevel.formula import Formula, parse_formula
from analysis.sem.syntax import ParsedModel, parse_model
from analysis.specification import Path, line_of
from analysis.study_files import (
    Estimand,
    Estimation,
    HypothesesFile,
    MeasurementPlan,
    MultilevelFile,
    StudyEstimation,
    StudyFile,
)
from analysis.survey.codebook import Codebook
from analysis.survey.coding import RULE_ROLES

_PARAMETER = re.compile(r"\s*([\w.]+)\s*(=~|~~|~)\s*([\w.:]+)\s*")


@dataclass(frozen=True, slots=True)
class Draft:
    """The files of a study as far as they could be read.

    model_files: model → path of the file, relative to the root, and so two_level_file, and population_file, whose
    variables are its own. sources: path → text.
    """

    folder: str
    study: StudyFile | None
    codebook: Codebook | None
    hypotheses: HypothesesFile | None
    multilevel: MultilevelFile | None
    model_files: Mapping[str, str]
    population_file: str | None
    two_level_file: str | None
    sources: Mapping[str, str]

    def at(self, file: str, *path: str | int) -> str:
        """File and line of a value of a YAML file in the study's folder."""
        name = f"{self.folder}/{file}"
        return f"{name}:{line_of(self.sources[name], path)}"


@dataclass(slots=True)
class _Models:
    """The models that could be parsed, by name."""

    sems: dict[str, ParsedModel]
    mixed: dict[str, Formula]


def cross_problems(draft: Draft, name: str) -> list[Problem]:
    """Every mistake between files. What a file that could not be read would say is not guessed."""
    problems: list[Problem] = []
    models = _Models({}, {})
    beside = {"population": draft.population_file, "twolevel": draft.two_level_file}
    others = {name: file for name, file in beside.items() if file is not None}
    for model, file in {**draft.model_files, **others}.items():
        try:
            models.sems[model] = parse_model(draft.sources[file], file)
        except SpecificationError as error:
            problems += error.problems
    models.sems.pop("population", None)
    if draft.multilevel is not None:
        problems += _parse_formulas(draft, draft.multilevel, models)
    if draft.study is not None:
        problems += _study_problems(draft, draft.study, name)
    if draft.codebook is not None:
        problems += _variable_problems(draft, draft.codebook, models)
    if draft.hypotheses is not None and draft.study is not None:
        for index, hypothesis in enumerate(draft.hypotheses.hypotheses):
            path: Path = ("hypotheses", index, "estimand")
            problems += _estimand_problems(draft, hypothesis.estimand, path, models)
    return problems


def _parse_formulas(draft: Draft, multilevel: MultilevelFile, models: _Models) -> Iterator[Problem]:
    for name, mixed in multilevel.models.items():
        try:
            models.mixed[name] = parse_formula(mixed.formula)
        except SpecificationError as error:
            where = draft.at("multilevel.yaml", "models", name, "formula")
            yield from (Problem(problem.what, where, problem.hint) for problem in error.problems)


def _study_problems(draft: Draft, study: StudyFile, name: str) -> Iterator[Problem]:
    if study.study != name:
        where = draft.at("study.yaml", "study")
        yield Problem(f"the study calls itself '{study.study}' in the folder '{name}'", where, f"write '{name}'")
    if draft.multilevel is not None:
        known, focus = draft.multilevel.models, draft.multilevel.focus
        if focus is not None and focus not in known:
            where = draft.at("multilevel.yaml", "focus")
            yield Problem(f"the focus '{focus}' is no model of this file", where, nearest(focus, known))
        for rival, target in study.models.rivals.items():
            if not target.endswith(".lav") and target not in known:
                where = draft.at("study.yaml", "models", "rivals", rival)
                hint = f"{nearest(target, known)} (a model file ends in .lav)"
                yield Problem(f"the rival '{rival}' is '{target}', which is no model of multilevel.yaml", where, hint)
    if draft.codebook is not None:
        yield from _ordered_problems(draft, study.estimation, draft.codebook)
        yield from _measurement_problems(draft, study.measurement, draft.codebook)
        constructs = draft.codebook.constructs
        numeric = set(draft.codebook.analysed_names) - set(draft.codebook.items)
        for index, control in enumerate(study.multiverse.controls):
            if control not in numeric:
                where = draft.at("study.yaml", "multiverse", "controls", index)
                yield Problem(f"'{control}' is no numeric variable of the codebook", where, nearest(control, numeric))
        yield from _grouping_problems(draft, study.moderators, ("moderators",), draft.codebook, constructs)
        technical = draft.codebook.technical.values()
        for index, rule in enumerate(study.screening):
            role = RULE_ROLES.get(rule.rule)
            trial = rule.rule == "test_rows" and not any(entry.values for entry in technical)
            if trial or (role is not None and all(entry.role != role for entry in technical)):
                what = f"the rule '{rule.rule}' finds no technical column in the codebook"
                hint = "declare one with 'values:'" if trial else f"declare one with 'role: {role}'"
                yield Problem(what, draft.at("study.yaml", "screening", index), hint)


def _ordered_problems(draft: Draft, estimation: StudyEstimation, codebook: Codebook) -> Iterator[Problem]:
    """Ordinal items that are no items of the codebook."""
    declared: list[tuple[Path, Estimation]] = [(("estimation",), estimation)]
    declared += [(("estimation", "sensitivity", name), other) for name, other in estimation.sensitivity.items()]
    for path, chosen in declared:
        names = [chosen.ordered] if isinstance(chosen.ordered, str) else chosen.ordered
        for name in names:
            if name != "all" and name not in codebook.items:
                where = draft.at("study.yaml", *path, "ordered")
                yield Problem(f"'{name}' is no item of the codebook", where, nearest(name, ["all", *codebook.items]))


def _measurement_problems(draft: Draft, plan: MeasurementPlan, codebook: Codebook) -> Iterator[Problem]:
    """A marker that is no construct, and groups that are no variable, or one without cuts that has none of its own."""
    if plan.marker is not None and plan.marker not in codebook.constructs:
        where = draft.at("study.yaml", "measurement", "marker")
        yield Problem(
            f"'{plan.marker}' is no construct of the codebook", where, nearest(plan.marker, codebook.constructs)
        )
    for index, name in enumerate(plan.structure):
        if name not in codebook.constructs:
            where = draft.at("study.yaml", "measurement", "structure", index)
            yield Problem(f"'{name}' is no construct of the codebook", where, nearest(name, codebook.constructs))
    yield from _grouping_problems(draft, plan.invariance, ("measurement", "invariance"), codebook, ())


def _grouping_problems(
    draft: Draft, groupings: Mapping[str, tuple[float, ...]], place: Path, codebook: Codebook, other: Collection[str]
) -> Iterator[Problem]:
    """Groups that are no variable (or one of ``other``), or a number without cuts, or answers with cuts."""
    variables = {**codebook.respondent, **codebook.communes.variables}
    for name, cuts in groupings.items():
        where = draft.at("study.yaml", *place, name)
        if name in other:
            if cuts:
                yield Problem(f"'{name}' is a construct and is not cut", where, "leave its cuts empty: []")
        elif name not in variables:
            what = f"'{name}' is no variable of respondents or communes"
            yield Problem(what, where, nearest(name, [*variables, *other]))
        elif (variables[name].scale is None) != bool(cuts):
            what = f"'{name}' is a number" if variables[name].scale is None else f"'{name}' has answers of its own"
            hint = "say where to cut it into groups" if variables[name].scale is None else "leave its cuts empty: []"
            yield Problem(what, where, hint)


def _variable_problems(draft: Draft, codebook: Codebook, models: _Models) -> Iterator[Problem]:
    """Variables of models that are no column of the clean responses."""
    numeric = set(codebook.analysed_names)
    for parsed in models.sems.values():
        yield from _unknown_variables(parsed, numeric)
    columns = numeric | {*codebook.respondent, *codebook.communes.variables, codebook.communes.key}
    for name, formula in models.mixed.items():
        for variable in formula.variables:
            if variable not in columns:
                where = draft.at("multilevel.yaml", "models", name, "formula")
                what = f"the model '{name}' names '{variable}', which the codebook does not know"
                yield Problem(what, where, nearest(variable, columns))


def _unknown_variables(parsed: ParsedModel, columns: set[str]) -> Iterator[Problem]:
    latent = {statement.lhs for statement in parsed.statements if statement.op == "=~"}
    known = columns | latent | {"1"}
    seen: set[str] = set()
    for statement in parsed.statements:
        for variable in (statement.lhs, statement.rhs):
            if variable not in known and variable not in seen:
                seen.add(variable)
                what = f"'{variable}' is neither a numeric variable of the codebook nor measured here (=~)"
                yield Problem(what, f"{parsed.filename}:{statement.line}", nearest(variable, known - {"1"}))


def _estimand_problems(draft: Draft, estimand: Estimand, path: Path, models: _Models) -> Iterator[Problem]:
    """A model that is not there, or an estimand that the model does not hold."""
    mixed = estimand.kind == "mixed"
    available = _mixed_names(draft) if mixed else _model_names(draft)
    if available is not None and estimand.model not in available:
        what = f"there is no {'mixed' if mixed else 'structural'} model '{estimand.model}'"
        where = draft.at("hypotheses.yaml", *path, "model")
        yield Problem(what, where, nearest(estimand.model, available))
        return
    where = draft.at("hypotheses.yaml", *path, "name")
    if mixed and estimand.model in models.mixed:
        yield from _term_problems(models.mixed[estimand.model], estimand, where)
    elif not mixed and estimand.model in models.sems:
        check = _parameter_problems if estimand.kind == "parameter" else _effect_problems
        yield from check(models.sems[estimand.model], estimand, where)


def _mixed_names(draft: Draft) -> list[str] | None:
    return None if draft.multilevel is None else list(draft.multilevel.models)


def _model_names(draft: Draft) -> list[str] | None:
    if draft.study is None:
        return None
    rivals = [rival for rival, file in draft.study.models.rivals.items() if file.endswith(".lav")]
    return ["measurement", "structural", *rivals]


def _parameter_problems(parsed: ParsedModel, estimand: Estimand, where: str) -> Iterator[Problem]:
    match = _PARAMETER.fullmatch(estimand.name)
    if match is None:
        yield Problem(f"'{estimand.name}' is no parameter", where, "write e.g. 'intention ~ satisfaction'")
        return
    lhs, op, rhs = match.groups()
    stated = {f"{s.lhs} {s.op} {s.rhs}" for s in parsed.statements}
    # Covariances between exogenous variables are parameters without being written.
    names = {name for s in parsed.statements for name in (s.lhs, s.rhs)}
    implied = op == "~~" and {lhs, rhs} <= names
    if f"{lhs} {op} {rhs}" not in stated and not implied:
        what = f"the model '{estimand.model}' has no parameter '{lhs} {op} {rhs}'"
        yield Problem(what, where, nearest(f"{lhs} {op} {rhs}", stated))


def _effect_problems(parsed: ParsedModel, estimand: Estimand, where: str) -> Iterator[Problem]:
    defined = [relation.lhs for relation in parsed.relations if relation.op == ":="]
    if estimand.name not in defined:
        what = f"the model '{estimand.model}' does not define the effect '{estimand.name}'"
        yield Problem(what, where, nearest(estimand.name, defined) or "define it with ':='")


def _term_problems(formula: Formula, estimand: Estimand, where: str) -> Iterator[Problem]:
    """A part of a term is a factor of the formula, or a category of one (``governanceCollaborative``)."""
    labels = [atom.label.replace(" ", "") for atom in formula.fixed.atoms]
    parts = estimand.name.replace(" ", "").split(":")
    unknown = [part for part in parts if part != "(Intercept)" and not any(part.startswith(x) for x in labels)]
    for part in unknown:
        what = f"the mixed model '{estimand.model}' has no term with '{part}'"
        yield Problem(what, where, nearest(part, labels))
    terms = [[labels[position] for position in term] for term in formula.fixed.terms]
    if not unknown and parts != ["(Intercept)"] and not any(_is_term(parts, term) for term in terms):
        what = f"the mixed model '{estimand.model}' has no term '{estimand.name}'"
        yield Problem(what, where, nearest(estimand.name, [":".join(term) for term in terms if term]))


def _is_term(parts: list[str], labels: list[str]) -> bool:
    """Whether each part of a term is one of the factors ``labels``, in some order."""
    if len(parts) != len(labels):
        return False
    return any(all(p.startswith(x) for p, x in zip(parts, order, strict=True)) for order in permutations(labels))
