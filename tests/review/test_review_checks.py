"""Checks: what was computed and then rounded is consistent, and what cannot be is said to be so."""

from __future__ import annotations

import math
import random
from itertools import combinations

import numpy as np
import pytest
from analysis.report.review_terminal import review_summary
from analysis.review.audit import MODULES, checks
from analysis.review.columns import COLUMNS, KINDS
from analysis.review.correlations import CorrelationBox, any_completion, refit
from analysis.review.interval import exactly
from analysis.review.result import Review
from analysis.review.verdict import Verdict
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.review.one_digit import review_text
from tests.review.published_tables import GENERATORS, article, generate, table

DECIMALS = st.sampled_from([2, 3])


def one(kind: str, columns: str, *rows: str, n: int = 100, **keys: str) -> Review:
    """The review of one table."""
    keys = {**keys, "n": str(n)} if kind == "descriptives" else keys
    return review_text(article([table("t", kind, columns, [[row] for row in rows], **keys)], n))


def verdict(outcome: Review, column: str, row: int = 0) -> str:
    """The verdict of a cell of the table."""
    found = [v for (_, r, _, name), v in outcome.verdicts.items() if (r, name) == (row, column)]
    return found[0].value if found else "none"


# No false alarms


@pytest.mark.parametrize("kind", GENERATORS)
def test_tables_of_fitted_models_hold_together(kind: str) -> None:
    for seed in range(50):
        outcome = review_text(generate(seed, kind))
        told = [(f.check, f.cell.column, f.cell.text, f.recomputed) for f in outcome.inconsistent]
        assert told == [], seed
        assert outcome.count(Verdict.CONSISTENT) >= 5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-0.95, 0.95), min_size=2, max_size=8), DECIMALS)
def test_reliabilities_of_rounded_loadings(loadings: list[float], decimals: int) -> None:
    lam = np.array(loadings)
    cr = lam.sum() ** 2 / (lam.sum() ** 2 + (1 - lam**2).sum())
    once = f"{cr:.{decimals}f} | {(lam**2).mean():.{decimals}f}"
    rows = [f"f | x{i} | {v:.{decimals}f} | {once if i == 0 else '- | -'}" for i, v in enumerate(lam)]
    assert one("measurement", "construct | item | loading | cr | ave", *rows).consistent


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 5), st.integers(0, 10**6), DECIMALS)
def test_refits_hold_the_paths_of_every_matrix_of_the_box(k: int, seed: int, decimals: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((60, k + 1)) @ rng.uniform(-0.5, 1, (k + 1, k + 1)) + 0.4 * rng.standard_normal(
        (60, k + 1)
    )
    true = np.corrcoef(rows, rowvar=False)
    half = 0.5 * 10.0**-decimals
    names = tuple(f"v{i}" for i in range(k + 1))
    rounded = np.round(true, decimals)
    found = refit(CorrelationBox(names, rounded, half * (1 - np.eye(k + 1))), names[-1], names[:-1])
    if found is None:
        return
    beta = np.linalg.solve(true[:k, :k], true[:k, k])
    inverse = np.diag(np.linalg.inv(true[:k, :k]))
    for i in range(k):
        assert found.paths[names[i]].meets(exactly(beta[i]))
        assert found.inflation[names[i]].meets(exactly(inverse[i]))
    assert found.r2.meets(exactly(beta @ true[:k, k]))


def test_refits_are_no_wider_than_twice_what_sampling_shows() -> None:
    centre = np.array([[1, 0.4, 0.5], [0.4, 1, 0.3], [0.5, 0.3, 1]])
    half = 0.005
    found = refit(CorrelationBox(("a", "b", "y"), centre, half * (1 - np.eye(3))), "y", ["a", "b"])
    assert found is not None
    corners = []
    for signs in np.array(np.meshgrid(*[[-1, 1]] * 3)).reshape(3, -1).T:
        r = centre.copy()
        for (i, j), sign in zip(combinations(range(3), 2), signs, strict=True):
            r[i, j] = r[j, i] = centre[i, j] + sign * half
        corners.append(np.linalg.solve(r[:2, :2], r[:2, 2])[0])
    assert found.paths["a"].lower <= min(corners)
    assert max(corners) <= found.paths["a"].upper
    assert found.paths["a"].radius < 1.05 * (max(corners) - min(corners)) / 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=60))
