"""A report's content made up for tests: frames shaped like the results of a study, drawn with a fixed seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from analysis.multilevel.contrasts import Moderation, SlopeAt
from analysis.multilevel.result import FixedEffect
from analysis.report.communes_part import CommunesPart, FocusPart
from analysis.report.content import ReportContent
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
)
from tests.report.scales_fixture import dimensions, invariance, paths, quality, scales, subgroups

N = 604
SIZES = {
    "internal_efficacy": ("ie", 3, "Internal political efficacy", "Efficacité politique interne"),
    "external_efficacy": ("ee", 3, "External political efficacy", "Efficacité politique externe"),
    "satisfaction": (
        "sat",
        4,
        "Satisfaction with the administration",
        "Satisfaction envers l'administration",
    ),
    "belonging_cognitive": ("bc", 3, "Cognitive belonging", "Appartenance cognitive"),
    "belonging_affective": ("ba", 3, "Affective belonging", "Appartenance affective"),
    "belonging_conative": ("bo", 3, "Conative belonging", "Appartenance conative"),
    "intention": ("int", 4, "Intention to participate", "Intention de participer"),
}
ITEMS = {c: [f"{stem}{k + 1}" for k in range(n)] for c, (stem, n, _, _) in SIZES.items()}
EXOGENOUS = ["internal_efficacy", "external_efficacy", *[c for c in SIZES if c.startswith("belonging")]]
PATHS = {
    ("satisfaction", "internal_efficacy"): 0.21,
    ("satisfaction", "external_efficacy"): 0.48,
    ("intention", "satisfaction"): 0.35,
    ("intention", "internal_efficacy"): 0.18,
    ("intention", "external_efficacy"): 0.04,
    ("intention", "belonging_cognitive"): -0.03,
    ("intention", "belonging_affective"): 0.07,
    ("intention", "belonging_conative"): 0.27,
}
EFFECTS = {
    "indirect_internal": ("a1*b", 0.21 * 0.35),
    "indirect_external": ("a2*b", 0.48 * 0.35),
    "total_internal": ("c1+a1*b", 0.18 + 0.21 * 0.35),
}
SYNTAX = "\n".join(f"{c} =~ {' + '.join(items)}" for c, items in ITEMS.items())
STRUCTURE = f"{SYNTAX}\nsatisfaction ~ a1*internal_efficacy + a2*external_efficacy\nintention ~ b*satisfaction\n"


def content(simulated: bool = True) -> ReportContent:
    """A whole report's content, as a study of 604 respondents in 45 communes would give it."""
    rng = np.random.default_rng(7)
    responses = _responses(rng)
    structural = _sem("structural", "Structural model", STRUCTURE, _tidy(PATHS, EFFECTS))
    measurement = _sem("measurement", "Measurement model", SYNTAX, _tidy({}, {}))
    return ReportContent(
        study=_study(simulated),
        survey=_survey(rng),
        instrument=_instrument(),
        measures=_measures(responses),
        measurement=measurement,
        structural=structural,
        rivals=_rivals(),
        rival_models=_rival_models(),
        hypotheses=_hypotheses(),
        null_models=_null_models(),
        mixed_models=_mixed_models(),
        communes=communes(),
        agreements=_agreements(),
        recovery=_recovery(structural.tidy, rng) if simulated else None,
        materials=MaterialsPart(
            versions={"python": "3.11.2", "numpy": "2.4.1", "pandas": "3.1.0", "statsmodels": "0.15.0"},
            inputs={
                "data/smartcity/raw/responses.csv": "9f" * 32,
                "models/smartcity/structural.lav": "0c" * 32,
            },
            seed=20201015,
            command="smartcity reproduce smartcity",
        ),
        sensitivity=_sensitivity(structural),
        quality=quality(),
        dimensions=dimensions(),
        scales=scales(),
        invariance=invariance(),
        paths=paths(),
        subgroups=subgroups(),
        equivalents=_equivalents(),
        plan=_plan(),
        warnings=("Mixed model m2: the random slope's variance is at the boundary (singular fit).",),
    )


