"""How many things a scale measures: all that the items of a model say of it, from one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem
from analysis.json_text import json_text
from analysis.measurement.exploratory import FactorSolution, explore, most_factors
from analysis.measurement.extraction import Method
from analysis.measurement.factorability import SamplingAdequacy, Sphericity, sampling_adequacy, sphericity
from analysis.measurement.hierarchical import Hierarchy, first_order_factors, hierarchy
from analysis.measurement.item_correlations import ItemCorrelations, Missing, item_correlations
from analysis.measurement.measurement_model import measurement_model
from analysis.measurement.parallel_analysis import Communalities, Executor, ParallelAnalysis, parallel_analysis
from analysis.measurement.partial_correlations import MinimumAveragePartial, minimum_average_partial
from analysis.measurement.rotation import Name

Array = NDArray[np.float64]

CONVENTIONS = (
    "factors: uniquenesses at least 0.005; oblimin (quartimin) and geomin of loadings as they are, varimax and promax "
    "of rows of unit length (psych::fa's conventions); the lowest minimum from several starts",
    "chi-square of factors with Bartlett's correction; RMSEA, TLI and BIC from it (psych::fa.stats)",
    "minimum average partial from zero components on; parallel analysis counts the leading eigenvalues above the "
    "random ones",
    "structures: factors of unit variance, complete rows; omega hierarchical and ECV from standardised loadings",
)


@dataclass(frozen=True, slots=True)
class FactorPlan:
    """What to extract: ``n_factors`` (None: as many as parallel analysis says), how, and how to rotate."""

    n_factors: int | None = None
    extraction: Method = "minres"
    rotation: Name = "oblimin"


@dataclass(frozen=True, slots=True)
class ParallelPlan:
    """How unrelated answers are drawn: number of sets, percentile, diagonal of the reduced correlations, seed."""

    replicates: int = 500
    percent: float = 95.0
    communalities: Communalities = "minres"
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Dimensions:
    """What correlations of items and models of them say of their dimensions.

    ``suggested``: criterion → number of dimensions. ``adequacy`` and ``bartlett`` are None where correlations are not
    positive definite, ``solution`` and ``hierarchy`` where ``undefined`` gives the reason.
    """

    model: str
    items: ItemCorrelations
    adequacy: SamplingAdequacy | None
    bartlett: Sphericity | None
    partial: MinimumAveragePartial
    parallel: ParallelAnalysis
    suggested: dict[str, int]
    solution: FactorSolution | None
    hierarchy: Hierarchy | None
    undefined: dict[str, str]
    warnings: tuple[str, ...]
    conventions: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row an item: its loadings, sorted, or its name alone where there are no factors."""
        return self.solution.tidy() if self.solution is not None else pd.DataFrame({"item": self.items.names})

    def glance(self) -> pd.DataFrame:
        """One row: respondents, items, what each criterion suggests."""
        head = {"model": self.model, "nobs": self.items.nobs, "n_items": len(self.items.names)}
        kmo = None if self.adequacy is None else self.adequacy.overall
        return pd.DataFrame([{**head, "correlations": self.items.kind, "kmo": kmo, **self.suggested}])

    def to_json(self) -> str:
        """JSON of all numbers; those that are not defined are null and have their reason under "undefined"."""
        names = self.items.names
        content = {
            "model": self.model,
            "nobs": self.items.nobs,
            "n_dropped": self.items.n_dropped,
            "missing": self.items.missing,
            "correlations": {"kind": self.items.kind, **_matrix(self.items.correlation, names)},
            "kmo": None if self.adequacy is None else _adequacy(self.adequacy, names),
            "bartlett": None if self.bartlett is None else asdict(self.bartlett),
            "map": asdict(self.partial),
            "parallel": asdict(self.parallel),
            "suggested": self.suggested,
            "factors": None if self.solution is None else _solution(self.solution),
            "structures": None if self.hierarchy is None else asdict(self.hierarchy),
            "undefined": self.undefined,
            "warnings": list(self.warnings),
            "conventions": list(self.conventions),
        }
        return json_text(content)