def test_means_and_deviations_of_whole_numbers(answers: list[int]) -> None:
    values = np.array(answers)
    row = f"x | {values.mean():.2f} | {values.std(ddof=1):.2f}"
    assert one("descriptives", "variable | mean | sd", row, n=len(values), items="1", scale="1-5").consistent


@settings(max_examples=60, deadline=None)
@given(st.floats(-3, 3), st.floats(0.001, 2), DECIMALS)
def test_tests_of_rounded_estimates(estimate: float, se: float, decimals: int) -> None:
    z = estimate / se
    p = math.erfc(abs(z) / math.sqrt(2))
    stars = "*" * sum(p < level for level in (0.05, 0.01, 0.001))
    limits = [f"{estimate + sign * 1.959964 * se:.{decimals}f}" for sign in (-1, 1)]
    shown = "<.001" if p < 0.001 else f"{p:.3f}"
    numbers = [f"{value:.{decimals}f}" for value in (estimate, se, z)]
    row = " | ".join(["y", "x", numbers[0] + stars, *numbers[1:], shown, *limits])
    assert one("paths", "outcome | predictor | est | se | z | p | ci_lower | ci_upper", row).consistent


@settings(max_examples=40, deadline=None)
@given(st.floats(-0.9, 0.9), st.floats(-0.9, 0.9), st.floats(0.01, 0.3), st.floats(0.01, 0.3))
def test_sobel_errors_of_rounded_paths(a: float, b: float, se_a: float, se_b: float) -> None:
    se = math.sqrt(a * a * se_b**2 + b * b * se_a**2)
    row = " | ".join(["y", "x", "m", *(f"{v:.3f}" for v in (a * b, a, b, se_a, se_b, se))])
    outcome = one("effects", "outcome | predictor | via | indirect | a | b | se_a | se_b | se", row)
    assert outcome.consistent
    assert {"indirect effect", "Sobel test"} <= {finding.check for finding in outcome.findings}


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(0, 10**6), DECIMALS)
def test_rounded_correlation_matrices_are_valid(p: int, seed: int, decimals: int) -> None:
    rng = np.random.default_rng(seed)
    loadings = rng.standard_normal((p, max(1, p - 2)))
    covariance = loadings @ loadings.T + 1e-9 * np.eye(p)
    sd = np.sqrt(np.diag(covariance))
    rounded = np.round(covariance / np.outer(sd, sd), decimals)
    radius = 0.5 * 10.0**-decimals * (1 - np.eye(p))
    valid, _ = any_completion(CorrelationBox(tuple("abcdef"[:p]), rounded, radius))
    assert valid


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 5), st.floats(0.01, 5), st.integers(2, 40), st.integers(2, 40))
def test_variance_components(between: float, within: float, groups: int, size: int) -> None:
    icc = between / (between + within)
    row = f"m | {between:.3f} | {within:.3f} | {icc:.2f} | {1 + (size - 1) * icc:.2f} | {groups}"
    columns = "model | var_between | var_within | icc | deff | groups"
    assert one("mixed", columns, row, n=groups * size).consistent


# What cannot be is found


@pytest.mark.parametrize(
    ("kind", "columns", "row", "column"),
    [
        ("fit", "model | chisq | df | p", "A | 40.21 | 24 | .200", "p"),
        ("fit", "model | chisq | df | rmsea", "A | 40.21 | 24 | .410", "rmsea"),
        ("fit", "model | chisq | df | base_chisq | base_df | cfi", "A | 40.21 | 24 | 1348.60 | 36 | .898", "cfi"),
        ("fit", "model | df | base_df | cfi | tli", "A | 24 | 36 | .950 | .950", "tli"),
        ("fit", "model | chisq | df | chisq_df", "A | 40.21 | 24 | 1.86", "chisq_df"),
        ("paths", "outcome | predictor | est | se | z", "y | x | .42 | .05 | 4.80", "z"),
        ("paths", "outcome | predictor | z | p", "y | x | 1.20 | .023", "p"),
        ("paths", "outcome | predictor | est | se | ci_lower", "y | x | .42 | .05 | .22", "ci_lower"),
        ("effects", "outcome | predictor | direct | indirect | total", "y | x | .30 | .12 | .52", "total"),
        ("explained", "outcome | f | df1 | df2 | r2", "y | 10.00 | 3 | 96 | .338", "r2"),
        ("explained", "outcome | r2 | f2", "y | .36 | .65", "f2"),
        ("measurement", "construct | item | loading | r2", "f | x | .80 | .46", "r2"),
        ("mixed", "model | var_between | var_within | icc", "m | 0.12 | 0.88 | .21", "icc"),
        ("counts", "step | n | percent", "a | 12 | 21.0", "percent"),
    ],
)
def test_a_wrong_number_is_found(kind: str, columns: str, row: str, column: str) -> None:
    assert verdict(one(kind, columns, row), column) == "inconsistent"


