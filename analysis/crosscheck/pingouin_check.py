"""Cronbach's alpha by pingouin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version

import pandas as pd

from analysis.crosscheck.agreement import Agreement, compare
from analysis.measurement.reliability import Reliability


def alpha(ours: Reliability, responses: pd.DataFrame, scales: Mapping[str, Sequence[str]]) -> Agreement:
    """Compare our alphas with pingouin's on the complete rows of each scale.

    Only alpha is compared: pingouin rounds its interval, and it counts rows before it drops the incomplete ones,
    which is why it is given complete rows.
    """
    return compare("alpha", f"pingouin {version('pingouin')}", _pairs(ours, responses, scales))


def _pairs(
    ours: Reliability, responses: pd.DataFrame, scales: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, float | None, float]]:
    import pingouin

    for scale in ours.scales:
        if scale.alpha is not None:
            complete = responses[list(scales[scale.construct])].dropna().astype(float)
            theirs, _ = pingouin.cronbach_alpha(data=complete)
            yield f"alpha: {scale.construct}", scale.alpha, float(theirs)