def hostile() -> ReportContent:
    """Content whose words try to break out of the page, of a figure and of a spreadsheet cell."""
    made = content()
    items = made.instrument.items.copy()
    items.loc[0, "en"] = "<script>alert('x')</script> & $\\frac{1}{0}$ </svg>"
    items.loc[1, "fr"] = '=HYPERLINK("http://example.org";"x")'
    sample = made.survey.sample.copy()
    sample["level"] = sample["level"].astype(object)
    sample.loc[0, "level"] = "@SUM(A1)"
    hypotheses = made.hypotheses.copy()
    hypotheses.loc[0, "statement_en"] = "<img src=http://example.org/x.png onerror=alert(1)>"
    survey = replace(made.survey, sample=sample, notes=("<b>bold</b>",))
    instrument = replace(made.instrument, items=items)
    return replace(made, instrument=instrument, survey=survey, hypotheses=hypotheses)


def _study(simulated: bool) -> StudyPart:
    return StudyPart(
        name="smartcity",
        title_en="Why residents intend to take part in their smart city",
        title_fr="Pourquoi les habitants comptent participer à leur ville intelligente",
        question_en="Is satisfaction with the public administration the pivot of the intention to participate?",
        question_fr="La satisfaction envers l'administration est-elle le pivot de l'intention de participer ?",
        simulated=simulated,
        citation="Responses drawn from the population model models/smartcity/population.lav.",
    )


def _responses(rng: np.random.Generator) -> pd.DataFrame:
    common = rng.normal(size=(N, 1))
    columns = {}
    for items in ITEMS.values():
        factor = 0.5 * common[:, 0] + rng.normal(size=N)
        for item in items:
            score = 4.4 + 1.1 * factor + rng.normal(size=N)
            columns[item] = np.where(rng.random(N) < 0.02, np.nan, np.clip(np.round(score), 1, 7))
    return pd.DataFrame(columns)


def _survey(rng: np.random.Generator) -> SurveyPart:
    names = ["Saint-Ambroix-lès-Vignes" if k == 3 else f"Commune {k + 1:02d}" for k in range(45)]
    weights = rng.lognormal(0.0, 1.0, 45)
    sizes = 3 + rng.multinomial(N - 3 * 45, weights / weights.sum())
    steps = [
        ("received", "Responses received", 0, 760),
        ("consent", "No consent", 18, 742),
        ("test_rows", "Test rows", 6, 736),
        ("completion", "Partial answers", 51, 685),
        ("duplicates", "Duplicate responses", 11, 674),
        ("speed", "Answered too fast", 29, 645),
        ("attention", "Attention check failed", 30, 615),
        ("long_string", "Same answer throughout", 11, 604),
        ("analysed", "Responses analysed", 0, 604),
    ]
    rules = [
        ("consent", "exclude", np.nan, 18, 0),
        ("speed", "exclude", 0.4, 29, 0),
        ("mahalanobis", "flag", 0.001, 0, 17),
    ]
    return SurveyPart(
        flow=pd.DataFrame(steps, columns=["step", "label", "n_removed", "n_left"]),
        screening=pd.DataFrame(rules, columns=["rule", "action", "threshold", "n_excluded", "n_flagged"]),
        commune_sizes=pd.Series(sizes, index=pd.Index(names, name="commune"), name="n"),
        sample=_sample(),
        missing=pd.DataFrame(
            [("ie1", "not answered", 9), ("sat2", "not answered", 12), ("sat2", "don't know", 4)],
            columns=["variable", "reason", "count"],
        ),
        notes=("The file was read as UTF-8 with ';' between columns.",),
        dropped_columns=("email", "ip"),
    )


def _sample() -> pd.DataFrame:
    nan = np.nan
    rows = [
        ("Gender", "woman", 318, 318 / N, nan, nan, nan, nan),
        ("Gender", "man", 279, 279 / N, nan, nan, nan, nan),
        ("Gender", "other or not stated", 7, 7 / N, nan, nan, nan, nan),
        ("Age in years", "", 598, nan, 47.3131, 15.2262, 18, 88),
        ("Years in the commune", "", 601, nan, 17.8121, 12.9117, 0, 71),
    ]
    return pd.DataFrame(rows, columns=["variable", "level", "n", "share", "mean", "sd", "min", "max"])


