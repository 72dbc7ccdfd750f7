"""The stages of the pipeline that judge the scales and compare groups. Each is: load, one call, save."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.criteria import Criterion, criteria
from analysis.hypothesis_stages import families
from analysis.inference.group_invariance import Grouping, GroupInvariance, group_invariance
from analysis.inference.path_models import PathModels, Resampling, path_models
from analysis.inference.subgroups import Subgroups, subgroups
from analysis.measurement.data_quality import DataQuality, data_quality
from analysis.measurement.dimensions import Dimensions, ParallelPlan, dimensions
from analysis.measurement.invariance import Search
from analysis.measurement.invariance_sample import Treatment
from analysis.measurement.scale_quality import ScaleQuality, scale_quality
from analysis.run import Results, Run

RESAMPLES = 1000
PATH_RESAMPLES = 5000


def cutoffs(run: Run) -> dict[str, Criterion]:
    """The rules of thumb, with the values that the study sets itself."""
    return criteria(run.study.spec.cutoffs)


def quality(run: Run, done: Results) -> DataQuality:
    """What is missing, and what treatments of it do to the structural model."""
    study = run.study
    return data_quality(
        study.models["structural"],
        done["clean"].responses,
        name="structural",
        n_imputations=study.spec.measurement.imputations,
        seed=study.spec.seed,
        cutoff=cutoffs(run)["floor_ceiling"].value,
    )


def scales(run: Run, done: Results) -> ScaleQuality:
    """Reliability, validity and method bias, with intervals."""
    study = run.study
    return scale_quality(
        _with_marker(run),
        done["clean"].responses,
        name="measurement",
        marker=study.spec.measurement.marker,
        cluster=study.codebook.communes.key,
        n_resamples=RESAMPLES,
        seed=study.spec.seed,
        htmt_cutoff=cutoffs(run)["htmt"].value,
    )


def _with_marker(run: Run) -> str:
    """The measurement model, and the marker construct beside the others."""
    text, marker = run.study.models["measurement"], run.study.spec.measurement.marker
    if marker is None:
        return text
    return f"{text}\n{marker} =~ {' + '.join(run.scales[marker])}\n"


def dimensions_of(run: Run, done: Results) -> dict[str, Dimensions]:
    """How many things all items measure; and, where the study names them, the structure of its dimensions."""
    study, data = run.study, done["clean"].responses
    plan = ParallelPlan(seed=study.spec.seed)
    text, structure = study.models["measurement"], study.spec.measurement.structure
    found = {"all": dimensions(text, data, name="measurement", parallel=plan)}
    if structure:
        found["structure"] = dimensions(text, data, name="structure", of=structure, parallel=plan)
    return found


def groupings(run: Run, cuts_of: Mapping[str, tuple[float, ...]]) -> dict[str, Grouping]:
    """How variables of the codebook group respondents: numbers by ``cuts_of`` them, categories in their own order."""
    book = run.study.codebook
    variables = {**book.respondent, **book.communes.variables}
    found = {}
    for name, cuts in cuts_of.items():
        scale = variables[name].scale
        levels = () if scale is None else tuple(answer.en for _, answer in sorted(book.scales[scale].items()))
        found[name] = Grouping(cuts, levels)
    return found


def invariances(run: Run, done: Results) -> GroupInvariance:
    """Are the scales the same in each of the study's groupings?"""
    study, how = run.study, run.study.spec.estimation
    own = {name: criterion.value for name, criterion in cutoffs(run).items() if criterion.changed}
    return group_invariance(
        study.models["measurement"],
        done["clean"].responses,
        groupings(run, study.spec.measurement.invariance),
        Treatment("", how.estimator, how.missing, how.ordered),
        Search(delta_cfi=own.get("delta_cfi"), delta_rmsea=own.get("delta_rmsea")),
    )


def paths(run: Run, done: Results) -> PathModels:
    """The structural model by partial least squares, beside its own estimation."""
    study, book = run.study, run.study.codebook
    return path_models(
        done["sems"]["structural"],
        study.hypotheses,
        done["clean"].responses,
        {item: book.code_range(item) for item in book.items},
        Resampling(PATH_RESAMPLES, study.spec.seed),
        families(run, done),
    )


def subgroups_of(run: Run, done: Results) -> Subgroups | None:
    """Do paths differ over the study's moderators? None where it names none."""
    study, how = run.study, run.study.spec.estimation
    if not study.spec.moderators:
        return None
    cuts = {name: cuts for name, cuts in study.spec.moderators.items() if name not in run.scales}
    return subgroups(
        study.models["structural"],
        done["clean"].responses,
        groupings(run, cuts),
        [name for name in study.spec.moderators if name in run.scales],
        {"estimator": how.estimator, "missing": how.missing, "ordered": how.ordered},
    )
