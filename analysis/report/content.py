"""Everything a report shows, as plain frames and words: the report reads this alone, and fits nothing.

Frames hold numbers at full precision; they are rounded when they are shown, in ``rounding``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from analysis.criteria import CRITERIA, Criterion
from analysis.measurement.data_quality import DataQuality
from analysis.measurement.dimensions import Dimensions
from analysis.measurement.scale_quality import ScaleQuality
from analysis.report.communes_part import CommunesPart
from analysis.report.invariance_part import InvariancePart
from analysis.report.ledger_table import PublishedPart
from analysis.report.parts import (
    AgreementPart,
    InstrumentPart,
    MaterialsPart,
    MeasuresPart,
    MixedPart,
    PlanPart,
    SemPart,
    SensitivityPart,
    StudyPart,
    SurveyPart,
    require,
)
from analysis.report.paths_part import PathsPart
from analysis.report.subgroups_part import SubgroupsPart

__all__ = [
    "AgreementPart",
    "InstrumentPart",
    "MaterialsPart",
    "MeasuresPart",
    "MixedPart",
    "PlanPart",
    "ReportContent",
    "SemPart",
    "SensitivityPart",
    "StudyPart",
    "SurveyPart",
]

EQUIVALENT = ("replaced", "by", "chisq", "df", "base_chisq", "equivalent", "note", "syntax")


@dataclass(frozen=True, slots=True)
class ReportContent:
    """Everything one report shows.

    ``rivals``: model, chisq, df, pvalue, cfi, tli, rmsea, srmr, aic, bic, delta_aic, aic_weight, delta_bic,
    bic_weight, chisq_diff, df_diff, diff_pvalue, diff_method (from the structural model; nested models only), note,
    scaled and robust measures where there are any, and any number of ``r2_<construct>`` columns; ``rival_models`` the
    fitted rivals. ``hypotheses``: id, statement_en, statement_fr, model, estimand, expected, est, se, pvalue,
    ci_lower, ci_upper, std, verdict, note, status, family, pvalue_adjusted (by the method ``adjust``), sesoi,
    sesoi_unit, tost_pvalue, tost_ci_lower, tost_ci_upper, equivalence. ``equivalents``: replaced, by, chisq, df,
    base_chisq, equivalent, note, syntax. ``null_models``: construct, nobs, n_groups, mean_size, icc,
    icc_lower, icc_upper, design_effect, singular; ``communes`` what else there is to say of them.
    ``recovery`` (simulated studies): lhs, op, rhs, population, est, se, ci_lower, ci_upper, covered. ``sensitivity``:
    the structural model under other estimators, ``paths`` by partial least squares; ``quality`` that of the
    data, ``dimensions`` of all items ("all") and of the study's structure, ``scales`` their quality, ``invariance``
    over groups; ``subgroups`` and latent moderators; ``plan`` the preregistration, if there is one; ``published`` the
    numbers of the study's own article. ``warnings``: every warning of every stage and model, as sentences.
    ``criteria``: rules of thumb by what they judge.
    """

    study: StudyPart
    survey: SurveyPart
    instrument: InstrumentPart
    measures: MeasuresPart
    measurement: SemPart
    structural: SemPart
    rivals: pd.DataFrame
    rival_models: tuple[SemPart, ...]
    hypotheses: pd.DataFrame
    null_models: pd.DataFrame
    mixed_models: tuple[MixedPart, ...]
    agreements: tuple[AgreementPart, ...]
    recovery: pd.DataFrame | None
    materials: MaterialsPart
    adjust: str = "none"
    equivalents: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(EQUIVALENT)))
    sensitivity: SensitivityPart | None = None
    communes: CommunesPart | None = None
    quality: DataQuality | None = None
    dimensions: Mapping[str, Dimensions] = field(default_factory=dict)
    scales: ScaleQuality | None = None
    invariance: InvariancePart | None = None
    paths: PathsPart | None = None
    subgroups: SubgroupsPart | None = None
    plan: PlanPart | None = None
    published: PublishedPart | None = None
    warnings: tuple[str, ...] = ()
    criteria: Mapping[str, Criterion] = field(default_factory=lambda: CRITERIA)

    def __post_init__(self) -> None:
        """Check the columns of the frames; raises OutputError."""
        interval = ("ci_lower", "ci_upper")
        words = ("id", "statement_en", "statement_fr", "model", "estimand", "expected", "verdict", "note")
        smallest = ("sesoi", "sesoi_unit", "tost_pvalue", "tost_ci_lower", "tost_ci_upper", "equivalence")
        declared = ("status", "family", "pvalue_adjusted", *smallest)
        require(self.hypotheses, "hypotheses", (*words, "est", "se", "pvalue", *interval, "std", *declared))
        require(self.equivalents, "equivalents", EQUIVALENT)
        fit = ("chisq", "df", "pvalue", "cfi", "tli", "rmsea", "srmr", "aic", "bic")
        evidence = ("delta_aic", "aic_weight", "delta_bic", "bic_weight")
        tested = ("chisq_diff", "df_diff", "diff_pvalue", "diff_method")
        require(self.rivals, "rivals", ("model", *fit, *evidence, *tested, "note"))
        null = (
            "construct",
            "nobs",
            "n_groups",
            "mean_size",
            "icc",
            "icc_lower",
            "icc_upper",
            "design_effect",
            "singular",
        )
        require(self.null_models, "null models", null)
        if self.recovery is not None:
            names = ("lhs", "op", "rhs", "population", "est", "se", *interval, "covered")
            require(self.recovery, "recovery", names)

    @property
    def n_analysed(self) -> int:
        """Analysed respondents: the last row of the flow."""
        return int(self.survey.flow["n_left"].iloc[-1])

    @property
    def n_received(self) -> int:
        """Responses received: the first row of the flow."""
        return int(self.survey.flow["n_left"].iloc[0])

    @property
    def n_communes(self) -> int:
        """Communes with at least one analysed respondent."""
        return len(self.survey.commune_sizes)