def _instrument() -> InstrumentPart:
    constructs = [
        (
            c,
            en,
            fr,
            f"How far a resident has {en.lower()}.",
            f"{fr} de l'habitant.",
            "After the literature (2020)",
        )
        for c, (_, _, en, fr) in SIZES.items()
    ]
    items = [
        (
            item,
            c,
            "agreement",
            k == 1,
            f"In my commune I would say that statement number {k + 1} on {SIZES[c][2].lower()} describes me well.",
            f"Dans ma commune, je dirais que l'énoncé {k + 1} sur « {SIZES[c][3].lower()} » me décrit bien.",
        )
        for c, names in ITEMS.items()
        for k, item in enumerate(names)
    ]
    words = [
        "strongly disagree",
        "disagree",
        "rather disagree",
        "neither",
        "rather agree",
        "agree",
        "strongly agree",
    ]
    french = [
        "pas du tout d'accord",
        "pas d'accord",
        "plutôt pas",
        "ni l'un ni l'autre",
        "plutôt",
        "d'accord",
        "tout à fait",
    ]
    scales = [("agreement", k + 1, words[k], french[k]) for k in range(7)]
    names = ["construct", "name_en", "name_fr", "definition_en", "definition_fr", "source"]
    return InstrumentPart(
        constructs=pd.DataFrame(constructs, columns=names),
        items=pd.DataFrame(items, columns=["item", "construct", "scale", "reversed", "en", "fr"]),
        scales=pd.DataFrame(scales, columns=["scale", "code", "en", "fr"]),
    )


def _measures(responses: pd.DataFrame) -> MeasuresPart:
    owner = {item: c for c, items in ITEMS.items() for item in items}
    descriptives = pd.DataFrame(
        {
            "item": responses.columns,
            "construct": [owner[i] for i in responses.columns],
            "n": responses.count().to_numpy(),
            "missing_share": responses.isna().mean().to_numpy(),
            "mean": responses.mean().to_numpy(),
            "sd": responses.std().to_numpy(),
            "skew": responses.skew().to_numpy(),
            "kurtosis": responses.kurt().to_numpy(),
            "min": responses.min().to_numpy(),
            "max": responses.max().to_numpy(),
        }
    )
    answers = pd.DataFrame(
        [
            (
                item,
                code,
                int((responses[item] == code).sum()),
                float((responses[item].dropna() == code).mean()),
            )
            for item in responses.columns
            for code in range(1, 8)
        ],
        columns=["item", "code", "n", "share"],
    )
    reliability = pd.DataFrame(
        [(c, len(items), 590, 0.81, 0.78, 0.84, 0.82, 0.82, 0.56 + 0.01 * len(c) % 0.1) for c, items in ITEMS.items()],
        columns=[
            "construct",
            "n_items",
            "n",
            "alpha",
            "alpha_ci_lower",
            "alpha_ci_upper",
            "omega",
            "cr",
            "ave",
        ],
    )
    normality = pd.DataFrame(
        [("Mardia's skewness", 31.2, 2610.4, 2300.0, 4e-6, 502), ("Mardia's kurtosis", 561.3, 12.4, np.nan, 0.0, 502)],
        columns=["measure", "estimate", "statistic", "df", "pvalue", "n"],
    )
    return MeasuresPart(descriptives, answers, responses.corr(), normality, reliability)


