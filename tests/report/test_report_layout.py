"""Path diagrams: boxes and labels that do not cover one another."""

from __future__ import annotations

import itertools

import pytest
from analysis.report.figures.path_layout import Layout, Size, depths, layout
from tests.report.content_fixture import PATHS

CANVAS, BOX, LABEL = Size(9.6, 5.1), Size(1.6, 0.8), Size(0.72, 0.2)
EDGES = [(cause, effect) for effect, cause in PATHS]
REVERSED = [(e, c) if c.startswith("belonging") else (c, e) for c, e in EDGES]
DIRECT = [edge for edge in EDGES if edge != ("satisfaction", "intention")]
SMALL = [("efficacy", "trust"), ("efficacy", "readiness"), ("trust", "readiness"), ("place", "readiness")]
CHAIN = [("efficacy", "trust"), ("efficacy", "readiness"), ("trust", "readiness"), ("readiness", "place")]
MODELS = {"structural": EDGES, "reversed": REVERSED, "direct": DIRECT, "small": SMALL, "chain": CHAIN}
HEIGHTS = {"small": 3.1, "chain": 2.2}


def overlap(first: tuple[float, float], second: tuple[float, float], one: Size, other: Size) -> bool:
    return (
        abs(first[0] - second[0]) < (one.width + other.width) / 2
        and abs(first[1] - second[1]) < (one.height + other.height) / 2
    )


def nodes_of(edges: list[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys([*(cause for cause, _ in edges), *(effect for _, effect in edges)]))


@pytest.fixture(params=MODELS, scope="module")
def placed(request: pytest.FixtureRequest) -> Layout:
    canvas = Size(CANVAS.width, HEIGHTS.get(request.param, CANVAS.height))
    return layout(nodes_of(MODELS[request.param]), MODELS[request.param], canvas, BOX, LABEL)


def test_boxes_do_not_overlap_and_stay_on_the_canvas(placed: Layout) -> None:
    assert set(placed.boxes) == set(nodes_of(list(placed.ends)))
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


def test_no_path_runs_through_a_box(placed: Layout) -> None:
    for edge, ((x0, y0), (x1, y1)) in placed.ends.items():
        for node, (x, y) in placed.boxes.items():
            if node not in edge:
                points = [(x0 + t / 200 * (x1 - x0), y0 + t / 200 * (y1 - y0)) for t in range(201)]
                assert not any(abs(a - x) < BOX.width / 2 and abs(b - y) < BOX.height / 2 for a, b in points)


def test_effects_stand_to_the_right_of_their_causes(placed: Layout) -> None:
    for cause, effect in placed.ends:
        assert placed.boxes[cause][0] < placed.boxes[effect][0]


def test_a_circle_of_causes_still_has_a_layout() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "b")]
    assert set(depths(["a", "b", "c"], edges)) == {"a", "b", "c"}
    assert set(layout(["a", "b", "c"], edges, CANVAS, BOX, LABEL).labels) == set(edges)
