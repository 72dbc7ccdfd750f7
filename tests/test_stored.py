from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from analysis import sem, stored
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray


@dataclass(frozen=True)
class Inner:
    name: str
    value: float | None


@dataclass(frozen=True)
class Outer:
    inners: tuple[Inner, ...]
    by_name: dict[str, float]
    by_count: dict[int, tuple[str, int]]
    array: NDArray[np.float64]
    maybe: NDArray[np.float64] | None
    frame: pd.DataFrame
    series: pd.Series
    flag: bool


FLOATS = st.floats(allow_nan=True, allow_infinity=True)


@given(value=FLOATS, others=st.lists(FLOATS, min_size=1, max_size=5), text=st.text())
def test_a_result_comes_back_equal_to_the_last_bit(value: float, others: list[float], text: str) -> None:
    n = len(others)
    frame = pd.DataFrame(
        {"x": others, "text": [text] * n, "count": range(n), "flag": [True] * n},
        index=pd.Index([f"r{i}" for i in range(n)]),
    )
    before = Outer(
        inners=(Inner(text, value), Inner("none", None)),
        by_name={"a": value},
        by_count={3: ("b", 1)},
        array=np.array([others, others]),
        maybe=None,
        frame=frame,
        series=pd.Series(others, index=frame.index, name="s"),
        flag=True,
    )
    after = stored.load(Outer, stored.dump(before))
    assert after.inners[1] == before.inners[1]
    np.testing.assert_array_equal(after.inners[0].value, value)
    np.testing.assert_array_equal(after.by_name["a"], value)
    assert after.by_count == before.by_count
    np.testing.assert_array_equal(after.array, before.array)
    assert after.maybe is None
    pd.testing.assert_frame_equal(after.frame, frame)
    pd.testing.assert_series_equal(after.series, before.series)
    assert stored.dump(after) == stored.dump(before)


def test_a_fitted_model_comes_back() -> None:
    generator = np.random.default_rng(1)
    factor = generator.standard_normal(200)
    data = pd.DataFrame({f"x{i}": factor + generator.standard_normal(200) for i in range(1, 5)})
    before = sem.fit("f =~ x1 + x2 + x3 + x4", data)
    after = stored.load(sem.SemResult, stored.dump(before))
    pd.testing.assert_frame_equal(after.tidy(), before.tidy())
    pd.testing.assert_frame_equal(after.implied_covariance, before.implied_covariance)
    assert after.to_json() == before.to_json()


def test_what_has_no_stored_form_is_refused() -> None:
    with pytest.raises(TypeError, match="no stored form"):
        stored.dump(object())
    with pytest.raises(TypeError):
        stored.load(Inner, '{"name": 3, "value": null}')


@dataclass(frozen=True, slots=True)
class Named:
    kind: Literal["within", "between"]


def test_a_field_of_few_values_comes_back_and_holds_no_other() -> None:
    assert stored.load(Named, stored.dump(Named("between"))) == Named("between")
    with pytest.raises(TypeError, match="no stored form"):
        stored.load(Named, '{"kind": "sideways"}')
