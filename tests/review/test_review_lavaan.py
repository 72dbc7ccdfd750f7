"""What lavaan prints holds together: its fit measures and estimates, rounded, of every reference case."""

from __future__ import annotations

import pytest
from tests.references import Case, case_names, load_case
from tests.review.one_digit import review_text
from tests.review.published_tables import article, table

KEYS = (
    "chisq",
    "df",
    "p",
    "base_chisq",
    "base_df",
    "cfi",
    "tli",
    "nfi",
    "rmsea",
    "rmsea_lower",
    "rmsea_upper",
    "rmsea_p",
)
LAVAAN = (
    "chisq", "df", "pvalue", "baseline_chisq", "baseline_df", "cfi", "tli", "nfi", "rmsea", "rmsea_ci_lower",
    "rmsea_ci_upper", "rmsea_pvalue",
)  # fmt: skip
TESTED = [name for name in case_names("sem") if load_case(name).fit.get("df")]
COUNTED = [
    name
    for name in TESTED
    if set(load_case(name).options) <= {"estimator", "group", "group_equal"}
    and load_case(name).options.get("estimator", "ML") in {"ML", "MLR", "MLM"}
    and "level:" not in load_case(name).model
]

# With missing values the robust indices come from another estimate of the population's discrepancy.
ROBUST = [
    name
    for name in TESTED
    if load_case(name).options.get("estimator") in {"MLR", "MLM"}
    and "missing" not in load_case(name).options
    and load_case(name).fit.get("cfi_robust") is not None
]


def _shown(value: float | None, decimals: int) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.{decimals}f}"


def _row(case: Case, suffix: str, decimals: int) -> list[str]:
    values = {key: case.fit.get(f"{key}{suffix}", case.fit.get(key) if key.endswith("df") else None) for key in LAVAAN}
    return [f"model{suffix}", *(_shown(values[key], decimals) for key in LAVAAN)]


def _text(case: Case, suffixes: list[str], decimals: int) -> str:
    fit = case.fit
    groups = max(len({row["group"] for row in case.expected["parameters"]} - {None}), 1)
    n = fit.get("ntotal") or case.expected["nobs"]
    n = n if isinstance(n, int) else sum(n)
    rows = [_row(case, suffix, decimals) for suffix in suffixes]
    estimator = str(case.options.get("estimator", "ML"))
    scaling = fit.get("chisq_scaling_factor")
    columns, extra = " | ".join(("model", *KEYS)), ""
    # Scaled limits of RMSEA need the factor, which every program prints beside them.
    if scaling is not None and estimator != "WLSMV":
        rows = [[*row, _shown(scaling, 3) if row[0] != "model" else "-"] for row in rows]
        extra = " | scaling"
    return article([table("fit", "fit", columns + extra, rows, estimator=estimator)], n, groups=groups)


@pytest.mark.parametrize("decimals", [2, 3])
@pytest.mark.parametrize("name", TESTED)
def test_fit_measures_are_consistent(name: str, decimals: int) -> None:
    case = load_case(name)
    suffixes = [suffix for suffix in ("", "_scaled") if case.fit.get(f"chisq{suffix}") is not None]
    outcome = review_text(_text(case, suffixes, decimals))
    assert [(f.check, f.cell.column, f.cell.text, f.recomputed) for f in outcome.inconsistent] == []
    assert {f.check for f in outcome.findings} >= {"RMSEA"}


@pytest.mark.parametrize("name", ROBUST)
def test_robust_indices_are_consistent(name: str) -> None:
    case = load_case(name)
    fit = case.fit
    groups = max(len({row["group"] for row in case.expected["parameters"]} - {None}), 1)
    keys = [
        "chisq", "chisq_scaling_factor", "df", "baseline_chisq", "baseline_chisq_scaling_factor", "baseline_df",
        "cfi_robust", "tli_robust", "rmsea_robust", "rmsea_ci_lower_robust", "rmsea_ci_upper_robust",
    ]  # fmt: skip
    columns = "model | chisq | scaling | df | base_chisq | base_scaling | base_df | cfi | tli | rmsea | rmsea_lower"
    row = ["robust", *(_shown(fit[key], 3) for key in keys)]
    estimator = str(case.options["estimator"])
    text = article(
        [table("fit", "fit", f"{columns} | rmsea_upper", [row], estimator=estimator)],
        int(fit["ntotal"] or 0),
        groups=groups,
    )
    findings = [f for f in review_text(text).findings if f.check in {"RMSEA", "CFI, TLI, NFI"}]
    assert [(f.cell.column, f.verdict.value) for f in findings] == [
        (column, "consistent") for column in ("cfi", "tli", "rmsea", "rmsea_lower", "rmsea_upper")
    ]


@pytest.mark.parametrize("name", TESTED)
def test_estimates_are_consistent(name: str) -> None:
    parameters = load_case(name).expected["parameters"]
    rows = [
        [
            f"{row['lhs']} {row['op']}".replace("|", "t"), f"{row['rhs']} {row['group']} {i}",
            *(_shown(row[key], 3) for key in ("est", "se", "z", "pvalue", "ci_lower", "ci_upper")),
        ]
        for i, row in enumerate(parameters)
        if row["se"]
    ]  # fmt: skip
    outcome = review_text(
        article([table("paths", "paths", "outcome | predictor | est | se | z | p | ci_lower | ci_upper", rows)], 300)
    )
    assert outcome.inconsistent == ()
    assert outcome.findings


@pytest.mark.parametrize("name", COUNTED)
def test_df_are_counted_as_lavaan_does(name: str) -> None:
    case = load_case(name)
    groups = max(len({row["group"] for row in case.expected["parameters"]} - {None}), 1)
    rows = [["model", str(case.fit["df"]), str(case.fit["baseline_df"])]]
    fit = table("fit", "fit", "model | df | base_df", rows, model="m")
    outcome = review_text(article([fit], 300, {"m": case.model}, groups))
    assert [(f.check, f.verdict.value) for f in outcome.findings] == [
        ("df of the model", "consistent"),
        ("df of the baseline", "consistent"),
    ]
