"""Formulas: what is read, and where the caret stands when nothing can be."""

from __future__ import annotations

import pytest
from analysis.errors import SpecificationError
from analysis.multilevel.expression import deparse, grouped_by
from analysis.multilevel.formula import parse_formula
from analysis.multilevel.terms import Grouping
from hypothesis import given
from hypothesis import strategies as st


def terms(*written: str) -> tuple[frozenset[int], ...]:
    """Terms by the digits of their factors."""
    return tuple(frozenset(int(digit) for digit in term) for term in written)


def test_reads_fixed_and_random_parts() -> None:
    formula = parse_formula("log(y) ~ x * w + (1 + x | commune)")
    assert deparse(formula.response) == "log(y)"
    assert [atom.label for atom in formula.fixed.atoms] == ["x", "w"]
    assert formula.fixed.terms == terms("", "0", "1", "01")
    (term,) = formula.random
    assert term.group == Grouping("commune", ("commune",))
    assert term.effects.terms == terms("", "0")
    assert formula.variables == ("y", "x", "w", "commune")


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("center( x )", "center(x)"),
        ("I(x**2)", "I(x^2)"),
        ("I( -x^2+2*(a-b) )", "I(-x^2 + 2 * (a - b))"),
        ("log(x+1)", "log(x + 1)"),
        ("I(a - (b - c))", "I(a - (b - c))"),
        ("I(a/b/c)", "I(a/b/c)"),
        ("I((a^b)^c)", "I((a^b)^c)"),
        ("I(a^b^c)", "I(a^b^c)"),
        ("poly(x,2)", "poly(x, 2)"),
        ("factor( x )", "factor(x)"),
        ("`a b`", "`a b`"),
        ("âge", "âge"),
    ],
)
def test_labels_are_those_r_prints(written: str, label: str) -> None:
    formula = parse_formula(f"y ~ {written} + (1 | g)")
    assert [atom.label for atom in formula.fixed.atoms] == [label]


@pytest.mark.parametrize(
    ("formula", "column", "words"),
    [
        ("y ~ x + + (1 | g)", 8, "a variable was expected"),
        ("y ~ x ? w + (1 | g)", 6, "no meaning"),
        ("y x + (1 | g)", 2, "'~' was expected"),
        ("y ~ x + (1 | g", 14, "were expected after the bar"),
        ("y ~ x + (1 | )", 13, "grouping variable was expected"),
        ("y ~ x + ( | g)", 10, "effects that vary"),
        ("y ~ x + (1 | a/)", 15, "grouping variable was expected"),
        ("y ~ x + (1 | a:2)", 15, "grouping variable was expected"),
        ("y ~ x + (1 | a*b)", 14, "were expected after the bar"),
        ("y ~ within(x, ) + (1 | g)", 14, "grouping variable was expected"),
        ("y ~ within(x) + (1 | a/b)", 4, "by which group"),
        ("y ~ x * (1 | g)", 8, "joined by '+'"),
        ("y ~ x - (1 | g)", 8, "cannot be taken away"),
        ("y ~ 2 + (1 | g)", 4, "only 0 and 1"),
        ("y ~ . + (1 | g)", 4, "name each variable"),
        ("y ~ (a + b)^x + (1 | g)", 12, "whole number"),
        ("y ~ system(x) + (1 | g)", 4, "not a function"),
        ("y ~ log(system(x)) + (1 | g)", 8, "not a function"),
        ("y ~ x.__class__() + (1 | g)", 4, "not a function"),
        ("y ~ x", 5, "no random term"),
        ("", 0, "empty"),
    ],
)
def test_unreadable_formula_is_marked_by_a_caret(formula: str, column: int, words: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        parse_formula(formula)
    message = caught.value.problems[0].what
    said, printed, marked = message.split("\n")
    assert words in said
    assert printed == f"    {formula}"
    assert marked == "    " + " " * column + "^"


def test_deep_nesting_ends_in_a_message() -> None:
    with pytest.raises(SpecificationError, match="nested too deeply"):
        parse_formula("y ~ " + "(" * 3000)
    with pytest.raises(SpecificationError, match="nested too deeply"):
        parse_formula("y ~ I(" + "-" * 3000 + "x) + (1 | g)")


@given(st.text(alphabet="yxg ~+-*/:^()|,.01`logpcenter", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        formula = parse_formula(text)
    except SpecificationError as error:
        marked = "\n" in str(error) and "^" in str(error)
    else:
        marked = bool(formula.random)
    assert marked


@pytest.mark.parametrize(
    ("fixed", "expected"),
    [
        ("a + b + a:b", ("", "0", "1", "01")),
        ("b*a - a", ("", "0", "01")),
        ("0 + a", ("0",)),
        ("a - 1", ("0",)),
        ("a + 0 + 1", ("0", "")),
        ("a/b", ("", "0", "01")),
        ("(a + b)/c", ("", "0", "1", "012")),
        ("a:b + c", ("", "2", "01")),
        ("(a + b + c)^2", ("", "0", "1", "2", "01", "02", "12")),
        ("(a + b) * (a + c)", ("", "0", "1", "2", "02", "01", "12")),
        ("a*b*c - a:b:c", ("", "0", "1", "2", "01", "02", "12")),
    ],
)
def test_terms_are_those_of_r(fixed: str, expected: tuple[str, ...]) -> None:
    found = parse_formula(f"y ~ {fixed} + (1 | g)").fixed.terms
    assert sorted(found, key=sorted) == sorted(terms(*expected), key=sorted)
    assert [len(term) for term in found] == sorted(len(term) for term in found)


@pytest.mark.parametrize(
    ("random", "expected"),
    [
        ("(1 | a/b)", [("b:a", ("",)), ("a", ("",))]),
        ("(1 | a/b/c)", [("c:(b:a)", ("",)), ("b:a", ("",)), ("a", ("",))]),
        ("(1 | a:b)", [("a:b", ("",))]),
        ("(x || g)", [("g", ("",)), ("g", ("0",))]),
        ("(0 + x + z || g)", [("g", ("0",)), ("g", ("1",))]),
        ("(1 + x | a) + (1 | b)", [("a", ("", "0")), ("b", ("",))]),
        ("(x || a/b)", [("b:a", ("",)), ("a", ("",)), ("b:a", ("0",)), ("a", ("0",))]),
    ],
)
def test_random_terms_are_expanded_as_by_lme4(random: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    found = parse_formula(f"y ~ x + {random}").random
    assert [(term.group.label, term.effects.terms) for term in found] == [
        (label, terms(*written)) for label, written in expected
    ]


def test_centring_is_named_as_it_is_written() -> None:
    formula = parse_formula("y ~ within(x) + between(x, commune) + within(log(x), commune) + (1 | commune)")
    assert [atom.label for atom in formula.fixed.atoms] == [
        "within(x)", "between(x, commune)", "within(log(x), commune)",
    ]  # fmt: skip
    assert {group for atom in formula.fixed.atoms for group in grouped_by(atom.expression)} == {"commune"}
