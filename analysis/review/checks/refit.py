"""Standardised paths and R-squared refitted from a printed correlation matrix, rounding carried along."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.review.article import Article, Record, Table
from analysis.review.correlations import Refit, any_completion, matrix_of, refit
from analysis.review.interval import Interval, exactly
from analysis.review.registry import check
from analysis.review.verdict import Finding, Reading, Verdict, judge, lacking
from analysis.sem.syntax import parse_model

NO_MATRIX = "the correlations of outcome and predictors (key 'correlations')"


def predictors_of(article: Article, table: Table, outcome: str, model: str) -> list[str]:
    """Predictors of an outcome: from the table's model, else from the rows of paths with the same outcome."""
    named = table.file.model
    if named is not None:
        statements = parse_model(article.file.models[named], named).statements
        return [s.rhs for s in statements if s.op == "~" and s.lhs == outcome and s.rhs != "1"]
    rows = (record for _, record in article.records("paths") if record.word("outcome") == outcome)
    return list(dict.fromkeys(r.word("predictor") for r in rows if not model or r.word("model") == model))


def refit_of(article: Article, table: Table, record: Record) -> Refit | None:
    """The regression of a row's outcome, refitted from the table's correlations."""
    named, outcome = table.file.correlations, record.word("outcome")
    if named is None:
        return None
    predictors = predictors_of(article, table, outcome, record.word("model"))
    return refit(matrix_of(article.tables[named]), outcome, predictors) if predictors else None


@check("refitted path", "paths")
def paths(article: Article) -> Iterator[Finding]:
    """Standardised paths follow from the printed correlations of the equation's variables.

    Formula: β = A⁻¹b, A the correlations of the predictors, b those with the outcome, over the box of their rounding
    Needs: the correlation matrix that the paths rest on (key 'correlations'), all predictors of the outcome
    Source: normal equations; bounds by Rohn (1989), Linear Algebra and its Applications 126, 39-78
    """
    for table, record in article.records("paths"):
        cell = record.cell("std")
        if cell is None or table.file.correlations is None:
            continue
        found = refit_of(article, table, record)
        if found is None or record.word("predictor") not in found.paths:
            yield lacking(cell, f"{NO_MATRIX}, printed with enough decimals")
        else:
            yield judge(cell, [Reading("", found.paths[record.word("predictor")])])


@check("SE of a refitted path", "paths")
def errors(article: Article) -> Iterator[Finding]:
    """The standard error of a standardised path treated as a least-squares or path-analytic coefficient.

    Formula: SE = √((1 − R²)·[A⁻¹]_kk/m), m = N, N − 1 or N − k − 1
    Needs: the correlation matrix, N, and 'estimator: OLS' (latent variables and the bootstrap have other errors)
    Source: least squares; normal-theory path analysis (Bollen 1989, chapter 4)
    """
    for table, record in article.records("paths"):
        cell = record.cell("se")
        of_std = record.cell("std") is not None and record.cell("est") is None
        if cell is None or not of_std or table.file.correlations is None or table.file.estimator.upper() != "OLS":
            continue
        found, n = refit_of(article, table, record), article.number(table, record, "n")
        predictor = record.word("predictor")
        if found is None or predictor not in found.paths or n is None or n.lower <= len(found.paths) + 1:
            yield lacking(cell, f"{NO_MATRIX}, and N")
            continue
        spread = (1 - found.r2).within(0, 1) * found.inflation[predictor]
        sizes = {"N": n.lower, "N − 1": n.lower - 1, "N − k − 1": n.lower - len(found.paths) - 1}
        yield judge(cell, [Reading(name, (spread / size).root()) for name, size in sizes.items()])


@check("refitted R-squared", "paths")
def shares(article: Article) -> Iterator[Finding]:
    """R², or the residual variance, follows from the printed correlations.

    Formula: R² = b'A⁻¹b, over the box of the correlations' rounding
    Needs: the correlation matrix (key 'correlations'), the predictors of the outcome
    Source: normal equations; bounds by Rohn (1989)
    """
    for table, record in article.records("explained"):
        if table.file.correlations is None:
            continue
        for name in ("r2", "residual"):
            if (cell := record.cell(name)) is None:
                continue
            found = refit_of(article, table, record)
            if found is None:
                yield lacking(cell, f"{NO_MATRIX}, printed with enough decimals")
            else:
                yield judge(cell, [Reading("", found.r2 if name == "r2" else 1 - found.r2)])


@check("f-squared", "paths")
def effect_sizes(article: Article) -> Iterator[Finding]:
    """Cohen's f² of a predictor is what R² loses without it, over the unexplained share.

    Formula: f² = (R² − R²_without)/(1 − R²) = β²/([A⁻¹]_kk·(1 − R²)); of all predictors R²/(1 − R²)
    Needs: R² with and without the predictor, or the correlation matrix (key 'correlations')
    Source: Cohen (1988), Statistical Power Analysis, section 9.2
    """
    for table, record in article.records("paths", "explained"):
        if (cell := record.cell("f2")) is None:
            continue
        r2, without = record.number("r2"), record.number("r2_without")
        if table.kind == "explained":
            without = exactly(0)
        readings = [] if r2 is None or without is None else [Reading("from R²", f_squared(r2, without))]
        found, name = refit_of(article, table, record), record.word("predictor")
        if found is not None and name in found.paths:
            rest = (1 - found.r2).within(0, 1)
            lost = found.paths[name].squared() / found.inflation[name]
            readings.append(Reading("from the correlations", lost / rest))
        yield judge(cell, readings) if readings else lacking(cell, f"R² with and without the predictor, or {NO_MATRIX}")


def f_squared(r2: Interval, without: Interval) -> Interval:
    """(R² − R²_without)/(1 − R²) = (1 − R²_without)/(1 − R²) − 1."""
    return (1 - without).within(0, 1) / (1 - r2).within(0, 1) - 1


@check("valid correlation matrix", "correlations")
def definite(article: Article) -> Iterator[Finding]:
    """Some matrix that would be printed so is a correlation matrix.

    Formula: max over the box of the smallest eigenvalue of R ≥ 0
    Needs: correlations (those not printed are left free)
    Source: Higham (2002), IMA Journal of Numerical Analysis 22(3), 329-343
    """
    for table in article.of_kind("correlations"):
        last = next((cell for row in reversed(table.grid) for cell in row if cell.column == "r"), None)
        if last is None:
            continue
        valid, smallest = any_completion(matrix_of(table))
        verdict = Verdict.CONSISTENT if valid else Verdict.INCONSISTENT
        remark = "" if valid else "no completion of the printed correlations is a correlation matrix"
        mend = "" if valid else "pairwise deletion of missing values would explain it"
        value = Interval(smallest, smallest)
        yield Finding(last, verdict, recomputed=value, off=0.0 if valid else -smallest, mend=mend, remark=remark)
