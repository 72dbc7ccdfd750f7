"""Path diagrams: boxes and labels that do not cover one another."""

from __future__ import annotations

import itertools

import pytest
from analysis.report.figures.path_layout import Layout, Size, depths, layout
from content_fixture import EXOGENOUS, PATHS

CANVAS, BOX, LABEL = Size(9.6, 5.1), Size(1.6, 0.66), Size(0.72, 0.2)
NODES = [*EXOGENOUS, "satisfaction", "intention"]
EDGES = [(cause, effect) for effect, cause in PATHS]
REVERSED = [(e, c) if c.startswith("belonging") else (c, e) for c, e in EDGES]
DIRECT = [edge for edge in EDGES if edge != ("satisfaction", "intention")]
MODELS = {"structural": EDGES, "reversed": REVERSED, "direct": DIRECT}


def overlap(first: tuple[float, float], second: tuple[float, float], one: Size, other: Size) -> bool:
    return (
        abs(first[0] - second[0]) < (one.width + other.width) / 2
        and abs(first[1] - second[1]) < (one.height + other.height) / 2
    )


@pytest.fixture(params=MODELS, scope="module")
def placed(request: pytest.FixtureRequest) -> Layout:
    return layout(NODES, MODELS[request.param], CANVAS, BOX, LABEL)


def test_boxes_do_not_overlap_and_stay_on_the_canvas(placed: Layout) -> None:
    assert set(placed.boxes) == set(NODES)
    for a, b in itertools.combinations(placed.boxes.values(), 2):
        assert not overlap(a, b, BOX, BOX)
    for x, y in placed.boxes.values():
        assert BOX.width / 2 <= x <= CANVAS.width - BOX.width / 2
        assert BOX.height / 2 <= y <= CANVAS.height - BOX.height / 2


def test_labels_overlap_neither_boxes_nor_one_another(placed: Layout) -> None:
    for a, b in itertools.combinations(placed.labels.values(), 2):
        assert not overlap(a, b, LABEL, LABEL)
    for label, box in itertools.product(placed.labels.values(), placed.boxes.values()):
        assert not overlap(label, box, LABEL, BOX)


def test_effects_stand_to_the_right_of_their_causes(placed: Layout) -> None:
    for cause, effect in placed.ends:
        assert placed.boxes[cause][0] < placed.boxes[effect][0]


def test_a_circle_of_causes_still_has_a_layout() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "b")]
    assert set(depths(["a", "b", "c"], edges)) == {"a", "b", "c"}
    assert set(layout(["a", "b", "c"], edges, CANVAS, BOX, LABEL).labels) == set(edges)
