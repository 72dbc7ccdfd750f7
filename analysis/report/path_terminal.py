"""A path model by partial least squares as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from analysis.report.columns import aligned, remarks
from analysis.report.rounding import Kind, interval, show

if TYPE_CHECKING:
    import pandas as pd

    from analysis.pls import GroupComparison, PlsEstimate, PlsResult
    from analysis.pls.groups import Compared
    from analysis.pls.predict import Prediction

_INFERENCE = ("est", "SE", "z", "p", "95 % interval")
_EFFECTS = {"defined": "Defined parameters", "indirect": "Indirect effects", "total": "Total effects"}


def pls_summary(result: PlsResult) -> str:
    """Constructs, items, paths, effects, HTMT, prediction, what to know."""
    lines = [
        f"{result.estimator}, {result.nobs} observations, {result.scheme} scheme; "
        f"weights settled in {result.iterations} iterations",
        f"SRMR {show(result.srmr, Kind.BOUNDED)}, saturated {show(result.srmr_saturated, Kind.BOUNDED)}",
        "",
        "Constructs",
        *_constructs(result.constructs()),
        "",
        "Items",
        *_items(result),
        "",
        "Paths",
        *_paths(result),
    ]
    for kind, title in _EFFECTS.items():
        rows = [[_name(row), *_numbers(row)] for row in result.statistics if row.kind == kind]
        if rows:
            lines += ["", title, *aligned(["", *_INFERENCE], rows)]
    lines += [*_htmt(result), *_prediction(result.prediction)]
    reasons = [f"{what}: {why}" for what, why in result.undefined.items()]
    return "\n".join([*lines, *remarks([*result.warnings, *result.conventions, *reasons])])


def groups_summary(compared: GroupComparison) -> str:
    """MICOM construct by construct, then the paths of the two groups."""
    (first, second), (n_first, n_second) = compared.groups, compared.sizes
    verdicts = dict(compared.invariance().to_numpy().tolist())
    steps = {"c": compared.correlation, "mean": compared.mean, "log variance": compared.log_variance}
    micom = [
        [construct, *(_permuted(step, k) for step in steps.values()), verdicts[construct]]
        for k, construct in enumerate(compared.correlation.names)
    ]
    paths = [
        [name, show(compared.paths.value[k], Kind.ESTIMATE), show(compared.paths.pvalue[k], Kind.PVALUE)]
        for k, name in enumerate(compared.paths.names)
    ]
    failed = [f"{compared.n_failed} permutations had no solution and are left out"] if compared.n_failed else []
    lines = [
        f"PLS, {first} ({n_first} observations) less {second} ({n_second}), {compared.n_permutations} permutations",
        "",
        "Invariance of composites (MICOM): value, p",
        *aligned(["", *steps, "invariance"], micom),
        "",
        "Paths, difference of the groups",
        *aligned(["", "difference", "p"], paths),
        *remarks(["paths may be compared where invariance is at least partial", *failed]),
    ]
    return "\n".join(lines)


def _permuted(step: Compared, k: int) -> str:
    return f"{show(step.value[k], Kind.ESTIMATE)}, {show(step.pvalue[k], Kind.PVALUE)}"


def _constructs(frame: pd.DataFrame) -> list[str]:
    measures = ("alpha", "rho_a", "rho_c", "ave", "r2", "r2_adjusted")
    rows = [
        [str(row["construct"]), str(row["mode"]), *(show(row[key], Kind.BOUNDED) for key in measures)]
        for _, row in frame.iterrows()
    ]
    return aligned(["", "mode", "alpha", "rho_A", "rho_C", "AVE", "R²", "R² adj."], rows)


def _items(result: PlsResult) -> list[str]:
    vif = dict(zip(result.design.items, result.outer_vif, strict=True))
    weights = {(row.lhs, row.rhs): row for row in result.statistics if row.kind == "weight"}
    rows = []
    for loading in (row for row in result.statistics if row.kind == "loading"):
        weight = weights[loading.lhs, loading.rhs]
        inference = [limits for row in (loading, weight) for limits in (show(row.est, Kind.ESTIMATE), _limits(row))]
        rows.append([f"{loading.lhs}: {loading.rhs}", *inference, show(vif[loading.rhs], Kind.NUMBER)])
    return aligned(["", "loading", "95 % interval", "weight", "95 % interval", "VIF"], rows)


def _paths(result: PlsResult) -> list[str]:
    estimates = {(row.lhs, row.rhs): row for row in result.statistics if row.kind == "path"}
    rows = []
    for _, path in result.paths().iterrows():
        row = estimates[str(path["outcome"]), str(path["predictor"])]
        rows.append([_name(row), *_numbers(row), show(path["f2"], Kind.ESTIMATE), show(path["vif"], Kind.NUMBER)])
    return aligned(["", *_INFERENCE, "f²", "VIF"], rows)


def _htmt(result: PlsResult) -> Iterator[str]:
    names = result.design.constructs
    pairs = [(i, j) for j in range(len(names)) for i in range(j) if result.htmt[i, j] == result.htmt[i, j]]
    if pairs:
        rows = [[f"{names[i]}, {names[j]}", show(result.htmt[i, j], Kind.BOUNDED)] for i, j in pairs]
        yield from ("", "Heterotrait-monotrait ratios", *aligned(["", "HTMT"], rows))


def _prediction(prediction: Prediction | None) -> Iterator[str]:
    if prediction is None:
        return
    rows = [
        [f"{row['construct']}: {row['item']}", show(row["q2_predict"], Kind.BOUNDED)]
        + [show(row[key], Kind.ESTIMATE) for key in ("rmse", "lm_rmse", "mae", "lm_mae")]
        for _, row in prediction.tidy().iterrows()
    ]
    head = f"Prediction out of sample ({prediction.n_folds} folds, {prediction.n_repetitions} repetitions)"
    yield from ("", head, *aligned(["", "Q²predict", "RMSE", "linear", "MAE", "linear"], rows))


def _name(row: PlsEstimate) -> str:
    return f"{row.lhs} {row.op} {row.rhs}"


def _numbers(row: PlsEstimate) -> Sequence[str]:
    return (
        show(row.est, Kind.ESTIMATE),
        show(row.se, Kind.ESTIMATE),
        show(row.z, Kind.NUMBER),
        show(row.pvalue, Kind.PVALUE),
        _limits(row),
    )


def _limits(row: PlsEstimate) -> str:
    return interval(row.ci_lower, row.ci_upper, Kind.ESTIMATE)
