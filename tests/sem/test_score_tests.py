"""Score tests against lavaan and against the likelihood-ratio test of the same release."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.errors import ModelError
from analysis.sem.estimate import estimate
from analysis.sem.modification import modification_indices
from analysis.sem.score_tests import Release, release_tests, score_tests
from tests.references import load_case
from tests.sem.lavaan_cases import cases_with, solved
from tests.sem.models import simulated

CASES = cases_with("score_test")
TWO_FACTORS = "f1 =~ x1 + a*x2 + b*x3\nf2 =~ x4 + {}*x5 + {}*x6\n"


def test_there_are_cases() -> None:
    assert len(CASES) >= 3


@pytest.mark.parametrize("name", CASES)
def test_each_equality_equals_lavaan(name: str) -> None:
    case = load_case(name)
    ours = {(_plain(t.lhs), _plain(t.rhs)): t for t in score_tests(solved(name)).single}
    theirs = {(_plain(t["lhs"]), _plain(t["rhs"])): t for t in case.expected["score_test"]["single"]}
    assert set(ours) == set(theirs)
    for sides, row in theirs.items():
        assert ours[sides].x2 == pytest.approx(row["x2"], rel=1e-5, abs=1e-5), sides
        assert ours[sides].pvalue == pytest.approx(row["pvalue"], abs=1e-5), sides
        assert ours[sides].df == row["df"]


@pytest.mark.parametrize("name", CASES)
def test_total_equals_lavaan(name: str) -> None:
    tests, total = score_tests(solved(name)), load_case(name).expected["score_test"]["total"]
    assert tests.x2 == pytest.approx(total["x2"], rel=1e-5)
    assert tests.df == total["df"]
    assert tests.pvalue == pytest.approx(total["pvalue"], rel=1e-4)


def test_rank_is_below_df_where_equalities_identify_the_model() -> None:
    """Equal intercepts over two groups set two latent means free: eight of ten equalities are testable."""
    data = simulated(400, 12)
    data["half"] = np.where(np.arange(400) % 2 == 0, "even", "odd")
    model = "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6"
    tests = score_tests(estimate(model, data, group="half", group_equal=["loadings", "intercepts"]))
    assert (tests.df, tests.rank) == (10, 8)


@pytest.mark.parametrize("text", ["a == c\nb == d", ""])
def test_close_to_the_likelihood_ratio(text: str) -> None:
    """By ``==`` or by shared labels: one equality, and both, against refits without them."""
    data = simulated(3000, 8)
    data["x5"] += 0.05 * data["x4"]
    tied = TWO_FACTORS.format("c", "d") + text if text else TWO_FACTORS.format("a", "b")
    restricted = estimate(tied, data)
    one = estimate(TWO_FACTORS.format("c", "b"), data)
    both = estimate(TWO_FACTORS.format("c", "d"), data)
    tests = score_tests(restricted)
    assert tests.single[0].x2 == pytest.approx(restricted.test.chisq - one.test.chisq, rel=0.1)
    assert tests.x2 == pytest.approx(restricted.test.chisq - both.test.chisq, rel=0.1)
    assert tests.rank == tests.df == 2


def test_both_ways_of_writing_an_equality_give_one_test() -> None:
    data = simulated(300, 9)
    by_label = score_tests(estimate(TWO_FACTORS.format("a", "b"), data))
    by_constraint = score_tests(estimate(TWO_FACTORS.format("c", "d") + "a == c\nb == d", data))
    for one, other in zip(by_label.single, by_constraint.single, strict=True):
        assert one.x2 == pytest.approx(other.x2, rel=1e-6)
    assert (by_label.single[0].lhs, by_label.single[0].rhs) == ("f1 =~ x2", "f2 =~ x5")
    assert list(by_constraint.tidy()["lhs"]) == ["a", "b"]


def test_robust_estimators_say_that_the_test_is_plain() -> None:
    tests = score_tests(estimate(TWO_FACTORS.format("a", "b"), simulated(300, 9), estimator="MLR"))
    assert any("not corrected" in words for words in tests.words)


def test_releases_of_one_equality_are_its_score_test_and_of_several_their_total() -> None:
    data = simulated(400, 12)
    data["part"] = np.array(["a", "b", "c"])[np.arange(400) % 3]
    solution = estimate("f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6", data, group="part", group_equal=["loadings"])
    loadings = [i for i, row in enumerate(solution.table.parameters) if row.op == "=~" and row.free and row.group]
    tests = score_tests(solution)
    each = release_tests(solution, [Release(str(i), (i,)) for i in loadings])
    assert [test.x2 for test in each] == pytest.approx([test.x2 for test in tests.single])
    (together,) = release_tests(solution, [Release("all", tuple(loadings))])
    assert together.x2 == pytest.approx(tests.x2)
    assert (together.df, together.pvalue) == (tests.df, pytest.approx(tests.pvalue))


def test_a_release_of_a_fixed_parameter_is_its_modification_index() -> None:
    solution = estimate("f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nx1 ~~ 0*x4", simulated(400, 12))
    row = next(i for i, row in enumerate(solution.table.parameters) if (row.lhs, row.rhs) == ("x1", "x4"))
    (test,) = release_tests(solution, [Release("x1 ~~ x4", (row,))])
    index = next(m for m in modification_indices(solution) if (m.lhs, m.rhs) == ("x1", "x4"))
    assert test.df == 1
    assert test.x2 == pytest.approx(index.mi, rel=1e-6)


def test_a_release_that_gains_nothing_has_no_p_value() -> None:
    solution = estimate("f1 =~ x1 + x2 + x3", simulated(200, 12))
    (test,) = release_tests(solution, [Release("nothing", ())])
    assert (test.df, test.pvalue) == (0, None)


def test_nothing_to_release_is_an_error() -> None:
    with pytest.raises(ModelError, match="no equality"):
        score_tests(estimate("f =~ x1 + x2 + x3", simulated(100, 1)))


def _plain(side: str) -> str:
    """A side as both programs write it: without blanks and marks around the group."""
    return "".join(character for character in side if character not in " |[]")
