"""Table and sentences of the preregistration: what the run does otherwise than it was planned."""

from __future__ import annotations

from analysis.report.parts import PlanPart
from analysis.report.table import Column, Table


def deviations(part: PlanPart) -> Table:
    """Every element of the plan that is another one now."""
    columns = (
        Column(("element",), "Element of the plan"),
        Column(("change",), "It was"),
        Column(("was",), "Planned", absent="not in the plan"),
        Column(("now",), "In this run", absent="not in this run"),
    )
    return Table(
        "deviations",
        "What was done otherwise than planned?",
        f"Deviations of this run from the plan that was frozen on {part.frozen}.",
        part.deviations,
        columns,
        notes=("Of models, the lines that differ are shown. Comments and layout of the files do not count.",),
    )


def sentences(part: PlanPart) -> list[str]:
    """When the plan was frozen, and how much of it is otherwise now."""
    when = "before the responses were there" if part.blind else "when the responses were there already"
    return [f"The plan of this study was frozen on {part.frozen}, {when}. {outcome(part)}"]


def outcome(part: PlanPart) -> str:
    """One sentence: how many elements deviate, and which."""
    names = part.deviations["element"].astype(str).tolist()
    if not names:
        return "Nothing deviates from it."
    return f"{len(names)} of its elements deviate{'s' if len(names) == 1 else ''}: {', '.join(names)}."
