"""Likelihood-ratio tests of rival models against the base model, nesting judged by fit as ``sem.compare`` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Unpack

import pandas as pd

from analysis.errors import ModelError
from analysis.sem.estimate import FitOptions, estimate
from analysis.sem.nested import compare
from analysis.sem.solution import Solution

METHODS = {"standard": "chi-square difference", "satorra.bentler.2001": "Satorra-Bentler (2001) scaled difference"}


@dataclass(frozen=True, slots=True)
class Difference:
    """The test of the restricted model against the larger one by ``method``.

    ``note`` says which of the two is restricted, or why there is no test.
    """

    nested: bool = False
    chisq: float | None = None
    df: int | None = None
    pvalue: float | None = None
    method: str = ""
    note: str = ""


def differences(
    texts: Mapping[str, str], data: pd.DataFrame, base: str, **options: Unpack[FitOptions]
) -> dict[str, Difference]:
    """The test of every model of ``texts`` against ``base``, by name; that of the base itself is a note.

    A model is nested in another that reproduces its moments (Bentler & Satorra 2010), whatever their parameters are
    called. ``options`` and errors are those of ``sem.estimate``; models that cannot be compared have a note that says
    why.
    """
    solutions = {name: estimate(text, data, name=name, **options) for name, text in texts.items()}
    tests = {
        name: _difference(name, solution, base, solutions[base]) for name, solution in solutions.items() if name != base
    }
    return {base: Difference(note="base model"), **tests}


def _difference(name: str, model: Solution, base: str, against: Solution) -> Difference:
    try:
        found = compare(model, against, (name, base))
    except ModelError as error:
        return Difference(note="; ".join(problem.what for problem in error.problems))
    test = found.test
    if test.chisq_diff is None:
        return Difference(True, df=test.df_diff, note=test.reason)
    which = "this model" if found.restricted == name else "the base model"
    method = METHODS.get(test.method, test.method)
    note = "; ".join(filter(None, (f"{which} is the restricted one", test.reason)))
    return Difference(True, test.chisq_diff, test.df_diff, test.pvalue, method, note)