def _tidy(paths: dict[tuple[str, str], float], effects: dict[str, tuple[str, float]]) -> pd.DataFrame:
    rows = []
    for construct, items in ITEMS.items():
        for k, item in enumerate(items):
            fixed = k == 0
            rows.append((construct, "=~", item, "", 1.0 if fixed else 0.9 + 0.05 * k, 0.0 if fixed else 0.052, 0.74))
    rows += [(lhs, "~", rhs, "", beta * 1.05, 0.061, beta) for (lhs, rhs), beta in paths.items()]
    latents = list(SIZES) if not paths else EXOGENOUS
    for i, left in enumerate(latents):
        rows += [(left, "~~", right, "", 0.31, 0.05, 0.33) for right in latents[i + 1 :]]
    rows += [(c, "~~", c, "", 0.9, 0.08, 1.0 if c in latents else 0.6) for c in SIZES]
    rows += [(item, "~~", item, "", 0.8, 0.06, 0.45) for items in ITEMS.values() for item in items]
    rows += [(name, ":=", rhs, name, value, 0.03, value) for name, (rhs, value) in effects.items()]
    frame = pd.DataFrame(rows, columns=["lhs", "op", "rhs", "label", "est", "se", "std_all"])
    free = frame["se"] > 0
    z = (frame["est"] / frame["se"].where(free)).astype(float)
    frame["z"] = z
    frame["pvalue"] = np.exp(-0.717 * z.abs() - 0.416 * z**2)
    frame["ci_lower"] = frame["est"] - 1.96 * frame["se"]
    frame["ci_upper"] = frame["est"] + 1.96 * frame["se"]
    frame["std_lv"] = frame["std_all"]
    frame["group"] = None
    frame["level"] = 1
    return frame


def _sem(name: str, title: str, syntax: str, tidy: pd.DataFrame) -> SemPart:
    glance = pd.DataFrame(
        [
            {
                "estimator": "MLR", "missing": "fiml", "nobs": 604, "npar": 67, "chisq": 287.412, "df": 209,
                "pvalue": 0.00024, "cfi": 0.9871, "tli": 0.9844, "rmsea": 0.0249, "rmsea_ci_lower": 0.0175,
                "rmsea_ci_upper": 0.0315, "rmsea_pvalue": 1.0, "srmr": 0.0312, "logl": -16212.31, "aic": 32558.62,
                "bic": 32841.27, "chisq_scaled": 272.144, "df_scaled": 209, "pvalue_scaled": 0.00213,
                "chisq_scaling_factor": 1.0561, "cfi_scaled": 0.9879, "cfi_robust": 0.9883, "tli_scaled": 0.9853,
                "tli_robust": 0.9859, "rmsea_scaled": 0.0223, "rmsea_ci_lower_scaled": 0.0142,
                "rmsea_ci_upper_scaled": 0.0291, "rmsea_pvalue_scaled": 1.0, "rmsea_robust": 0.0229,
                "rmsea_ci_lower_robust": 0.0144, "rmsea_ci_upper_robust": 0.0301, "rmsea_pvalue_robust": 1.0,
            }
        ]
    )  # fmt: skip
    items = [item for names in ITEMS.values() for item in names]
    rng = np.random.default_rng(3)
    noise = np.triu(rng.normal(0, 0.03, (len(items), len(items))), 1)
    residual = pd.DataFrame(noise + noise.T, index=items, columns=items)
    return SemPart(
        id=name,
        title=title,
        syntax=syntax,
        estimator="MLR",
        missing="fiml",
        nobs=604,
        n_dropped=0,
        converged=True,
        iterations=31,
        tidy=tidy,
        glance=glance,
        r2=pd.DataFrame({"variable": ["satisfaction", "intention"], "r2": [0.3412, 0.4527]}),
        residual_correlation=residual,
        conventions=("Covariances are divided by N.", "Standard errors use expected information."),
    )


def _sensitivity(structural: SemPart) -> SensitivityPart:
    """Complete rows by ML, whose results have nothing scaled, and ordinal items, whose results have no likelihood."""
    fit = structural.glance.drop(columns="missing")
    plain = fit.drop(columns=[name for name in fit if name.endswith(("_scaled", "_robust", "_factor"))])
    ordinal = fit.drop(columns=["logl", "aic", "bic"])
    models = (
        replace(structural, id="complete_rows", title="Complete rows", estimator="ML", glance=plain),
        replace(structural, id="ordinal", title="Ordinal", estimator="WLSMV", glance=ordinal),
    )
    models = tuple(replace(model, missing="listwise", nobs=502, n_dropped=102) for model in models)
    judged = _hypotheses().query("model == 'structural'")
    ways = (
        ("main", "MLR", "fiml", 604),
        ("complete_rows", "ML", "listwise", 502),
        ("ordinal", "WLSMV", "listwise", 502),
    )
    head = ["analysis", "estimator", "missing", "nobs"]
    rows = [
        {**dict(zip(head, way, strict=True)), **row._asdict()} for row in judged.itertuples(index=False) for way in ways
    ]
    verdicts = pd.DataFrame(rows)
    differs = (verdicts["id"] == "H4") & (verdicts["analysis"] == "complete_rows")
    verdicts.loc[differs, ["pvalue", "verdict"]] = [0.071, "not supported"]
    return SensitivityPart("main", models, verdicts)


