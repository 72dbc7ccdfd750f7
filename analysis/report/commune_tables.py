"""Tables on communes: models compared, contextual effects and slopes, influence, coverage, both levels at once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.multilevel.contrasts import Moderation
from analysis.report.communes_part import CommunesPart, FocusPart
from analysis.report.content import ReportContent
from analysis.report.parts import SemPart
from analysis.report.rounding import Kind, show
from analysis.report.table import Column, Table

_CI = Column(("ci_lower", "ci_upper"), "95 % CI", Kind.ESTIMATE)
_MOST_INFLUENTIAL = 8
_LEVELS = {0: "spread", 1: "residents", 2: "communes"}


def comparison(content: ReportContent, part: CommunesPart) -> Table:
    """Multilevel models by maximum likelihood on the same respondents."""
    titles = {"null": "Null model", **{model.id: model.title for model in content.mixed_models}}
    frame = part.comparison
    columns = (
        Column(("title",), "Model"),
        Column(("npar",), "Parameters", Kind.COUNT),
        Column(("loglik",), "log-likelihood", Kind.NUMBER),
        Column(("aic",), "AIC", Kind.NUMBER),
        Column(("bic",), "BIC", Kind.NUMBER),
        Column(("against_title",), "Tested against", absent="no model above it is nested in it"),
        Column(("chisq",), "χ²", Kind.NUMBER, "not tested"),
        Column(("df_shown",), "df", absent="not tested"),
        Column(("pvalue",), "p", Kind.PVALUE, "not tested"),
    )
    view = frame.assign(
        title=frame["model"].map(titles),
        against_title=frame["against"].map(titles),
        df_shown=frame["mixture"].map(_df),
    )
    return Table(
        "mixed_comparison",
        "Which multilevel model do the responses favour?",
        f"Multilevel models fitted by maximum likelihood to the same {int(frame['nobs'].iloc[0])} respondents.",
        frame,
        columns,
        view=view,
        notes=(
            "Each model is tested against the one above it that is nested in it and has the most parameters. Where "
            "they differ by one random effect, its variance is at the bound of its range under the null hypothesis and "
            "p is the mean over the chi-squares of two df (Self & Liang 1987; Stram & Lee 1994); where fixed and "
            "random effects differ at once, p is too large, if anything.",
        ),
    )


def _df(mixture: object) -> str:
    """Degrees of freedom of the chi-squares that make the null distribution; empty without a test."""
    return " and ".join(str(mixture).split(":"))


def contrasts(content: ReportContent, part: CommunesPart) -> Table | None:
    """Contextual effects and simple slopes; None where no model has any."""
    titles = {model.id: model.title for model in content.mixed_models}
    rows = part.contrasts.assign(kind="contextual effect", title=part.contrasts["model"].map(titles), value=np.nan)
    slopes = [
        {
            "kind": "simple slope",
            "model": model,
            "title": titles[model],
            "term": f"{found.predictor} where {found.moderator} is {_place(slope.at)}",
            "value": slope.moderator,
            **{key: getattr(slope.effect, key) for key in ("est", "se", "df", "t", "pvalue", "ci_lower", "ci_upper")},
        }
        for model, found in part.moderations
        for slope in found.slopes
    ]
    frame = pd.concat([rows, pd.DataFrame(slopes)], ignore_index=True) if slopes else rows
    if frame.empty:
        return None
    names = ["model", "kind", "term", "value", "est", "se", "df", "t", "pvalue", "ci_lower", "ci_upper"]
    columns = (
        Column(("term",), "Combination of fixed effects"),
        Column(("value",), "Moderator at", Kind.ESTIMATE, "no moderator"),
        Column(("est",), "b", Kind.ESTIMATE),
        Column(("se",), "SE", Kind.ESTIMATE),
        Column(("df",), "df", Kind.NUMBER),
        Column(("pvalue",), "p", Kind.PVALUE),
        _CI,
    )
    regions = [f"{titles[model]}: {region_words(found)}" for model, found in part.moderations]
    return Table(
        "contrasts",
        "What do communes add, and where does a slope matter?",
        "Contextual effects (between communes minus within them) and simple slopes of products.",
        frame[names],
        columns,
        view=frame,
        group="title",
        notes=("Degrees of freedom by Satterthwaite's method.", *regions),
    )


def _place(at: float) -> str:
    return "at its mean" if at == 0 else f"{abs(at):g} SD {'below' if at < 0 else 'above'} its mean"


def region_words(found: Moderation) -> str:
    """Where the slope is significant, as a sentence without its full stop."""
    bounds = [show(bound, Kind.ESTIMATE) for bound in (found.lower, found.upper) if bound is not None]
    places = {
        "outside": "below {} or above {}",
        "inside": "between {} and {}",
        "below": "below {}",
        "above": "above {}",
        "everywhere": "at any value",
        "nowhere": "at no value",
    }
    ends = f"{show(found.least, Kind.ESTIMATE)} to {show(found.most, Kind.ESTIMATE)}"
    return (
        f"the slope on {found.predictor} differs from zero (p < {found.level:g}, Johnson-Neyman) where "
        f"{found.moderator} is {places[found.region].format(*bounds)}; {found.moderator} runs from {ends}"
    )


def influence(part: FocusPart) -> Table:
    """The communes whose deletion changes the model most; the CSV has all."""
    frame = part.influence
    largest = frame.loc[frame.groupby("level", sort=False)["dfbetas"].apply(lambda x: x.abs().idxmax())]
    view = largest.sort_values("cooks_distance", ascending=False).head(_MOST_INFLUENTIAL)
    columns = (
        Column(("level",), "Commune"),
        Column(("n",), "Respondents", Kind.COUNT),
        Column(("cooks_distance",), "Cook's distance", Kind.ESTIMATE),
        Column(("term",), "Coefficient that changes most"),
        Column(("dfbetas",), "DFBETAS", Kind.NUMBER),
    )
    limit = 2.0 / np.sqrt(part.n_groups)
    return Table(
        "influence",
        "Does the model hang on single communes?",
        f"{part.title}: the communes whose deletion changes the fixed effects most.",
        frame,
        columns,
        view=view,
        notes=(
            "Cook's distance: squared change of all fixed effects in standard errors, per effect. DFBETAS: change of "
            f"one, in standard errors; beyond 2 / √{part.n_groups} = {show(limit, Kind.NUMBER)} is worth a look "
            "(Belsley, Kuh & Welsch 1980).",
        ),
    )


def coverage(part: FocusPart) -> Table:
    """What the sizes of the communes at hand do to the estimates."""
    frame = part.coverage
    view = frame.assign(of=frame["level"].map(_LEVELS))
    none = "spreads have no interval here"
    columns = (
        Column(("parameter",), "Parameter"),
        Column(("of",), "Varies over"),
        Column(("truth",), "True value", Kind.ESTIMATE),
        Column(("bias",), "Bias", Kind.ESTIMATE),
        Column(("relative_bias",), "Bias / true value", Kind.PERCENT),
        Column(("sd",), "SD of estimates", Kind.ESTIMATE),
        Column(("mean_se",), "Mean SE", Kind.ESTIMATE, none),
        Column(("coverage",), "95 % intervals that hold it", Kind.PERCENT, none),
        Column(("coverage_error",), "Monte Carlo error", Kind.PERCENT, none),
    )
    return Table(
        "coverage",
        "What do few and small communes do to the estimates?",
        f"{part.title}: {part.replicates} samples drawn from the fitted model, with the sizes of the communes at hand.",
        frame,
        columns,
        view=view,
        notes=(f"{part.n_failed} samples could not be fitted.",),
    )


def both_levels(part: CommunesPart) -> Table | None:
    """Paths of the structural model with errors robust to communes, and those of the model of both levels."""
    if part.two_level is None:
        return None
    frames = [_paths(part.clustered, "one level"), _paths(part.two_level, "two levels")]
    frame = pd.concat(frames, ignore_index=True)
    columns = (
        Column(("path",), "Path"),
        Column(("where",), "Level"),
        Column(("est",), "b", Kind.ESTIMATE),
        Column(("se",), "SE", Kind.ESTIMATE),
        _CI,
        Column(("pvalue",), "p", Kind.PVALUE),
        Column(("std_all",), "β", Kind.ESTIMATE),
    )
    view = frame.assign(
        path=[f"{r.lhs} {r.op} {r.rhs}" for r in frame.itertuples()],
        where=frame["where"],
        title=frame["model"].map(
            {
                "one level": "Structural model, standard errors robust to communes (MLR)",
                "two levels": "Two-level model (MLR)",
            }
        ),
    )
    fit = part.two_level.glance.iloc[0]
    return Table(
        "two_level",
        "Do paths within communes and between them say the same?",
        "Paths of the structural model and of the two-level model.",
        frame,
        columns,
        view=view,
        group="title",
        notes=(
            f"Two-level model: scaled χ² = {show(fit['chisq_scaled'], Kind.NUMBER)} on "
            f"{show(fit['df'], Kind.COUNT)} df, SRMR within {show(fit['srmr_within'], Kind.BOUNDED)}, between "
            f"{show(fit['srmr_between'], Kind.BOUNDED)}; complete responses.",
        ),
    )


def _paths(model: SemPart, name: str) -> pd.DataFrame:
    tidy = model.tidy
    names = ["lhs", "op", "rhs", "level", "est", "se", "ci_lower", "ci_upper", "pvalue", "std_all"]
    paths = tidy.loc[tidy["op"].isin(["~", ":="]), names].assign(model=name)
    if name == "one level":
        return paths.assign(where="all")
    where = paths["level"].map({1: "residents", 2: "communes"})
    return paths.assign(where=where.where(paths["op"] == "~", "both"))