def dimensions(
    text: str,
    data: pd.DataFrame,
    *,
    name: str = "model",
    ordered: str | Sequence[str] = (),
    of: Sequence[str] = (),
    missing: Missing = "listwise",
    factors: FactorPlan = FactorPlan(),
    parallel: ParallelPlan = ParallelPlan(),
    executor: Executor = map,
) -> Dimensions:
    """Dimensions of the items that measure the latent variables of ``text`` (lavaan syntax), or those named in ``of``.

    ``ordered`` names all items, or is "all", for polychoric correlations; ``missing`` is listwise or pairwise (models
    of structure take complete rows). Of three factors and more, those of a higher-order factor where there is one, the
    structures are compared. Raises SpecificationError for faulty syntax, ModelError for items that are unknown,
    constant or fewer than two, for too many factors and too few replicates, DataError for answers that cannot be used.
    """
    model = measurement_model(text, name)
    constructs = first_order_factors(model, of) if of else {c: model.scales[c] for c in model.scales}
    names = tuple(dict.fromkeys(item for members in constructs.values() for item in members))
    items = item_correlations(data, names, ordinal=_ordinal(ordered, names), missing=missing)
    undefined: dict[str, str] = {}
    adequacy, bartlett = _factorability(items, undefined)
    partial = minimum_average_partial(items.correlation)
    eigenvalues = parallel_analysis(items, **asdict(parallel), executor=executor)
    suggested = {
        "parallel_factors": eigenvalues.factors.n_percentile,
        "parallel_components": eigenvalues.components.n_percentile,
        "map": partial.n_squared,
        "map_fourth": partial.n_fourth,
    }
    solution = _explored(items, factors, suggested["parallel_factors"], parallel.seed, undefined)
    structure = _hierarchy(first_order_factors(model, of), data, items, undefined)
    notes = [] if solution is None else [note for note in solution.warnings if note not in items.warnings]
    return Dimensions(
        model=name,
        items=items,
        adequacy=adequacy,
        bartlett=bartlett,
        partial=partial,
        parallel=eigenvalues,
        suggested=suggested,
        solution=solution,
        hierarchy=structure,
        undefined=undefined,
        warnings=(*items.warnings, *notes),
        conventions=CONVENTIONS,
    )


def _ordinal(ordered: str | Sequence[str], names: Sequence[str]) -> bool:
    """Whether items are ordinal; raises ModelError where some are and others are not, or what is named is no item."""
    if ordered == "all":
        return True
    named = set([ordered] if isinstance(ordered, str) and ordered else ordered)
    if named and named != set(names):
        odd = sorted(named - set(names)) or [item for item in names if item not in named]
        where = "is no item of the scale" if named - set(names) else "is not named"
        what = f"items are all ordinal or all numeric, and '{odd[0]}' {where}"
        raise ModelError(Problem(what, "--ordered", "name all items, or say --ordered all"))
    return bool(named)


def _factorability(
    items: ItemCorrelations, undefined: dict[str, str]
) -> tuple[SamplingAdequacy | None, Sphericity | None]:
    if not items.positive_definite:
        undefined |= dict.fromkeys(("kmo", "bartlett"), "the correlations are not positive definite")
        return None, None
    return sampling_adequacy(items.correlation), sphericity(items.correlation, items.nobs)


def _explored(
    items: ItemCorrelations, plan: FactorPlan, suggested: int, seed: int, undefined: dict[str, str]
) -> FactorSolution | None:
    """The number of factors that was asked for, or else as many as suggested and the items can tell."""
    n_factors = plan.n_factors
    if n_factors is None:
        most = most_factors(len(items.names))
        if most < 1 or suggested < 1:
            few = f"{len(items.names)} items cannot tell a factor: it takes three"
            undefined["factors"] = few if most < 1 else "parallel analysis finds no factor; ask for one with --factors"
            return None
        n_factors = min(suggested, most)
    solution = explore(items, n_factors, extraction=plan.extraction, rotation=plan.rotation, seed=seed)
    undefined |= {f"factors.{key}": reason for key, reason in solution.undefined.items()}
    return solution


def _hierarchy(
    factors: Mapping[str, tuple[str, ...]], data: pd.DataFrame, items: ItemCorrelations, undefined: dict[str, str]
) -> Hierarchy | None:
    if len(factors) < 3:
        undefined["structures"] = (
            f"{len(factors)} first-order factors with items of their own: a higher-order and a bifactor model take "
            "three"
        )
        return None
    ordered = "all" if items.kind == "polychoric" else ()
    found = hierarchy(factors, data, ordered=ordered)
    undefined |= {f"structures.{fit.structure}": fit.reason for fit in found.fits if fit.reason}
    undefined |= {f"structures.{test.restricted}, {test.full}": test.reason for test in found.tests if test.reason}
    return found


def _matrix(matrix: Array, names: Sequence[str]) -> dict[str, Any]:
    return {"items": list(names), "values": matrix.tolist()}


def _adequacy(adequacy: SamplingAdequacy, names: Sequence[str]) -> dict[str, Any]:
    return {"overall": adequacy.overall, "items": dict(zip(names, adequacy.by_item.tolist(), strict=True))}


def _solution(solution: FactorSolution) -> dict[str, Any]:
    tables = {"loadings", "unrotated", "factor_correlations", "communality", "uniqueness", "complexity", "variance"}
    plain = {f.name: getattr(solution, f.name) for f in fields(solution) if f.name not in tables}
    return {
        **plain,
        "fit": asdict(solution.fit),
        "items": solution.tidy().to_dict("records"),
        "unrotated": solution.unrotated.to_dict("index"),
        "factor_correlations": solution.factor_correlations.to_dict("index"),
        "variance": solution.variance.to_dict(),
    }