def _rival_models() -> tuple[SemPart, ...]:
    direct = {path: beta for path, beta in PATHS.items() if path != ("intention", "satisfaction")}
    full = {(y, x): b for (y, x), b in PATHS.items() if y == "satisfaction" or x == "satisfaction"}
    backwards = {(x, "intention") if x.startswith("belonging") else (y, x): b for (y, x), b in PATHS.items()}
    made = {"direct": direct, "full_mediation": full, "reversed": backwards}
    titles = {
        "direct": "Direct effects only",
        "full_mediation": "Full mediation",
        "reversed": "Reversed belonging",
    }
    return tuple(_sem(name, titles[name], STRUCTURE, _tidy(paths, {})) for name, paths in made.items())


def _rivals() -> pd.DataFrame:
    nan = np.nan
    base = [287.4, 209, 0.0002, 0.987, 0.984, 0.025, 0.031, 32558.6, 32841.3, 0.0, 0.99, 0.0, 0.93, nan, nan, nan, ""]
    direct = [
        331.0,
        210,
        1e-7,
        0.979,
        0.976,
        0.031,
        0.049,
        32600.2,
        32878.7,
        41.6,
        9e-10,
        37.4,
        7e-9,
        43.6,
        1,
        4e-11,
        "chi-square difference",
    ]
    rows = [
        ("structural", *base, "base model", 0.453),
        ("direct", *direct, "this model is the restricted one", 0.401),
        ("moderation", *[nan] * 16, "", "a multilevel model has no covariance structure to test", 0.412),
    ]
    fit = ["chisq", "df", "pvalue", "cfi", "tli", "rmsea", "srmr", "aic", "bic"]
    evidence = ["delta_aic", "aic_weight", "delta_bic", "bic_weight"]
    tested = ["chisq_diff", "df_diff", "diff_pvalue", "diff_method", "note"]
    return pd.DataFrame(rows, columns=["model", *fit, *evidence, *tested, "r2_intention"])


def _hypotheses() -> pd.DataFrame:
    nan = np.nan
    rows = [
        ("H1a", "Internal political efficacy raises satisfaction.", "L'efficacité interne accroît la satisfaction.",
         "structural", "satisfaction ~ internal_efficacy", "+", 0.22, 0.06, 0.0003, 0.10, 0.34, 0.21, "supported", ""),
        ("H1b", "External political efficacy raises satisfaction with the public administration.",
         "L'efficacité externe accroît la satisfaction envers l'administration.",
         "structural", "satisfaction ~ external_efficacy", "+", 0.50, 0.06, 1e-12, 0.38, 0.62, 0.48, "supported", ""),
        ("H2", "Satisfaction raises the intention to participate.", "La satisfaction accroît l'intention.",
         "structural", "intention ~ satisfaction", "+", 0.37, 0.06, 1e-8, 0.25, 0.49, 0.35, "supported", ""),
        ("H3", "Affective belonging raises the intention to participate.", "L'attachement accroît l'intention.",
         "structural", "intention ~ belonging_affective", "+", 0.07, 0.061, 0.24, -0.05, 0.19, 0.07,
         "not supported", ""),
        ("H4", "Cognitive belonging lowers the intention.", "L'appartenance cognitive réduit l'intention.",
         "structural", "intention ~ belonging_cognitive", "-", 0.13, 0.06, 0.03, 0.01, 0.25, 0.12, "contrary", ""),
        ("H5", "A commune's participatory offer raises intention only where satisfaction is high.",
         "L'offre participative n'accroît l'intention que là où la satisfaction est forte.", "m3",
         "center(satisfaction_mean):offer", "+", 0.09, 0.028, 0.001, 0.04, 0.15, nan, "supported",
         "A mixed-model term: no standardised value."),
    ]  # fmt: skip
    names = ["id", "statement_en", "statement_fr", "model", "estimand", "expected", "est", "se", "pvalue"]
    frame = pd.DataFrame(rows, columns=[*names, "ci_lower", "ci_upper", "std", "verdict", "note"])
    smallest = dict.fromkeys(("pvalue_adjusted", "sesoi", "tost_pvalue", "tost_ci_lower", "tost_ci_upper"), nan)
    return frame.assign(status="confirmatory", family="confirmatory", sesoi_unit="", equivalence="", **smallest)


