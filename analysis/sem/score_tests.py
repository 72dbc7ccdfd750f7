"""Score tests of equality constraints: would the model fit better if parameters were let go their own ways?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem
from analysis.sem import chi_square
from analysis.sem.constraints import constraint_values
from analysis.sem.implied import derivatives
from analysis.sem.one_level import require_one_level
from analysis.sem.optimise import null_space
from analysis.sem.parameter import Parameter
from analysis.sem.solution import Solution

Array = NDArray[np.float64]

# Directions with less than this share of a parameter's information are ones the data say nothing about.
_SINGULAR = 1e-9


@dataclass(frozen=True, slots=True)
class ScoreTest:
    """The test of one equality, ``lhs`` == ``rhs``: what chi-square would fall by if it were released."""

    lhs: str
    rhs: str
    x2: float
    df: int
    pvalue: float


@dataclass(frozen=True, slots=True)
class ScoreTests:
    """All equalities released at once, and each alone while the others hold.

    ``df`` counts the equalities, as lavaan does. ``rank`` is the number of parameters gained that the data can tell
    apart: smaller where the model is not identified without the equalities (latent means that equal intercepts set
    free, say), and the total test is then conservative. ``words`` say how the tests are made.
    """

    x2: float
    df: int
    pvalue: float
    rank: int
    single: tuple[ScoreTest, ...]
    words: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row an equality."""
        return pd.DataFrame([asdict(test) for test in self.single])


@dataclass(frozen=True, slots=True)
class Release:
    """What is let go together, under a ``name``: ``rows`` of the parameter table, from what ties or fixes them, and
    written ``constraints``.
    """

    name: str
    rows: tuple[int, ...]
    constraints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseTest:
    """What chi-square would fall by if the release called ``name`` were made. ``df`` is the number of parameters gained
    that the data can tell apart; ``pvalue`` is None where there is none.
    """

    name: str
    x2: float
    df: int
    pvalue: float | None


