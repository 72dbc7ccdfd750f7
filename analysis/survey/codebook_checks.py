"""What the parts of a codebook say of each other: every name that is used is defined, and defined once.

The checks read the plain YAML value and overlook what has the wrong form: the schema reports that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.checked import Mistake, dotted, mapping, repeated, sequence
from analysis.errors import nearest
from analysis.specification import Path
from analysis.survey.labels import as_number, fold

ROLES_WITH_EXPECTED = ("consent", "attention")
SINGLE_ROLES = ("id", "duration", "consent")
ROLES_OF_RULES = ("id", "duration", "consent", "attention")


def codebook_mistakes(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """Every mistake of reference in the plain value of a codebook."""
    yield from _scales(raw)
    yield from _missing(raw)
    yield from _constructs(raw)
    yield from _scale_use(raw)
    yield from _variables(raw)
    yield from _names(raw)
    yield from _columns(raw)
    yield from _technical(raw)


def _labels(answer: Any) -> list[str]:
    if not isinstance(answer, Mapping):
        return []
    also = answer.get("also")
    found = [answer.get("fr"), answer.get("en"), *(also if isinstance(also, list) else [])]
    return [label for label in found if isinstance(label, str)]


def _scales(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    for scale, answers in mapping(raw, "scales").items():
        codes = mapping(answers)
        if isinstance(answers, Mapping) and len(codes) < 2:
            yield Mistake(("scales", scale), f"scale '{scale}' has fewer than two answers")
        owner: dict[str, Any] = {}
        for code, answer in codes.items():
            for label in dict.fromkeys(_labels(answer)):
                path: Path = ("scales", scale, code)
                first = owner.setdefault(fold(label), code)
                number = as_number(label)
                if first != code:
                    yield Mistake(path, f"'{label}' stands for code {first} and for code {code}")
                elif number is not None and number != code and number in codes:
                    yield Mistake(path, f"the label '{label}' of code {code} reads as code {number:g}")


def _missing(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    entries = [entry for entry in sequence(raw, "missing") if isinstance(entry, Mapping)]
    codes = [(("missing", index, "code"), entry.get("code")) for index, entry in enumerate(entries)]
    for path, code, _ in repeated(codes):
        yield Mistake(path, f"missing code {code} is given twice")
    known = {
        fold(label): scale
        for scale, answers in mapping(raw, "scales").items()
        for answer in mapping(answers).values()
        for label in _labels(answer)
    }
    for index, entry in enumerate(entries):
        labels = entry.get("labels")
        for label in labels if isinstance(labels, list) else []:
            if isinstance(label, str) and fold(label) in known:
                what = f"'{label}' means missing and is also an answer of the scale '{known[fold(label)]}'"
                yield Mistake(("missing", index, "labels"), what, "keep one of the two")


def _constructs(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    items = mapping(raw, "items")
    listed: list[tuple[Path, Any]] = []
    for construct, entry in mapping(raw, "constructs").items():
        names = sequence(entry, "items") if isinstance(entry, Mapping) else []
        listed += [(("constructs", construct, "items", index), name) for index, name in enumerate(names)]
    for path, name in listed:
        if isinstance(name, str) and name not in items:
            yield Mistake(path, f"item '{name}' of '{path[1]}' is not defined", nearest(name, map(str, items)))
    for path, name, first in repeated(listed):
        yield Mistake(path, f"item '{name}' is already listed in '{first[1]}'", "list each item once")
    used = {name for _, name in listed if isinstance(name, str)}
    for name in items:
        if name not in used:
            hint = "list it in a construct, or move its column to 'ignored'"
            yield Mistake(("items", name), f"item '{name}' belongs to no construct", hint)


def _variable_groups(raw: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[Any, Any]]]:
    yield ("respondent",), mapping(raw, "respondent")
    yield ("communes", "variables"), mapping(raw, "communes", "variables")


def _scale_use(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    scales = mapping(raw, "scales")
    used: set[Any] = set()
    for base, entries in ((("items",), mapping(raw, "items")), *_variable_groups(raw)):
        for name, entry in entries.items():
            scale = mapping(entry).get("scale")
            if not isinstance(scale, str):
                continue
            used.add(scale)
            if scale not in scales:
                path = (*base, name, "scale")
                hint = nearest(scale, map(str, scales))
                yield Mistake(path, f"'{dotted(path[:-1])}' uses the scale '{scale}', which is not defined", hint)
    for scale in scales:
        if scale not in used:
            yield Mistake(("scales", scale), f"scale '{scale}' is not used", "remove it, or mend its name")


def _variables(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    has_codes = any(mapping(entry).get("code") is not None for entry in sequence(raw, "missing"))
    for base, entries in _variable_groups(raw):
        for name, entry in entries.items():
            for what, hint in _variable(mapping(entry), has_codes):
                yield Mistake((*base, name), f"'{dotted((*base, name))}' {what}", hint)
    communes = mapping(raw, "communes")
    if communes.get("variables") and not communes.get("file"):
        yield Mistake(("communes", "variables"), "commune variables are given without 'file'", "add 'file:'")


def _variable(entry: Mapping[Any, Any], has_codes: bool) -> Iterator[tuple[str, str]]:
    kind, low, high = entry.get("type"), entry.get("minimum"), entry.get("maximum")
    if kind == "category" and "scale" not in entry:
        yield "is a category without a scale", "add 'scale:'"
    if kind in {"integer", "number", "text"} and "scale" in entry:
        yield f"is of type {kind} and has a scale", "remove 'scale', or write 'type: category'"
    if kind in {"category", "text"} and (low is not None or high is not None):
        yield f"is of type {kind} and has a range", "remove 'minimum' and 'maximum'"
    if isinstance(low, int | float) and isinstance(high, int | float) and low >= high:
        yield f"has its minimum {low} at or above its maximum {high}", ""
    if kind in {"integer", "number"} and has_codes and low is None and high is None:
        yield "has no range, so that missing codes cannot be told from values", "add 'minimum:' or 'maximum:'"


def _names(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """Names become columns of one table, so that each may stand once in the whole codebook."""
    constructs = mapping(raw, "constructs")
    names: list[tuple[Path, Any]] = [(("communes", "key"), mapping(raw, "communes").get("key"))]
    names += [(("constructs", name), name) for name in constructs]
    names += [(("constructs", name), f"{name}_mean") for name in constructs]
    names += [(("items", name), name) for name in mapping(raw, "items")]
    for base, entries in _variable_groups(raw):
        names += [((*base, name), name) for name in entries]
    for path, name, first in repeated(names):
        yield Mistake(path, f"the name '{name}' is already taken by '{dotted(first)}'", "rename one of the two")


def _columns(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """A column of the responses has one meaning."""
    key = mapping(raw, "communes")
    columns: list[tuple[Path, Any]] = [(("communes", "key"), key.get("column") or key.get("key"))]
    for base in ("items", "respondent"):
        for name, entry in mapping(raw, base).items():
            columns.append(((base, name), mapping(entry).get("column") or name))
    columns += [(("technical", name), name) for name in mapping(raw, "technical")]
    columns += [(("ignored", index), name) for index, name in enumerate(sequence(raw, "ignored"))]
    for path, column, first in repeated(columns):
        what = f"the column '{column}' is already read as '{dotted(first)}'"
        yield Mistake(path, what, "give each column one meaning")


def _technical(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    roles: list[tuple[Path, Any]] = []
    for column, plain in mapping(raw, "technical").items():
        entry = mapping(plain)
        path: Path = ("technical", column)
        role = entry.get("role")
        if role in SINGLE_ROLES:
            roles.append((path, role))
        if role in ROLES_WITH_EXPECTED and not entry.get("expected"):
            yield Mistake(path, f"'{column}' ({role}) does not say which answer is expected", "add 'expected:'")
        if role not in ROLES_WITH_EXPECTED and entry.get("expected"):
            yield Mistake(path, f"'{column}' has 'expected', which is for consent and attention alone")
        if entry.get("identifying") is True and (role in ROLES_OF_RULES or entry.get("values")):
            what = f"'{column}' identifies people and is dropped at reading: no rule can use it"
            yield Mistake(path, what, "give it the role 'other' without 'values'")
    for path, role, first in repeated(roles):
        yield Mistake(path, f"the role '{role}' is already played by '{first[1]}'", "one column a role")
