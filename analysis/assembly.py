"""Lay out the results of a run as the content of its report. Nothing is fitted and nothing is rounded here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis import manifest
from analysis.communes_assembly import communes_part, mixed_parts, null_models
from analysis.criteria import criteria
from analysis.crosscheck.agreement import Agreement
from analysis.inference.group_invariance import LEAST, GroupInvariance
from analysis.inference.levels import Levels
from analysis.inference.path_models import PathModels
from analysis.inference.subgroups import Subgroups
from analysis.measurement.descriptives import Descriptives
from analysis.measurement.sample import describe_sample
from analysis.preregistration import Deviations
from analysis.report.content import (
    AgreementPart,
    InstrumentPart,
    MaterialsPart,
    MeasuresPart,
    PlanPart,
    ReportContent,
    SemPart,
    SensitivityPart,
    StudyPart,
    SurveyPart,
)
from analysis.report.invariance_part import InvariancePart
from analysis.report.ledger_table import PublishedPart
from analysis.report.paths_part import PathsPart
from analysis.report.subgroups_part import SubgroupsPart
from analysis.sem import SemResult
from analysis.study import MAIN, Study
from analysis.survey.clean import CleanSurvey
from analysis.survey.codebook import Codebook, Variable

SEM_TITLES = {"measurement": "Measurement model", "structural": "Structural model"}


def assemble(
    study: Study, inputs: Mapping[str, str], done: Mapping[str, Any], remarks: Sequence[str] = ()
) -> ReportContent:
    """The content of the report of ``study`` from the results of its stages and the hashes of its inputs.

    ``remarks`` are sentences on the responses that stand before the warnings of the models.
    """
    sems: Mapping[str, SemResult] = done["sems"]
    levels: Levels = done["levels"]
    both = None if levels.two_level is None else _sem_part(levels.two_level)
    return ReportContent(
        study=_study_part(study),
        survey=_survey_part(study, done["clean"]),
        instrument=_instrument_part(study.codebook),
        measures=_measures_part(done),
        measurement=_sem_part(sems["measurement"]),
        structural=_sem_part(sems["structural"]),
        rivals=done["rivals"],
        rival_models=tuple(_sem_part(sems[name]) for name in study.rivals if name in sems),
        hypotheses=done["hypotheses"],
        adjust=study.adjust,
        equivalents=done["equivalents"],
        null_models=null_models(done["nulls"], done["iccs"]),
        mixed_models=mixed_parts(study, done),
        communes=communes_part(study, done, (_sem_part(levels.clustered), both), levels.absent),
        agreements=tuple(_agreement_part(agreement) for agreement in done["agreements"]),
        recovery=done["recovery"],
        materials=MaterialsPart(manifest.versions(), inputs, study.spec.seed, f"smartcity reproduce {study.name}"),
        sensitivity=_sensitivity_part(done),
        quality=done["quality"],
        dimensions=done["dimensions"],
        scales=done["scales"],
        invariance=_invariance_part(study.codebook, done["invariances"]),
        paths=_paths_part(done["paths"]),
        subgroups=_subgroups_part(study.codebook, done["subgroups"]),
        plan=_plan_part(done["deviations"]),
        published=_published_part(study, inputs),
        criteria=criteria(study.spec.cutoffs),
        warnings=(*remarks, *_warnings(done)),
    )


def _published_part(study: Study, inputs: Mapping[str, str]) -> PublishedPart | None:
    if study.published is None:
        return None
    data = {name.removeprefix("data:"): digest for name, digest in inputs.items() if name.startswith("data:")}
    return PublishedPart(study.published, manifest.code_digest(), data)


def _study_part(study: Study) -> StudyPart:
    spec = study.spec
    return StudyPart(
        name=study.name,
        title_en=spec.title.en,
        title_fr=spec.title.fr,
        question_en=spec.question.en,
        question_fr=spec.question.fr,
        simulated=spec.simulated,
        citation=spec.data.citation or "",
        obtain=spec.data.obtain or "",
    )


def _survey_part(study: Study, cleaned: CleanSurvey) -> SurveyPart:
    book = study.codebook
    variables: dict[str, Variable] = {**book.respondent, **book.communes.variables}
    labels = {name: variable.name.en for name, variable in variables.items() if variable.type != "text"}
    levels = {
        name: tuple(answer.en for answer in book.scales[variable.scale].values())
        for name, variable in variables.items()
        if variable.scale is not None
    }
    return SurveyPart(
        flow=cleaned.flow,
        screening=_screening(study, cleaned.ledger),
        commune_sizes=cleaned.commune_sizes,
        sample=describe_sample(cleaned.responses, labels, levels),
        missing=cleaned.missing,
        notes=cleaned.notes,
        dropped_columns=cleaned.dropped_columns,
    )


def _screening(study: Study, ledger: pd.DataFrame) -> pd.DataFrame:
    """How many responses each declared rule excluded or flagged."""
    flags = ledger["flags"].str.split(";").explode().str.partition("=")[0]
    rows = [
        {
            "rule": rule.rule,
            "action": rule.action,
            "threshold": rule.threshold,
            "n_excluded": int((ledger["rule"] == rule.rule).sum()) if rule.action == "exclude" else 0,
            "n_flagged": int((flags == rule.rule).sum()) if rule.action == "flag" else 0,
        }
        for rule in study.spec.screening
    ]
    return pd.DataFrame(rows).astype({"threshold": float})


def _instrument_part(book: Codebook) -> InstrumentPart:
    constructs = [
        (name, c.name.en, c.name.fr, c.definition.en, c.definition.fr, c.source) for name, c in book.constructs.items()
    ]
    construct_of = book.construct_of()
    items = [
        (name, construct_of[name], item.scale, item.reversed, item.wording.en, item.wording.fr)
        for construct in book.constructs.values()
        for name, item in ((name, book.items[name]) for name in construct.items)
    ]
    used = {item.scale for item in book.items.values()}
    scales = [
        (scale, code, answer.en, answer.fr)
        for scale, answers in book.scales.items()
        if scale in used
        for code, answer in sorted(answers.items())
    ]
    columns = ["construct", "name_en", "name_fr", "definition_en", "definition_fr", "source"]
    return InstrumentPart(
        constructs=pd.DataFrame(constructs, columns=columns),
        items=pd.DataFrame(items, columns=["item", "construct", "scale", "reversed", "en", "fr"]),
        scales=pd.DataFrame(scales, columns=["scale", "code", "en", "fr"]),
    )


def _measures_part(done: Mapping[str, Any]) -> MeasuresPart:
    described: Descriptives = done["descriptives"]
    return MeasuresPart(
        descriptives=described.items,
        answers=described.answers,
        correlation=described.correlation,
        normality=_normality(described),
        reliability=done["reliability"].table,
    )


def _normality(described: Descriptives) -> pd.DataFrame:
    columns = ["measure", "estimate", "statistic", "df", "pvalue", "n"]
    mardia = described.mardia
    if mardia is None:
        return pd.DataFrame(columns=columns)
    rows = [
        ("Mardia's skewness", mardia.skew, mardia.skew_chisq, mardia.skew_df, mardia.skew_pvalue),
        ("Mardia's kurtosis", mardia.kurtosis, mardia.kurtosis_z, None, mardia.kurtosis_pvalue),
    ]
    frame = pd.DataFrame([(*row, mardia.n) for row in rows], columns=columns)
    return frame.astype({"df": float})


def _sem_part(result: SemResult) -> SemPart:
    return SemPart(
        id=result.name,
        title=SEM_TITLES.get(result.name, f"Rival: {result.name.replace('_', ' ')}"),
        syntax=result.model,
        estimator=result.estimator,
        missing=result.missing,
        nobs=result.nobs,
        n_dropped=result.n_dropped,
        converged=result.converged,
        iterations=result.iterations,
        tidy=result.tidy(),
        glance=result.glance(),
        r2=result.r2,
        residual_correlation=result.residual_correlation,
        warnings=result.warnings,
        conventions=result.conventions,
        undefined=result.undefined,
    )


def _sensitivity_part(done: Mapping[str, Any]) -> SensitivityPart | None:
    fits: Mapping[str, SemResult] = done["sensitivity"]
    models = tuple(replace(_sem_part(fit), title=_readable(name)) for name, fit in fits.items())
    return SensitivityPart(MAIN, models, done["verdicts"]) if models else None


def _invariance_part(book: Codebook, groups: GroupInvariance) -> InvariancePart | None:
    variables = {**book.respondent, **book.communes.variables}
    titles = {name: variables[name].name.en for name in groups.left_out}
    return InvariancePart(titles, groups.found, groups.left_out, groups.absent, LEAST) if titles else None


def _subgroups_part(book: Codebook, found: Subgroups | None) -> SubgroupsPart | None:
    if found is None:
        return None
    variables = {**book.respondent, **book.communes.variables}
    titles = {name: variables[name].name.en for name in found.left_out}
    return SubgroupsPart(titles, found.paths, found.tests, found.products, found.left_out, found.absent)


def _paths_part(paths: PathModels) -> PathsPart:
    """Fields of the same names, but for the warnings, which the report lists with all others."""
    return PathsPart(
        n_resamples=paths.n_resamples,
        hypotheses=paths.hypotheses,
        constructs=paths.constructs,
        paths=paths.paths,
        prediction=paths.prediction,
        importance=paths.importance,
        absent=paths.absent,
    )


def _plan_part(found: Deviations | None) -> PlanPart | None:
    return None if found is None else PlanPart(found.frozen, found.blind, found.table)


def _readable(name: str) -> str:
    """A name of the study's own as a title; what it writes in capitals stays so."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _agreement_part(agreement: Agreement) -> AgreementPart:
    return AgreementPart(agreement.what, agreement.engine, agreement.table, agreement.agrees, agreement.reason)


def _warnings(done: Mapping[str, Any]) -> Iterator[str]:
    """Every sentence that a result asks its reader to know, with the model it is about."""
    for name, result in {**done["sems"], **done["mixeds"]}.items():
        yield from (f"{name}: {warning}" for warning in result.warnings)
    for name, result in done["sensitivity"].items():
        yield from (f"structural, {name.replace('_', ' ')}: {warning}" for warning in result.warnings)
    for name, result in done["nulls"].items():
        yield from (f"null model of {name}: {warning}" for warning in result.warnings)
    yield from done["quality"].warnings
    yield from done["paths"].warnings
    for found in done["dimensions"].values():
        yield from (f"dimensions: {warning}" for warning in found.warnings)
    for name, found in done["invariances"].found.items():
        yield from (f"invariance over {name}: {warning}" for warning in found.warnings)
    levels: Levels = done["levels"]
    for result in filter(None, (levels.clustered, levels.two_level)):
        yield from (f"{result.name.replace('_', ' ')}: {warning}" for warning in result.warnings)
    yield from done["reliability"].warnings
