"""Formulas: what is read, and where the caret stands when nothing can be."""

from __future__ import annotations

import pytest
from analysis.errors import SpecificationError
from analysis.multilevel.expression import deparse
from analysis.multilevel.formula import parse_formula
from hypothesis import given
from hypothesis import strategies as st


def test_reads_fixed_and_random_parts() -> None:
    formula = parse_formula("log(y) ~ x * w + (1 + x | commune)")
    assert deparse(formula.response) == "log(y)"
    assert [atom.label for atom in formula.fixed.atoms] == ["x", "w"]
    assert formula.fixed.template == "+v0*v1"
    (term,) = formula.random
    assert term.group == "commune"
    assert term.effects.template == "+1 +v0"
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
        ("y ~ x + (1 | a/b)", 14, "one grouping variable"),
        ("y ~ x + (x || g)", 11, "'||'"),
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
