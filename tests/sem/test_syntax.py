from __future__ import annotations

import pytest
from analysis.errors import SmartCityError, SpecificationError
from analysis.sem.modifiers import Modifier
from analysis.sem.syntax import parse_model
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
    assert places == ["m.lav:1:11", "m.lav:2:5", "m.lav:3:5", "m.lav:4:3", "m.lav:5:9", "m.lav:6:1"]
    first = caught.value.problems[0]
    line, pointer = first.what.split("\n")[1:]
    assert line[pointer.index("^")] == "+"
    assert all(problem.hint for problem in caught.value.problems)


# What is written, the character under the caret, and words of the message and hint.
MISTAKES = [
    ("f =- x1 + x2", "=", "'=-' is no operator", "did you mean '=~'"),
    ("f ~= x1 + x2", "~", "'~=' is no operator", "did you mean '=~'"),
    ("f =~~ x1 + x2", "=", "'=~~' is no operator", "'=~' or '~~'"),
    ("f =~ x1 x2", "x2", "'+' is missing between 'x1' and 'x2'", "x1 + x2"),
    ("f =~ x1 + c(a, b*x2", "(", "this parenthesis is never closed", "c(a, b)*x"),
    ("f =~ x1 + a)*x2", ")", "this parenthesis was never opened", "remove it"),
    ("f =~ x1 + 0,5*x2", ",", "decimals take a point", "0.5"),
    ("f =~ x1 + *x2", "*", "nothing stands before '*'", "a*x"),
    ("f =~ x1 + a*", "*", "a variable is missing after '*'", "a*x"),
    ("x -> y", "-", "'->' is no operator", "write y ~ x"),
    ("y <- x", "<", "'<-' is no operator", "write y ~ x"),
    ("y <-> x", "<", "'<->' is no operator", "did you mean '~~'"),
    ('f =~ x1 + "a*x2', '"', "never closed", '"a"*x'),
    ("f =~ x1 + \u22120.5*x2", "\u2212", "U+2212", "write '-'"),
    ("f =~ x1 + \u201ca\u201d*x2", "\u201c", "U+201C", "write '\"'"),
    ("f =~ x1 + 2a*x2", "2", "'2a' begins with a digit", "x2a"),
    ("f =~ x1 + c(a b)*x2", "b)", "a comma is missing between 'a' and 'b'", "c(a, b)"),
    ("f =~ x1 + strat(1)*x2", "strat", "'strat(…)' is not a modifier", "did you mean 'start'"),
    ("f =~ x1 + lower(0)*x2", "lower", "'lower(…)' is not a modifier", "a > 0"),
    ("y ~ log(x)", "log", "'log(…)' is not a modifier", "transform the variable in the data"),
    ("f =~ start(0.5) x2", "x2", "'*' is missing", "start(…)*x2"),
    ("f =~ start(a)*x2", "start", "a starting value is a number", "start(0.5)"),
    ("a = b", "=", "'=' alone is no operator", "'=='"),
    ("a <= b", "<", "'<=' is no operator", "did you mean '<'"),
    ("f =~ x1 - x2", "-", "variables are not subtracted", "-1*x2"),
    ("f =~ x1, x2", ",", "comma", "'+'"),
    ("f BY x1", "BY", "no operator", "factor =~ item1"),
    ("total : a*b", ":", "':' alone", "did you mean ':='"),
    ("ind := a b", "b", "a sign is missing between 'a' and 'b'", "a*b"),
    ("ind := lgo(a)", "lgo", "'lgo(…)' is no function", "did you mean 'log'"),
    ("a*b := c", "a", "a defined parameter is one name", "name := expression"),
    ("f =~ x1 + x2 +", "+", "a variable is missing beside '+'", "factor =~ item1"),
    ("f =~ 1e999*x", "1e999", "too large", "0.5*x"),
]


@pytest.mark.parametrize(("written", "pointed", "what", "hint"), MISTAKES, ids=[row[0] for row in MISTAKES])
def test_typical_mistakes_say_what_was_meant(written: str, pointed: str, what: str, hint: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        parse_model(f"g =~ z1 + z2\n\t{written}\nh =~ z3 + z4", "m.lav")
    (problem,) = caught.value.problems
    message, line, caret = problem.what.split("\n")
    assert what in message
    assert hint in problem.hint
    assert line[caret.index("^") :].startswith(pointed)
    assert problem.where == f"m.lav:2:{caret.index('^') - 3}"


def test_a_bound_below_zero_is_no_arrow() -> None:
    (relation,) = parse_model("f =~ x1 + a*x2\na <-1").relations
    assert (relation.lhs, relation.op, relation.rhs) == ("a", "<", "- 1")


def test_values_of_groups_stand_in_c_inside_functions_too() -> None:
    (statement,) = parse_model("f =~ start(c(1.2, 0.6))*x + label(c(a, b))*x").statements
    assert statement.modifiers == (Modifier("start", (1.2, 0.6)), Modifier("label", ("a", "b")))


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
