"""One rooted tree of errors: each says what is wrong, where, and what to do about it.

The command line catches ``SmartCityError`` alone, prints its problems in plain words and exits with 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: what is wrong, where it stands (file and line, column of a table), how to mend it."""

    what: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f"\n    → {self.hint}" if self.hint else ""
        return f"{place}{self.what}{remedy}"


class SmartCityError(Exception):
    """Root of all errors that the user can mend. Carries every problem found, not the first one alone."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SpecificationError(SmartCityError):
    """A study, codebook, hypothesis or model file says something that cannot be meant."""


class DataError(SmartCityError):
    """A data file is missing, unreadable, or holds what the codebook does not know."""


class ModelError(SmartCityError):
    """A model cannot be estimated as written: unknown variable, not identified, constant item."""


class EstimationError(SmartCityError):
    """Estimation did not reach a result that can be trusted."""


class OutputError(SmartCityError):
    """Results cannot be written where they were asked for."""


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the closest of the known words, or lists them when none is close."""
    choices: Sequence[str] = sorted(set(known))
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    shown = ", ".join(choices[:12]) + (", …" if len(choices) > 12 else "")
    return f"known: {shown}" if choices else ""
