"""Who may call whom: the arrows between the rooms, held to the imports of every module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "analysis"
FOUNDATION = {"errors", "specification", "checked", "moderation", "criteria", "json_text"}
RESULTS = {"sem", "multilevel", "pls"}

# Each room and the rooms it may import, beside itself and the foundation.
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "specification": set(),
    "checked": set(),
    "moderation": set(),
    "criteria": set(),
    "json_text": set(),
    "stored": set(),
    "writing": set(),
    "manifest": set(),
    "survey": set(),
    "sem": set(),
    "multilevel": set(),
    "pls": {"sem"},
    "measurement": RESULTS,
    "inference": {*RESULTS, "measurement", "study", "study_files"},
    "crosscheck": {*RESULTS, "measurement"},
    "review": {"sem", "multilevel"},
    "report": {*RESULTS, "measurement", "review"},
    "study_files": {"survey", "sem"},
    "study_checks": {"study_files", "survey", "sem", "multilevel"},
    "study": {"study_files", "study_checks", "survey", "review"},
    "population_model": {"sem", "survey"},
    "communes_assembly": {"study", "inference", "report", "multilevel"},
    "assembly": {
        "communes_assembly", "preregistration", "manifest", "study", "survey", "measurement", "inference", "crosscheck",
        "report", *RESULTS,
    },
    "run": {"manifest", "study"},
    "multilevel_stages": {"run", "inference", "multilevel"},
    "preregistration": {"study", "sem", "manifest"},
    "freeze_document": {"preregistration", "study", "study_files", "inference"},
    "freeze_command": {"freeze_document", "preregistration", "study", "inference", "manifest", "writing"},
    "multiverse_run": {"run", "manifest", "study_files", "inference", "multilevel", "survey"},
    "multiverse_command": {"multiverse_run", "run", "study", "inference", "report", "writing"},
    "hypothesis_stages": {"run", "study", "inference", "preregistration"},
    "measurement_stages": {"run", "hypothesis_stages", "inference", "measurement"},
    "pipeline": {
        "run", "preregistration", "hypothesis_stages", "measurement_stages", "multilevel_stages", "assembly",
        "manifest", "stored", "writing", "study", "population_model",
        "survey", "measurement", "inference", "crosscheck", "report", *RESULTS,
    },
    "verification": {"pipeline", "run", "manifest"},
    "path_fitting": {"inference", "report", "survey", "writing", "pls"},
    "fitting": {"report", "survey", "writing", "sem", "path_fitting", "inference"},
    "mixing": {"report", "survey", "writing", "multilevel"},
    "new_study": {"study", "sem"},
    "new_command": {"study", "new_study", "writing"},
    "check_command": {"study", "preregistration", "inference", "report"},
    "scales_command": {"measurement", "report", "survey", "writing"},
    "invariance_command": {"measurement", "report", "survey", "writing"},
    "dimensions_command": {"inference", "measurement", "report", "survey", "writing"},
    "quality_command": {"measurement", "report", "survey", "writing"},
    "review_command": {"review", "report", "survey", "writing"},
    "partial_results": {"inference", "writing"},
    "power_command": {"inference", "manifest", "partial_results", "report", "survey", "writing"},
    "cli": {
        "fitting", "mixing", "power_command", "scales_command", "invariance_command", "dimensions_command",
        "quality_command", "review_command", "new_command", "check_command", "freeze_command", "multiverse_command",
        "run", "pipeline", "verification", "study", "report", "survey", "writing",
        *RESULTS,
    },
    "__main__": {"cli"},
    "__init__": set(),
}  # fmt: skip

MODULES = sorted(PACKAGE.rglob("*.py"))


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        rooms |= {name.split(".")[1] for name in names if name.split(".")[0] == "analysis" and "." in name}
    return rooms


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_follow_the_arrows(path: Path) -> None:
    room = _room(path)
    assert _imported_rooms(path) <= ARROWS[room] | FOUNDATION | {room}


def test_the_arrows_have_no_circle() -> None:
    remaining = {room: set(targets) - {room} for room, targets in ARROWS.items()}
    while remaining:
        free = [room for room, targets in remaining.items() if not targets & set(remaining)]
        assert free, f"circle among {sorted(remaining)}"
        for room in free:
            del remaining[room]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_only_crosscheck_imports_second_engines(path: Path) -> None:
    names = [
        name.split(".")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", "") or ""]
        )
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert _room(path) == "crosscheck" or not {"semopy", "pingouin", "statsmodels"} & set(names)
