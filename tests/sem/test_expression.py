from __future__ import annotations

import numpy as np
import pytest
from analysis.sem.expression import ExpressionError, parse_expression
from hypothesis import assume, given
from hypothesis import strategies as st

NUMBERS = st.floats(0.2, 3.0)


@given(a=NUMBERS, b=NUMBERS, c=NUMBERS)
@pytest.mark.parametrize(
    "text",
    [
        "a*b + c",
        "a / (b - -c)",
        "a^2 * b",
        "2^a",
        "exp(a*b) - log(c)",
        "sqrt(a + b)/c",
        "-a^2",
        "abs(b - a) + a^b",
    ],
)
def test_gradients_equal_finite_differences(text: str, a: float, b: float, c: float) -> None:
    assume(abs(a - b) > 1e-3)
    expression = parse_expression(text)
    directions = np.eye(3)

    def value(x: np.ndarray) -> float:
        bound = {name: (x[i], directions[i]) for i, name in enumerate("abc")}
        return expression.evaluate({name: bound[name] for name in expression.names})[0]

    at = np.array([a, b, c])
    bound = {name: (at[i], directions[i]) for i, name in enumerate("abc")}
    _, gradient = expression.evaluate({name: bound[name] for name in expression.names})
    numerical = [(value(at + 1e-6 * d) - value(at - 1e-6 * d)) / 2e-6 for d in directions]
    np.testing.assert_allclose(gradient, numerical, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "a.b()",
        "[a]",
        "lambda: a",
        "a if b else c",
        "a; b",
        "open('x')",
        "exp(a, b)",
        "",
        "a b",
    ],
)
def test_anything_but_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(text)


def test_labels_with_dots_are_names() -> None:
    assert parse_expression("a.1 * .p2. + exp(1e-3)").names == ("a.1", ".p2.")
