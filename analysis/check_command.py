"""The command ``check``: all files of a study held against each other, and every model counted, without running."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from analysis.errors import SpecificationError

if TYPE_CHECKING:
    from analysis.inference.study_check import StudyCheck


def add_options(parser: argparse.ArgumentParser, default: str) -> None:
    """Options of the command."""
    parser.add_argument("study", nargs="?", default=default, metavar="STUDY", help="a folder under models/")


def run(options: argparse.Namespace) -> int:
    """Print what the study's files lead to; raises SpecificationError with every mistake that a run would stop at."""
    from analysis.inference.study_check import check_study
    from analysis.preregistration import deviations
    from analysis.study import load_study, project_root

    study = load_study(project_root(), options.study)
    check = check_study(study)
    if check.problems:
        raise SpecificationError(check.problems)
    print("\n".join(_lines(check)))
    if study.preregistration is not None:
        names = ", ".join(deviations(study.preregistration, study).table["element"].astype(str))
        print(f"\nAgainst the frozen plan: {names or 'nothing'} deviates.")
    print(f"\nAll files of '{study.name}' agree: {len(study.hypotheses)} hypotheses, adjusted by: {study.adjust}.")
    return 0


def _lines(check: StudyCheck) -> Iterator[str]:
    from analysis.report.columns import aligned, remarks

    rows = [
        [name, str(model.npar), str(model.n_moments), str(model.df), "yes" if model.identified else "no"]
        for name, model in check.models.items()
    ]
    yield from aligned(["model", "parameters", "moments", "df", "identified"], rows)
    if check.mixed:
        terms = [[name, str(fixed), str(random)] for name, (fixed, random) in check.mixed.items()]
        yield from ["", *aligned(["mixed model", "fixed terms", "random terms"], terms)]
    yield from remarks(check.notes)
