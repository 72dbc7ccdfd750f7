"""Latent interactions by product indicators, centred twice: a product of items measures the product of their factors.

Items are centred, multiplied, and the products centred again, so that the product factor has mean zero and no means
need be modelled (Lin, Wen, Marsh & Lin 2010, Structural Equation Modeling 17(3), 374-391). Matched pairs use every
item once, all pairs every combination (Marsh, Wen & Hau 2004, Psychological Methods 9(3), 275-300); the residuals of
products that share an item covary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from analysis.errors import ModelError, Problem
from analysis.sem.defaults import roles_of
from analysis.sem.format import format_model
from analysis.sem.moments import require_columns, require_numbers
from analysis.sem.syntax import ParsedModel, Statement, parse_model

Method = Literal["matched", "all"]

CONVENTION = "latent product {name}: product indicators of {method} pairs, centred twice (Lin, Wen, Marsh and Lin 2010)"

_PRODUCT = re.compile(r"[\w.]:[^\W\d]")


def with_products(
    model: str, data: pd.DataFrame, products: Sequence[tuple[str, str]], method: Method = "matched"
) -> tuple[str, pd.DataFrame]:
    """The model with a factor ``a:b`` for each pair of its latents, and the data with the product indicators.

    Products of items are columns ``x1.x4``, centred over all rows of ``data``, missing where either item is. Raises
    ModelError for parts that are no latents measured by items, and for matched pairs of unequal numbers of items.
    """
    return _expanded(parse_model(model), data, [(pair, method) for pair in products])


def _expanded(
    parsed: ParsedModel, data: pd.DataFrame, products: Sequence[tuple[tuple[str, str], Method]]
) -> tuple[str, pd.DataFrame]:
    added: list[Statement] = []
    columns: dict[str, pd.Series] = {}
    indicators: list[tuple[str, str]] = []
    for pair, method in products:
        first, second = (_items(parsed, name) for name in pair)
        of_pair = _pairs(first, second, pair, method)
        columns |= _product_columns(data, of_pair)
        added += [Statement(":".join(pair), "=~", ".".join(items)) for items in of_pair]
        indicators += of_pair
    shared = [(a, b) for a, b in combinations(indicators, 2) if set(a) & set(b)]
    added += [Statement(".".join(a), "~~", ".".join(b)) for a, b in shared]
    complete = replace(parsed, statements=(*parsed.statements, *added))
    return format_model(complete), data.assign(**columns)


def _product_columns(data: pd.DataFrame, indicators: Sequence[tuple[str, str]]) -> dict[str, pd.Series]:
    """Products of centred items, centred again."""
    clash = [name for items in indicators if (name := ".".join(items)) in data.columns]
    if clash:
        raise ModelError(Problem(f"the data already have a column '{clash[0]}'", "data", "rename it"))
    names = list(dict.fromkeys(item for items in indicators for item in items))
    require_columns(data, names)
    values = require_numbers(data, names)
    centred = dict(zip(names, (values - np.nanmean(values, axis=0)).T, strict=True))
    products = {f"{a}.{b}": centred[a] * centred[b] for a, b in indicators}
    return {name: pd.Series(x - np.nanmean(x), index=data.index) for name, x in products.items()}


def expand_products(model: str, data: pd.DataFrame | None) -> tuple[str, pd.DataFrame | None]:
    """Expand every predictor ``a:b`` whose parts are both latent; other models and data pass as they are.

    Pairs are matched where both factors have as many items, else all are taken. Raises ModelError where there are no
    responses to multiply.
    """
    if not _PRODUCT.search(model):
        return model, data
    parsed = parse_model(model)
    pairs = latent_products(parsed)
    if not pairs:
        return model, data
    if data is None:
        what = f"the latent product {':'.join(pairs[0])} is made of responses, not of moments"
        raise ModelError(Problem(what, "model", "give data"))
    methods: list[Method] = [
        "matched" if len(_items(parsed, first)) == len(_items(parsed, second)) else "all" for first, second in pairs
    ]
    return _expanded(parsed, data, list(zip(pairs, methods, strict=True)))


def latent_products(parsed: ParsedModel) -> tuple[tuple[str, str], ...]:
    """Predictors ``a:b`` of two latents that have no measurement of their own, in their order."""
    roles = roles_of(parsed.statements)
    found = []
    for name in roles.predictors:
        first, _, second = name.partition(":")
        if name not in roles.latent and {first, second} <= set(roles.latent):
            found.append((first, second))
    return tuple(found)


def conventions_of_products(latent: Sequence[str], loadings: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A sentence for each product factor among ``latent``, given (factor, item) of all loadings."""
    items = {name: [item for factor, item in loadings if factor == name] for name in latent}
    for name in latent:
        first, colon, second = name.partition(":")
        if colon and first in items and second in items:
            matched = len(items[name]) == len(items[first]) == len(items[second])
            yield CONVENTION.format(name=name, method="matched" if matched else "all")


def _items(parsed: ParsedModel, latent: str) -> list[str]:
    """Items of a latent. Raises ModelError where it has none, or is measured by other latents."""
    items = [s.rhs for s in parsed.statements if s.op == "=~" and s.lhs == latent]
    if not items or set(items) & set(roles_of(parsed.statements).latent):
        what = f"'{latent}' is not measured by items, which a latent product multiplies"
        raise ModelError(Problem(what, "model", f"write {latent} =~ item1 + item2, or multiply columns in the data"))
    return list(dict.fromkeys(items))


def _pairs(first: list[str], second: list[str], pair: tuple[str, str], method: Method) -> list[tuple[str, str]]:
    if method == "matched":
        if len(first) != len(second):
            what = f"'{pair[0]}' has {len(first)} items and '{pair[1]}' {len(second)}: they do not match one to one"
            raise ModelError(Problem(what, "model", "take all pairs"))
        return list(zip(first, second, strict=True))
    pairs = {tuple(sorted((a, b))) if pair[0] == pair[1] else (a, b): (a, b) for a in first for b in second}
    return list(pairs.values())
