"""The result of a path model, frozen, with tidy(), glance() and to_json()."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.json_text import json_text
from analysis.pls.bootstrap import BootstrapResult
from analysis.pls.design import Design, Scheme
from analysis.pls.estimates import Estimator, PathEstimates
from analysis.pls.predict import Prediction
from analysis.pls.quality import Reliability

Array = NDArray[np.float64]

_KEYS = (
    "lhs", "op", "rhs", "group", "level", "label", "est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_lv",
    "std_all",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlsEstimate:
    """One statistic in lavaan's columns. ``kind``: loading, weight, path, defined, total, indirect or r2.

    All are standardised. ``se``, ``z`` (est/se), ``pvalue`` (normal, two-sided) and the 95 % interval are the
    bootstrap's, None without it: PLS has no standard errors of its own.
    """

    kind: str
    lhs: str
    op: str
    rhs: str
    label: str
    est: float
    se: float | None
    z: float | None
    pvalue: float | None
    ci_lower: float | None
    ci_upper: float | None


@dataclass(frozen=True, slots=True)
class PlsResult:
    """A fitted path model of p items and J constructs, on n complete rows.

    ``reliability`` (J,) each; ``htmt`` (J, J); ``cross_loadings`` (p, J); ``outer_vif`` (p,); ``inner_vif`` and
    ``f_squared`` (J, J), row outcome; ``r_squared_adjusted`` (J,); ``scores`` (n, J) with unit variance.
    ``undefined`` says why a statistic has no value.
    """

    name: str
    model: str
    estimator: Estimator
    scheme: Scheme
    nobs: int
    n_dropped: int
    iterations: int
    design: Design
    estimates: PathEstimates
    statistics: tuple[PlsEstimate, ...]
    reliability: Reliability
    htmt: Array
    cross_loadings: Array
    outer_vif: Array
    inner_vif: Array
    f_squared: Array
    r_squared_adjusted: Array
    srmr: float
    srmr_saturated: float
    scores: Array
    warnings: tuple[str, ...]
    conventions: tuple[str, ...]
    undefined: dict[str, str]
    bootstrap: BootstrapResult | None = None
    prediction: Prediction | None = None

    @property
    def npar(self) -> int:
        """Number of weights and paths."""
        return int(self.design.block.sum() + self.design.path.sum())

    @property
    def r_squared(self) -> dict[str, float]:
        """Explained variance of endogenous constructs."""
        return {self.design.constructs[j]: float(self.estimates.r_squared[j]) for j in self.design.predictors}

    def tidy(self) -> pd.DataFrame:
        """One row a statistic."""
        frame = pd.DataFrame([asdict(row) for row in self.statistics])
        return frame.astype(dict.fromkeys(("est", "se", "z", "pvalue", "ci_lower", "ci_upper"), float))

    def glance(self) -> pd.DataFrame:
        """One row for the model."""
        row = {
            "model": self.name, "estimator": self.estimator, "scheme": self.scheme, "converged": True,
            "iterations": self.iterations, "nobs": self.nobs, "npar": self.npar,
            "srmr": self.srmr, "srmr_saturated": self.srmr_saturated,
        }  # fmt: skip
        return pd.DataFrame([row])

    def constructs(self) -> pd.DataFrame:
        """One row a construct: mode, alpha, rho_a, rho_c, ave, r2, r2_adjusted."""
        names, endogenous = self.design.constructs, self.design.path.any(axis=1)
        return pd.DataFrame(
            {
                "construct": names,
                "mode": np.where(self.design.formative, "B", "A"),
                **{key: getattr(self.reliability, key) for key in ("alpha", "rho_a", "rho_c", "ave")},
                "r2": np.where(endogenous, self.estimates.r_squared, np.nan),
                "r2_adjusted": self.r_squared_adjusted,
            }
        )

    def paths(self) -> pd.DataFrame:
        """One row a path: outcome, predictor, est, f2, vif."""
        names, pairs = self.design.constructs, np.argwhere(self.design.path)
        columns = {"est": self.estimates.paths, "f2": self.f_squared, "vif": self.inner_vif}
        return pd.DataFrame(
            {
                "outcome": [names[j] for j, _ in pairs],
                "predictor": [names[i] for _, i in pairs],
                **{key: matrix[pairs[:, 0], pairs[:, 1]] for key, matrix in columns.items()},
            }
        )

    def to_json(self) -> str:
        """The keys of a structural-equation model's JSON, and what is PLS's own under "pls"; undefined is null."""
        content = {
            "estimator": self.estimator,
            "missing": "listwise",
            "converged": True,
            "iterations": self.iterations,
            "nobs": self.nobs,
            "npar": self.npar,
            "warnings": list(self.warnings),
            "parameters": [_parameter(row) for row in self.statistics if self._is_parameter(row)],
            "fit": {"srmr": self.srmr, "srmr_saturated": self.srmr_saturated},
            "r2": self.r_squared,
            "undefined": self.undefined,
            "conventions": list(self.conventions),
            "pls": self._own(),
        }
        return json_text(content)

    def _is_parameter(self, row: PlsEstimate) -> bool:
        """Loadings of reflective blocks, weights of formative ones, paths, definitions."""
        formative = {name for name, own in zip(self.design.constructs, self.design.formative, strict=True) if own}
        own_kind = "weight" if row.lhs in formative else "loading"
        return row.kind in {"path", "defined", own_kind}

    def _own(self) -> dict[str, object]:
        names, items = self.design.constructs, self.design.items
        content: dict[str, object] = {
            "scheme": self.scheme,
            "n_dropped": self.n_dropped,
            "statistics": [asdict(row) for row in self.statistics],
            "constructs": _records(self.constructs()),
            "paths": _records(self.paths()),
            "outer_vif": {item: float(value) for item, value in zip(items, self.outer_vif, strict=True)},
            "correlations": _nested(self.estimates.correlations, names, names),
            "htmt": _nested(self.htmt, names, names),
            "cross_loadings": _nested(self.cross_loadings, items, names),
        }
        if self.bootstrap is not None:
            content["bootstrap"] = {**asdict(self.bootstrap.plan), "n_failed": self.bootstrap.n_failed}
        if self.prediction is not None:
            content["predict"] = {
                "folds": self.prediction.n_folds,
                "repetitions": self.prediction.n_repetitions,
                "seed": self.prediction.seed,
                "items": _records(self.prediction.tidy()),
            }
        return content


def _parameter(row: PlsEstimate) -> dict[str, object]:
    values = {**asdict(row), "group": None, "level": 1, "std_lv": row.est, "std_all": row.est}
    return {key: values[key] for key in _KEYS}


def _nested(matrix: Array, rows: tuple[str, ...], columns: tuple[str, ...]) -> dict[str, dict[str, object]]:
    return {
        row: {column: float(value) for column, value in zip(columns, line, strict=True)}
        for row, line in zip(rows, matrix, strict=True)
    }


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict(orient="records")]
