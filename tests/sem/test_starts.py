from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.errors import EstimationError
from analysis.sem.estimate import estimate
from analysis.sem.moments import moments_given
from analysis.sem.optimise import is_positive_definite
from analysis.sem.partable import TableOptions, build_table
from analysis.sem.starts import FIRST, starts
from analysis.sem.syntax import parse_model
from tests.sem.models import THREE_FACTORS, simulated

MODEL = "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nf3 =~ x7 + x8 + x9"


def _badly_keyed(seed: int) -> pd.DataFrame:
    """100 answers to nine items, of which some are reversed and some say little of their factor."""
    generator = np.random.default_rng(seed)
    signs = generator.choice([-1, 1], 9)
    factors = np.repeat(generator.standard_normal((100, 3)), 3, axis=1)
    items = factors * signs * generator.uniform(0.3, 1.0, 9)
    items += generator.uniform(0.3, 1.5, 9) * generator.standard_normal((100, 9))
    return pd.DataFrame(items, columns=[f"x{i}" for i in range(1, 10)]).assign(half=np.arange(100) % 2)


@pytest.mark.parametrize(("seed", "group"), [(16, None), (22, None), (20, None), (59, None), (2, "half")])
def test_a_later_start_reaches_the_minimum_and_is_said(seed: int, group: str | None) -> None:
    result = sem.fit(MODEL, _badly_keyed(seed), group=group)
    unit = sem.fit(MODEL, _badly_keyed(seed), group=group, std_lv=True)
    assert result.fit_measures["chisq"] == pytest.approx(unit.fit_measures["chisq"], rel=1e-8)
    (said,) = [warning for warning in result.warnings if "starting values" in warning]
    assert said.split(": ")[1] in result.optimiser


def test_the_usual_start_is_not_remarked() -> None:
    result = sem.fit(THREE_FACTORS, simulated(200, 1))
    assert result.optimiser.endswith(f"started from {FIRST}")
    assert not any("starting values" in warning for warning in result.warnings)


def test_starts_come_in_their_order_and_are_the_same_each_time() -> None:
    data = simulated(100, 2)
    table = build_table(parse_model("f =~ x1 + start(0.4)*x2 + x3\ng =~ x4 + x5 + x6"), TableOptions())
    moments = moments_given(data.cov(), 100, table.observed, None)
    first, second = (dict(starts(table, [moments])) for _ in range(2))
    assert list(first)[:4] == [FIRST, "item sums", "item sums with latent covariances", "loadings alike"]
    assert len(first) == 10
    at = table.free_names().index("f =~ x2")
    assert [theta[at] for theta in list(first.values())[:4]] == [0.4, 0.4, 0.4, 0.4]
    for name, theta in first.items():
        np.testing.assert_array_equal(theta, second[name])


def test_where_no_start_helps_the_error_says_how_many_were_tried() -> None:
    with pytest.raises(EstimationError, match="from any of 10 starts"):
        sem.fit(MODEL, _badly_keyed(15))


def test_a_curved_valley_is_followed_to_its_minimum() -> None:
    found = estimate(MODEL, _badly_keyed(3))
    assert found.optimum.iterations > 100
    assert np.abs(found.optimum.point.newton[0]).max() < 1e-7
    assert is_positive_definite(found.optimum.point.newton[1], 1e-4)
