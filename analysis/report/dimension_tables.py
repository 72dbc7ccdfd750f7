"""Tables of the dimensions of all items, and of the structure of those that may be one thing."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.measurement.dimensions import Dimensions
from analysis.measurement.exploratory import FactorSolution
from analysis.measurement.hierarchical import Hierarchy
from analysis.report.content import ReportContent
from analysis.report.rounding import Kind, p_phrase, show
from analysis.report.table import Column, Table

CRITERIA = {
    "parallel_factors": "parallel analysis of factors",
    "parallel_components": "parallel analysis of principal components",
    "map": "minimum average partial, squared",
    "map_fourth": "minimum average partial, fourth power",
}
_BEYOND = 2  # eigenvalues shown after the largest number that a criterion suggests


def dimension_tables(content: ReportContent, found: Mapping[str, Dimensions]) -> list[Table]:
    """How many dimensions, which items make them, and how those of the study's structure hang together."""
    whole = found["all"]
    tables = [_eigenvalues(whole)]
    if whole.solution is not None:
        tables.append(_loadings(whole.solution))
    structure = found.get("structure")
    if structure is not None and structure.hierarchy is not None:
        tables += [_structures(content, structure.hierarchy), _general(content, structure.hierarchy)]
    return [table for table in tables if len(table.frame)]


def dimension_text(found: Mapping[str, Dimensions]) -> list[str]:
    """Whether the items have anything in common, and what each criterion says of how many things they measure."""
    whole = found["all"]
    text = []
    if whole.adequacy is not None and whole.bartlett is not None:
        text.append(
            f"Do the {len(whole.items.names)} items have enough in common to look for factors? KMO "
            f"{show(whole.adequacy.overall, Kind.BOUNDED)} (Kaiser 1974, Psychometrika 39(1), 31–36: below .50 is "
            f"unacceptable); Bartlett's test of sphericity χ²({whole.bartlett.df}) = "
            f"{show(whole.bartlett.chisq, Kind.NUMBER)}, {p_phrase(whole.bartlett.pvalue)}."
        )
    counts = "; ".join(f"{CRITERIA.get(name, name)}: {number}" for name, number in whole.suggested.items())
    text.append(f"Number of dimensions by criterion – {counts}.")
    return text


def _eigenvalues(found: Dimensions) -> Table:
    parallel, partial = found.parallel, found.partial
    sides = {"factor": parallel.factors, "component": parallel.components}
    frame = pd.DataFrame(
        {
            "number": range(1, len(found.items.names) + 1),
            **{
                f"{side}_{key}": getattr(values, key)
                for side, values in sides.items()
                for key in ("observed", "mean", "percentile")
            },
            **{
                f"partial_{name}": [*power[1:], *[float("nan")] * (len(found.items.names) + 1 - len(power))]
                for name, power in (("squared", partial.squared), ("fourth", partial.fourth))
            },
        }
    )
    percent = f"{parallel.percent:g} %"
    columns = (
        Column(("number",), "", Kind.COUNT),
        Column(("factor_observed",), "Factors", Kind.ESTIMATE),
        Column(("factor_percentile",), f"random, {percent}", Kind.ESTIMATE),
        Column(("component_observed",), "Components", Kind.ESTIMATE),
        Column(("component_percentile",), f"random, {percent}", Kind.ESTIMATE),
        Column(("partial_squared",), "Partial²", Kind.BOUNDED, "no component is left to take out"),
        Column(("partial_fourth",), "Partial⁴", Kind.BOUNDED, "no component is left to take out"),
    )
    shown = frame.head(max(found.suggested.values()) + _BEYOND)
    return Table(
        "dimensions",
        "How many things do the items measure?",
        f"Eigenvalues beside those of {parallel.replicates} sets of unrelated answers, and the average partial "
        "correlation after so many components are taken out.",
        frame,
        columns,
        view=shown,
        notes=(
            "Parallel analysis counts the leading eigenvalues above the random ones (Horn 1965, Psychometrika 30(2), "
            "179–185); the minimum average partial marks where its column is least (Velicer 1976, Psychometrika 41(3), "
            "321–327; fourth power: Velicer, Eaton & Fava 2000).",
        ),
        folded=True,
    )


