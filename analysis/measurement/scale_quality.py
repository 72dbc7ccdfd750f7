"""All that a measurement model and its data say of the quality of the scales, from one call."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import SmartCityError
from analysis.json_text import json_text
from analysis.measurement import method_bias as bias
from analysis.measurement import scale_coefficients as further
from analysis.measurement.composite import loadings_of
from analysis.measurement.construct_pairs import PairTest, pair_tests
from analysis.measurement.htmt_intervals import CUTOFF, HtmtRatio, htmt_ratios
from analysis.measurement.level_reliability import CONVENTION as LEVEL_CONVENTION
from analysis.measurement.level_reliability import LevelReliability, level_reliabilities
from analysis.measurement.measurement_model import MeasurementModel, measurement_model
from analysis.measurement.method_bias import MethodBias, method_bias
from analysis.measurement.reliability import Reliability, reliability, require_items
from analysis.measurement.scale_coefficients import ItemRow, ScaleCoefficients, item_rows, scale_coefficients
from analysis.sem import SemResult, fit
from analysis.sem.bootstrap.resample import BootstrapPlan
from analysis.sem.estimate import FitOptions

VALIDITY = (
    "AVE is the mean squared standardised loading",
    "HTMT and HTMT2 from absolute correlations, polychoric for ordinal items; tested against the cutoff, not against 0",
    "pairs of constructs: chi-square difference of a perfect correlation, and of one factor; the constructs have unit "
    "variance",
)


@dataclass(frozen=True, slots=True)
class ScaleQuality:
    """Reliability, validity and method bias of the constructs of one model; ``levels`` where clusters are named.

    ``undefined`` maps "construct.statistic", or the name of a table, to the reason why there is no number.
    """

    model: str
    estimator: str
    nobs: int
    n_resamples: int
    seed: int
    reliability: Reliability
    coefficients: tuple[ScaleCoefficients, ...]
    items: tuple[ItemRow, ...]
    levels: tuple[LevelReliability, ...]
    htmt: tuple[HtmtRatio, ...]
    pairs: tuple[PairTest, ...]
    method_bias: MethodBias
    undefined: dict[str, str]
    warnings: tuple[str, ...]
    conventions: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row a scale."""
        more = pd.DataFrame([asdict(row) for row in self.coefficients])
        return self.reliability.table.merge(more, on="construct").astype(dict.fromkeys(more.columns[1:], float))

    def glance(self) -> pd.DataFrame:
        """One row: model, respondents, scales, the largest HTMT."""
        ratios = [row.value for row in self.htmt if row.measure == "htmt" and row.value is not None]
        head = {"model": self.model, "estimator": self.estimator, "nobs": self.nobs}
        largest = max(ratios) if ratios else np.nan
        return pd.DataFrame([{**head, "n_scales": len(self.coefficients), "htmt_max": largest}])

    def to_json(self) -> str:
        """JSON of all tables; numbers that are not defined are null and have their reason under "undefined"."""
        matrix = self.reliability.fornell_larcker
        content = {
            "model": self.model,
            "estimator": self.estimator,
            "nobs": self.nobs,
            "scales": {row["construct"]: _without(row, "construct") for row in self.tidy().to_dict("records")},
            "items": [asdict(row) for row in self.items],
            "levels": [asdict(row) for row in self.levels],
            "htmt": self._ratios("htmt"),
            "htmt2": self._ratios("htmt2"),
            "htmt_intervals": [asdict(row) for row in self.htmt],
            "fornell_larcker": {str(name): matrix.loc[name].to_dict() for name in matrix.index},
            "discriminant": self.reliability.discriminant.to_dict("records"),
            "pairs": [asdict(row) for row in self.pairs],
            "method_bias": _without(asdict(self.method_bias), "undefined"),
            "bootstrap": {"resamples": self.n_resamples, "seed": self.seed},
            "undefined": self.undefined,
            "warnings": list(self.warnings),
            "conventions": list(self.conventions),
        }
        return json_text(content)

    def _ratios(self, measure: str) -> dict[str, dict[str, float | None]]:
        """Construct → other construct → ratio, both ways round."""
        nested: dict[str, dict[str, float | None]] = {}
        for row in self.htmt:
            if row.measure == measure:
                nested.setdefault(row.construct, {})[row.other] = row.value
                nested.setdefault(row.other, {})[row.construct] = row.value
        return nested


