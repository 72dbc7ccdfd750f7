from __future__ import annotations

import pytest
from analysis.errors import SmartCityError, SpecificationError
from analysis.sem.syntax import Modifier, parse_model
from hypothesis import given
from hypothesis import strategies as st


def test_every_form_of_the_syntax() -> None:
    model = parse_model(
        """
        # a comment
        visual =~ x1 + a*x2 +
           start(0.5)*x3           ! another
        f =~ NA*x4 + c(b1, b2)*x5 + -1*x6 + "lab"*x7; y ~ 1
        y ~ 0*1 + x1:x2
        y
          ~~ 0.5?z
        total := a*b1 - (2^2)
        """
    )
    terms = {(s.lhs, s.op, s.rhs): s.modifiers for s in model.statements}
    assert terms[("visual", "=~", "x1")] == ()
    assert terms[("visual", "=~", "x2")] == (Modifier("label", ("a",)),)
    assert terms[("visual", "=~", "x3")] == (Modifier("start", (0.5,)),)
    assert terms[("f", "=~", "x4")] == (Modifier("free", (None,)),)
    assert terms[("f", "=~", "x5")] == (Modifier("label", ("b1", "b2")),)
    assert terms[("f", "=~", "x6")] == (Modifier("fixed", (-1.0,)),)
    assert terms[("f", "=~", "x7")] == (Modifier("label", ("lab",)),)
    assert terms[("y", "~", "1")] == (Modifier("fixed", (0.0,)),)
    assert ("y", "~", "x1:x2") in terms
    assert terms[("y", "~~", "z")] == (Modifier("start", (0.5,)),)
    assert [(r.lhs, r.op) for r in model.relations] == [("total", ":=")]


def test_modifiers_of_a_term_given_twice_add_up() -> None:
    (first, second) = parse_model("f =~ x1 + a*x2 + start(0.8)*x2").statements
    assert first.rhs == "x1"
    assert second.modifiers == (Modifier("label", ("a",)), Modifier("start", (0.8,)))


def test_blocks_mark_their_statements() -> None:
    statements = parse_model("level: 1\nf =~ x1\nlevel: 2\nf =~ x1").statements
    assert [s.level for s in statements] == ["1", "2"]


def test_all_mistakes_come_at_once_each_with_its_place() -> None:
    text = "f =~ x1 + + x2\ny ~ ~ x\ny ~ foo(2)*x\ng = x1\nh =~ x1 x2\n:= 3"
    with pytest.raises(SpecificationError) as caught:
        parse_model(text, "m.lav")
    places = [problem.where for problem in caught.value.problems]
    assert places == ["m.lav:1:11", "m.lav:2:5", "m.lav:3:5", "m.lav:4:1", "m.lav:5:9", "m.lav:6:1"]
    first = caught.value.problems[0]
    line, pointer = first.what.split("\n")[1:]
    assert line[pointer.index("^")] == "+"
    assert all(problem.hint for problem in caught.value.problems)


def test_an_empty_model_is_a_mistake() -> None:
    with pytest.raises(SpecificationError, match="empty"):
        parse_model("# nothing but a comment\n")


@given(st.text(max_size=80) | st.text(alphabet="fxy12 ~=:*+()c,#\n|<>-.?\"'^", max_size=60))
def test_the_parser_never_crashes(text: str) -> None:
    try:
        statements = parse_model(text).statements
    except SmartCityError:
        return
    assert statements
