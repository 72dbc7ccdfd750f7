"""Where the boxes and labels of a path diagram go: pure geometry, no drawing.

Boxes stand in columns by their longest chain of causes. Within a column, order and height are searched so that no
path runs through a box; then each label slides along its path to where it touches nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Edge = tuple[str, str]
Point = tuple[float, float]

_MOST_ORDERS = 120  # permutations of one column that are tried: 5!
_SWEEPS = 2  # times that every column is moved to its best place, the others staying
_STEPS = 33


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in inches."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """``boxes``: centre of each node; ``ends``: start and end of each edge; ``labels``: centre of each edge's label."""

    boxes: Mapping[str, Point]
    ends: Mapping[Edge, tuple[Point, Point]]
    labels: Mapping[Edge, Point]


def layout(nodes: Sequence[str], edges: Sequence[Edge], canvas: Size, box: Size, label: Size) -> Layout:
    """Place ``nodes`` and the labels of ``edges`` (cause, effect) on a ``canvas``; the same input, the same places."""
    columns = _columns(nodes, edges)
    boxes = _place(columns, edges, canvas, box)
    ends = _ends(boxes, edges, box)
    return Layout(boxes, ends, _labels(boxes, ends, box, label))


def depths(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Length of the longest chain of causes of each node; edges that close a circle are left out."""
    found: dict[str, int] = {}

    def depth(node: str, above: tuple[str, ...]) -> int:
        if node not in found or above:
            causes = [cause for cause, effect in edges if effect == node and cause not in (*above, node)]
            return max((1 + depth(cause, (*above, node)) for cause in causes), default=0)
        return found[node]

    for node in nodes:
        found[node] = depth(node, ())
    return found


def _columns(nodes: Sequence[str], edges: Sequence[Edge]) -> list[list[str]]:
    level = depths(nodes, edges)
    used = sorted(set(level.values()))
    columns = [[node for node in nodes if level[node] == depth] for depth in used]
    # causes of the second column stand first, so that they are beside it at the top
    second = set(columns[1]) if len(columns) > 1 else set()
    columns[0].sort(key=lambda node: not any(cause == node and effect in second for cause, effect in edges))
    return columns


def _place(columns: list[list[str]], edges: Sequence[Edge], canvas: Size, box: Size) -> dict[str, Point]:
    """The cheapest places: first all columns move together on a coarse grid, then each alone on a fine one."""
    across = [float(x) for x in np.linspace(box.width / 2 + 0.1, canvas.width - box.width / 2 - 0.1, len(columns))]
    first = _spread(columns[0], across[0], canvas, box, 0.0)
    rest = list(zip(across[1:], columns[1:], strict=True))
    grid = np.linspace(-1, 1, 9 if len(rest) < 3 else 5)
    together = (
        first | {node: spot for (x, column), shift in zip(rest, shifts, strict=True)
                 for node, spot in _spread(column, x, canvas, box, shift).items()}
        for shifts in itertools.product(grid, repeat=len(rest))
    )  # fmt: skip
    boxes = min(together, key=lambda option: _cost(option, edges, box))
    for _ in range(_SWEEPS):
        for x, column in rest:
            options = (
                boxes | _spread(order, x, canvas, box, shift)
                for order in itertools.islice(itertools.permutations(column), _MOST_ORDERS)
                for shift in np.linspace(-1, 1, 17)
            )
            boxes = min(options, key=lambda option: _cost(option, edges, box))
    return boxes


def _spread(column: Sequence[str], x: float, canvas: Size, box: Size, shift: float) -> dict[str, Point]:
    """A column evenly spaced over the canvas; ``shift`` in [-1, 1] moves it within the room that is left."""
    room = canvas.height - box.height - 0.2
    gap = min(room / max(len(column) - 1, 1), 2.2 * box.height) if len(column) > 1 else 0.0
    tall = gap * (len(column) - 1)
    if x <= box.width:
        gap, tall = (room / max(len(column) - 1, 1), room) if len(column) > 1 else (0.0, 0.0)
    top = canvas.height / 2 + tall / 2 + shift * (room - tall) / 2
    return {node: (x, top - gap * position) for position, node in enumerate(column)}


def _cost(boxes: Mapping[str, Point], edges: Sequence[Edge], box: Size) -> float:
    ends = _ends(boxes, edges, box)
    wide = Size(box.width + 0.3, box.height + 0.35)
    through = sum(
        _touches(line, centre, wide)
        for edge, line in ends.items()
        for node, centre in boxes.items()
        if node not in edge
    )
    length = sum(float(np.hypot(b[0] - a[0], b[1] - a[1])) for a, b in ends.values())
    crossings = sum(_cross(a, b) for a, b in itertools.combinations(ends.values(), 2))
    return 100.0 * through + 1.5 * crossings + length


def _ends(boxes: Mapping[str, Point], edges: Sequence[Edge], box: Size) -> dict[Edge, tuple[Point, Point]]:
    """Paths leave on the right and arrive on the left, fanned out in the order of the boxes they come from."""
    ends: dict[Edge, tuple[Point, Point]] = {}
    for cause, effect in edges:
        start, end = boxes[cause], boxes[effect]
        side = 0.0 if start[0] == end[0] else float(np.sign(end[0] - start[0]))
        if side == 0.0:
            up = float(np.sign(end[1] - start[1]))
            ends[cause, effect] = (
                (start[0], start[1] + up * box.height / 2),
                (end[0], end[1] - up * box.height / 2),
            )
            continue
        into = sorted((boxes[c][1], c) for c, e in edges if e == effect and (boxes[c][0] < end[0]) == (side > 0))
        rank = [c for _, c in into].index(cause)
        offset = 0.0 if len(into) < 2 else box.height * 0.6 * (rank / (len(into) - 1) - 0.5)
        # boxes have round ends: away from the middle their border lies further in
        inset = box.height / 2 - float(np.sqrt(box.height**2 / 4 - offset**2))
        ends[cause, effect] = (
            (start[0] + side * box.width / 2, start[1]),
            (end[0] - side * (box.width / 2 - inset), end[1] + offset),
        )
    return ends


def _labels(
    boxes: Mapping[str, Point], ends: Mapping[Edge, tuple[Point, Point]], box: Size, label: Size
) -> dict[Edge, Point]:
    """Slide each label along its path, three times over, to where it overlaps least."""
    spots = {edge: _along(line, 0.5) for edge, line in ends.items()}
    for _ in range(3):
        for edge, line in ends.items():
            others = [spot for other, spot in spots.items() if other != edge]
            lines = [other for name, other in ends.items() if name != edge]
            options = [_along(line, t) for t in np.linspace(0.14, 0.86, _STEPS)]
            spots[edge] = min(
                options,
                key=lambda spot, line=line, others=others, lines=lines: (  # type: ignore[misc]
                    20.0 * sum(_overlap(spot, label, other, label) for other in others)
                    + 20.0 * sum(_overlap(spot, label, centre, box) for centre in boxes.values())
                    + 3.0 * sum(_touches(other, spot, label) for other in lines)
                    + float(np.hypot(spot[0] - _along(line, 0.45)[0], spot[1] - _along(line, 0.45)[1])) / 4
                ),
            )
    return spots


def _along(line: tuple[Point, Point], t: float) -> Point:
    (x0, y0), (x1, y1) = line
    return (x0 + t * (x1 - x0), y0 + t * (y1 - y0))


def _overlap(first: Point, one: Size, second: Point, other: Size) -> bool:
    near_x = abs(first[0] - second[0]) < (one.width + other.width) / 2 + 0.05
    return near_x and abs(first[1] - second[1]) < (one.height + other.height) / 2 + 0.03


def _touches(line: tuple[Point, Point], centre: Point, size: Size) -> bool:
    """Whether ``line`` runs through the rectangle, judged at 33 points of it."""
    t: NDArray[np.float64] = np.linspace(0.0, 1.0, _STEPS)
    x = line[0][0] + t * (line[1][0] - line[0][0])
    y = line[0][1] + t * (line[1][1] - line[0][1])
    inside = (np.abs(x - centre[0]) < size.width / 2) & (np.abs(y - centre[1]) < size.height / 2)
    return bool(inside.any())


def _cross(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    def turn(a: Point, b: Point, c: Point) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    (a, b), (c, d) = first, second
    return turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
