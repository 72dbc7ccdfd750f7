"""The estimators by name: which information gives their standard errors, and which correction their tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from analysis.errors import ModelError, Problem, nearest


@dataclass(frozen=True, slots=True)
class Estimator:
    """How an estimator's inference is done.

    ``information``: that of its standard errors, for complete data. ``robust``: covariance of the estimates by
    sandwich. ``scaling``: of the test, None for none. ``least_squares``: no likelihood is maximised. ``words``: its
    conventions, for the report.
    """

    name: str
    information: Literal["expected", "observed"]
    robust: bool
    scaling: Literal["yuan_bentler", "satorra_bentler", "shifted"] | None
    least_squares: bool
    words: tuple[str, ...]

    @property
    def lost_per_group(self) -> int:
        """Observations that each group loses: lavaan's least squares count N - 1."""
        return int(self.least_squares)


_NORMAL = "normal-theory maximum likelihood; covariances divided by N; chi-square = N times the discrepancy"
_BASELINE = "baseline model: variances only, covariances of fixed covariates free"
_DIAGONAL = "diagonally weighted least squares on thresholds and polychoric correlations; chi-square = (N - 1) F"
_ORDINAL = "ordinal variables are cut from latent responses of unit variance (delta parameterisation)"

ESTIMATORS: Mapping[str, Estimator] = MappingProxyType(
    {
        "ML": Estimator("ML", "expected", False, None, False, (_NORMAL, _BASELINE)),
        "MLR": Estimator(
            "MLR",
            "observed",
            True,
            "yuan_bentler",
            False,
            (_NORMAL, "robust standard errors (Huber-White); test scaled after Yuan and Bentler", _BASELINE),
        ),
        "MLM": Estimator(
            "MLM",
            "expected",
            True,
            "satorra_bentler",
            False,
            (_NORMAL, "robust standard errors and test after Satorra and Bentler", _BASELINE),
        ),
        "GLS": Estimator(
            "GLS",
            "expected",
            False,
            None,
            True,
            ("generalised least squares; covariances divided by N - 1; chi-square = (N - 1) F", _BASELINE),
        ),
        "ULS": Estimator(
            "ULS",
            "expected",
            False,
            None,
            True,
            ("unweighted least squares; covariances divided by N - 1; its chi-square is for the record", _BASELINE),
        ),
        "DWLS": Estimator("DWLS", "expected", False, None, True, (_DIAGONAL, _ORDINAL)),
        "WLSMV": Estimator(
            "WLSMV",
            "expected",
            True,
            "shifted",
            True,
            (_DIAGONAL, _ORDINAL, "robust standard errors; test scaled and shifted (Asparouhov and Muthen 2010)"),
        ),
    }
)


def choose(name: str | None, missing: str, *, ordinal: bool, clustered: bool, weighted: bool) -> Estimator:
    """The estimator called ``name`` (None: WLSMV for ordinal data, else ML); clusters and weights make ML robust, as
    they do in lavaan.

    Raises ModelError for an unknown name, an unknown treatment of missing values, or what does not go together.
    """
    name = name or ("WLSMV" if ordinal else "ML")
    problems = []
    if name not in ESTIMATORS:
        problems.append(Problem(f"there is no estimator '{name}'", "--estimator", nearest(name, ESTIMATORS)))
    if missing not in {"listwise", "fiml"}:
        what = f"missing values cannot be treated by '{missing}'"
        problems.append(Problem(what, "--missing", "known: fiml, listwise"))
    if name not in {"ML", "MLR"} and (missing == "fiml" or clustered or weighted):
        what = f"{name} is for complete, independent, unweighted rows"
        problems.append(Problem(what, "--estimator", "use MLR"))
    if ordinal != (name in {"DWLS", "WLSMV"}):
        what = f"{name} is for ordinal variables" if not ordinal else f"{name} is for continuous variables"
        problems.append(Problem(what, "--estimator", "ordinal variables (--ordered) go with DWLS or WLSMV"))
    if problems:
        raise ModelError(problems)
    return ESTIMATORS["MLR" if name == "ML" and (clustered or weighted) else name]
