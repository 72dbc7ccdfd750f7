"""Sentences on residents in their communes, their numbers taken from the results."""

from __future__ import annotations

import pandas as pd

from analysis.report.content import ReportContent
from analysis.report.rounding import Kind, show


def multilevel_text(content: ReportContent) -> list[str]:
    """Range of the intraclass correlations, small communes and what they do, and models that are in trouble."""
    icc = pd.to_numeric(content.null_models["icc"])
    text = []
    if icc.notna().any():
        text.append(
            f"Between {show(icc.min(), Kind.BOUNDED)} and {show(icc.max(), Kind.BOUNDED)} of the variance of the "
            "scales lies between communes."
        )
    singular = [model.title for model in content.mixed_models if model.singular]
    if singular:
        text.append(f"Singular fit (a variance at its boundary): {'; '.join(singular)}.")
    failed = [model.title for model in content.mixed_models if not model.converged]
    if failed:
        text.append(f"DID NOT CONVERGE: {'; '.join(failed)}.")
    text += _focus_text(content) + _levels_text(content)
    return [*text, *(f"{model.title}, warning: {words}" for model in content.mixed_models for words in model.warnings)]


def _focus_text(content: ReportContent) -> list[str]:
    """Small communes, and what samples like this one do to what varies between communes."""
    part = None if content.communes is None else content.communes.focus
    if part is None:
        return []
    table = part.coverage
    second = table.loc[table["level"] == 2, "coverage"]
    spreads = table[(table["level"] == 0) & (table["parameter"] != "sigma")]
    text = [
        f"{part.n_small} of {part.n_groups} communes have fewer than {part.small} respondents, {part.n_in_small} in "
        "all; a multilevel model draws what they say towards the other communes."
    ]
    held = f"{show(second.min(), Kind.PERCENT)} to {show(second.max(), Kind.PERCENT)}"
    bias = spreads["relative_bias"].dropna()
    off = f", and spreads between communes are {show(bias.abs().max(), Kind.PERCENT)} off on average at the most"
    text.append(
        f"In {part.replicates} samples drawn from the fitted model with these communes, {held} of the 95 % intervals "
        f"of effects of communes hold the true value{'' if bias.empty else off}; "
        f"{show(part.share_singular, Kind.PERCENT)} of the fits are singular."
    )
    return text


def _levels_text(content: ReportContent) -> list[str]:
    part = content.communes
    if part is None or part.two_level is not None:
        return []
    return [f"There is no two-level structural-equation model here: {part.two_level_absent}."]
