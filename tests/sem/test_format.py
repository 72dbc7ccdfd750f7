from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from analysis.errors import SmartCityError
from analysis.sem.format import format_model
from analysis.sem.partable import ParameterTable, TableOptions, build_table
from analysis.sem.syntax import ParsedModel, parse_model
from hypothesis import given
from hypothesis import strategies as st
from tests.sem.models import THREE_FACTORS, WITH_COVARIATES

GROUPS = ("Pasteur", "Grant-White")
NUMBERS = st.floats(-1e6, 1e6).map(repr) | st.integers(-9, 9).map(str)
LABELS = st.sampled_from(["a", "b", "l.1", ".p2.", "été", '"two words"', "'it\"s'", '"NA"', "start"])
VALUES = NUMBERS | LABELS | st.just("NA")


def _pair(values: st.SearchStrategy[str], form: str) -> st.SearchStrategy[str]:
    return st.tuples(values, values).map(lambda pair: form.format(*pair))


MODIFIERS = st.one_of(
    VALUES.map("{}*".format),
    _pair(VALUES, "c({}, {})*"),
    NUMBERS.map("start({})*".format),
    _pair(NUMBERS, "start(c({}, {}))*"),
    _pair(LABELS, "label({},{}) * "),
    NUMBERS.map("{}?".format),
)


@st.composite
def _formulas(draw: st.DrawFn, blocks: bool) -> str:
    """Lines of two factors, their regressions, covariances and intercepts, with modifiers, in blocks or not."""

    def terms(names: list[str]) -> str:
        chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=5))
        return " +\n ".join(draw(st.just("") | MODIFIERS) + name for name in chosen)

    def block() -> list[str]:
        lines = [f"f =~ {terms(['x1', 'x2', 'x3'])}", f"g =~ {terms(['x4', 'x5', 'x3'])}"]
        lines += draw(
            st.lists(
                st.sampled_from(["f ~ ", "y ~ ", "x1 ~~ ", "f ~~ "]).map(lambda left: left + terms(["g", "z", "x:z"])),
                max_size=3,
            )
        )
        lines += draw(st.lists(st.sampled_from(["x1 ~ 1", "y ~ 0", "f ~ NA*1", "x2 ~~ 0*x2  # none"]), max_size=2))
        return draw(st.permutations(lines))

    if not blocks:
        return "\n".join(block())
    headers = draw(st.sampled_from([("group: Pasteur", 'group: "Grant-White"'), ("level: 1", "level: 2"), ("", "")]))
    return "\n".join(line for header in headers for line in [header, *block()])


RELATIONS = st.lists(
    st.sampled_from(["t := k*2 - (k)^2", "u := exp(-k/3) + 1e-3", "k == 0.5", "k > -1; k < 2.5", "k + 1 == sqrt(4)"]),
    max_size=3,
)


def _models(blocks: bool) -> st.SearchStrategy[str]:
    parts = st.tuples(_formulas(blocks), RELATIONS)
    return parts.map(lambda part: "\n".join([part[0], "w ~ k*x1", *part[1]]))


def _bare(model: ParsedModel) -> ParsedModel:
    """The model without the places where its statements stand."""
    return ParsedModel(
        tuple(replace(statement, line=0, column=0) for statement in model.statements),
        tuple(replace(relation, line=0) for relation in model.relations),
        "",
    )


def _rows(table: ParameterTable) -> object:
    relations = [(r.name, r.op, r.expression.text) for r in (*table.definitions, *table.constraints)]
    return table.parameters, relations, table.observed, table.latent, table.exogenous, table.meanstructure


def _outcome(build: Callable[[], ParameterTable]) -> object:
    """The rows of a table, or what is wrong with the model."""
    try:
        return _rows(build())
    except SmartCityError as error:
        return [problem.what for problem in error.problems]


@given(text=_models(blocks=True))
def test_printing_and_parsing_again_gives_the_same_statements_and_table(text: str) -> None:
    first = parse_model(text)
    second = parse_model(format_model(first))
    assert _bare(first) == _bare(second)
    options = TableOptions(groups=GROUPS)
    assert _outcome(lambda: build_table(first, options)) == _outcome(lambda: build_table(second, options))
    assert format_model(second) == format_model(first)


@given(text=_models(blocks=False))
def test_tables_of_several_groups_survive_printing(text: str) -> None:
    options = TableOptions(groups=GROUPS, group_equal=("loadings",), meanstructure=True)
    first = parse_model(text)
    assert _rows(build_table(first, options)) == _rows(build_table(parse_model(format_model(first)), options))


@given(st.text(alphabet="fxy12 ~=:*+()c,#\n|<>-.?\"'^", max_size=60))
def test_whatever_parses_survives_printing(text: str) -> None:
    try:
        first = parse_model("y ~ x\n" + text)
    except SmartCityError:
        return
    assert _bare(parse_model(format_model(first))) == _bare(first)


@pytest.mark.parametrize("text", [THREE_FACTORS, WITH_COVARIATES])
def test_known_models_are_printed_as_they_are_written(text: str) -> None:
    printed = format_model(parse_model(text))
    expected = [line.replace("c*b", "c * b") for line in text.strip().split("\n")]
    assert printed.strip().split("\n") == expected