@dataclass(frozen=True, slots=True)
class _Released:
    """Score (n,) and expected information (n, n) of one observation with every free row on its own, each scaled to
    unit information by ``scale`` (n,).
    """

    score: Array
    information: Array
    scale: Array

    def statistic(self, kept: Array) -> float:
        """s' K (K' I K)^+ K' s with K the directions that the equalities ``kept`` (m, n) leave free."""
        values, vectors, known = self._along(kept)
        return float(np.sum((vectors.T @ self.score)[known] ** 2 / values[known]))

    def rank(self, kept: Array) -> int:
        """Number of directions that ``kept`` leaves free and the data tell apart."""
        return int(self._along(kept)[2].sum())

    def _along(self, kept: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Eigenvalues, eigenvectors and which of them count, of the information along the free directions."""
        basis = null_space(kept * self.scale)
        values, vectors = np.linalg.eigh(basis.T @ self.information @ basis)
        return values, basis @ vectors, values > _SINGULAR


def score_tests(solution: Solution) -> ScoreTests:
    """Test the equalities of a model: shared labels, equalities over groups, and ``==``.

    N s' I^-1 s with the score s and the expected information I at the constrained estimates: Silvey (1959), The
    Lagrangian multiplier test, Annals of Mathematical Statistics 30(2), 389-407. Inequalities that bind are kept.
    Raises ModelError where there is nothing to release, and for two-level models.
    """
    require_one_level(solution, "score tests", "release an equality and compare the fits")
    rows = [i for i, row in enumerate(solution.table.parameters) if row.free]
    holds, sources = _holding(solution, rows)
    inequalities = {relation.name for relation in solution.binding if relation.op != "=="}
    binds = np.array([source in inequalities for source in sources], dtype=bool)
    equalities, kept = holds[~binds], holds[binds]
    names = [_sides(solution, source) for source in sources if source not in inequalities]
    if not names:
        raise ModelError(Problem("the model has no equality to release", "model", "tie parameters by a label"))
    released, n = _released(solution, rows), solution.n_observations
    single = []
    for k, (lhs, rhs) in enumerate(names):
        x2 = n * released.statistic(np.vstack([np.delete(equalities, k, axis=0), kept]))
        single.append(ScoreTest(lhs, rhs, x2, 1, chi_square.upper_tail(x2, 1)))
    x2, df = n * released.statistic(kept), len(names)
    gained = released.rank(kept) - released.rank(np.vstack([equalities, kept]))
    return ScoreTests(x2, df, chi_square.upper_tail(x2, df), gained, tuple(single), _words(solution))


def release_tests(solution: Solution, releases: Sequence[Release]) -> tuple[ReleaseTest, ...]:
    """Test each release while all other equalities hold, by the statistic of ``score_tests``.

    Raises ModelError for two-level models.
    """
    require_one_level(solution, "score tests", "release an equality and compare the fits")
    parameters = solution.table.parameters
    fixed = {i for release in releases for i in release.rows if not parameters[i].free}
    rows = [i for i, row in enumerate(parameters) if row.free or i in fixed]
    holds, sources = _holding(solution, rows)
    released, n = _released(solution, rows), solution.n_observations
    own_rank, tests = released.rank(holds), []
    for release in releases:
        let_go = {*release.rows, *release.constraints}
        kept = holds[[source not in let_go for source in sources]]
        df = released.rank(kept) - own_rank
        x2 = n * released.statistic(kept)
        tests.append(ReleaseTest(release.name, x2, df, chi_square.upper_tail(x2, df) if df else None))
    return tuple(tests)


def _holding(solution: Solution, rows: list[int]) -> tuple[Array, list[int | str]]:
    """Coefficients by row (m, n) of all that holds, and what each comes from: a row that is tied to an earlier one or
    fixed, or a written constraint that binds.
    """
    table = solution.table
    first: dict[int, int] = {}
    coefficients: list[Array] = []
    sources: list[int | str] = []
    for k, i in enumerate(rows):
        number = table.parameters[i].free
        tied_to = first.setdefault(number, k) if number else None
        if tied_to == k:
            continue
        line = np.zeros(len(rows))
        line[k] = 1.0
        if tied_to is not None:
            line[tied_to] = -1.0
        coefficients.append(line)
        sources.append(i)
    _, jacobian = constraint_values(table, solution.binding, solution.optimum.theta)
    place = [first[number] for number in range(1, table.n_free + 1)]
    written = np.zeros((len(jacobian), len(rows)))
    written[:, place] = jacobian
    sources += [relation.name for relation in solution.binding]
    return np.vstack([np.array(coefficients).reshape(len(coefficients), len(rows)), written]), sources


def _released(solution: Solution, rows: list[int]) -> _Released:
    """Score and information by row: what is summed over tied rows elsewhere is left apart here."""
    at_row = {row: k for k, row in enumerate(rows)}
    score, information = np.zeros(len(rows)), np.zeros((len(rows), len(rows)))
    for group, (part, at) in enumerate(zip(solution.objective.parts, solution.implied, strict=True)):
        d = derivatives(part.structure, at)
        mine = np.flatnonzero([int(i) in at_row for i in part.structure.rows])
        to = [at_row[int(i)] for i in part.structure.rows[mine]]
        gradient, curvature = part.discrepancy.scoring(at, d)
        score[to] = -0.5 * solution.score_share(group) * gradient[mine]
        information[np.ix_(to, to)] = 0.5 * part.share * curvature[np.ix_(mine, mine)]
    scale = 1.0 / np.sqrt(np.maximum(np.diag(information), 1e-300))
    return _Released(score * scale, information * np.outer(scale, scale), scale)


def _sides(solution: Solution, source: int | str) -> tuple[str, str]:
    """The two sides of an equality by name: of a tie the first row that shares the parameter, and the row itself."""
    if isinstance(source, str):
        left, _, right = source.partition(" == ")
        return left, right
    row = solution.table.parameters[source]
    first = next(other for other in solution.table.parameters if other.free == row.free)
    return _name(solution, first), _name(solution, row)


def _name(solution: Solution, row: Parameter) -> str:
    groups = solution.table.groups
    return f"{row.name} [{groups[row.group]}]" if len(groups) > 1 else row.name


def _words(solution: Solution) -> tuple[str, ...]:
    words = ["score tests from expected information"]
    if solution.estimator.robust:
        words.append("score tests are not corrected for non-normality, as in lavaan")
    return tuple(words)