def test_the_reading_that_fits_is_named() -> None:
    chisq, df, n = 40.21, 24, 100
    for name, size in (("N", n), ("N − 1", n - 1)):
        value = math.sqrt((chisq - df) / (df * size))
        outcome = one("fit", "model | chisq | df | rmsea", f"A | {chisq} | {df} | {value:.5f}", n=n)
        assert [finding.readings for finding in outcome.findings] == [(name,)]


def test_a_missing_n_is_inferred() -> None:
    text = article([table("t", "fit", "model | chisq | df | rmsea", [["A | 60.00 | 24 | .061"]])], 100)
    outcome = review_text(text.replace("n: 100\n", ""))
    (finding,) = outcome.findings
    assert finding.verdict is Verdict.NOT_RECOMPUTABLE
    low, high = (int(word) for word in finding.missing.split() if word.isdigit())
    assert low <= 60 / 24 / 0.061**2 * (36 / 60) <= high


def test_items_that_would_give_cr_and_ave_are_named() -> None:
    lam = {"x1": 0.8, "x2": 0.7, "x3": 0.9, "x4": 0.3}
    kept = np.array([0.8, 0.7, 0.9])
    cr = kept.sum() ** 2 / (kept.sum() ** 2 + (1 - kept**2).sum())
    rows = [f"f | {k} | {v} | {f'{cr:.3f} | {(kept**2).mean():.3f}' if k == 'x1' else '- | -'}" for k, v in lam.items()]
    outcome = one("measurement", "construct | item | loading | cr | ave", *rows)
    assert {finding.mend for finding in outcome.inconsistent} == {"both would follow from the items x1, x2, x3"}


def test_no_completion_of_an_impossible_matrix() -> None:
    outcome = one("correlations", "variable | r", "a", "b | .9", "c | .9 | -.9")
    assert not outcome.consistent
    free = one("correlations", "variable | r", "a", "b | .9", "c | - | -.9")
    assert free.consistent


def test_alpha_from_item_correlations() -> None:
    matrix = table("items", "correlations", "variable | r", [["a"], ["b | .50"], ["c | .40 | .30"]])
    sds = {"a": 1.0, "b": 2.0, "c": 0.5}
    covariances = 2 * (0.5 * 2 + 0.4 * 0.5 + 0.3 * 1)
    raw = 1.5 * covariances / (covariances + sum(v * v for v in sds.values()))
    rows = [[f"f | {k} | {v:.2f} | {f'{raw:.2f}' if k == 'a' else '-'}"] for k, v in sds.items()]
    scales = table("t", "measurement", "construct | item | sd | alpha", rows, correlations="items")
    outcome = review_text(article([matrix, scales], 100))
    assert outcome.consistent
    assert ("raw",) in [finding.readings for finding in outcome.findings]
    wrong = review_text(article([matrix, scales.replace(f"{raw:.2f}", "0.95")], 100))
    assert [finding.check for finding in wrong.inconsistent] == ["alpha"]


def test_grim_says_when_n_is_too_large() -> None:
    small = one("descriptives", "variable | mean", "x | 3.44", n=17, items="1")
    assert verdict(small, "mean") == "inconsistent"
    large = one("descriptives", "variable | mean", "x | 3.44", n=170, items="1")
    assert [finding.missing[:9] for finding in large.findings] == ["a smaller"]


def test_grimmer_finds_an_impossible_deviation() -> None:
    possible = {
        round(float(np.std([a, b, c], ddof=1)), 2) for a in range(1, 6) for b in range(1, 6) for c in range(1, 6)
    }
    for sd in (0.58, 1.0, 1.15, 0.7, 0.3):
        rows = [
            one("descriptives", "variable | mean | sd", f"x | {m:.2f} | {sd:.2f}", n=3, items="1")
            for m in (3, 3 + 1 / 3)
        ]
        if sd not in possible:
            assert not any(outcome.consistent for outcome in rows)


