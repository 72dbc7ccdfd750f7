"""Do paths differ over groups of respondents, or with the level of a construct?

Groups: the structural model in all groups at once with equal loadings, and the test of equal paths (Jöreskog 1971,
Psychometrika 36, 409-426); of each path, the test of letting it alone differ. Constructs: a latent interaction by
product indicators, double mean centred (Lin, Wen, Marsh & Lin 2010, Structural Equation Modeling 17, 374-391), one at a
time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from analysis.errors import SmartCityError
from analysis.inference.group_invariance import Grouping, grouped
from analysis.sem.estimate import FitOptions, estimate
from analysis.sem.fit_model import fit
from analysis.sem.format import format_model
from analysis.sem.nested import difference_test
from analysis.sem.syntax import ParsedModel, parse_model

EQUAL = ("loadings", "regressions")
PATHS = ("grouping", "path", "group", "nobs", "est", "se", "pvalue", "std")
TESTS = ("grouping", "path", "chisq_diff", "df_diff", "pvalue")
PRODUCTS = ("moderator", "outcome", "predictor", "est", "se", "pvalue", "std")
ALL = "all paths"


@dataclass(frozen=True, slots=True)
class Subgroups:
    """``paths``: each path in each group. ``tests``: of equal paths, all together and each alone. ``products``: the
    product of a construct and another predictor of the same outcome. ``absent``: why something is not there.
    """

    paths: pd.DataFrame
    tests: pd.DataFrame
    products: pd.DataFrame
    left_out: dict[str, tuple[tuple[str, int], ...]]
    absent: dict[str, str]


def subgroups(
    text: str,
    data: pd.DataFrame,
    groupings: Mapping[str, Grouping],
    constructs: Sequence[str],
    options: FitOptions,
) -> Subgroups:
    """The structural model ``text`` over each of ``groupings``, and with each of ``constructs`` as latent moderator.

    What cannot be estimated is reported, not raised.
    """
    parsed = _plain(parse_model(text, "structural"))
    paths: list[dict[str, object]] = []
    tests: list[dict[str, object]] = []
    products: list[dict[str, object]] = []
    left_out: dict[str, tuple[tuple[str, int], ...]] = {}
    absent: dict[str, str] = {}
    for name, grouping in groupings.items():
        kept, left_out[name] = grouped(data, name, grouping)
        own: FitOptions = {**options, "group": name}
        try:
            paths += _paths(name, format_model(parsed), kept, own)
            tests += _tests(name, parsed, kept, own)
        except SmartCityError as error:
            absent[name] = "; ".join(problem.what for problem in error.problems)
    for moderator in constructs:
        for outcome, predictor in _moderated(parsed, moderator):
            model = f"{format_model(parsed)}\n{outcome} ~ {predictor}:{moderator}\n"
            try:
                products += _products(moderator, outcome, predictor, model, data, options)
            except SmartCityError as error:
                reason = "; ".join(problem.what for problem in error.problems)
                absent[f"{outcome} ~ {predictor}:{moderator}"] = reason
    return Subgroups(
        pd.DataFrame(paths, columns=list(PATHS)),
        pd.DataFrame(tests, columns=list(TESTS)),
        pd.DataFrame(products, columns=list(PRODUCTS)),
        left_out,
        absent,
    )


def _plain(parsed: ParsedModel) -> ParsedModel:
    """Without labels and definitions: one label would tie a path over groups."""
    statements = tuple(
        replace(s, modifiers=tuple(m for m in s.modifiers if m.kind != "label")) for s in parsed.statements
    )
    return replace(parsed, statements=statements, relations=())


def _paths(name: str, text: str, data: pd.DataFrame, options: FitOptions) -> Iterator[dict[str, object]]:
    own: FitOptions = {**options, "group_equal": ("loadings",)}
    result, samples = fit(text, data, name=name, **own), estimate(text, data, name=name, **own).samples
    sizes = {group: sample.n_observations for group, sample in zip(result.groups, samples, strict=True)}
    rows = [row for row in result.estimates if row.op == "~"]
    order = list(dict.fromkeys((row.lhs, row.rhs) for row in rows))
    for row in sorted(rows, key=lambda row: order.index((row.lhs, row.rhs))):
        numbers = {"est": row.est, "se": row.se, "pvalue": row.pvalue, "std": row.std_all}
        group = str(row.group)
        yield {"grouping": name, "path": f"{row.lhs} ~ {row.rhs}", "group": group, "nobs": sizes[group], **numbers}


def _tests(name: str, parsed: ParsedModel, data: pd.DataFrame, options: FitOptions) -> Iterator[dict[str, object]]:
    """All paths equal against all free; and all equal against one free, path by path."""
    text = format_model(parsed)
    tied: FitOptions = {**options, "group_equal": EQUAL}
    equal = estimate(text, data, name=name, **tied)
    freed: dict[str, FitOptions] = {ALL: {**options, "group_equal": ("loadings",)}}
    for row in parsed.statements:
        if row.op == "~":
            path = f"{row.lhs} ~ {row.rhs}"
            freed[path] = {**options, "group_equal": EQUAL, "group_partial": (path,)}
    for path, own in freed.items():
        test = difference_test(equal, estimate(text, data, name=name, **own))
        numbers = {"chisq_diff": test.chisq_diff, "df_diff": test.df_diff, "pvalue": test.pvalue}
        yield {"grouping": name, "path": path, **numbers}


def _moderated(parsed: ParsedModel, moderator: str) -> Iterator[tuple[str, str]]:
    """Outcomes that the moderator explains, each with every other predictor of it."""
    paths = [(row.lhs, row.rhs) for row in parsed.statements if row.op == "~"]
    for outcome, predictor in paths:
        if predictor != moderator and (outcome, moderator) in paths:
            yield outcome, predictor


def _products(
    moderator: str, outcome: str, predictor: str, text: str, data: pd.DataFrame, options: FitOptions
) -> Iterator[dict[str, object]]:
    result = fit(text, data, name=f"{predictor}:{moderator}", **options)
    for row in result.estimates:
        if row.op == "~" and row.lhs == outcome and ":" in row.rhs:
            numbers = {"est": row.est, "se": row.se, "pvalue": row.pvalue, "std": row.std_all}
            yield {"moderator": moderator, "outcome": outcome, "predictor": predictor, **numbers}