def scale_quality(
    text: str,
    data: pd.DataFrame,
    *,
    name: str = "model",
    estimator: str | None = None,
    ordered: str | list[str] | tuple[str, ...] = (),
    marker: str | None = None,
    cluster: str | None = None,
    n_resamples: int = 1000,
    seed: int = 1,
    htmt_cutoff: float = CUTOFF,
) -> ScaleQuality:
    """Quality of the scales that are the latent variables of ``text``, in lavaan syntax.

    The measurement part alone is fitted, to complete rows, by ``estimator`` (ML, or WLSMV where ``ordered`` names
    ordinal items). ``marker`` names the construct of the marker technique, ``cluster`` a column of clusters, within and
    between which scales are judged too. Intervals of HTMT take ``n_resamples``
    resamples from ``seed``. Raises SpecificationError for faulty syntax, ModelError for items that are unknown or
    constant, markers that cannot be one and too few resamples, and what ``sem.fit`` does.
    """
    plan = BootstrapPlan(n_resamples, seed, "nonparametric", "bca")
    model = measurement_model(text, name)
    require_items(data, model.scales)
    options: FitOptions = {"estimator": estimator, "ordered": ordered}
    result = fit(model.text, data, name=name, **options)
    of_scales = reliability(data, model.scales, result)
    undefined = dict(of_scales.undefined)
    omegas = {row.construct: row.omega for row in of_scales.scales}
    answers = {construct: data[list(items)] for construct, items in model.scales.items()}
    coefficients = tuple(scale_coefficients(a, c, result, omegas[c], undefined) for c, a in answers.items())
    items = tuple(row for construct, a in answers.items() for row in item_rows(a, construct, result, undefined))
    levels = () if cluster is None else level_reliabilities(model, data, cluster, undefined)
    method = method_bias(model, data, _signs(result, model), marker, **options)
    by_level = () if cluster is None else (LEVEL_CONVENTION,)
    undefined |= {f"method_bias.{key}": reason for key, reason in method.undefined.items()}
    return ScaleQuality(
        model=name,
        estimator=result.estimator,
        nobs=result.nobs,
        n_resamples=n_resamples,
        seed=seed,
        reliability=of_scales,
        coefficients=coefficients,
        items=items,
        levels=levels,
        htmt=_htmt(model, data, result, plan, undefined, htmt_cutoff),
        pairs=_pairs(model, data, undefined, options),
        method_bias=method,
        undefined=undefined,
        warnings=(*of_scales.warnings, *result.warnings, *_notes(model)),
        conventions=(*of_scales.conventions, *further.CONVENTIONS, *VALIDITY, *bias.CONVENTIONS, *by_level),
    )


def _signs(result: SemResult, model: MeasurementModel) -> dict[str, float]:
    """The sign with which each item counts in the mean of its construct; 1 where it loads on none alone."""
    signs = dict.fromkeys(model.items, 1.0)
    for construct in model.separate:
        loadings = loadings_of(result, construct)
        if loadings is not None:
            against = loadings.standardised * np.nansum(loadings.standardised) < 0
            signs |= {item: -1.0 if turned else 1.0 for item, turned in zip(loadings.items, against, strict=True)}
    return signs


def _htmt(
    model: MeasurementModel,
    data: pd.DataFrame,
    result: SemResult,
    plan: BootstrapPlan,
    undefined: dict[str, str],
    cutoff: float,
) -> tuple[HtmtRatio, ...]:
    for construct in model.scales:
        if construct not in model.separate:
            undefined[f"{construct}.htmt"] = "it shares items with another construct, or is measured by constructs"
        elif len(model.scales[construct]) < 2:
            undefined[f"{construct}.htmt"] = "a single item has no correlation within the construct"
    scales = {name: model.scales[name] for name in model.separate if len(model.scales[name]) > 1}
    items = [item for members in scales.values() for item in members]
    ordinal = {row.lhs for row in result.estimates if row.op == "|"} & set(items)
    complete = data[items].dropna()
    if reason := _why_no_htmt(scales, complete, ordinal):
        undefined["htmt"] = reason
        return ()
    ratios = htmt_ratios(
        complete, scales, ordinal=bool(ordinal), n_resamples=plan.n_resamples, seed=plan.seed, cutoff=cutoff
    )
    for row in ratios:
        if row.bca_lower is None:
            why = "in some resamples an item does not vary" if row.value is not None else "an item does not vary"
            one_sided = "all resamples lie on one side of the estimate"
            undefined[f"{row.construct}.{row.other}.{row.measure}"] = one_sided if row.pvalue is not None else why
    return ratios


def _why_no_htmt(scales: dict[str, tuple[str, ...]], complete: pd.DataFrame, ordinal: set[str]) -> str:
    if len(scales) < 2:
        return "fewer than two constructs have two items or more of their own"
    if ordinal and len(ordinal) < complete.shape[1]:
        return "some items are ordinal and others are not: declare all ordinal, or none"
    constant = [str(item) for item in complete if complete[item].nunique() < 2]
    return f"among those who answered every item, {constant[0]} does not vary" if constant else ""


def _pairs(
    model: MeasurementModel, data: pd.DataFrame, undefined: dict[str, str], options: FitOptions
) -> tuple[PairTest, ...]:
    try:
        tests = pair_tests(model, data, **options)
    except SmartCityError as error:
        undefined["pairs"] = "; ".join(problem.what for problem in error.problems)
        return ()
    for test in tests:
        if test.reason:
            undefined[f"{test.construct}.{test.other}.{test.restriction}"] = test.reason
    return tests


def _notes(model: MeasurementModel) -> list[str]:
    what = "regressions, definitions and the like of the model are left out: scales are judged by its measurement part"
    return [what] if model.left_out else []


def _without(row: dict[Any, Any], key: str) -> dict[str, Any]:
    return {str(name): value for name, value in row.items() if name != key}