def test_a_deviation_too_large_for_the_scale() -> None:
    assert verdict(one("descriptives", "variable | mean | sd", "x | 4.80 | 1.90", scale="1-5"), "sd") == "inconsistent"
    assert (
        verdict(one("descriptives", "variable | mean | sd", "x | 5.80 | 1.00", scale="1 to 5"), "mean")
        == "inconsistent"
    )


def test_stars_against_p() -> None:
    rows = ["y | a | .30** | .10", "y | b | .10** | .10", "y | c | .50 | .10"]
    outcome = one("paths", "outcome | predictor | est | se", *rows)
    assert [finding.cell.text for finding in outcome.inconsistent] == [".10**", ".50"]
    assert "no stars" in outcome.inconsistent[0].mend


def test_an_error_that_may_be_that_of_another_estimate_is_not_held_against_a_row() -> None:
    columns = "outcome | predictor | std | se | z"
    wrong = ["y | a | .43 | .05 | 6.20", "y | b | .28 | .05 | 7.10"]
    assert {f.verdict for f in one("paths", columns, *wrong).findings} == {Verdict.NOT_RECOMPUTABLE}
    mostly = ["y | a | .43 | .05 | 8.60", "y | b | .28 | .05 | 5.60", "y | c | .28 | .05 | 7.10"]
    assert [f.cell.row for f in one("paths", columns, *mostly).inconsistent] == [2]


def test_an_index_of_a_robust_estimator_needs_its_factor() -> None:
    columns, row = (
        "model | chisq | df | base_chisq | base_df | cfi | rmsea",
        "A | 40.21 | 24 | 1348.60 | 36 | .898 | .410",
    )
    assert len(one("fit", columns, row).inconsistent) == 2
    assert one("fit", columns, row, estimator="MLR").consistent


def test_a_total_that_is_no_sum_and_a_flow_that_leaks() -> None:
    sums = one("counts", "step | n", "a | 10", "b | 12", "all | 23", total="all")
    assert verdict(sums, "n", 2) == "inconsistent"
    flow = one("counts", "step | n | removed", "start | 100 | -", "careless | 90 | 10", "late | 85 | 6")
    assert verdict(flow, "n", 1) == "consistent"
    assert verdict(flow, "n", 2) == "inconsistent"


def test_mends_are_named() -> None:
    outcome = one("fit", "model | chisq | df | chisq_df", "A | 40.21 | 24 | 1.86", "B | 40.21 | 24 | 1.67")
    assert "1.68" in outcome.inconsistent[0].mend
    cut = one("paths", "outcome | predictor | est | se | z", "y | x | 2.0000 | 3.0000 | .666")
    assert "cut off" in cut.inconsistent[0].mend


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("{words: w, kind: supported, table: t, row: y ~ a, sign: '+'}", "consistent"),
        ("{words: w, kind: supported, table: t, row: y ~ a, sign: '-'}", "inconsistent"),
        ("{words: w, kind: supported, table: t, row: y ~ b}", "inconsistent"),
        ("{words: w, kind: not_supported, table: t, row: y ~ b}", "consistent"),
        ("{words: w, kind: not_supported, table: t, row: y ~ a}", "inconsistent"),
        ("{words: w, kind: strongest, table: t, row: y ~ a}", "inconsistent"),
        ("{words: w, kind: strongest, table: t, row: y ~ c}", "consistent"),
        ("{words: w, kind: strongest, table: t, row: y ~ d}", "not recomputable"),
        ("{words: w, kind: full_mediation, table: t, direct: y ~ b, indirect: y ~ a}", "consistent"),
        ("{words: w, kind: full_mediation, table: t, direct: y ~ c, indirect: y ~ a}", "inconsistent"),
        ("{words: w, kind: partial_mediation, table: t, direct: y ~ c, indirect: y ~ a}", "consistent"),
        ("{words: w, kind: partial_mediation, table: t, direct: y ~ b, indirect: y ~ a}", "inconsistent"),
        ("{words: w, kind: discriminant, table: t}", "not recomputable"),
        ("{words: w}", "not recomputable"),
    ],
)
def test_claims(claim: str, expected: str) -> None:
    rows = [["y | a | .30 | .001"], ["y | b | .02 | .700"], ["y | c | -.40 | <.001"]]
    text = article([table("t", "paths", "outcome | predictor | std | p", rows)], 100) + f"claims:\n  - {claim}\n"
    found = [finding for finding in review_text(text).findings if finding.check == "claim in words"]
    assert [finding.verdict.value for finding in found] == [expected]


