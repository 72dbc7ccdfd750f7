"""Whether a population says enough of the variables of a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.errors import ModelError, Problem, nearest
from analysis.inference.population import Population


def require_known(population: Population, names: Sequence[str], where: str) -> None:
    """Raise ModelError naming every variable of ``names`` that the population lacks, or leaves without variance."""
    known = population.groups[0].names
    problems = [
        Problem(f"the population does not know '{name}'", where, nearest(name, known))
        for name in names
        if name not in known
    ]
    there = [name for name in names if name in known]
    for group in population.groups:
        covariance, _ = group.moments(there)
        flat = [name for name, v in zip(there, np.diag(covariance), strict=True) if v <= 0]
        problems += [
            Problem(f"'{name}' has no variance in the population", where, f"write e.g. {name} ~~ 1*{name}")
            for name in flat
        ]
        if not flat and there:
            deviations = np.sqrt(np.diag(covariance))
            if np.linalg.eigvalsh(covariance / np.outer(deviations, deviations))[0] < 1e-10:
                what = "the population is impossible: its observed variables determine each other"
                problems.append(Problem(what, where, "give each item a variance of its own: not positive definite"))
    if problems:
        raise ModelError(dict.fromkeys(problems))
