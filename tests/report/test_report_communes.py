"""What the report says of communes, read as a reader would."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from analysis.report import commune_tables, commune_text
from analysis.report.figures.assumptions import expected_quantiles
from analysis.report.figures.gallery import gallery
from analysis.report.figures.moderation import slope_with_half_width
from scipy import stats
from tests.report.content_fixture import communes
from tests.report.content_fixture import content as make_content


def _cells(table: object) -> list[list[str]]:
    return [[cell.text for cell in row] for block in table.blocks() for row in block.rows]  # type: ignore[attr-defined]


def test_models_are_compared_by_their_titles() -> None:
    content = make_content()
    assert content.communes is not None
    first, second = _cells(commune_tables.comparison(content, content.communes))
    assert first[0] == "Random intercept and slope"
    assert first[5:] == ["–", "–", "–", "–"]
    assert second[5:] == ["Random intercept and slope", "11.10", "1", "< .001"]


def test_a_mixture_of_chi_squares_shows_both_df() -> None:
    content = make_content()
    assert content.communes is not None
    table = content.communes.comparison.assign(mixture=["", "1:2"])
    shown = commune_tables.comparison(content, replace(content.communes, comparison=table))
    assert _cells(shown)[1][7] == "1 and 2"


def test_slopes_and_regions_are_said() -> None:
    content = make_content()
    assert content.communes is not None
    table = commune_tables.contrasts(content, content.communes)
    assert table is not None
    rows = _cells(table)
    assert rows[0][0] == "between(x) - within(x)"
    assert rows[1][0] == "center(satisfaction_mean) where offer is at its mean"
    assert any("where offer is above −1.900; offer runs from −2.000 to 2.000" in note for note in table.notes)


def test_the_most_influential_commune_comes_first() -> None:
    focus = communes().focus
    assert focus is not None
    rows = _cells(commune_tables.influence(focus))
    assert len(rows) == 8
    assert rows[0][0] == focus.influence.loc[focus.influence["cooks_distance"].idxmax(), "level"]


def test_small_communes_and_their_consequences_are_said() -> None:
    part = replace(communes(), two_level=None, two_level_absent="no minimum was reached")
    text = " ".join(commune_text.multilevel_text(replace(make_content(), communes=part)))
    assert "24 of 45 communes have fewer than 10 respondents, 138 in all" in text
    assert "93.0 % to 93.0 % of the 95 % intervals" in text
    assert "6.0 % off on average" in text
    assert "no two-level structural-equation model here: no minimum was reached" in text


def test_without_multilevel_models_nothing_is_said() -> None:
    content = replace(make_content(), communes=None)
    assert not any(name.startswith(("moderation", "assumptions")) for name in gallery(content))


def test_both_levels_stand_one_above_the_other() -> None:
    table = commune_tables.both_levels(communes())
    assert table is not None
    assert {block.title.split(",")[0].split(" (")[0] for block in table.blocks()} == {
        "Structural model", "Two-level model",
    }  # fmt: skip
    assert {row[1] for row in _cells(table)} == {"all", "communes"}


def test_quantiles_are_normal_and_in_the_order_of_the_values() -> None:
    values = np.array([3.0, -1.0, 0.5])
    assert expected_quantiles(values) == pytest.approx(stats.norm.ppf((np.array([3, 1, 2]) - 0.375) / 3.25))


def test_the_band_is_that_of_the_slopes() -> None:
    ((_, found),) = communes().moderations
    slope, half = slope_with_half_width(found, np.array([0.0, 1.0]))
    assert slope == pytest.approx([0.42, 0.51])
    assert half == pytest.approx(stats.t.ppf(0.975, 50) * np.sqrt([0.0016, 0.0024]))
