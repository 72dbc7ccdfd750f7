"""Recovery of a known population."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.errors import ModelError
from analysis.inference.recovery import recover

MODEL = "f =~ a + b + c\ng =~ d + e + h\ng ~ p*f\nf ~~ vf*f\ntwice := 2*p"
POPULATION = pd.DataFrame(
    [
        ("f", "=~", "a", 1.0),
        ("f", "=~", "b", 1.0),
        ("f", "=~", "c", 2.0),
        ("g", "~", "f", 0.6),
        ("f", "~~", "f", 1.0),
        ("twice", ":=", "p+p", 1.2),
        ("g", "~", "elsewhere", 0.3),
    ],
    columns=["lhs", "op", "rhs", "value"],
)


@pytest.fixture(scope="module")
def result() -> sem.SemResult:
    rng = np.random.default_rng(5)
    f = rng.normal(size=3000)
    g = 0.6 * f + rng.normal(size=3000)
    columns = {n: f + rng.normal(0, 0.7, 3000) for n in "abc"} | {n: g + rng.normal(0, 0.7, 3000) for n in "deh"}
    return sem.fit(MODEL, pd.DataFrame(columns))


def test_free_parameters_and_effects_are_matched(result: sem.SemResult) -> None:
    table = recover(result, POPULATION)
    assert list(table.columns) == [
        "lhs", "op", "rhs", "population", "est", "se", "ci_lower", "ci_upper", "covered",
    ]  # fmt: skip
    found = set(zip(table["lhs"], table["op"], strict=True))
    assert found == {("f", "=~"), ("g", "~"), ("f", "~~"), ("twice", ":=")}
    assert "a" not in set(table["rhs"])


def test_coverage_is_what_the_interval_says(result: sem.SemResult) -> None:
    table = recover(result, POPULATION)
    inside = (table["ci_lower"] <= table["population"]) & (table["population"] <= table["ci_upper"])
    assert (inside == table["covered"]).all()
    assert not table[table["rhs"] == "c"]["covered"].item()
    assert table[table["op"] == "~"]["covered"].item()


def test_nothing_in_common(result: sem.SemResult) -> None:
    with pytest.raises(ModelError, match="share no parameter"):
        recover(result, POPULATION.assign(lhs="x"))
