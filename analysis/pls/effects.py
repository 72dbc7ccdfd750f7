"""The statistics of a path model as one list: what each is called, and its numbers, of the sample or of resamples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.pls.estimates import PathEstimates
from analysis.pls.model import PathModel

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """One statistic: lavaan's columns, and ``kind``: loading, weight, path, total, indirect, defined or r2."""

    kind: str
    lhs: str
    op: str
    rhs: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class StatisticsOf:
    """Numbers (..., m) of estimates, in the order of ``rows``. Workers call it, hence a value, not a closure."""

    model: PathModel

    def rows(self) -> list[Row]:
        """What the numbers are."""
        design = self.model.design
        names = design.constructs
        blocks = [(names[j], design.items[i]) for j, members in enumerate(design.members) for i in members]
        labels = self.model.labels
        paths = [(names[j], names[i]) for j, i in np.argwhere(design.path)]
        effects = [(names[j], names[i]) for j, i in _reached(design.path)]
        return [
            *(Row("loading", construct, "=~", item) for construct, item in blocks),
            *(Row("weight", construct, "<~", item) for construct, item in blocks),
            *(Row("path", j, "~", i, labels.get((j, i), "")) for j, i in paths),
            *(Row("defined", name, ":=", expression.text, name) for name, expression in self.model.definitions),
            *(Row("total", j, "~", i) for j, i in effects),
            *(Row("indirect", j, "~", i) for j, i in effects),
            *(Row("r2", names[j], "r2", names[j]) for j in design.predictors),
        ]

    def __call__(self, estimates: PathEstimates) -> Array:
        """Numbers (..., m)."""
        design = self.model.design
        items, constructs = np.nonzero(design.block)
        order = np.lexsort((items, constructs))
        at = (..., items[order], constructs[order])
        path, reached = np.argwhere(design.path), _reached(design.path)
        totals = estimates.totals[..., reached[:, 0], reached[:, 1]]
        return np.concatenate(
            [
                estimates.loadings[at],
                estimates.weights[at],
                estimates.paths[..., path[:, 0], path[:, 1]],
                self._defined(estimates.paths),
                totals,
                totals - estimates.paths[..., reached[:, 0], reached[:, 1]],
                estimates.r_squared[..., list(design.predictors)],
            ],
            axis=-1,
        )

    def _defined(self, paths: Array) -> Array:
        """Definitions (..., d) at the paths of each resample."""
        names = self.model.design.constructs
        flat = paths.reshape(-1, *paths.shape[-2:])
        out = np.empty((len(flat), len(self.model.definitions)))
        at = {label: (names.index(j), names.index(i)) for (j, i), label in self.model.labels.items()}
        nothing = np.zeros(1)
        for row, own in zip(out, flat, strict=True):
            bound = {label: (float(own[place]), nothing) for label, place in at.items()}
            for k, (name, expression) in enumerate(self.model.definitions):
                bound[name] = expression.evaluate(bound)
                row[k] = bound[name][0]
        return out.reshape(*paths.shape[:-2], -1) if self.model.definitions else np.empty((*paths.shape[:-2], 0))


def _reached(path: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Pairs (j, i) where i acts on j through one construct more."""
    reach, step = np.zeros_like(path), path.copy()
    while (step := (step.astype(int) @ path.astype(int)) > 0).any():
        reach |= step
    return np.argwhere(reach)
