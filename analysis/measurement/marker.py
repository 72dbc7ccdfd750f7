"""The marker technique: does a factor that should be related to nothing account for what constructs share?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import ModelError, Problem, nearest
from analysis.measurement.measurement_model import MeasurementModel, with_lines
from analysis.sem.difference import DifferenceTest
from analysis.sem.estimate import estimate
from analysis.sem.nested import ComparedModel, compare, compared
from analysis.sem.partable import row_values
from analysis.sem.solution import Solution

_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class MarkerTest:
    """Difference test of ``restricted`` against ``full``; None where ``reason`` says why."""

    full: str
    restricted: str
    chisq_diff: float | None
    df_diff: int
    pvalue: float | None
    method: str
    reason: str


@dataclass(frozen=True, slots=True)
class MarkerTechnique:
    """The five models and their comparisons.

    ``models``: CFA, Baseline, Method-C, Method-U, Method-R. ``tests``: Method-C against Baseline (is there marker
    variance in the items?), Method-U against Method-C (is it unequal?), and Method-R against ``retained``, the better
    of these two (does it move the correlations of the constructs?).
    """

    marker: str
    models: tuple[ComparedModel, ...]
    tests: tuple[MarkerTest, ...]
    retained: str


def marker_technique(
    model: MeasurementModel, data: pd.DataFrame, marker: str, *, estimator: str | None = None
) -> MarkerTechnique:
    """The CFA marker technique on the construct ``marker``, with at least two items and none of others.

    Williams, Hartman & Cavazotte (2010), Method variance and marker variables, Organizational Research Methods 13,
    477-514. Constructs have unit variance. Baseline: the marker is uncorrelated with the other constructs, its loadings
    and error variances fixed at what the CFA gives. Method-C: it loads on all other items too, with one number;
    Method-U: with numbers of their own. Method-R: correlations of the other constructs fixed at Baseline's.
    Raises ModelError for a marker that the model does not have or cannot use, and what ``estimate`` does.
    """
    require_marker(model, marker)
    lines = _MarkerLines(model, marker)

    def fitted(name: str, parts: Iterable[str]) -> Solution:
        return estimate(with_lines(model.unit_text, *parts), data, name=name, estimator=estimator, std_lv=True)

    cfa = fitted("CFA", ())
    apart = [*lines.uncorrelated(), *lines.fixed_measurement(_values(cfa))]
    baseline = fitted("Baseline", apart)
    constant = fitted("Method-C", [*apart, *lines.loadings(equal=True)])
    unequal = fitted("Method-U", [*apart, *lines.loadings(equal=False)])
    first = _test(("Method-C", constant), ("Baseline", baseline))
    second = _test(("Method-U", unequal), ("Method-C", constant))
    keeps_unequal = second.pvalue is not None and second.pvalue < _ALPHA
    retained, full = ("Method-U", unequal) if keeps_unequal else ("Method-C", constant)
    fixed = lines.fixed_correlations(_values(baseline))
    restricted = fitted("Method-R", [*apart, *lines.loadings(equal=not keeps_unequal), *fixed])
    third = _test((retained, full), ("Method-R", restricted))
    solutions = {"CFA": cfa, "Baseline": baseline, "Method-C": constant, "Method-U": unequal, "Method-R": restricted}
    models = tuple(compared(name, solution) for name, solution in solutions.items())
    return MarkerTechnique(marker, models, (first, second, third), retained)


@dataclass(frozen=True, slots=True)
class _MarkerLines:
    """Lines that turn the CFA into the other models."""

    model: MeasurementModel
    marker: str

    @property
    def _own(self) -> tuple[str, ...]:
        return self.model.scales[self.marker]

    @property
    def _others(self) -> list[str]:
        return [construct for construct in self.model.tops if construct != self.marker]

    def uncorrelated(self) -> list[str]:
        return [f"{self.marker} ~~ 0*{construct}" for construct in self._others]

    def fixed_measurement(self, values: Mapping[tuple[str, str, str], float]) -> list[str]:
        marker = self.marker
        loadings = [f"{marker} =~ {values[marker, '=~', item]!r}*{item}" for item in self._own]
        return [*loadings, *(f"{item} ~~ {values[item, '~~', item]!r}*{item}" for item in self._own)]

    def loadings(self, *, equal: bool) -> list[str]:
        label = f"{self.marker}.method*" if equal else ""
        return [f"{self.marker} =~ {label}{item}" for item in self.model.items if item not in self._own]

    def fixed_correlations(self, values: Mapping[tuple[str, str, str], float]) -> list[str]:
        among = set(self._others)
        pairs = [key for key in values if key[1] == "~~" and key[0] != key[2] and {key[0], key[2]} <= among]
        return [f"{a} ~~ {values[a, op, b]!r}*{b}" for a, op, b in pairs]


def require_marker(model: MeasurementModel, marker: str) -> None:
    """Raise ModelError, with every reason, where ``marker`` cannot be the marker of ``model``."""
    if marker not in model.scales:
        what = f"the model has no latent variable '{marker}' to take as marker"
        raise ModelError(Problem(what, "marker", nearest(marker, model.scales)))
    problems = []
    if len(model.scales[marker]) < 2:
        problems.append(Problem(f"the marker '{marker}' has one item", "marker", "a marker needs two items or more"))
    if marker not in model.distinct:
        problems.append(Problem(f"the marker '{marker}' shares items, or is measured by constructs", "marker"))
    if model.rigid:
        what = f"several loadings of {', '.join(sorted(model.rigid))} are fixed at numbers"
        problems.append(Problem(what, "marker", "leave them free: the technique gives constructs unit variance"))
    if len(model.tops) < 3:
        hint = "the technique asks whether a marker moves their correlations: give two further constructs"
        problems.append(Problem("there are no two constructs beside the marker", "marker", hint))
    if problems:
        raise ModelError(problems)


def _values(solution: Solution) -> dict[tuple[str, str, str], float]:
    rows = row_values(solution.table, solution.optimum.theta)
    return {(row.lhs, row.op, row.rhs): float(v) for row, v in zip(solution.table.parameters, rows, strict=True)}


def _test(full: tuple[str, Solution], restricted: tuple[str, Solution]) -> MarkerTest:
    names = (full[0], restricted[0])
    test: DifferenceTest = compare(full[1], restricted[1], names).test
    return MarkerTest(*names, test.chisq_diff, test.df_diff, test.pvalue, test.method, test.reason)
