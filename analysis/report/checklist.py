"""What a paper with such models must show, and where this report shows it.

The elements follow JARS-Quant (Appelbaum et al., 2018, American Psychologist 73(1), 3–25) for structural-equation
models and the reporting of multilevel models; an element that is missing is said to be missing, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.report.rounding import Kind
from analysis.report.table import Column, Table


@dataclass(frozen=True, slots=True)
class Element:
    """One required element: ``evidence`` are ids of tables, figures or sections, ``absent`` why there is none."""

    part: str
    element: str
    evidence: tuple[str, ...] = ()
    absent: str = "this analysis does not compute it"


SCALED = "scaled"  # evidence that is there only where an estimator has a scaled test
ELEMENTS = (
    Element("Flow", "Responses received, excluded by each rule, analysed", ("table-flow", "figure-flow")),
    Element("Flow", "Screening rules with thresholds and actions", ("table-screening",)),
    Element("Flow", "Clusters and their sizes", ("figure-communes", "table-communes")),
    Element("Data", "Sample described", ("table-sample",)),
    Element("Data", "Missing answers by item, with reasons and treatment", ("table-missing", "section-measurement")),
    Element("Data", "Missing answers by person, mechanism", ("table-missing_persons", "section-quality")),
    Element("Data", "Treatments of missing answers compared", ("table-treatments",)),
    Element("Data", "Multivariate normality", ("table-normality",)),
    Element("Data", "Distribution over answer categories", ("table-answers",)),
    Element("Descriptives", "M, SD, skew, kurtosis", ("table-descriptives",)),
    Element(
        "Descriptives", "Full correlation matrix, enough to reanalyse", ("table-correlation", "figure-correlation")
    ),
    Element("Instrument", "Wording, answer scale, reversed items", ("table-items", "table-scales")),
    Element("Specification", "Path diagram of each structural model", ("figure-paths_structural", "section-rivals")),
    Element("Specification", "Syntax; free and fixed parameters; scaling", ("section-syntax", "table-loadings")),
    Element(
        "Specification", "df derivable: observed variables and free parameters", ("section-measurement", "table-fit")
    ),
    Element("Estimation", "Software and versions", ("table-versions",)),
    Element(
        "Estimation", "Estimator, missing-data treatment, conventions", ("section-measurement", "section-structural")
    ),
    Element("Estimation", "Non-convergence and Heywood cases disclosed", ("section-measurement", "section-warnings")),
    Element("Measurement", "Number of dimensions", ("table-dimensions", "figure-parallel_analysis")),
    Element("Measurement", "Loadings b, β, SE", ("table-loadings",)),
    Element("Measurement", "Reliability: α with interval, ω, CR; AVE", ("table-reliability",)),
    Element("Measurement", "Fornell-Larcker criterion", ("table-discriminant",)),
    Element("Measurement", "HTMT with interval", ("table-htmt", "figure-htmt")),
    Element("Fit", "χ², df, p; CFI; TLI; RMSEA with interval and close fit; SRMR", ("table-fit",)),
    Element("Fit", "Scaled or robust statistics", (SCALED,), "the estimator has none"),
    Element("Fit", "Criteria with their sources", ("table-fit",)),
    Element("Fit", "Residuals", ("table-residuals",)),
    Element(
        "Invariance",
        "Configural, metric, scalar, strict; scaled difference, ΔCFI, ΔRMSEA; partial releases",
        ("table-invariance", "figure-invariance"),
        "study.yaml names no groups",
    ),
    Element("Structure", "b, SE, interval, p, β", ("table-paths",)),
    Element("Structure", "R²", ("table-r2", "table-paths")),
    Element("Structure", "Indirect and total effects", ("table-effects",)),
    Element("Structure", "Bootstrap intervals of indirect effects", (), "intervals are from the delta method"),
    Element(
        "Hypotheses", "A priori hypotheses with expected sign and verdict", ("table-hypotheses", "figure-hypotheses")
    ),
    Element(
        "Hypotheses",
        "Preregistration, and what deviates from it",
        ("section-deviations",),
        "the study's plan was not frozen (smartcity freeze)",
    ),
    Element("Respecification", "Equivalent models", ("table-equivalents",), "the replacing rules find none"),
    Element("Respecification", "Rival models", ("table-rivals",)),
    Element("Method bias", "Marker variable or latent method factor", ("table-method_marker", "table-method_factor")),
    Element(
        "PLS", "Scheme, resamples, interval type; loadings, ρA, ρC, AVE", ("section-paths", "table-paths_constructs")
    ),
    Element("PLS", "VIF; R², f², PLSpredict", ("table-paths_effects", "table-paths_prediction")),
    Element("Multilevel", "Equations; centring; REML or ML", ("table-fixed_effects", "table-mixed_fit")),
    Element("Multilevel", "n per level, null-model ICC with interval, design effect", ("table-null_models",)),
    Element("Multilevel", "b, SE, df, interval; errors robust to communes", ("table-fixed_effects",)),
    Element("Multilevel", "Variance components with intervals", ("table-random_effects",)),
    Element("Multilevel", "R², convergence, singularity", ("table-mixed_fit",)),
    Element("Multilevel", "Models compared", ("table-mixed_comparison",)),
    Element("Multilevel", "Contextual effects, simple slopes of interactions", ("table-contrasts",)),
    Element("Multilevel", "Checks of assumptions, influential communes", ("figure-assumptions", "table-influence")),
    Element("Multilevel", "What few and small communes do to the estimates", ("table-coverage",)),
    Element("Multilevel", "Both levels in one structural-equation model", ("table-two_level",)),
    Element(
        "Robustness",
        "Results under other estimators and treatments of missing answers",
        ("table-sensitivity", "table-sensitivity_fit"),
        "study.yaml declares none",
    ),
    Element("Robustness", "Results from a second engine", ("table-agreement",)),
    Element(
        "Robustness", "Recovery of known values", ("table-recovery",), "the responses were collected, not simulated"
    ),
    Element("Open materials", "Data or codebook, hashes of inputs", ("table-inputs", "table-items")),
    Element("Open materials", "Seed and command", ("section-materials",)),
)


def checklist(labels: Mapping[str, str]) -> Table:
    """The checklist filled in; ``labels`` maps the ids that are on the page to the words that name them."""
    rows = [(e.part, e.element, *_where(e, labels)) for e in ELEMENTS]
    frame = pd.DataFrame(rows, columns=["part", "element", "shown", "where"])
    columns = (
        Column(("element",), "Must be reported"),
        Column(("shown",), "Here", Kind.YES_NO),
        Column(("where",), "Where, or why not"),
    )
    return Table(
        "checklist",
        "Does the report show what a paper must show?",
        "Reporting checklist for survey studies with structural-equation and multilevel models, filled in.",
        frame,
        columns,
        group="part",
        notes=(
            "After Appelbaum et al. (2018), American Psychologist 73(1), 3–25 (JARS-Quant), extended to multilevel "
            "models. 'no' means that a paper would still have to report it.",
        ),
    )


def _where(element: Element, labels: Mapping[str, str]) -> tuple[bool, str]:
    found = [labels[name] for name in element.evidence if name in labels]
    return (True, ", ".join(found)) if found else (False, f"not available: {element.absent}")
