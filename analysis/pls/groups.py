"""Two groups of one path model: measurement invariance of composites, then their paths, both by permutation.

MICOM: Henseler, Ringle & Sarstedt (2016), Testing measurement invariance of composites using partial least squares,
International Marketing Review 33(3), 405-431; step 1, configural invariance, holds by design: one model, one treatment.
Paths: Chin & Dibbern (2010), An introduction to a permutation based procedure for multi-group PLS analysis, in
Handbook of Partial Least Squares, 171-193.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, EstimationError, ModelError, Problem, nearest
from analysis.json_text import json_text
from analysis.pls.design import SCHEMES, Design, Scheme
from analysis.pls.estimates import estimates
from analysis.pls.model import read_model
from analysis.pls.sample import correlations_of, sample_of
from analysis.pls.weights import outer_weights

Array = NDArray[np.float64]
BATCH = 200


@dataclass(frozen=True, slots=True)
class Compared:
    """Statistics of two groups (m,), and what permutations say of them.

    ``lower`` and ``upper`` are ends of the interval under equality: for ``correlation`` the lower 5 % quantile alone
    (upper 1), else 2.5 and 97.5 %. ``pvalue`` counts permutations as far out, the sample itself among them.
    """

    names: tuple[str, ...]
    value: Array
    lower: Array
    upper: Array
    pvalue: Array

    def tidy(self) -> pd.DataFrame:
        """One row a statistic."""
        keys = ("value", "lower", "upper", "pvalue")
        return pd.DataFrame({"name": self.names, **{key: getattr(self, key) for key in keys}})


@dataclass(frozen=True, slots=True)
class GroupComparison:
    """MICOM and the difference of paths, first group less second.

    ``correlation``: of scores made by the two groups' weights (step 2); ``mean`` and ``log_variance``: differences of
    pooled scores (step 3). ``n_failed`` permutations had no solution in one of the groups and are left out.
    """

    groups: tuple[str, str]
    sizes: tuple[int, int]
    n_permutations: int
    n_failed: int
    seed: int
    correlation: Compared
    mean: Compared
    log_variance: Compared
    paths: Compared

    def invariance(self) -> pd.DataFrame:
        """One row a construct: "none", "partial" (compositional) or "full" (means and variances too), at 5 %.

        Paths may be compared where it is at least partial.
        """
        partial = self.correlation.value >= self.correlation.lower
        inside = [(s.lower <= s.value) & (s.value <= s.upper) for s in (self.mean, self.log_variance)]
        verdict = np.where(partial, np.where(inside[0] & inside[1], "full", "partial"), "none")
        return pd.DataFrame({"construct": self.correlation.names, "invariance": verdict})

    def to_json(self) -> str:
        """JSON: groups with their sizes, the steps of MICOM, the verdict by construct, and the paths' differences."""
        tables = ("correlation", "mean", "log_variance", "paths")
        content = {
            "groups": dict(zip(self.groups, self.sizes, strict=True)),
            "permutations": self.n_permutations,
            "n_failed": self.n_failed,
            "seed": self.seed,
            "invariance": dict(self.invariance().to_numpy().tolist()),
            **{name: getattr(self, name).tidy().to_dict("records") for name in tables},
        }
        return json_text(content)


