"""The command ``freeze``: the plan of a study as a preregistration, before its results are seen."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.errors import DataError, OutputError, Problem, SpecificationError

if TYPE_CHECKING:
    from analysis.study import Study


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command, beside the study and its responses."""
    parser.add_argument("--n", type=int, metavar="N", help="respondents that are to be analysed, after screening")
    parser.add_argument("--replace", action="store_true", help="put the new plan in the place of the frozen one")


def run(options: argparse.Namespace) -> int:
    """Write the preregistration beside the study's files; raises OutputError where there is one already."""
    from analysis import manifest, writing
    from analysis.freeze_document import preregistration
    from analysis.inference.study_check import check_study
    from analysis.preregistration import Sample
    from analysis.study import PREREGISTRATION, load_study, project_root

    study = load_study(project_root(), options.study)
    check = check_study(study)
    if check.problems:
        raise SpecificationError(check.problems)
    if options.n is not None and options.n < 1:
        raise DataError(Problem(f"{options.n} respondents cannot be analysed", "--n", "give a number from 1"))
    place = study.folder / PREREGISTRATION
    if place.exists() and not options.replace:
        hint = "keep it: the report tells what deviates from it; or freeze anew by --replace, and say so in the paper"
        raise OutputError(Problem("the plan is frozen already", f"models/{study.name}/{PREREGISTRATION}", hint))
    texts = {name: text for name, text in study.sources.items() if not name.endswith(f"/{PREREGISTRATION}")}
    inputs = {name: manifest.digest(text.encode()) for name, text in sorted(texts.items())}
    sample = Sample(options.n, _responses(study, options.data))
    day = datetime.now(UTC).date().isoformat()
    writing.write_text(place, preregistration(study, check, sample, inputs, day))
    print(f"The plan is frozen in models/{study.name}/{PREREGISTRATION}; a later run reports what deviates from it.")
    return 0


def _responses(study: Study, data: Path | None) -> str | None:
    """SHA-256 of the responses; None where the study has none yet."""
    from analysis import manifest
    from analysis.study import resolve_responses

    try:
        return manifest.digest(resolve_responses(study, data, os.environ).read_bytes())
    except DataError:
        if data is not None:
            raise
        return None
