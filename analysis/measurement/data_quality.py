"""The quality of the data behind one model: what is missing, how answers are distributed, what treatment changes."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from analysis.errors import DataError, ModelError, Problem, nearest
from analysis.json_text import json_text
from analysis.measurement.answer_codes import CUTOFF, FloorCeiling, floor_ceiling, require_numbers, suspect_codes
from analysis.measurement.descriptives import Descriptives, describe
from analysis.measurement.missing_values import MissingValues, missing_values
from analysis.measurement.normality import HenzeZirkler, henze_zirkler
from analysis.measurement.treatments import CONVENTIONS as TREATMENT_CONVENTIONS
from analysis.measurement.treatments import Treatments, treatments
from analysis.sem.defaults import roles_of
from analysis.sem.syntax import parse_model

CONVENTIONS = (
    "Little's test with the maximum-likelihood covariance (divisor n), as in BaylorEdPsych",
    "Henze-Zirkler on the respondents who answered every item, covariance with divisor n",
    "floor and ceiling: the lowest and highest answer given to any item of the construct",
)


@dataclass(frozen=True, slots=True)
class DataQuality:
    """Quality of the data of one model; ``treatments`` is None where no imputation was asked for.

    ``cutoff`` is the share from which a floor or ceiling is marked. ``undefined`` maps a statistic to its reason.
    """

    model: str
    missing: MissingValues
    descriptives: Descriptives
    henze_zirkler: HenzeZirkler | None
    floor_ceiling: tuple[FloorCeiling, ...]
    cutoff: float
    treatments: Treatments | None
    undefined: dict[str, str]
    warnings: tuple[str, ...]
    conventions: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row an item: moments, missing share, floor and ceiling."""
        ends = pd.DataFrame([asdict(row) for row in self.floor_ceiling]).drop(columns="n")
        return self.descriptives.items.merge(ends, on="item")

    def glance(self) -> pd.DataFrame:
        """One row: respondents, complete ones, share missing, and the tests (NaN where undefined)."""
        mcar = self.missing.mcar
        row = {
            "model": self.model,
            "n_complete": self.missing.n_complete,
            "missing_share": self.missing.share,
            "mcar_chisq": mcar.chisq if mcar else np.nan,
            "mcar_pvalue": mcar.pvalue if mcar else np.nan,
            "hz": self.henze_zirkler.statistic if self.henze_zirkler else np.nan,
        }
        return pd.concat([pd.DataFrame([row]), self.descriptives.glance()], axis=1)

    def to_json(self) -> str:
        """JSON at full precision; what is not defined is null and has its reason under "undefined".

        Keys: "model", "nobs", "missing" (n, n_complete, share, items, persons, patterns, monotone, mcar), "items" (one
        an item: n, missing_share, mean, sd, skew, kurtosis, min, max), "correlations" (of each two items),
        "mardia", "henze_zirkler", "floor_ceiling", "cutoff", "treatments" (null without imputation, else treatments,
        each with name, nobs, chisq, df, pvalue, reason and parameters with est, se, pvalue and, of imputation, pooled:
        within, between, total, relative_increase, fmi, df_rubin, df; then n_imputations, n_failed, seed, reasons,
        pooled_test), "undefined", "warnings", "conventions".
        """
        content = {
            "model": self.model,
            "nobs": self.missing.n,
            "missing": {k: v for k, v in asdict(self.missing).items() if k != "why_no_mcar"},
            "items": [asdict(row) for row in self.descriptives.item_rows],
            "correlations": [asdict(row) for row in self.descriptives.correlation_rows],
            "mardia": asdict(self.descriptives.mardia) if self.descriptives.mardia else None,
            "henze_zirkler": asdict(self.henze_zirkler) if self.henze_zirkler else None,
            "floor_ceiling": [asdict(row) for row in self.floor_ceiling],
            "cutoff": self.cutoff,
            "treatments": asdict(self.treatments) if self.treatments else None,
            "undefined": self.undefined,
            "warnings": list(self.warnings),
            "conventions": list(self.conventions),
        }
        return json_text(content)


def data_quality(
    text: str,
    data: pd.DataFrame,
    *,
    name: str = "model",
    n_imputations: int = 0,
    seed: int = 1,
    cutoff: float = CUTOFF,
) -> DataQuality:
    """Quality of the observed variables of ``text``, in lavaan syntax; treatments with ``n_imputations`` above zero.

    Raises SpecificationError for faulty syntax, ModelError naming variables that are not in the data and for too few
    imputations, DataError for variables that hold words and for data without rows.
    """
    constructs = _constructs(text, name)
    items = list(dict.fromkeys(item for members in constructs.values() for item in members))
    _require_usable(data, items, name)
    described = describe(data, constructs)
    missing = missing_values(data[items].to_numpy(dtype=float), items)
    undefined = dict(described.undefined)
    if missing.mcar is None:
        undefined["mcar"] = missing.why_no_mcar
    if described.mardia is None:
        undefined["henze_zirkler"] = undefined["mardia"]
    normality = henze_zirkler(data[items].dropna().to_numpy(dtype=float)) if described.mardia else None
    compared = None
    if n_imputations:
        compared = treatments(text, data, items, n_imputations=n_imputations, seed=seed, name=name)
        undefined |= {f"treatments.{row.name}": row.reason for row in compared.treatments if row.reason}
    return DataQuality(
        model=name,
        missing=missing,
        descriptives=described,
        henze_zirkler=normality,
        floor_ceiling=tuple(row for members in constructs.values() for row in floor_ceiling(data, members)),
        cutoff=cutoff,
        treatments=compared,
        undefined=undefined,
        warnings=(*suspect_codes(data, items), *_warnings(compared)),
        conventions=(*described.conventions, *CONVENTIONS, *(TREATMENT_CONVENTIONS if compared else ())),
    )


def _constructs(text: str, name: str) -> dict[str, list[str]]:
    """The observed variables of a model, each once: below the construct it measures first, or by itself."""
    parsed = parse_model(text, name)
    observed = roles_of(parsed.statements).observed
    found: dict[str, list[str]] = {}
    taken: set[str] = set()
    for s in parsed.statements:
        if s.op == "=~" and s.rhs in observed and s.rhs not in taken:
            found.setdefault(s.lhs, []).append(s.rhs)
            taken.add(s.rhs)
    return found | {item: [item] for item in observed if item not in taken and ":" not in item}


def _require_usable(data: pd.DataFrame, items: list[str], name: str) -> None:
    known = [str(column) for column in data.columns]
    unknown = [item for item in items if item not in data.columns]
    if unknown:
        raise ModelError(
            Problem(f"the item '{item}' is not in the data", name, nearest(item, known)) for item in unknown
        )
    if not len(data):
        raise DataError(Problem("the data have no rows", "data", "give a file with one respondent a row"))
    require_numbers(data, items)


def _warnings(compared: Treatments | None) -> list[str]:
    if compared is None:
        return []
    failed = [f"of {compared.n_imputations} imputed data sets {compared.n_failed} gave no result"]
    said = [f"{row.name}: {warning}" for row in compared.treatments for warning in row.warnings]
    return [
        *(failed if compared.n_failed else []),
        *(f"{n} times: {why}" for why, n in compared.reasons.items()),
        *said,
    ]
