"""The parts of a report's content; each checks on construction that its frames have the columns the report reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from analysis.errors import OutputError, Problem

PARAMETER_COLUMNS = (
    "lhs",
    "op",
    "rhs",
    "est",
    "se",
    "z",
    "pvalue",
    "ci_lower",
    "ci_upper",
    "std_all",
)
FIT_COLUMNS = (
    "nobs",
    "npar",
    "chisq",
    "df",
    "pvalue",
    "cfi",
    "tli",
    "rmsea",
    "rmsea_ci_lower",
    "rmsea_ci_upper",
    "rmsea_pvalue",
    "srmr",
)


def require(frame: pd.DataFrame, name: str, columns: tuple[str, ...]) -> None:
    """Raise OutputError naming the columns that ``frame`` lacks."""
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        found = ", ".join(map(str, frame.columns))
        raise OutputError(Problem(f"the report needs {', '.join(absent)}", f"table '{name}'", f"found: {found}"))


@dataclass(frozen=True, slots=True)
class StudyPart:
    """What the study is. ``simulated`` responses are marked in every table, figure and page.

    ``citation`` says whose responses these are and how to cite them; ``obtain`` where to get data that do not ship.
    """

    name: str
    title_en: str
    title_fr: str
    question_en: str
    question_fr: str
    simulated: bool
    citation: str = ""
    obtain: str = ""


@dataclass(frozen=True, slots=True)
class SurveyPart:
    """From received to analysed responses.

    ``flow``: step, label, n_removed, n_left (first row received, last analysed). ``screening``: rule, action,
    threshold, n_excluded, n_flagged. ``commune_sizes``: analysed respondents by commune. ``sample``: variable,
    level, n, share, mean, sd, min, max. ``missing``: variable, reason, count. ``notes``: sentences.
    """

    flow: pd.DataFrame
    screening: pd.DataFrame
    commune_sizes: pd.Series
    sample: pd.DataFrame
    missing: pd.DataFrame
    notes: tuple[str, ...] = ()
    dropped_columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the columns of the frames; raises OutputError."""
        require(self.flow, "flow", ("step", "label", "n_removed", "n_left"))
        require(self.screening, "screening", ("rule", "action", "threshold", "n_excluded", "n_flagged"))
        require(self.sample, "sample", ("variable", "level", "n", "share", "mean", "sd", "min", "max"))
        require(self.missing, "missing", ("variable", "reason", "count"))


@dataclass(frozen=True, slots=True)
class InstrumentPart:
    """The wording. ``constructs``: construct, name_en, name_fr, definition_en, definition_fr, source.

    ``items``: item, construct, scale, reversed (bool), en, fr. ``scales``: scale, code, en, fr.
    """

    constructs: pd.DataFrame
    items: pd.DataFrame
    scales: pd.DataFrame

    def __post_init__(self) -> None:
        """Check the columns of the frames; raises OutputError."""
        columns = ("construct", "name_en", "name_fr", "definition_en", "definition_fr", "source")
        require(self.constructs, "constructs", columns)
        require(self.items, "items", ("item", "construct", "scale", "reversed", "en", "fr"))
        require(self.scales, "scales", ("scale", "code", "en", "fr"))

    def name(self, construct: str) -> str:
        """English name of a construct; of ``<construct>_mean`` too; any other word is returned as it is."""
        names = dict(zip(self.constructs["construct"], self.constructs["name_en"], strict=True))
        return str(names.get(construct, names.get(construct.removesuffix("_mean"), construct)))


@dataclass(frozen=True, slots=True)
class MeasuresPart:
    """Answers item by item and the quality of the scales.

    ``descriptives``: item, construct, n, missing_share, mean, sd, skew, kurtosis, min, max. ``answers``: item,
    code, n, share (reversed items turned). ``correlation``: items by items, both labelled. ``normality``: measure,
    estimate, statistic, df, pvalue, n (Mardia). ``reliability``: construct, n_items, n, alpha, alpha_ci_lower,
    alpha_ci_upper, omega, cr, ave.
    """

    descriptives: pd.DataFrame
    answers: pd.DataFrame
    correlation: pd.DataFrame
    normality: pd.DataFrame
    reliability: pd.DataFrame

    def __post_init__(self) -> None:
        """Check the columns of the frames; raises OutputError."""
        moments = ("n", "missing_share", "mean", "sd", "skew", "kurtosis", "min", "max")
        require(self.descriptives, "descriptives", ("item", "construct", *moments))
        require(self.answers, "answers", ("item", "code", "n", "share"))
        require(self.normality, "normality", ("measure", "estimate", "statistic", "df", "pvalue", "n"))
        columns = (
            "construct",
            "n_items",
            "n",
            "alpha",
            "alpha_ci_lower",
            "alpha_ci_upper",
            "omega",
            "cr",
            "ave",
        )
        require(self.reliability, "reliability", columns)