def compare_groups(
    model: str,
    data: pd.DataFrame,
    group: str,
    *,
    scheme: Scheme = "path",
    permutations: int = 1000,
    seed: int = 1,
    name: str = "model",
) -> GroupComparison:
    """Compare the two groups of column ``group``, by PLS.

    Raises ModelError for an unknown column, DataError where there are not two groups, each with more rows than items,
    EstimationError where a group cannot be estimated; and what ``fit`` raises.
    """
    read = read_model(model, name)
    if group not in data.columns:
        raise ModelError(
            Problem(f"'{group}' is no column of the data", "group", nearest(group, map(str, data.columns)))
        )
    if scheme not in SCHEMES:
        raise ModelError(Problem(f"there is no scheme '{scheme}'", "scheme", nearest(scheme, SCHEMES)))
    if permutations < 20:
        raise ModelError(Problem(f"{permutations} permutations are too few", "permutations", "1000 is usual"))
    sample = sample_of(data[data[group].notna()], read.design, name)
    codes, labels = pd.factorize(data.loc[data[group].notna(), group].iloc[sample.positions], sort=True)
    sizes = np.bincount(codes)
    if len(labels) != 2 or sizes.min() <= len(read.design.items):
        shown = ", ".join(f"{label} ({size} rows)" for label, size in zip(labels, sizes, strict=True))
        what = f"'{group}' must have two groups, each with more rows than items; it has {shown}"
        raise DataError(Problem(what, "data", "recode the column, or take other groups"))
    first = codes == 0
    pooled = outer_weights(sample.correlations, read.design, scheme)
    own = _statistics(sample.rows, first[None], pooled.weights, read.design, scheme)[0]
    if not (pooled.converged and np.isfinite(own).all()):
        raise EstimationError(
            Problem("one of the groups has no solution", name, "fit each group on its own to see why")
        )
    rank = [
        np.random.Generator(np.random.PCG64(sequence)).permutation(len(first))
        for sequence in np.random.SeedSequence(seed).spawn(permutations)
    ]
    masks = first[np.array(rank)]
    drawn = np.concatenate(
        [
            _statistics(sample.rows, masks[i : i + BATCH], pooled.weights, read.design, scheme)
            for i in range(0, permutations, BATCH)
        ]
    )
    usable = np.isfinite(drawn).all(axis=1)
    if usable.sum() < 20:
        raise EstimationError(Problem("fewer than 20 permutations have a solution", name, "the groups are too small"))
    parts = _compared(own, drawn[usable], read.design)
    a, b = (str(label) for label in labels)
    return GroupComparison((a, b), (int(sizes[0]), int(sizes[1])), permutations, int((~usable).sum()), seed, *parts)


def _statistics(rows: Array, masks: NDArray[np.bool_], pooled: Array, design: Design, scheme: Scheme) -> Array:
    """Statistics (b, 3 J + paths) of ``masks`` (b, n), True for the first group: c, means, log variances, paths."""
    overall = rows.T @ rows / len(rows)
    parts = [_of_group(rows, mask, pooled, design, scheme) for mask in (masks, ~masks)]
    first, second = (part[0] for part in parts)
    norms = [np.sqrt(((overall @ w) * w).sum(axis=-2)) for w in (first, second)]
    correlation = ((overall @ first) * second).sum(axis=-2) / (norms[0] * norms[1])
    differences = [of_first - of_second for of_first, of_second in zip(parts[0][1:], parts[1][1:], strict=True)]
    return np.concatenate([correlation, *differences], axis=1)


def _of_group(
    rows: Array, masks: NDArray[np.bool_], pooled: Array, design: Design, scheme: Scheme
) -> tuple[Array, Array, Array, Array]:
    """Weights (b, p, J) of the rows in ``masks`` (b, n); mean and log variance (b, J) of pooled scores; paths."""
    share = masks / masks.sum(axis=1, keepdims=True)
    mean = share @ rows
    covariances = (rows.T * share[:, None, :]) @ rows - mean[:, :, None] * mean[:, None, :]
    fitted, outer = estimates(correlations_of(covariances), design, scheme, "PLS")
    weights = np.where(outer.converged[:, None, None], fitted.weights, np.nan)
    variance = ((covariances @ pooled) * pooled).sum(axis=-2)
    j, i = np.nonzero(design.path)
    return weights, mean @ pooled, np.log(variance), fitted.paths[:, j, i]


def _compared(own: Array, drawn: Array, design: Design) -> list[Compared]:
    n = len(design.constructs)
    paths = tuple(f"{design.constructs[j]} ~ {design.constructs[i]}" for j, i in np.argwhere(design.path))
    parts = []
    for k, names in enumerate((design.constructs,) * 3 + (paths,)):
        at = slice(k * n, k * n + len(names))
        value, others = own[at], drawn[:, at]
        if k == 0:
            lower, upper = np.quantile(others, 0.05, axis=0), np.ones(n)
            # Scores of one item correlate at 1 whatever the group: rounding is no evidence against it.
            lower = np.minimum(lower, 1.0 - 1e-12)
            extreme = others <= value + 1e-12
        else:
            lower, upper = np.quantile(others, (0.025, 0.975), axis=0)
            extreme = np.abs(others) >= np.abs(value) - 1e-12
        pvalue = (extreme.sum(axis=0) + 1.0) / (len(others) + 1.0)
        parts.append(Compared(names, value, lower, upper, pvalue))
    return parts
