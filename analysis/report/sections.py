"""The order of the report: which words, tables and figures stand in which section, and how they are numbered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from analysis.report import (
    check_tables,
    commune_tables,
    commune_text,
    hypothesis_tables,
    measurement_sections,
    model_tables,
    narrative,
    plan_tables,
    sem_tables,
    sensitivity_tables,
    survey_tables,
)
from analysis.report.checklist import SCALED, checklist
from analysis.report.content import ReportContent
from analysis.report.figures.canvas import Drawing
from analysis.report.figures.gallery import gallery
from analysis.report.fit_versions import fit_sentence, is_corrected
from analysis.report.ledger_table import PublishedPart, ledger
from analysis.report.section import Listing, Part, Section
from analysis.report.table import Table


@dataclass(frozen=True, slots=True)
class Outline:
    """All sections; ``labels`` maps the ids of tables, figures and sections to 'Table 3', 'Figure 1', 'section 4'."""

    sections: tuple[Section, ...]
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> list[Table]:
        """Every table in the order of the page."""
        return [part for section in self.sections for part in section.parts if isinstance(part, Table)]

    @property
    def drawings(self) -> list[Drawing]:
        """Every figure in the order of the page."""
        return [part for section in self.sections for part in section.parts if isinstance(part, Drawing)]


def outline(content: ReportContent) -> Outline:
    """The whole report in order; the checklist comes last but one, when everything else has its number."""
    drawings = gallery(content)
    built = (builder(content, drawings) for builder in _RESULTS)
    results = [section for section in built if section is not None]
    if content.published is not None:
        results.append(_published(content.published, results))
    closing = [_warnings(content), _syntax(content), _materials(content)]
    empty = Section("checklist", "Reporting checklist", parts=(checklist({}),))
    labels = _labels([*results, empty, *closing])
    evidence = labels | ({SCALED: labels["table-fit"]} if is_corrected(content.structural) else {})
    filled = replace(empty, parts=(checklist(evidence),))
    return Outline((*results, filled, *closing), labels)


def _labels(sections: list[Section]) -> dict[str, str]:
    labels: dict[str, str] = {}
    tables = figures = 0
    for number, section in enumerate(sections, start=1):
        labels[f"section-{section.id}"] = f"section {number}"
        for part in section.parts:
            if isinstance(part, Table):
                tables += 1
                labels[f"table-{part.id}"] = f"Table {tables}"
            elif isinstance(part, Drawing):
                figures += 1
                labels[f"figure-{part.id}"] = f"Figure {figures}"
    return labels


def _survey(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section:
    parts: tuple[Part, ...] = (
        drawings["flow"],
        survey_tables.flow(content),
        survey_tables.screening(content),
        survey_tables.sample(content),
        drawings["communes"],
        survey_tables.communes(content),
        survey_tables.missing(content),
    )
    return Section("survey", "Responses and sample", tuple(narrative.sample_text(content)), parts)


def _instrument(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section:
    del drawings
    parts = (survey_tables.constructs(content), survey_tables.items(content), survey_tables.scales(content))
    return Section("instrument", "Constructs and wording", parts=parts)


def _answers(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section:
    bars = (drawing for name, drawing in drawings.items() if name.startswith("likert_"))
    parts: tuple[Part, ...] = (
        *bars,
        survey_tables.answers(content),
        survey_tables.descriptives(content),
        survey_tables.normality(content),
        drawings["correlation"],
        survey_tables.correlation(content),
        survey_tables.reliability(content),
    )
    return Section("answers", "Answers and scales", parts=parts)


def _measurement(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section:
    paragraphs = narrative.estimation_text(content.measurement)
    parts: tuple[Part, ...] = (
        sem_tables.model_fit(content),
        drawings["loadings"],
        sem_tables.loadings(content),
        sem_tables.discriminant(content),
    )
    return Section("measurement", "Measurement model", tuple(paragraphs), parts)


def _structural(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section:
    effects = sem_tables.effects(content)
    candidates: tuple[Part | None, ...] = (
        drawings.get("paths_structural"),
        sem_tables.paths(content),
        effects if len(effects.frame) else None,
        sem_tables.r_squared(content),
        sem_tables.covariances(content),
        sem_tables.residuals(content),
    )
    paragraphs = (*narrative.estimation_text(content.structural), f"{fit_sentence(content.structural)}.")
    return Section("structural", "Structural model", paragraphs, tuple(p for p in candidates if p is not None))


def _hypotheses(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section:
    candidates = (
        drawings["hypotheses"],
        hypothesis_tables.hypotheses(content),
        hypothesis_tables.smallest_effects(content),
    )
    parts = tuple(part for part in candidates if part is not None)
    return Section("hypotheses", "Hypotheses", tuple(hypothesis_tables.hypotheses_text(content)), parts)


def _plan(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section | None:
    del drawings
    if content.plan is None:
        return None
    parts = (plan_tables.deviations(content.plan),) if len(content.plan.deviations) else ()
    title = "Deviations from the preregistration"
    return Section("deviations", title, tuple(plan_tables.sentences(content.plan)), parts)


def _sensitivity(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section | None:
    del drawings
    part = content.sensitivity
    if part is None:
        return None
    parts = (sensitivity_tables.verdicts(content, part), sensitivity_tables.fit(content, part))
    paragraphs = tuple(sensitivity_tables.sentences(content, part))
    return Section("sensitivity", "Sensitivity to the estimator", paragraphs, parts)


def _rivals(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section:
    diagrams = (drawings.get(f"paths_{model.id}") for model in content.rival_models)
    candidates = (model_tables.rivals(content), *diagrams, hypothesis_tables.equivalents(content))
    parts = tuple(part for part in candidates if part is not None)
    text = "A rival model is another reading of the same answers; its file stands beside the structural model."
    return Section("rivals", "Rival models", (text,), parts)


def _multilevel(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section:
    candidates: list[Part | None] = [model_tables.null_models(content)]
    if content.mixed_models:
        candidates += [
            model_tables.fixed_effects(content),
            model_tables.random_effects(content),
            model_tables.mixed_fit(content),
        ]
    part = content.communes
    if part is not None and content.mixed_models:
        candidates += [
            commune_tables.comparison(content, part),
            commune_tables.contrasts(content, part),
            *(drawing for name, drawing in drawings.items() if name.startswith("moderation_")),
        ]
    if part is not None and part.focus is not None:
        focus = part.focus
        candidates += [drawings["assumptions"], commune_tables.influence(focus), commune_tables.coverage(focus)]
    if part is not None:
        candidates.append(commune_tables.both_levels(part))
    parts = tuple(candidate for candidate in candidates if candidate is not None)
    return Section("multilevel", "Communes: multilevel models", tuple(commune_text.multilevel_text(content)), parts)


def _checks(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section:
    candidates = (check_tables.agreement(content), drawings.get("recovery"), check_tables.recovery(content))
    parts = tuple(part for part in candidates if part is not None)
    return Section("checks", "Checks of the computation", tuple(narrative.recovery_text(content)), parts)


def _published(part: PublishedPart, sections: Sequence[Section]) -> Section:
    frames = {table.id: table.frame for table in Outline(tuple(sections)).tables}
    return Section("published", "Published and rerun", part.sentences, (ledger(part, frames),))


def _warnings(content: ReportContent) -> Section:
    return Section("warnings", "Warnings", content.warnings or ("No model and no stage gave a warning.",))


def _syntax(content: ReportContent) -> Section:
    models = (content.measurement, content.structural, *content.rival_models)
    listings = tuple(Listing(model.title, model.syntax.strip()) for model in models)
    mixed = tuple(Listing(model.title, model.formula) for model in content.mixed_models)
    text = "Structural-equation models in lavaan's syntax, multilevel models in lme4's."
    return Section("syntax", "Syntax of every model", (text,), (*listings, *mixed))


def _materials(content: ReportContent) -> Section:
    materials = content.materials
    paragraphs = [f"Command: {materials.command}", f"Seed: {materials.seed}"]
    paragraphs += [text for text in (content.study.citation, content.study.obtain) if text]
    parts = (check_tables.versions(content), check_tables.inputs(content))
    return Section("materials", "Materials for a rerun", tuple(paragraphs), parts)


_RESULTS: tuple[Callable[[ReportContent, Mapping[str, Drawing]], Section | None], ...] = (
    _survey,
    _instrument,
    _answers,
    measurement_sections.quality,
    measurement_sections.dimensions,
    _measurement,
    measurement_sections.scales,
    measurement_sections.invariance,
    _structural,
    _hypotheses,
    _plan,
    _sensitivity,
    measurement_sections.paths,
    measurement_sections.subgroups,
    _rivals,
    _multilevel,
    _checks,
)
