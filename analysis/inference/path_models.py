"""The structural model by partial least squares, and its hypotheses under both kinds of estimation side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis import pls
from analysis.errors import SmartCityError
from analysis.inference.families import Families, families_of
from analysis.inference.hypotheses import verdict
from analysis.inference.rows import Key, key_of, parse_key
from analysis.pls import PlsResult
from analysis.pls.importance import importance_map
from analysis.sem import SemResult
from analysis.study_files import Hypothesis

ESTIMATORS: tuple[Literal["PLS", "PLSc"], ...] = ("PLS", "PLSc")


@dataclass(frozen=True, slots=True)
class PathModels:
    """A path model by PLS and PLSc; no rows, and ``absent`` says why, where the model is none that PLS can estimate.

    ``hypotheses``: id, statement_en, estimator, nobs, est (standardised), se, pvalue, ci_lower, ci_upper (of PLS: BCa),
    pvalue_adjusted (over the family), verdict; se and interval of the structural-equation model are of its
    unstandardised estimate and not repeated.
    ``constructs``: estimator, construct, mode, alpha, rho_a, rho_c, ave, r2, r2_adjusted. ``paths``: estimator,
    outcome, predictor, est, f2, vif. ``prediction`` (PLSpredict): construct, item, q2_predict, rmse, mae, lm_rmse,
    lm_mae. ``importance``: target, construct, importance, performance.
    """

    n_resamples: int
    hypotheses: pd.DataFrame
    constructs: pd.DataFrame
    paths: pd.DataFrame
    prediction: pd.DataFrame
    importance: pd.DataFrame
    warnings: tuple[str, ...]
    absent: str


@dataclass(frozen=True, slots=True)
class Resampling:
    """How PLS is resampled: how often, and from which seed."""

    n_resamples: int
    seed: int


def path_models(
    structural: SemResult,
    hypotheses: Iterable[Hypothesis],
    data: pd.DataFrame,
    limits: Mapping[str, tuple[float, float]],
    plan: Resampling,
    families: Families | None = None,
) -> PathModels:
    """Estimate the ``structural`` model by PLS and PLSc and hold its hypotheses to all three.

    ``families`` adjust p values, within each estimator, and hold those of hypotheses about other models. ``limits`` are
    the lowest and highest answer of each item, for importance and performance.
    """
    fits: dict[str, PlsResult] = {}
    absent: list[str] = []
    for estimator in ESTIMATORS:
        try:
            fits[estimator] = pls.fit(
                structural.model,
                data,
                estimator=estimator,
                bootstrap=plan.n_resamples,
                seed=plan.seed,
                interval="bca",
                predict=estimator == "PLS",
                name=structural.name,
            )
        except SmartCityError as error:
            absent.append(f"{estimator}: {'; '.join(problem.what for problem in error.problems)}")
    own = [h for h in hypotheses if h.estimand.kind != "mixed" and h.estimand.model == structural.name]
    together = families_of(own, "none") if families is None else families
    composite = fits.get("PLS")
    prediction = None if composite is None else composite.prediction
    return PathModels(
        n_resamples=plan.n_resamples,
        hypotheses=_judged(own, structural, fits, together) if fits else _frame((), _JUDGED),
        constructs=_stacked({name: result.constructs() for name, result in fits.items()}, _CONSTRUCTS),
        paths=_stacked({name: result.paths() for name, result in fits.items()}, _PATHS),
        prediction=_frame((), _PREDICTION) if prediction is None else prediction.tidy(),
        importance=_importance(composite, data, limits, absent),
        warnings=tuple(f"{name}: {warning}" for name, result in fits.items() for warning in result.warnings),
        absent="; ".join(absent),
    )


_JUDGED = {
    "id": str, "statement_en": str, "estimator": str, "nobs": int, "est": float, "se": float, "pvalue": float,
    "ci_lower": float, "ci_upper": float, "pvalue_adjusted": float, "verdict": str,
}  # fmt: skip
_CONSTRUCTS = ("estimator", "construct", "mode", "alpha", "rho_a", "rho_c", "ave", "r2", "r2_adjusted")
_PATHS = ("estimator", "outcome", "predictor", "est", "f2", "vif")
_PREDICTION = dict.fromkeys(("construct", "item", "q2_predict", "rmse", "mae", "lm_rmse", "lm_mae"), object)
_IMPORTANCE = ("target", "construct", "importance", "performance")


def _judged(
    hypotheses: Iterable[Hypothesis], structural: SemResult, fits: Mapping[str, PlsResult], families: Families
) -> pd.DataFrame:
    """One row a hypothesis and estimator, hypothesis by hypothesis."""
    frame = _frame(_estimated(hypotheses, structural, fits), _JUDGED)
    for _, rows in frame.groupby("estimator"):
        adjusted = families.adjusted(dict(zip(rows["id"], rows["pvalue"], strict=True)))
        frame.loc[rows.index, "pvalue_adjusted"] = rows["id"].map(adjusted).astype(float)
    decisive = frame["pvalue_adjusted"].where(frame["pvalue_adjusted"].notna(), frame["pvalue"])
    signs = frame["id"].map({h.id: h.sign for h in hypotheses})
    return frame.assign(verdict=list(map(verdict, frame["est"], decisive, signs)))


def _estimated(
    hypotheses: Iterable[Hypothesis], structural: SemResult, fits: Mapping[str, PlsResult]
) -> Iterator[dict[str, object]]:
    """The rows of ``_judged`` before any is judged."""
    covariance = {key_of(row): row for row in structural.estimates}
    composites = {name: {_key(row): row for row in result.statistics} for name, result in fits.items()}
    for hypothesis in hypotheses:
        estimand = hypothesis.estimand
        key = (estimand.name.strip(), ":=", "") if estimand.kind == "effect" else parse_key(estimand.name)
        head = {"id": hypothesis.id, "statement_en": hypothesis.statement.en}
        found = covariance.get(key) if key is not None else None
        if key is None or found is None:
            continue
        std = {"est": found.std_all, "pvalue": found.pvalue}
        yield {**head, "estimator": structural.estimator, "nobs": structural.nobs, **std}
        for name, rows in composites.items():
            if key in rows:
                numbers = {k: getattr(rows[key], k) for k in ("est", "se", "pvalue", "ci_lower", "ci_upper")}
                yield {**head, "estimator": name, "nobs": fits[name].nobs, **numbers}


def _key(row: pls.PlsEstimate) -> Key:
    return (
        (row.lhs, ":=", "") if row.kind == "defined" else (row.lhs, row.op if row.kind == "path" else row.kind, row.rhs)
    )


def _importance(
    result: PlsResult | None, data: pd.DataFrame, limits: Mapping[str, tuple[float, float]], absent: list[str]
) -> pd.DataFrame:
    """Maps of the constructs that are explained and explain nothing; where there is none, the reason is added."""
    empty = pd.DataFrame(columns=list(_IMPORTANCE))
    if result is None:
        return empty
    design = result.design
    last = design.path.any(axis=1) & ~design.path.any(axis=0)
    maps = [empty]
    for j in np.flatnonzero(last):
        target = design.constructs[j]
        try:
            maps.append(importance_map(result, data, target, limits).tidy().assign(target=target)[list(_IMPORTANCE)])
        except SmartCityError as error:
            absent.append(f"importance and performance for {target}: {error.problems[0].what}")
    return pd.concat(maps[1:], ignore_index=True) if len(maps) > 1 else empty


def _frame(rows: Iterable[Mapping[str, object]], columns: Mapping[str, type]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns)).astype(dict(columns))


def _stacked(frames: Mapping[str, pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    """Frames one below the other, their name in the column ``estimator``."""
    named = [frame.assign(estimator=name) for name, frame in frames.items()]
    return pd.concat(named, ignore_index=True)[list(columns)] if named else pd.DataFrame(columns=list(columns))
