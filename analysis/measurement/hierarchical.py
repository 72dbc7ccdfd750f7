"""One construct or several: correlated factors against a higher-order factor and a general factor beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Unpack

import pandas as pd

from analysis.errors import ModelError, Problem, SmartCityError, nearest
from analysis.measurement.general_factor import GeneralFactor, general_factor
from analysis.measurement.measurement_model import MeasurementModel
from analysis.sem.estimate import FitOptions, estimate
from analysis.sem.nested import compare
from analysis.sem.present import present
from analysis.sem.result import SemResult
from analysis.sem.solution import Solution

ONE, CORRELATED, HIGHER, BIFACTOR = "one factor", "correlated", "higher-order", "bifactor"
_MEASURES = (
    "chisq", "chisq_scaled", "df", "cfi", "cfi_scaled", "tli", "tli_scaled", "rmsea", "rmsea_scaled", "srmr", "aic",
    "bic",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StructureFit:
    """Fit of one structure; None, with the ``reason``, where it could not be estimated or a measure is not defined.

    ``warnings`` tell negative variances and the like, which say that the structure is not that of the data.
    """

    structure: str
    npar: int | None
    chisq: float | None
    chisq_scaled: float | None
    df: int | None
    cfi: float | None
    cfi_scaled: float | None
    tli: float | None
    tli_scaled: float | None
    rmsea: float | None
    rmsea_scaled: float | None
    srmr: float | None
    aic: float | None
    bic: float | None
    warnings: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class StructureTest:
    """Difference test of a structure that is nested in another; None, with the ``reason``, where there is none."""

    restricted: str
    full: str
    chisq_diff: float | None
    df_diff: int | None
    pvalue: float | None
    method: str
    reason: str


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Structures of the same items, their tests, and what the general factor of the bifactor model accounts for.

    ``factors``: first-order factors and their items. ``models``: structure → its lavaan syntax. ``general`` is None
    where the bifactor model could not be estimated (the reason is in ``fits``).
    """

    factors: Mapping[str, tuple[str, ...]]
    models: Mapping[str, str]
    fits: tuple[StructureFit, ...]
    tests: tuple[StructureTest, ...]
    general: GeneralFactor | None

    def tidy(self) -> pd.DataFrame:
        """One row a structure."""
        return pd.DataFrame([asdict(row) for row in self.fits])


