"""The stages of the pipeline that judge the scales. Each is: load, one call, save."""

from __future__ import annotations

from analysis.criteria import Criterion, criteria
from analysis.hypothesis_stages import families
from analysis.inference.path_models import PathModels, Resampling, path_models
from analysis.measurement.scale_quality import ScaleQuality, scale_quality
from analysis.run import Results, Run

RESAMPLES = 1000
PATH_RESAMPLES = 5000


def cutoffs(run: Run) -> dict[str, Criterion]:
    """The rules of thumb, with the values that the study sets itself."""
    return criteria(run.study.spec.cutoffs)


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
