"""Measurement invariance over groups: the ladder, partial invariance where a rung fails, and latent means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

from analysis.errors import ModelError, Problem
from analysis.measurement.invariance_climb import Ascent, Task, climb, start
from analysis.measurement.invariance_criteria import REFERENCES, cutoffs_for
from analysis.measurement.invariance_ladder import Measured, ladder, table_at
from analysis.measurement.invariance_means import latent_means
from analysis.measurement.invariance_partial import MIN_ITEMS
from analysis.measurement.invariance_result import Invariance, Partial
from analysis.measurement.invariance_sample import GroupedSample, Treatment, grouped_sample, statistics_at
from analysis.measurement.measurement_model import MeasurementModel, measurement_model
from analysis.sem.format import format_model
from analysis.sem.solution import Solution
from analysis.sem.syntax import Statement, parse_model

CONVENTIONS = (
    "constructs have mean 0 and variance 1 in the first group; variances of the others are free once loadings are "
    "equal, means once intercepts are",
    "a step holds where no index changes by more than its cutoff: robust CFI and RMSEA where both steps have them, "
    "else scaled ones, else the plain ones",
    "partial invariance is searched post hoc by score tests: the parameter with the largest is let go in every group; "
    "the tests are from expected information and not corrected for non-normality, as in lavaan",
    "items count as invariant where none of their parameters is let go",
)
ORDINAL = (
    "ordinal items: thresholds are equal first, then loadings, intercepts of latent responses and their residual "
    "variances (Wu and Estabrook 2016); where an item has two answers, the first three are tested together",
)


@dataclass(frozen=True, slots=True)
class Search:
    """How steps are judged: the number of releases that one may take, and cutoffs (None: Chen's for so many rows)."""

    max_releases: int = 5
    delta_cfi: float | None = None
    delta_rmsea: float | None = None
    delta_srmr: float | None = None


def invariance(
    text: str, data: pd.DataFrame, treatment: Treatment, search: Search | None = None, name: str = "model"
) -> Invariance:
    """Test the measurement part of ``text`` (lavaan syntax) for invariance over the groups of a column.

    Each rung is fitted and tested against the one before. Where one does not hold, parameters are let go one by one, by
    the largest score test, until it does or a limit is reached. Raises SpecificationError for faulty syntax, ModelError
    for models that are no set of constructs measured by items, and DataError for groups that cannot be compared.
    """
    search = search or Search()
    _require_cutoffs(search)
    model = measurement_model(text, name)
    unit_text = _without_labels(model)
    sample = grouped_sample(unit_text, data, treatment, name)
    thresholds = {item: len(codes) - 1 for item, codes in sample.categories.items()}
    measured = Measured(name, unit_text, model.scales, model.rigid, sample.groups, thresholds)
    rungs = ladder(measured)
    cutoffs = cutoffs_for(sum(sample.nobs), search.delta_cfi, search.delta_rmsea, search.delta_srmr)
    statistics = statistics_at(sample, table_at(measured, rungs[0], ()))
    task = Task(measured, sample, statistics, cutoffs, search.max_releases)
    ascent = start(task, rungs[0])
    compared: tuple[Solution, str] | None = None
    for rung in rungs[1:]:
        ascent = climb(task, ascent, rung)
        if rung.name == "scalar" and ascent.intact and ascent.last.solution is not None:
            compared = (ascent.last.solution, ascent.last.step.name)
    return Invariance(
        model=name,
        group=treatment.group,
        estimator=sample.estimator.name,
        missing=treatment.missing,
        groups=tuple(zip(sample.groups, sample.nobs, strict=True)),
        steps=ascent.steps,
        level=ascent.level,
        partial=Partial(search.max_releases, MIN_ITEMS, ascent.releases, ascent.stopped),
        latent_means=() if compared is None else latent_means(compared[0]),
        means_at=None if compared is None else compared[1],
        means_reason="" if compared is not None else _why_no_means(ascent),
        cutoffs=cutoffs,
        warnings=tuple(_warnings(model, sample, ascent)),
        conventions=(*CONVENTIONS, *(ORDINAL if thresholds else ()), *sample.estimator.words, *REFERENCES),
    )


def _require_cutoffs(search: Search) -> None:
    given = {
        "--max-releases": search.max_releases,
        "--delta-cfi": search.delta_cfi,
        "--delta-rmsea": search.delta_rmsea,
        "--delta-srmr": search.delta_srmr,
    }
    problems = [
        Problem(f"{value:g} is below 0", option, "give 0 or more")
        for option, value in given.items()
        if value is not None and not value >= 0
    ]
    if problems:
        raise ModelError(problems)


def _without_labels(model: MeasurementModel) -> str:
    """The model with constructs of unit variance, without labels that only name.

    Raises ModelError for what would tie groups or constructs before the ladder does.
    """
    parsed = parse_model(model.unit_text, model.name)
    problems = []
    if higher := [c for c in model.scales if c not in model.tops]:
        what = f"{', '.join(higher)} measure other constructs"
        problems.append(Problem(what, model.name, "give the first-order constructs alone: they covary freely"))
    uses = Counter(v for s in parsed.statements for m in s.modifiers for v in m.values if isinstance(v, str))
    if several := [label for label, count in uses.items() if count > 1]:
        what = f"the label {', '.join(several)} ties parameters, over groups too"
        problems.append(Problem(what, model.name, "leave labels out: the ladder says what is equal"))
    if parsed.relations:
        what = "constraints between parameters would hold over groups too"
        problems.append(Problem(what, model.name, "leave constraints out: the ladder says what is equal"))
    if any(len(m.values) > 1 for s in parse_model(model.text, model.name).statements for m in s.modifiers):
        problems.append(Problem("c() gives groups values of their own", model.name, "write the model of one group"))
    if problems:
        raise ModelError(problems)
    return format_model(replace(parsed, statements=tuple(_unlabelled(s) for s in parsed.statements)))


def _unlabelled(statement: Statement) -> Statement:
    return replace(statement, modifiers=tuple(m for m in statement.modifiers if m.kind != "label"))


def _why_no_means(ascent: Ascent) -> str:
    """Why constructs cannot be compared over groups."""
    last_of = {step.rung: step for step in ascent.steps[1:]}
    failed = next(step for step in last_of.values() if step.holds is False)
    stopped = ascent.stopped.get(failed.rung, "")
    return f"{failed.rung} invariance does not hold ({failed.reason})" + (
        f", nor in part: {stopped}" if stopped else ""
    )


def _warnings(model: MeasurementModel, sample: GroupedSample, ascent: Ascent) -> Iterator[str]:
    if sample.n_without_group:
        yield f"{sample.n_without_group} rows without a group were left out"
    if model.left_out:
        yield "regressions, definitions and the like of the model are left out: its measurement part is compared"
    for factor, items in model.scales.items():
        if len(items) == 1:
            yield f"'{factor}' has one item: nothing can be said of its invariance"
        elif len(items) == MIN_ITEMS:
            yield f"'{factor}' has two items: neither can be let go"
    configural = ascent.steps[0]
    if configural.holds is False:
        yield f"the configural model itself fits badly ({configural.reason}): what follows is compared with it"
    if any(step.post_hoc for step in ascent.steps):
        yield "releases were found in these data: partial invariance is post hoc and wants new data"
    for remark in dict.fromkeys(remark for step in ascent.steps for remark in step.warnings):
        where = [step.name for step in ascent.steps if remark in step.warnings]
        yield remark if len(where) == len(ascent.steps) else f"{', '.join(where)}: {remark}"