@dataclass(frozen=True, slots=True)
class SemPart:
    """One structural-equation model as fitted; field names are those of the result they are read from.

    ``tidy``, ``glance``, ``r2`` (variable, r2) and ``residual_correlation`` are the result's frames; ``undefined``
    maps a fit measure to the reason why it has no value.
    """

    id: str
    title: str
    syntax: str
    estimator: str
    missing: str
    nobs: int
    n_dropped: int
    converged: bool
    iterations: int
    tidy: pd.DataFrame
    glance: pd.DataFrame
    r2: pd.DataFrame
    residual_correlation: pd.DataFrame
    warnings: tuple[str, ...] = ()
    conventions: tuple[str, ...] = ()
    undefined: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the columns of the frames; raises OutputError."""
        require(self.tidy, f"{self.id} (tidy)", PARAMETER_COLUMNS)
        require(self.glance, f"{self.id} (glance)", FIT_COLUMNS)
        require(self.r2, f"{self.id} (r2)", ("variable", "r2"))


@dataclass(frozen=True, slots=True)
class SensitivityPart:
    """The structural model under other estimators; ``models`` are these fits, ``main`` the name of the report's own.

    ``verdicts``: analysis (``main`` or the id of a model), nobs, id, statement_en, std, pvalue, verdict, one row a
    hypothesis and analysis.
    """

    main: str
    models: tuple[SemPart, ...]
    verdicts: pd.DataFrame

    def __post_init__(self) -> None:
        """Check the columns of the frame; raises OutputError."""
        columns = ("analysis", "nobs", "id", "statement_en", "std", "pvalue", "verdict")
        require(self.verdicts, "sensitivity", columns)


@dataclass(frozen=True, slots=True)
class MixedPart:
    """One multilevel model as fitted; field names are those of the result they are read from.

    ``fixed``: term, est, se, df, t, pvalue, ci_lower, ci_upper, and where there are any std, se_robust, df_robust,
    pvalue_robust. ``random``: grp, var1, var2, vcov, sdcor, and where there are any ci_lower, ci_upper of ``sdcor``.
    ``undefined`` maps a statistic to the reason why it has no value.
    """

    id: str
    title: str
    formula: str
    reml: bool
    nobs: int
    n_dropped: int
    groups: Mapping[str, int]
    fixed: pd.DataFrame
    random: pd.DataFrame
    loglik: float | None
    aic: float | None
    bic: float | None
    r2_marginal: float | None
    r2_conditional: float | None
    r2_within: float | None
    r2_between: float | None
    converged: bool
    singular: bool
    warnings: tuple[str, ...] = ()
    undefined: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the columns of the frames; raises OutputError."""
        columns = ("term", "est", "se", "df", "t", "pvalue", "ci_lower", "ci_upper")
        require(self.fixed, f"{self.id} (fixed)", columns)
        require(self.random, f"{self.id} (random)", ("grp", "var1", "var2", "vcov", "sdcor"))


@dataclass(frozen=True, slots=True)
class AgreementPart:
    """A second engine's answer. ``table``: quantity, ours, theirs, abs_diff, rel_diff (no rows if not comparable).

    ``agrees`` is None where the two cannot be compared, and ``reason`` says why.
    """

    what: str
    engine: str
    table: pd.DataFrame
    agrees: bool | None
    reason: str = ""

    def __post_init__(self) -> None:
        """Check the columns of the frames; raises OutputError."""
        columns = ("quantity", "ours", "theirs", "abs_diff", "rel_diff")
        require(self.table, f"agreement of {self.what}", columns)


@dataclass(frozen=True, slots=True)
class PlanPart:
    """The frozen plan and what the run does otherwise.

    ``frozen`` is its day, ``blind`` whether that was before the responses were there. ``deviations``: element, change,
    was, now.
    """

    frozen: str
    blind: bool
    deviations: pd.DataFrame

    def __post_init__(self) -> None:
        """Check the columns of the frame; raises OutputError."""
        require(self.deviations, "deviations", ("element", "change", "was", "now"))


@dataclass(frozen=True, slots=True)
class MaterialsPart:
    """What a rerun needs: ``versions`` (package → version), ``inputs`` (file → SHA-256), seed and command."""

    versions: Mapping[str, str]
    inputs: Mapping[str, str]
    seed: int
    command: str