def first_order_factors(model: MeasurementModel, chosen: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """The factors whose structure is in question, with their items: the ``chosen`` ones, those that measure a
    higher-order factor, or all.

    Raises ModelError where a chosen one is not measured by items of its own, or there are several higher-order factors
    to choose from.
    """
    problems = [
        Problem(f"'{name}' is no factor with items of its own", model.name, nearest(name, model.separate))
        for name in chosen
        if name not in model.separate
    ]
    if problems:
        raise ModelError(problems)
    if chosen:
        return {name: model.scales[name] for name in chosen}
    higher = [name for name in model.tops if name not in model.separate and name in model.scales]
    above = {name: parts for name in higher if (parts := _parts(model, name))}
    if len(above) > 1:
        hint = f"choose, e.g. --of {','.join(next(iter(above.values())))}"
        raise ModelError(Problem(f"the model has {len(above)} higher-order factors", model.name, hint))
    names = next(iter(above.values())) if above else model.separate
    return {name: model.scales[name] for name in names}


def _parts(model: MeasurementModel, higher: str) -> list[str]:
    """First-order factors, with items of their own, that measure a higher-order one."""
    below = set(model.separate) - set(model.distinct)
    return [name for name in model.separate if name in below and set(model.scales[name]) <= set(model.scales[higher])]


def structures(factors: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Models in lavaan syntax of one factor of all items, the factors correlated, under a higher-order factor, and
    beside a general one with which they and each other are uncorrelated.

    Factors have unit variance (fit with ``std_lv``); Holzinger & Swineford (1937, Psychometrika 2, 41-54) for the
    bifactor model, Yung, Thissen & McLeod (1999, Psychometrika 64, 113-128) for the higher-order one as a
    restriction of it. Raises ModelError for fewer than three factors.
    """
    if len(factors) < 3:
        what = f"a higher-order factor of {len(factors)} factors is not identified"
        raise ModelError(Problem(what, "structures", "it takes three first-order factors"))
    general = _unused("general", factors)
    measured = [f"{name} =~ {' + '.join(items)}" for name, items in factors.items()]
    everything = f"{general} =~ {' + '.join(item for items in factors.values() for item in items)}"
    apart = [f"{a} ~~ 0*{b}" for a, b in combinations((general, *factors), 2)]
    return {
        ONE: everything + "\n",
        CORRELATED: "\n".join(measured) + "\n",
        HIGHER: "\n".join([*measured, f"{general} =~ {' + '.join(factors)}"]) + "\n",
        BIFACTOR: "\n".join([everything, *measured, *apart]) + "\n",
    }


def hierarchy(
    factors: Mapping[str, tuple[str, ...]], data: pd.DataFrame | None = None, **options: Unpack[FitOptions]
) -> Hierarchy:
    """Fit the four structures of ``factors`` to the same data and compare them; ``options`` are those of ``sem.fit``.

    Raises ModelError for fewer than three factors. A structure that cannot be estimated carries the reason.
    """
    models = structures(factors)
    options = {**options, "std_lv": True}
    solutions: dict[str, Solution] = {}
    results: dict[str, SemResult] = {}
    reasons: dict[str, str] = {}
    for structure, text in models.items():
        try:
            solutions[structure] = estimate(text, data, name=structure, **options)
            results[structure] = present(text, structure, options.get("missing", "listwise"), solutions[structure])
        except SmartCityError as error:
            reasons[structure] = "; ".join(problem.what for problem in error.problems)
    bifactor = results.get(BIFACTOR)
    return Hierarchy(
        factors=dict(factors),
        models=models,
        fits=tuple(_fit(structure, results.get(structure), reasons.get(structure, "")) for structure in models),
        tests=tuple(_test(*pair, solutions) for pair in ((ONE, CORRELATED), (HIGHER, CORRELATED), (HIGHER, BIFACTOR))),
        general=general_factor(bifactor, factors, _unused("general", factors)) if bifactor is not None else None,
    )


def _unused(name: str, factors: Mapping[str, Sequence[str]]) -> str:
    taken = {*factors, *(item for items in factors.values() for item in items)}
    while name in taken:
        name += "_"
    return name


def _fit(structure: str, result: SemResult | None, reason: str) -> StructureFit:
    if result is None:
        nothing = dict.fromkeys(_MEASURES)
        return StructureFit(structure, npar=None, warnings=(), reason=reason, **nothing)
    measures = {key: result.fit_measures.get(key) for key in _MEASURES}
    why = "; ".join(dict.fromkeys(result.undefined[key] for key in _MEASURES if key in result.undefined))
    return StructureFit(structure, npar=result.npar, warnings=result.warnings, reason=why, **measures)  # type: ignore[arg-type]


def _test(restricted: str, full: str, solutions: Mapping[str, Solution]) -> StructureTest:
    lacking = [name for name in (restricted, full) if name not in solutions]
    if lacking:
        return StructureTest(restricted, full, None, None, None, "", f"the {lacking[0]} model could not be estimated")
    if solutions[restricted].df == solutions[full].df:
        reason = "both have the same degrees of freedom: with three factors they are one model written twice"
        return StructureTest(restricted, full, None, None, None, "", reason)
    try:
        found = compare(solutions[full], solutions[restricted], (full, restricted)).test
    except SmartCityError as error:
        reason = "; ".join(problem.what for problem in error.problems)
        return StructureTest(restricted, full, None, None, None, "", reason)
    return StructureTest(restricted, full, found.chisq_diff, found.df_diff, found.pvalue, found.method, found.reason)