def _equivalents() -> pd.DataFrame:
    columns = ["replaced", "by", "chisq", "df", "base_chisq", "equivalent", "note", "syntax"]
    row = ("intention ~ satisfaction", "satisfaction ~~ intention", 287.4, 209.0, 287.4, True, "", STRUCTURE)
    return pd.DataFrame([row], columns=columns)


def _plan() -> PlanPart:
    rows = [("seed", "changed", "1", "20201015"), ("hypothesis H5", "added", "", "More is more.")]
    return PlanPart("2026-01-31", True, pd.DataFrame(rows, columns=["element", "change", "was", "now"]))


def _null_models() -> pd.DataFrame:
    rows = [
        (c, N, 45, N / 45, 0.04 + 0.01 * k, 0.01, 0.09 + 0.01 * k, 1 + (N / 45 - 1) * (0.04 + 0.01 * k), False)
        for k, c in enumerate(SIZES)
    ]
    names = ["construct", "nobs", "n_groups", "mean_size", "icc", "icc_lower", "icc_upper", "design_effect", "singular"]
    return pd.DataFrame(rows, columns=names)


def _mixed_models() -> tuple[MixedPart, ...]:
    fixed = pd.DataFrame(
        [
            ("(Intercept)", 4.41, 0.06, 41.3, 73.5, 0.0, 4.29, 4.53),
            ("center(satisfaction_mean)", 0.42, 0.04, 35.2, 10.5, 1e-20, 0.34, 0.50),
            ("offer", 0.05, 0.05, 40.1, 1.0, 0.317, -0.05, 0.15),
            ("center(satisfaction_mean):offer", 0.09, 0.028, 52.7, 3.2, 0.0013, 0.04, 0.15),
        ],
        columns=["term", "est", "se", "df", "t", "pvalue", "ci_lower", "ci_upper"],
    )
    random = pd.DataFrame(
        [
            ("commune", "(Intercept)", None, 0.11, 0.3317),
            ("commune", "center(satisfaction_mean)", None, 0.01, 0.1),
            ("commune", "(Intercept)", "center(satisfaction_mean)", 0.008, 0.24),
            ("Residual", None, None, 0.92, 0.9592),
        ],
        columns=["grp", "var1", "var2", "vcov", "sdcor"],
    )
    first = MixedPart(
        id="m2",
        title="Random intercept and slope",
        formula="intention_mean ~ center(satisfaction_mean) + offer + (1 + center(satisfaction_mean) | commune)",
        reml=True,
        nobs=600,
        n_dropped=4,
        groups={"commune": 45},
        fixed=fixed.iloc[:3],
        random=random,
        loglik=-851.2,
        aic=1716.4,
        bic=1747.2,
        r2_marginal=0.18,
        r2_conditional=0.27,
        r2_within=0.15,
        r2_between=0.31,
        converged=True,
        singular=True,
        warnings=("The random slope's variance is at the boundary.",),
        undefined={"icc": "the intraclass correlation is that of a null model"},
    )
    second = replace(
        first,
        id="m3",
        title="Cross-level interaction",
        formula="intention_mean ~ center(satisfaction_mean) * offer + (1 + center(satisfaction_mean) | commune)",
        fixed=fixed,
        singular=False,
        warnings=(),
    )
    return (first, second)


