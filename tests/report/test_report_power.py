"""The power curve as a figure, and power as text."""

from __future__ import annotations

import pandas as pd
from analysis.report.figures.canvas import picture
from analysis.report.figures.power import drawing
from analysis.report.power_terminal import shown

CURVE = pd.DataFrame(
    [
        (name, label, n, power, 0.01)
        for name, label, powers in (("y ~ x", "b", (0.4, 0.9)), ("y ~ z", "", (0.05, 0.06)), ("d", "d", (0.2, 1.0)))
        for n, power in zip((100, 300), powers, strict=True)
    ],
    columns=["parameter", "label", "n", "power", "power_mcse"],
)


def test_the_figure_names_every_parameter_and_never_changes() -> None:
    first, second = (picture(drawing(CURVE, 0.8), simulated=False) for _ in range(2))
    assert (first.svg, first.png) == (second.svg, second.png)
    for words in ("y ~ x (b)", ">y ~ z<", ">d<", ">.90<", ">.06<", ">1.00<", ">300<"):
        assert words in first.svg
    assert "3 parameters at 2 sample sizes, 100 to 300" in first.alt


def test_paths_labels_and_effects_are_shown_and_everything_where_there_are_none() -> None:
    rows = pd.DataFrame({"parameter": ["f =~ x1", "f =~ x2", "f ~ 1", "f ~ z", "d"], "label": ["", "l2", "", "", "d"]})
    assert shown(rows)["parameter"].tolist() == ["f =~ x2", "f ~ z", "d"]
    assert len(shown(rows.iloc[[0, 2]])) == 2
