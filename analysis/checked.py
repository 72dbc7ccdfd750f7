"""Parse a specification and check what its parts say of each other, so that all mistakes come in one go.

The form of a file is checked by its schema. What the schema cannot see (a name that is used and not defined)
is checked on the plain YAML value, which is there even where the form has mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from analysis.errors import Problem, SpecificationError
from analysis.specification import Path, SpecT, line_of, parse_specification


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake at ``path``, the keys and positions that lead to a value of a YAML file.

    ``line`` is given where the mistake lies within a text of several lines.
    """

    path: Path
    what: str
    hint: str = ""
    line: int = 0


def parse_checked(
    text: str,
    filename: str,
    schema: type[SpecT],
    check: Callable[[Mapping[str, Any]], Iterable[Mistake]],
    loader: type[yaml.SafeLoader] = yaml.SafeLoader,
) -> SpecT:
    """Parse ``text`` into ``schema`` and apply ``check`` to its plain value.

    Raises SpecificationError with the mistakes of form and those of ``check``, in the order of their lines.
    """
    problems: list[tuple[int, Problem]] = []
    parsed = None
    try:
        parsed = parse_specification(text, filename, schema, loader)
    except SpecificationError as error:
        problems += [(_line(problem), problem) for problem in error.problems]
    for mistake in check(plain_value(text, loader)):
        line = mistake.line or line_of(text, mistake.path)
        problems.append((line, Problem(mistake.what, f"{filename}:{line}", mistake.hint)))
    if parsed is None or problems:
        raise SpecificationError(problem for _, problem in sorted(problems, key=lambda pair: pair[0]))
    return parsed


def plain_value(text: str, loader: type[yaml.SafeLoader] = yaml.SafeLoader) -> Mapping[str, Any]:
    """The mapping that YAML ``text`` holds; empty where it holds none or is not valid."""
    try:
        return mapping(yaml.load(text, Loader=loader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}


def mapping(value: Any, *keys: str) -> Mapping[Any, Any]:
    """The mapping at ``keys`` of a plain YAML value; empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any, *keys: str) -> list[Any]:
    """The list at ``keys`` of a plain YAML value; empty where there is none."""
    *parents, last = keys
    found = mapping(value, *parents).get(last)
    return found if isinstance(found, list) else []


def repeated(names: Iterable[tuple[Path, Any]]) -> Iterator[tuple[Path, Any, Path]]:
    """Names that stood before: where, the name, and where it stood first."""
    first: dict[Any, Path] = {}
    for path, name in names:
        if not isinstance(name, str | int):
            continue
        if name in first:
            yield path, name, first[name]
        first.setdefault(name, path)


def dotted(path: Path) -> str:
    """A path as people read it."""
    return ".".join(str(part) for part in path)


def _line(problem: Problem) -> int:
    number = problem.where.rpartition(":")[2]
    return int(number) if number.isdigit() else 0
