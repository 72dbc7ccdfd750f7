"""Read a YAML specification into an immutable, validated value; every mistake comes with its line.

YAML is read by PyYAML's safe loader and checked by pydantic; this module joins the two, so that an
error names the line of the file and not a path inside a Python object.
"""

from __future__ import annotations

from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from analysis.errors import Problem, SpecificationError, nearest

Path = tuple[str | int, ...]


class Specification(BaseModel):
    """Base of all specifications: immutable, and a key that is not known is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)


SpecT = TypeVar("SpecT", bound=Specification)


def parse_specification(
    text: str, filename: str, schema: type[SpecT], loader: type[yaml.SafeLoader] = yaml.SafeLoader
) -> SpecT:
    """Parse YAML ``text`` into ``schema``; ``loader`` says which scalars are text.

    Raises SpecificationError with one Problem per mistake, each placed at ``filename:line``.
    """
    node = _compose(text, filename, loader)
    lines: dict[Path, int] = {(): 1}
    problems: list[Problem] = []
    _walk(node, (), lines, problems, filename)
    if problems:
        raise SpecificationError(problems)
    try:
        value = yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError) as error:  # a tag or a date that plain YAML cannot make a value of
        raise SpecificationError(_unreadable(error, filename)) from None
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        raise SpecificationError(_problem(item, lines, filename, schema) for item in error.errors()) from None


def line_of(text: str, path: Path) -> int:
    """Line (from 1) on which the value at ``path`` stands in YAML ``text``; its nearest parent if absent."""
    lines: dict[Path, int] = {(): 1}
    _walk(yaml.compose(text, Loader=yaml.SafeLoader), (), lines, [], "")
    return _nearest_line(path, lines)


def _compose(text: str, filename: str, loader: type[yaml.SafeLoader]) -> yaml.Node:
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SpecificationError(
            Problem(f"not valid YAML: {error.problem}", f"{filename}:{line}", "check indentation and quotes")
        ) from None
    except yaml.YAMLError as error:
        raise SpecificationError(Problem(f"not valid YAML: {error}", filename)) from None
    except RecursionError:
        raise SpecificationError(Problem("brackets are nested too deeply to be read", filename)) from None
    if node is None:
        raise SpecificationError(Problem("the file is empty", filename))
    return node


def _unreadable(error: Exception, filename: str) -> Problem:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    what = str(error.problem) if isinstance(error, yaml.MarkedYAMLError) else str(error)
    line = mark.line + 1 if mark else 1
    return Problem(f"a value cannot be read: {what}", f"{filename}:{line}", "write plain text, in quotes")


def _walk(node: yaml.Node | None, path: Path, lines: dict[Path, int], problems: list[Problem], filename: str) -> None:
    """Record the line of every value, and every key that stands twice in one mapping."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            child: Path = (*path, _key(key))
            if child in lines:
                where = f"{filename}:{key.start_mark.line + 1}"
                problems.append(Problem(f"'{key.value}' is given twice", where, "remove one of the two"))
            lines[child] = key.start_mark.line + 1
            _walk(value, child, lines, problems, filename)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*path, index)] = value.start_mark.line + 1
            _walk(value, (*path, index), lines, problems, filename)


def _key(node: yaml.Node) -> str | int:
    """A mapping key as pydantic names it in its error locations."""
    if node.tag == "tag:yaml.org,2002:int":
        return int(node.value)
    return str(node.value)


def _nearest_line(path: Path, lines: dict[Path, int]) -> int:
    for length in range(len(path), -1, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


def _problem(item: Any, lines: dict[Path, int], filename: str, schema: type[Specification]) -> Problem:
    path: Path = tuple(item["loc"])
    where = f"{filename}:{_nearest_line(path, lines)}"
    name = ".".join(str(part) for part in path)
    if item["type"] == "extra_forbidden":
        return Problem(f"unknown key '{path[-1]}'", where, nearest(str(path[-1]), _known_keys(path, schema)))
    if item["type"] == "missing":
        return Problem(f"'{name}' is missing", where, f"add '{path[-1]}:'")
    message = str(item["msg"]).removeprefix("Value error, ")
    return Problem(f"{name}: {message}" if name else message, where)


def _known_keys(path: Path, schema: type[Specification]) -> list[str]:
    """Keys allowed beside the last element of ``path``, found by walking the JSON schema."""
    document = schema.model_json_schema()
    place: dict[str, Any] = document
    for part in path[:-1]:
        place = _resolve(place, document)
        if isinstance(part, int) and "items" in place:
            place = place["items"]
        elif str(part) in place.get("properties", {}):
            place = place["properties"][str(part)]
        elif isinstance(place.get("additionalProperties"), dict):
            place = place["additionalProperties"]
    return list(_resolve(place, document).get("properties", {}))


def _resolve(place: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    for option in place.get("anyOf", []):
        if "$ref" in option or option.get("type") in {"object", "array"}:
            place = option
            break
    while "$ref" in place:
        place = document["$defs"][place["$ref"].rsplit("/", 1)[-1]]
    return place
