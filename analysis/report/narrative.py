"""Sentences of the report: each takes its numbers from the content, none holds a number of its own."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.report.content import ReportContent
from analysis.report.fit_versions import fit_sentence
from analysis.report.parts import SemPart
from analysis.report.plan_tables import outcome
from analysis.report.rounding import Kind, show
from analysis.report.sensitivity_tables import agreement

_MISSING = {
    "listwise": "responses with any were left out (listwise)",
    "fiml": "every answer given counts (full information maximum likelihood, FIML)",
}


def at_a_glance(content: ReportContent) -> list[tuple[str, str]]:
    """Pairs of label and value for the head of the page."""
    sizes = content.survey.commune_sizes
    verdicts = content.hypotheses["verdict"]
    facts = [
        ("Responses analysed", f"{content.n_analysed} of {content.n_received} received"),
        (
            "Communes",
            f"{content.n_communes}; {int(sizes.min())} to {int(sizes.max())} respondents in each, "
            f"median {show(float(sizes.median()), Kind.FREE)}",
        ),
        ("Hypotheses supported", f"{int((verdicts == 'supported').sum())} of {len(verdicts)}"),
        ("Structural model", fit_sentence(content.structural)),
        ("Second engines", _engines(content)),
    ]
    if content.sensitivity is not None:
        facts.insert(4, ("Other estimators", agreement(content, content.sensitivity)))
    if content.plan is not None:
        facts.append(("Preregistration", outcome(content.plan)))
    if content.recovery is not None:
        covered = content.recovery["covered"].astype(bool)
        facts.append(
            ("Population values recovered", f"{int(covered.sum())} of {len(covered)} inside their 95 % interval")
        )
    return facts


def sample_text(content: ReportContent) -> list[str]:
    """How the analysed responses came about."""
    removed = content.n_received - content.n_analysed
    text = [
        f"{content.n_received} responses were received; the declared rules excluded {removed}; "
        f"{content.n_analysed} in {content.n_communes} communes are analysed."
    ]
    if content.survey.dropped_columns:
        dropped = ", ".join(content.survey.dropped_columns)
        text.append(f"Identifying columns were dropped at reading and reach no file: {dropped}.")
    return [*text, " ".join(content.survey.notes)] if content.survey.notes else text


def estimation_text(model: SemPart) -> list[str]:
    """Estimator, sample, convergence and conventions of one model."""
    state = f"converged in {model.iterations} iterations" if model.converged else "DID NOT CONVERGE"
    treatment = _MISSING.get(model.missing, model.missing)
    dropped = f" ({model.n_dropped} responses)" if model.n_dropped else ""
    text = [
        f"{model.title}: estimator {model.estimator}; missing values: {treatment}{dropped}; n = {model.nobs}; {state}.",
        f"{_moments(model)}; {show(model.glance['npar'].iloc[0], Kind.COUNT)} parameters are free.",
    ]
    if model.conventions:
        text.append(f"Conventions: {'; '.join(words.rstrip('.') for words in model.conventions)}.")
    return [*text, *improper(model), *(f"Warning: {warning.rstrip('.')}." for warning in model.warnings)]


def _moments(model: SemPart) -> str:
    """What the model is fitted to, so that its degrees of freedom can be derived."""
    p = len(model.residual_correlation)
    variables = f"{p} observed variables give"
    if n_thresholds := int((model.tidy["op"] == "|").sum()):
        return f"{variables} {p * (p - 1) // 2} correlations and {n_thresholds} thresholds"
    if (model.tidy["op"] == "~1").any():
        return f"{variables} {p * (p + 1) // 2} variances and covariances and {p} means"
    return f"{variables} {p * (p + 1) // 2} variances and covariances"


def improper(model: SemPart) -> Iterator[str]:
    """Negative variances and standardised loadings beyond one (Heywood cases), or that there are none."""
    tidy = model.tidy
    negative = tidy[(tidy["op"] == "~~") & (tidy["lhs"] == tidy["rhs"]) & (tidy["est"] < 0)]
    beyond = tidy[(tidy["op"] == "=~") & (tidy["std_all"].abs() > 1)]
    if negative.empty and beyond.empty:
        yield f"{model.title}: no negative variance and no standardised loading beyond 1."
        return
    if len(negative):
        yield f"{model.title}: negative variance of {', '.join(map(str, negative['lhs']))}."
    if len(beyond):
        yield f"{model.title}: standardised loading beyond 1 of {', '.join(map(str, beyond['rhs']))}."


def recovery_text(content: ReportContent) -> list[str]:
    """What the recovery shows and what it does not."""
    if content.recovery is None:
        return ["The responses were collected, not drawn from known values: there is no population to recover."]
    return [
        "The responses were drawn from a population model that is part of this study. About 95 % of the intervals "
        "should hold the value they estimate; one sample shows this only roughly."
    ]


def _engines(content: ReportContent) -> str:
    compared = [a for a in content.agreements if a.agrees is not None]
    agreeing = sum(bool(a.agrees) for a in compared)
    rest = len(content.agreements) - len(compared)
    text = f"{agreeing} of {len(compared)} comparisons agree"
    return f"{text}; {rest} not comparable" if rest else text