def test_discriminant_validity() -> None:
    rows = [["a | .70"], ["b | .60 | .80"], ["c | .75 | .30 | .90"]]
    text = article([table("t", "correlations", "variable | r", rows, diagonal="sqrt_ave")], 100)
    (finding,) = review_text(text + "claims:\n  - {words: w, kind: discriminant, table: t}\n").inconsistent
    assert "c and a" in finding.remark


# Numbers that cannot be


@pytest.mark.parametrize(
    ("kind", "columns", "row", "column"),
    [
        ("correlations", "variable | cr | r", "a | 1.02", "cr"),
        ("fit", "model | n | cfi", "A | -20 | .950", "n"),
        ("fit", "model | p", "A | 1.20", "p"),
        ("paths", "outcome | predictor | se", "y | x | -0.10", "se"),
        ("explained", "outcome | r2", "y | 1.10", "r2"),
    ],
)
def test_impossible_numbers_are_told_once(kind: str, columns: str, row: str, column: str) -> None:
    outcome = one(kind, columns, row)
    told = [finding for finding in outcome.findings if finding.cell.column == column]
    assert [(finding.check, finding.verdict.value) for finding in told] == [("possible", "inconsistent")]


def test_a_correlation_above_one_and_a_negative_n() -> None:
    outcome = one("correlations", "variable | r", "a", "b | 1.20", n=-100)
    assert sorted(f.cell.column for f in outcome.inconsistent) == ["n", "r"]
    assert "printed 1.20" in review_summary(outcome)


POOL = (
    "0", "1", "-1", "0.00", ".5", "1.00", "3.7", "1e9", "1e90", "-5", "<.001", ">.5", "n.s.", "-", "100", "-.99",
    "12.5**", "1e-90", "0.5a", "99999999999999999999", "",
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9))
def test_no_table_of_numbers_makes_a_check_fail(seed: int) -> None:
    rng = random.Random(seed)
    tables = []
    for kind in KINDS.values():
        columns = [name for name in kind.columns if name != "r" and (name in kind.key or rng.random() < 0.8)]
        words = ["a", "b", "c", "a>b", "b+c", "Constant", "2"]
        rows = [
            [rng.choice(words) if COLUMNS[name].text else rng.choice(POOL) or "-" for name in columns] for _ in range(3)
        ]
        keys = {"n": rng.choice(["10", "400", "-3", "0", "1"]), "df": rng.choice(["10", "0", "2.5"]), "items": "1"}
        keys |= {"scale": rng.choice(["1-5", "x"]), "estimator": rng.choice(["ML", "MLR", "OLS"])}
        keys |= {"correlations": "matrix", "model": "m", "zero_order": "a", "total": "a", "baseline": "a"}
        tables.append(table(kind.name, kind.name, " | ".join(columns), rows, **keys))
    triangle = [[name, *(rng.choice(POOL) or "-" for _ in range(i))] for i, name in enumerate("abc")]
    tables.append(table("matrix", "correlations", "variable | r", triangle))
    outcome = review_text(article(tables, rng.choice([100, 0, -4]), {"m": "a ~ b + c\nc ~ d"}))
    outcome.to_json()
    assert review_summary(outcome)


# The list of checks


def test_every_check_says_what_it_computes_needs_and_rests_on() -> None:
    known = checks()
    assert len(known) == sum(text.count('\n@check("') for text in map(_source, MODULES))
    for check in known.values():
        assert check.title
        assert check.formula
        assert check.needs
        assert check.source


def _source(module: object) -> str:
    import inspect
    from types import ModuleType

    assert isinstance(module, ModuleType)
    return inspect.getsource(module)


def test_every_check_is_reached_by_some_table_that_holds_together() -> None:
    reached = {f.check for kind in GENERATORS for seed in range(5) for f in review_text(generate(seed, kind)).findings}
    # These have tests of their own above, or in the published tables.
    others = {
        "possible", "alpha", "claim in words", "squared loading", "chi-square over df", "df of F and coefficients",
    }  # fmt: skip
    assert set(checks()) - reached == others
