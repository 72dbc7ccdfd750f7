"""YAML specifications: every mistake with its line, the value unchangeable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from analysis.checked import Mistake, mapping, parse_checked, plain_value, repeated, sequence
from analysis.errors import SpecificationError
from analysis.specification import Specification, line_of, parse_specification
from pydantic import ValidationError


class Part(Specification):
    size: int
    colour: str = "grey"


class Whole(Specification):
    name: str
    parts: dict[str, Part]
    order: tuple[str, ...] = ()


GOOD = "name: a\nparts:\n  one:\n    size: 1\n  two:\n    size: 2\norder: [one, two]\n"


def problems(text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(SpecificationError) as caught:
        parse_specification(text, "f.yaml", Whole)
    return [(problem.where, problem.what, problem.hint) for problem in caught.value.problems]


def test_a_good_file() -> None:
    whole = parse_specification(GOOD, "f.yaml", Whole)
    assert whole.parts["two"].size == 2
    with pytest.raises(ValidationError):
        whole.name = "b"  # type: ignore[misc]


def test_every_mistake_has_its_line() -> None:
    text = "parts:\n  one:\n    size: big\n    color: red\n  two: {}\n"
    assert problems(text) == [
        ("f.yaml:1", "'name' is missing", "add 'name:'"),
        (
            "f.yaml:3",
            "parts.one.size: Input should be a valid integer, unable to parse string as an integer",
            "",
        ),
        ("f.yaml:4", "unknown key 'color'", "did you mean 'colour'?"),
        ("f.yaml:5", "'parts.two.size' is missing", "add 'size:'"),
    ]


def test_a_key_given_twice() -> None:
    assert problems(GOOD + "name: b\n") == [("f.yaml:8", "'name' is given twice", "remove one of the two")]


@pytest.mark.parametrize(
    ("text", "where"), [("", "f.yaml"), ("name: [a\nparts: 1", "f.yaml:2"), ("a:\n\t- b", "f.yaml:2")]
)
def test_what_is_not_yaml(text: str, where: str) -> None:
    assert problems(text)[0][0] == where


@pytest.mark.parametrize("value", ["!!python/object/apply:os.system [ls]", "2020-13-45"])
def test_no_yaml_makes_objects_or_tracebacks(value: str) -> None:
    with pytest.raises(SpecificationError, match=r"f\.yaml:\d: a value cannot be read"):
        parse_checked(f"parts: {{}}\nname: {value}\n", "f.yaml", Whole, undefined)


def test_line_of_a_value() -> None:
    assert line_of(GOOD, ("parts", "two", "size")) == 6
    assert line_of(GOOD, ("order", 1)) == 7
    assert line_of(GOOD, ("parts", "three", "size")) == 2


def undefined(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    for index, name in enumerate(sequence(raw, "order")):
        if name not in mapping(raw, "parts"):
            yield Mistake(("order", index), f"'{name}' is not defined", "define it")


def test_mistakes_of_form_and_of_reference_come_together() -> None:
    text = GOOD.replace("size: 1", "size: x").replace("[one, two]", "[one, three]")
    with pytest.raises(SpecificationError) as caught:
        parse_checked(text, "f.yaml", Whole, undefined)
    places = [problem.where for problem in caught.value.problems]
    assert places == ["f.yaml:4", "f.yaml:7"]
    assert parse_checked(GOOD, "f.yaml", Whole, undefined).name == "a"


def test_plain_values_of_any_form() -> None:
    assert plain_value("a: [") == {}
    assert plain_value("- a") == {}
    assert mapping({"a": {"b": 1}}, "a", "b") == {}
    assert sequence({"a": "b"}, "a") == []
    names = [(("a",), "x"), (("b",), "y"), (("c",), "x"), (("d",), None), (("e",), None)]
    assert list(repeated(names)) == [(("c",), "x", ("a",))]
