"""Kinds of published tables and the columns each may have: what a column holds, in what range, as count or text."""

from __future__ import annotations

import math
from dataclasses import dataclass

INF = math.inf


@dataclass(frozen=True, slots=True)
class Column:
    """What a column holds. ``lower`` and ``upper`` bound what is possible; text columns hold no numbers."""

    name: str
    meaning: str
    lower: float = -INF
    upper: float = INF
    count: bool = False
    text: bool = False
    inherits: bool = False


@dataclass(frozen=True, slots=True)
class TableKind:
    """A kind of table: what it is for, and its columns by name. ``key`` are the text columns that name a row."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


def _columns(*columns: Column) -> dict[str, Column]:
    return {column.name: column for column in columns}


def _text(name: str, meaning: str, *, inherits: bool = False) -> Column:
    return Column(name, meaning, text=True, inherits=inherits)


def _share(name: str, meaning: str) -> Column:
    return Column(name, meaning, 0.0, 1.0)


def _positive(name: str, meaning: str) -> Column:
    return Column(name, meaning, 0.0)


def _count(name: str, meaning: str, lower: float = 0.0) -> Column:
    return Column(name, meaning, lower, count=True)


COLUMNS = _columns(
    _text("note", "words that are not checked"),
    _text("model", "name of the model", inherits=True),
    _text("against", "the row that differences are taken from (default: the row before)"),
    _text("scaled_from", "the row with the plain chi-square that this row scales"),
    _text("construct", "latent variable or scale", inherits=True),
    _text("item", "item"),
    _text("variable", "variable"),
    _text("outcome", "explained variable", inherits=True),
    _text("predictor", "predictor or term"),
    _text("via", "mediator, or mediators between '+'"),
    _text("group", "group of respondents, or grouping variable"),
    _text("step", "step of the flow, or category"),
    _text("level", "1 or 2: the level a predictor varies at"),
    _count("n", "number of observations"),
    _count("groups", "number of groups", 1),
    _count("npar", "number of free parameters"),
    _positive("chisq", "chi-square"),
    _positive("df", "degrees of freedom"),
    _share("p", "p-value"),
    _positive("chisq_df", "chi-square divided by df"),
    _positive("scaling", "scaling correction factor"),
    _positive("base_scaling", "scaling correction factor of the baseline model"),
    _positive("chisq_scaled", "scaled chi-square"),
    _positive("base_chisq", "chi-square of the baseline (independence) model"),
    _count("base_df", "its degrees of freedom"),
    Column("cfi", "comparative fit index", 0.0, 1.0),
    Column("tli", "Tucker-Lewis index (NNFI)"),
    Column("nfi", "normed fit index", 0.0, 1.0),
    Column("cfi_robust", "CFI of Brosseau-Liard and Savalei", 0.0, 1.0),
    _positive("rmsea", "RMSEA"),
    _positive("rmsea_lower", "lower limit of its 90 % interval"),
    _positive("rmsea_upper", "upper limit of its 90 % interval"),
    _share("rmsea_p", "p of close fit (RMSEA <= .05)"),
    _positive("srmr", "SRMR"),
    _share("gfi", "GFI"),
    Column("agfi", "AGFI", upper=1.0),
    Column("aic", "AIC"),
    Column("bic", "BIC"),
    Column("loglik", "log-likelihood"),
    Column("d_chisq", "difference of chi-squares"),
    Column("d_df", "difference of degrees of freedom", count=True),
    _share("d_p", "p of the difference"),
    Column("d_cfi", "difference of CFI", -1.0, 1.0),
    Column("d_tli", "difference of TLI"),
    Column("d_rmsea", "difference of RMSEA"),
    Column("d_srmr", "difference of SRMR"),
    Column("d_aic", "difference of AIC"),
    Column("d_bic", "difference of BIC"),
    Column("loading", "standardised loading"),
    _share("cr", "composite reliability"),
    _share("ave", "average variance extracted"),
    _share("sqrt_ave", "square root of AVE"),
    Column("alpha", "Cronbach's alpha", upper=1.0),
    _share("rho_a", "Dijkstra and Henseler's rho_A"),
    Column("r", "correlation; the columns from here on are a lower triangle", -1.0, 1.0),
    Column("mean", "mean"),
    _positive("sd", "standard deviation"),
    Column("est", "unstandardised estimate"),
    _positive("se", "standard error of the estimate"),
    Column("std", "standardised estimate"),
    Column("z", "estimate divided by its standard error, normal"),
    Column("t", "the same, with Student's t"),
    Column("ci_lower", "lower limit of the interval (95 % unless 'level' says otherwise)"),
    Column("ci_upper", "upper limit of the interval"),
    _positive("f2", "Cohen's f-squared"),
    _share("r2", "share of variance explained"),
    _share("r2_without", "share explained without the predictor"),
    Column("adj_r2", "adjusted share of variance explained", upper=1.0),
    _share("residual", "standardised residual variance"),
    _positive("f", "F statistic"),
    _count("df1", "its numerator degrees of freedom"),
    _positive("df2", "its denominator degrees of freedom"),
    Column("direct", "direct effect"),
    Column("indirect", "indirect effect"),
    Column("total", "total effect"),
    Column("a", "path from predictor to mediator"),
    Column("b", "path from mediator to outcome"),
    _positive("se_a", "standard error of a"),
    _positive("se_b", "standard error of b"),
    Column("beta1", "standardised coefficient of the first predictor"),
    Column("beta2", "standardised coefficient of the second predictor"),
    Column("t1", "t of the first predictor"),
    Column("t2", "t of the second predictor"),
    _positive("var_between", "variance between groups (random intercept)"),
    _positive("var_within", "residual variance"),
    _share("icc", "intraclass correlation"),
    _positive("cluster_size", "average number of observations a group"),
    _positive("deff", "design effect"),
    Column("deviance", "-2 log-likelihood"),
    Column("d_deviance", "difference of deviances"),
    Column("minimum", "smallest value"),
    Column("maximum", "largest value"),
    Column("removed", "number taken out at this step", 0.0, count=True),
    Column("percent", "share in per cent", 0.0, 100.0),
)

KINDS = {
    kind.name: kind
    for kind in (
        TableKind(
            "fit", "fit of one or more models; invariance tables are of this kind", ("model",),
            ("model", "against", "scaled_from", "n", "groups", "npar", "chisq", "df", "p", "chisq_df", "scaling",
             "chisq_scaled", "base_chisq", "base_df", "base_scaling", "cfi", "tli", "nfi", "cfi_robust", "rmsea",
             "rmsea_lower", "rmsea_upper", "rmsea_p", "srmr", "gfi", "agfi", "aic", "bic", "loglik", "d_chisq",
             "d_df", "d_p", "d_cfi",
             "d_tli", "d_rmsea", "d_srmr", "d_aic", "d_bic"),
        ),
        TableKind(
            "measurement", "loadings, reliability and validity of constructs", ("construct", "item"),
            ("construct", "item", "loading", "est", "se", "z", "t", "p", "r2", "cr", "ave", "sqrt_ave", "alpha",
             "rho_a", "mean", "sd"),
        ),
        TableKind(
            "correlations", "a lower triangle of correlations, with or without its diagonal", ("variable",),
            ("variable", "mean", "sd", "n", "alpha", "cr", "ave", "sqrt_ave", "r"),
        ),
        TableKind(
            "paths", "a row a path: estimates, standard errors, tests, intervals", ("model", "outcome", "predictor"),
            ("model", "outcome", "predictor", "level", "n", "est", "se", "std", "z", "t", "df", "p", "ci_lower",
             "ci_upper", "f2", "r2", "r2_without"),
        ),
        TableKind(
            "explained", "a row a regression: R-squared and its F test", ("model", "outcome"),
            ("model", "outcome", "n", "r2", "adj_r2", "residual", "f2", "f", "df1", "df2", "p"),
        ),
        TableKind(
            "effects", "direct, indirect and total effects", ("outcome", "predictor", "via"),
            ("outcome", "predictor", "via", "direct", "indirect", "total", "a", "b", "se_a", "se_b", "se", "z", "p",
             "ci_lower", "ci_upper"),
        ),
        TableKind(
            "regressions", "a row a standardised regression with one or two predictors", ("model",),
            ("model", "n", "r2", "beta1", "beta2", "t1", "t2"),
        ),
        TableKind(
            "mixed", "a row a mixed model: variance components and deviance", ("model",),
            ("model", "against", "n", "groups", "var_between", "var_within", "icc", "cluster_size", "deff", "deviance",
             "loglik", "npar", "aic", "bic", "d_deviance", "d_df", "d_p"),
        ),
        TableKind(
            "descriptives", "means and standard deviations", ("variable", "group"),
            ("variable", "group", "n", "mean", "sd", "se", "minimum", "maximum"),
        ),
        TableKind(
            "counts", "flow of exclusions, or numbers by category", ("step", "group"),
            ("step", "group", "n", "removed", "percent"),
        ),
    )
}  # fmt: skip