def communes() -> CommunesPart:
    """Two models compared, a contextual effect, a moderation, a model in focus; no two-level model."""
    rng = np.random.default_rng(8)
    comparison = pd.DataFrame(
        [
            ("m2", 600, 7, -850.1, 1714.2, 1745.0, 9.1, 4.4, "", np.nan, np.nan, "", np.nan),
            ("m3", 600, 8, -844.5, 1705.1, 1740.6, 0.0, 0.0, "m2", 11.1, 1.0, "1", 0.0009),
        ],
        columns=["model", "nobs", "npar", "loglik", "aic", "bic", "delta_aic", "delta_bic", "against", "chisq", "df",
                 "mixture", "pvalue"],
    )  # fmt: skip
    names = ["model", "term", "est", "se", "df", "t", "pvalue", "ci_lower", "ci_upper"]
    contextual = pd.DataFrame([("m2", "between(x) - within(x)", 0.2, 0.1, 41.0, 2.0, 0.05, 0.0, 0.4)], columns=names)
    effect = FixedEffect("x", 0.42, 0.04, 35.0, 10.5, 1e-20, 0.34, 0.50)
    moderation = Moderation(
        "center(satisfaction_mean)", "offer", 0.0, 1.0, -2.0, 2.0, np.array([0.42, 0.09]),
        np.array([[0.0016, 0.0], [0.0, 0.0008]]), 50.0, 0.05, -1.9, None, "above", (SlopeAt(0.0, 0.0, effect),),
    )  # fmt: skip
    levels = [f"Commune {k}" for k in range(45)]
    influence = pd.DataFrame(
        {"level": levels, "n": rng.integers(2, 40, 45), "cooks_distance": rng.random(45), "term": "offer",
         "dfbetas": rng.normal(size=45)}
    )  # fmt: skip
    coverage = pd.DataFrame(
        [
            ("offer", 2, 0.05, 0.051, 0.001, 0.02, 0.05, 0.049, 0.93, 0.011),
            ("sd_(Intercept)|commune", 0, 0.33, 0.31, -0.02, -0.06, 0.08, np.nan, np.nan, np.nan),
        ],
        columns=["parameter", "level", "truth", "mean", "bias", "relative_bias", "sd", "mean_se", "coverage",
                 "coverage_error"],
    )  # fmt: skip
    focus = FocusPart(
        title="Cross-level interaction",
        rows=pd.DataFrame({"fitted": rng.normal(size=200), "residual": rng.normal(size=200)}),
        modes=pd.DataFrame({"level": levels, "term": "(Intercept)", "est": rng.normal(size=45), "se": 0.2}),
        influence=influence,
        coverage=coverage,
        replicates=500,
        n_failed=0,
        share_singular=0.12,
        n_groups=45,
        n_small=24,
        n_in_small=138,
        small=10,
    )
    clustered = _sem("clustered", "Structural model by commune", STRUCTURE, _tidy(PATHS, {}))
    glance = clustered.glance.assign(srmr_within=0.02, srmr_between=0.1)
    two_level = replace(clustered, id="two_level", glance=glance, tidy=clustered.tidy.assign(level=2))
    return CommunesPart(comparison, contextual, (("m3", moderation),), clustered, two_level, "", focus)


def _agreements() -> tuple[AgreementPart, ...]:
    names = ["quantity", "ours", "theirs", "abs_diff", "rel_diff"]
    table = pd.DataFrame(
        [("chisq", 287.412, 287.41201, 1e-5, 3e-8), ("cfi", 0.9871, 0.9871, 2e-9, 2e-9)], columns=names
    )
    empty = pd.DataFrame(columns=names)
    return (
        AgreementPart("structural", "semopy 2.3.11", table, True),
        AgreementPart("rival moderation", "semopy 2.3.11", empty, None, "a mixed model"),
        AgreementPart("alpha", "pingouin 0.7.0", table.iloc[1:], True),
    )


def _recovery(tidy: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    frame = tidy.loc[tidy["se"] > 0, ["lhs", "op", "rhs", "est", "se", "ci_lower", "ci_upper"]].copy()
    frame["population"] = frame["est"] + rng.normal(size=len(frame)) * frame["se"]
    frame["covered"] = frame["population"].between(frame["ci_lower"], frame["ci_upper"])
    return frame.reset_index(drop=True)
