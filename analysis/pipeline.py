"""The study's DAG on one page: each stage names what it needs, what it reads, and the one call that makes it.

Results are kept by a hash of everything they depend on (code, texts, responses), so that a rerun computes what
changed and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from analysis import hypothesis_stages, manifest, measurement_stages, multilevel_stages, stored, writing
from analysis.assembly import assemble
from analysis.crosscheck.agreement import Agreement
from analysis.errors import DataError, Problem
from analysis.inference.coverage import Coverage
from analysis.inference.difference import Difference
from analysis.inference.group_invariance import GroupInvariance
from analysis.inference.influence import Influence
from analysis.inference.levels import Levels
from analysis.inference.mixed_comparison import MixedComparison
from analysis.inference.mixed_evidence import Assumptions, MixedEvidence
from analysis.inference.path_models import PathModels
from analysis.inference.recovery import recover
from analysis.inference.subgroups import Subgroups
from analysis.measurement.data_quality import DataQuality
from analysis.measurement.descriptives import Descriptives, describe
from analysis.measurement.dimensions import Dimensions
from analysis.measurement.reliability import Reliability, reliability
from analysis.measurement.scale_quality import ScaleQuality
from analysis.multilevel import MixedResult
from analysis.multilevel.profile_intervals import ProfileInterval
from analysis.population_model import comparable_values, population_parameters
from analysis.preregistration import Deviations
from analysis.report.table import to_csv
from analysis.report.writer import write_report
from analysis.run import Results, Run
from analysis.sem import SemResult
from analysis.sem import fit as fit_sem
from analysis.study import Estimation, Study
from analysis.survey.clean import CleanSurvey, clean
from analysis.survey.ingest import read_table
from analysis.survey.simulate import simulate

SURVEY_FILES = ("clean.csv", "ledger.csv", "flow.csv")


def _clean(run: Run, _: Results) -> CleanSurvey:
    communes = None if run.communes is None else read_table(run.communes)
    codebook, spec = run.study.codebook, run.study.spec
    raw = read_table(run.responses, drop=codebook.identifying)
    return clean(raw, communes, codebook, spec.screening, spec.communes_minimum)


def _descriptives(run: Run, done: Results) -> Descriptives:
    return describe(done["clean"].responses, run.scales)


def _fit(name: str, text: str, data: pd.DataFrame, how: Estimation) -> SemResult:
    return fit_sem(text, data, name=name, estimator=how.estimator, missing=how.missing, ordered=how.ordered)


def _sems(run: Run, done: Results) -> dict[str, SemResult]:
    data, how = done["clean"].responses, run.study.spec.estimation
    return {name: _fit(name, text, data, how) for name, text in run.study.models.items()}


def _plain(run: Run, done: Results) -> dict[str, SemResult]:
    """Every model by normal theory on complete rows: what a second engine can refit."""
    data = done["clean"].responses
    return {
        name: result if (result.estimator, result.missing) == ("ML", "listwise") else fit_sem(text, data, name=name)
        for (name, text), result in zip(run.study.models.items(), done["sems"].values(), strict=True)
    }


def _sensitivity(run: Run, done: Results) -> dict[str, SemResult]:
    text, data = run.study.models["structural"], done["clean"].responses
    return {name: _fit(name, text, data, how) for name, how in run.study.spec.estimation.sensitivity.items()}


def _reliability(run: Run, done: Results) -> Reliability:
    return reliability(done["clean"].responses, run.scales, done["sems"]["measurement"])


def _agreements(run: Run, done: Results) -> tuple[Agreement, ...]:
    from analysis.crosscheck import pingouin_check, semopy_check, statsmodels_check

    data = done["clean"].responses
    refits = [semopy_check.refit(result, data) for result in done["plain"].values()]
    refits += [statsmodels_check.refit(result, data) for result in done["mixeds"].values()]
    return (*refits, pingouin_check.alpha(done["reliability"], data, run.scales))


def _recovery(run: Run, done: Results) -> pd.DataFrame | None:
    if run.study.population is None:
        return None
    values = comparable_values(population_parameters(run.study.population))
    return recover(done["sems"]["structural"], values)


@dataclass(frozen=True)
class Stage:
    """One node: the stages it needs, the inputs it reads (patterns), the type it makes, and how."""

    name: str
    needs: tuple[str, ...]
    reads: tuple[str, ...]
    kind: Any
    make: Callable[[Run, Results], Any]


STAGES = (
    Stage("clean", (), ("*codebook.yaml", "*study.yaml", "data:*"), CleanSurvey, _clean),
    Stage("deviations", ("clean",), ("*.md", "*.lav", "*.yaml"), Deviations | None, hypothesis_stages.from_plan),
    Stage("descriptives", ("clean",), (), Descriptives, _descriptives),
    Stage("sems", ("clean",), ("*.lav",), dict[str, SemResult], _sems),
    Stage("plain", ("clean", "sems"), (), dict[str, SemResult], _plain),
    Stage("sensitivity", ("clean",), ("*.lav",), dict[str, SemResult], _sensitivity),
    Stage("mixeds", ("clean",), ("*multilevel.yaml",), dict[str, MixedResult], multilevel_stages.mixeds),
    Stage("nulls", ("clean",), (), dict[str, MixedResult], multilevel_stages.nulls),
    Stage("iccs", ("clean",), (), dict[str, ProfileInterval], multilevel_stages.iccs),
    Stage("evidence", ("clean",), ("*multilevel.yaml",), dict[str, MixedEvidence], multilevel_stages.evidence),
    Stage("comparison", ("clean",), ("*multilevel.yaml",), MixedComparison | None, multilevel_stages.comparison),
    Stage("assumptions", ("clean",), ("*multilevel.yaml",), Assumptions | None, multilevel_stages.assumptions),
    Stage("influence", ("clean",), ("*multilevel.yaml",), Influence | None, multilevel_stages.influence),
    Stage("coverage", ("clean",), ("*multilevel.yaml",), Coverage | None, multilevel_stages.coverage),
    Stage("levels", ("clean",), ("*.lav",), Levels, multilevel_stages.levels),
    Stage("reliability", ("clean", "sems"), (), Reliability, _reliability),
    Stage("quality", ("clean",), ("*.lav", "*study.yaml"), DataQuality, measurement_stages.quality),
    Stage("scales", ("clean",), ("*.lav", "*study.yaml"), ScaleQuality, measurement_stages.scales),
    Stage("dimensions", ("clean",), ("*.lav", "*study.yaml"), dict[str, Dimensions], measurement_stages.dimensions_of),
    Stage("invariances", ("clean",), ("*.lav", "*study.yaml"), GroupInvariance, measurement_stages.invariances),
    Stage("agreements", ("clean", "plain", "mixeds", "reliability"), (), tuple[Agreement, ...], _agreements),
    Stage("hypotheses", ("sems", "mixeds"), ("*hypotheses.yaml",), pd.DataFrame, hypothesis_stages.hypotheses),
    Stage("paths", ("clean", "sems", "hypotheses"), (), PathModels, measurement_stages.paths),
    Stage("verdicts", ("sems", "sensitivity", "hypotheses"), (), pd.DataFrame, hypothesis_stages.verdicts),
    Stage("differences", ("clean",), ("*.lav",), dict[str, Difference], hypothesis_stages.tests_of_rivals),
    Stage("rivals", ("sems", "mixeds", "differences", "hypotheses"), (), pd.DataFrame, hypothesis_stages.rivals),
    Stage("equivalents", ("clean",), ("*.lav",), pd.DataFrame, hypothesis_stages.equivalents),
    Stage("subgroups", ("clean",), ("*.lav", "*study.yaml"), Subgroups | None, measurement_stages.subgroups_of),
    Stage("recovery", ("sems",), ("*population.lav",), pd.DataFrame | None, _recovery),
)


def stage_keys(run: Run) -> dict[str, str]:
    """Hash of everything each stage depends on."""
    keys: dict[str, str] = {}
    code = manifest.code_digest()
    for stage in STAGES:
        read = [f"{n} {h}" for n, h in run.inputs.items() if any(fnmatch(n, p) for p in stage.reads)]
        parts = [stage.name, code, *(keys[need] for need in stage.needs), *read]
        keys[stage.name] = manifest.digest("\n".join(parts).encode())
    return keys


def compute(run: Run, cache: Path, progress: Callable[[str], None]) -> Results:
    """Run every stage, taking from ``cache`` (a folder) what nothing has changed for.

    Linear algebra keeps to one thread: sums are then made in one order, whatever the number of cores.
    """
    done: Results = {}
    with threadpool_limits(1):
        for stage, key in zip(STAGES, stage_keys(run).values(), strict=True):
            progress(stage.name)
            path = cache / f"{stage.name}-{key[:16]}.json"
            done[stage.name] = _kept(path, stage.kind)
            if done[stage.name] is _ABSENT:
                done[stage.name] = stage.make(run, done)
                for old in cache.glob(f"{stage.name}-*.json"):
                    old.unlink()
                writing.write_text(path, stored.dump(done[stage.name]))
    return done


_ABSENT = object()


def _kept(path: Path, kind: Any) -> Any:
    """The stored result, or _ABSENT where there is none that can be read."""
    try:
        return stored.load(kind, path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return _ABSENT


def is_current(run: Run, place: Path) -> bool:
    """Whether ``place`` holds the report of exactly this run."""
    return manifest.is_current(place, run.inputs)


def reproduce(
    run: Run, place: Path, progress: Callable[[str], None] = lambda _: None, cache: Path | None = None
) -> None:
    """Compute what has changed and write the report, the tables, the clean data and the manifest to ``place``.

    Everything is written beside ``place`` and takes its place at the end, or not at all.
    """
    study = run.study
    writing.require_only(place, {*manifest.written(place), *(f"clean/{name}" for name in SURVEY_FILES)})
    done = compute(run, cache or study.root / ".cache" / study.name, progress)
    progress("report")
    with writing.whole_folder(place) as folder:
        write_report(assemble(study, run.inputs, done, run.remarks), folder)
        _write_survey(study, done["clean"], folder / "clean")
        described = manifest.describe(study.name, study.spec.seed, run.inputs, folder)
        writing.write_text(folder / manifest.NAME, json.dumps(described, indent=2, ensure_ascii=False) + "\n")


def write_clean(run: Run, place: Path) -> CleanSurvey:
    """Clean the responses alone and write clean.csv, ledger.csv and flow.csv to ``place``."""
    writing.require_only(place, SURVEY_FILES)
    cleaned = _clean(run, {})
    with writing.whole_folder(place) as folder:
        _write_survey(run.study, cleaned, folder)
    return cleaned


def _write_survey(study: Study, cleaned: CleanSurvey, folder: Path) -> None:
    tables = (cleaned.responses.reset_index(), cleaned.ledger, cleaned.flow)
    for name, table in zip(SURVEY_FILES, tables, strict=True):
        writing.write_text(folder / name, to_csv(table, study.spec.simulated))


def simulate_responses(study: Study) -> tuple[Path, Path]:
    """Draw the raw responses of a simulated study anew and write them where the study keeps them.

    Raises DataError for a study that draws from no population, or that refers to another study's responses.
    """
    if study.spec.parent is not None:
        what = f"the responses of '{study.name}' are those of '{study.spec.parent}', and stay as they are"
        hint = f"give it responses and a population of its own, and take out 'parent: {study.spec.parent}'"
        raise DataError(Problem(what, f"models/{study.name}/study.yaml", hint))
    if study.population is None or study.codebook.communes.file is None:
        what = f"the study '{study.name}' has no population to draw from"
        raise DataError(Problem(what, f"models/{study.name}/study.yaml", "only simulated studies can be drawn anew"))
    export = simulate(population_parameters(study.population), study.codebook, study.spec.seed)
    responses = study.root / study.spec.data.responses
    communes = responses.with_name(Path(study.codebook.communes.file).name)
    writing.write_bytes(responses, export.responses)
    writing.write_bytes(communes, export.communes)
    return responses, communes