def _loadings(solution: FactorSolution) -> Table:
    frame = solution.tidy()
    names = [str(name) for name in solution.loadings.columns]
    columns = (
        Column(("item",), "Item"),
        *(Column((name,), name, Kind.CORRELATION) for name in names),
        Column(("communality",), "h²", Kind.CORRELATION),
        Column(("complexity",), "Complexity", Kind.NUMBER),
    )
    return Table(
        "factor_loadings",
        "Do the items sort themselves into the scales?",
        f"Loadings on {solution.n_factors} factors, extracted by {solution.extraction}, rotated by "
        f"{solution.rotation}, free of any model.",
        frame,
        columns,
        notes=("Complexity: how many factors an item takes (Hofmann 1978, Psychometrika 43(2), 247–250).",),
        folded=True,
    )


def _structures(content: ReportContent, hierarchy: Hierarchy) -> Table:
    frame = hierarchy.tidy()
    frame["warnings"] = ["; ".join(row) for row in frame["warnings"]]
    scaled = "_scaled" if frame["chisq_scaled"].notna().any() else ""
    columns = (
        Column(("structure",), "Structure"),
        Column((f"chisq{scaled}",), "χ²", Kind.NUMBER, "not estimated"),
        Column(("df",), "df", Kind.COUNT, "not estimated"),
        Column((f"cfi{scaled}",), "CFI", Kind.BOUNDED, "not estimated"),
        Column((f"rmsea{scaled}",), "RMSEA", Kind.BOUNDED, "not estimated"),
        Column(("srmr",), "SRMR", Kind.BOUNDED, "not estimated"),
        Column(("aic",), "AIC", Kind.NUMBER, "not estimated"),
        Column(("bic",), "BIC", Kind.NUMBER, "not estimated"),
    )
    tests = [
        f"{test.restricted} against {test.full}: "
        + (
            f"{test.reason}."
            if test.chisq_diff is None
            else f"Δχ²({test.df_diff}) = {show(test.chisq_diff, Kind.NUMBER)}, {p_phrase(test.pvalue)}."
        )
        for test in hierarchy.tests
    ]
    reasons = [f"{fit.structure}: {fit.reason}." for fit in hierarchy.fits if fit.reason]
    warnings = [f"{fit.structure}: {'; '.join(fit.warnings)}." for fit in hierarchy.fits if fit.warnings]
    names = ", ".join(content.instrument.name(name) for name in hierarchy.factors)
    return Table(
        "structures",
        "One thing, several, or several with something in common?",
        f"Structures of the items of {names}.",
        frame,
        columns,
        notes=(*tests, *reasons, *warnings),
    )


def _general(content: ReportContent, hierarchy: Hierarchy) -> Table:
    general = hierarchy.general
    keys = ("factor", "omega", "omega_hierarchical", "ecv")
    rows = []
    if general is not None:
        rows = [("general", general.omega, general.omega_hierarchical, general.ecv)]
        rows += [tuple(getattr(part, key) for key in keys) for part in general.specific]
    frame = pd.DataFrame(rows, columns=list(keys))
    columns = (
        Column(("factor",), "Factor"),
        Column(("omega",), "ω", Kind.BOUNDED),
        Column(("omega_hierarchical",), "ω hierarchical", Kind.BOUNDED),
        Column(("ecv",), "Explained common variance", Kind.BOUNDED),
    )
    puc = "" if general is None else show(general.puc, Kind.PERCENT)
    return Table(
        "general_factor",
        "May the items be summed into one score?",
        "Bifactor model: reliability of the sum of all items and of each dimension's, what the general factor alone "
        "accounts for, and shares of common variance.",
        frame,
        columns,
        view=frame.assign(factor=[content.instrument.name(str(name)) for name in frame["factor"]]),
        notes=(
            f"{puc} of the correlations among items are the general factor's alone (PUC). Rodriguez, Reise & Haviland "
            "(2016), Psychological Methods 21(2), 137–150.",
        ),
    )
