"""The command ``smartcity``: parse, call, print. Heavy imports wait until a command needs them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from analysis import (
    check_command,
    dimensions_command,
    fitting,
    freeze_command,
    invariance_command,
    mixing,
    multiverse_command,
    new_command,
    power_command,
    quality_command,
    review_command,
    scales_command,
)
from analysis.errors import SmartCityError

DEFAULT_STUDY = "smartcity"
# Commands in modules of their own that write JSON on request: name, module, what it is for.
_WITH_JSON = (
    ("quality", quality_command, "missing values, normality and treatments of a model's data"),
    ("reliability", scales_command, "reliability, validity and method bias of a model's scales"),
    ("dimensions", dimensions_command, "how many things a model's items measure"),
    ("invariance", invariance_command, "do groups measure the same: configural to strict, latent means"),
    ("power", power_command, "power, bias and coverage of a model, drawn from a population"),
    ("review", review_command, "check the printed tables of an article against each other"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, 1 for a failed ``verify`` or ``review``, or 2 for what the user can mend."""
    options = _parser().parse_args(arguments)
    try:
        code = int(options.command(options))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read our output has closed it (``| head``); nothing more may be written, not even at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except SmartCityError as error:
        print(f"smartcity: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("smartcity: interrupted; what was computed is kept and a rerun goes on from there", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smartcity",
        description="Why residents intend to take part in their smart city: clean, model, report.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    reproduce = commands.add_parser("reproduce", help="raw responses to clean data, models and report")
    _add_study(reproduce)
    reproduce.add_argument("--out", type=Path, metavar="DIR", help="folder for the report (default: reports/STUDY)")
    reproduce.set_defaults(command=_reproduce)

    verify = commands.add_parser("verify", help="rerun elsewhere and compare with the committed tables")
    _add_study(verify)
    verify.set_defaults(command=_verify)

    clean = commands.add_parser("clean", help="clean responses, the ledger of exclusions and the flow alone")
    _add_study(clean)
    clean.add_argument("--out", type=Path, metavar="DIR", help="folder to write to (default: reports/STUDY/clean)")
    clean.set_defaults(command=_clean)

    fit = commands.add_parser("fit", help="fit a structural-equation model in lavaan syntax")
    fit.add_argument("model", type=Path, metavar="MODEL.lav")
    fitting.add_fit_options(fit)
    fitting.add_inference_options(fit)
    _add_json(fit)
    fit.set_defaults(command=fitting.fit_command)

    compare = commands.add_parser("compare", help="test a restricted model against one that holds it")
    compare.add_argument("first", type=Path, metavar="A.lav")
    compare.add_argument("second", type=Path, metavar="B.lav", help="nested in A, or the other way round")
    fitting.add_fit_options(compare)
    fitting.add_comparison_options(compare)
    _add_json(compare)
    compare.set_defaults(command=fitting.compare_command)

    mixed = commands.add_parser("mixed", help="fit a mixed model in lme4 syntax")
    mixing.add_mixed_options(mixed)
    _add_json(mixed)
    mixed.set_defaults(command=mixing.mixed_command)

    for name, module, words in _WITH_JSON:
        parser_of = commands.add_parser(name, help=words)
        module.add_options(parser_of)
        _add_json(parser_of)
        parser_of.set_defaults(command=module.run)

    _add_extension(commands)

    simulate = commands.add_parser("simulate", help="draw the raw responses of a simulated study anew")
    simulate.add_argument("study", nargs="?", default=DEFAULT_STUDY, metavar="STUDY")
    simulate.set_defaults(command=_simulate)
    return parser


def _add_extension(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Commands of who extends a study, and shows that its results do not hang on one choice."""
    new = commands.add_parser("new", help="a study of your own that extends another")
    new_command.add_options(new)
    new.set_defaults(command=new_command.run)

    check = commands.add_parser("check", help="check all files of a study, without running it")
    check_command.add_options(check, DEFAULT_STUDY)
    check.set_defaults(command=check_command.run)

    freeze = commands.add_parser("freeze", help="write the plan of a study down, as a preregistration")
    _add_study(freeze)
    freeze_command.add_options(freeze)
    freeze.set_defaults(command=freeze_command.run)

    multiverse = commands.add_parser("multiverse", help="every defensible choice: does a verdict hang on one?")
    _add_study(multiverse)
    multiverse_command.add_options(multiverse)
    multiverse.set_defaults(command=multiverse_command.run)


def _add_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", nargs="?", default=DEFAULT_STUDY, metavar="STUDY", help="a folder under models/")
    parser.add_argument("--data", type=Path, metavar="FILE", help="raw responses, in place of the study's own")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to FILE at full precision")


def _reproduce(options: argparse.Namespace) -> int:
    from analysis import pipeline
    from analysis.run import open_run
    from analysis.study import load_study, project_root

    root = project_root()
    run = open_run(load_study(root, options.study), options.data, os.environ)
    place = options.out or root / "reports" / options.study
    if pipeline.is_current(run, place):
        print(f"Nothing has changed since the last run. The report is at {place / 'index.html'}")
        return 0
    with _progress(len(pipeline.STAGES) + 1) as progress:
        pipeline.reproduce(run, place, progress)
    for remark in run.remarks:
        print(f"Note: {remark}", file=sys.stderr)
    print(f"The report is at {place / 'index.html'}")
    return 0


@contextmanager
def _progress(n_stages: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal, nothing elsewhere; it is told each stage as that starts."""
    from tqdm import tqdm

    with tqdm(total=n_stages, unit="stage", disable=None) as bar:

        def start(stage: str) -> None:
            bar.set_description(f"{stage:<12}")
            bar.update()

        yield start


def _verify(options: argparse.Namespace) -> int:
    from analysis import pipeline, verification
    from analysis.run import open_run
    from analysis.study import load_study, project_root

    root = project_root()
    run = open_run(load_study(root, options.study), options.data, os.environ)
    with _progress(len(pipeline.STAGES) + 1) as progress:
        outcome = verification.verify(run, root / "reports" / options.study, progress)
    print(outcome.text())
    return 0 if outcome.same else 1


def _clean(options: argparse.Namespace) -> int:
    from analysis import pipeline
    from analysis.run import open_run
    from analysis.study import load_study, project_root

    root = project_root()
    run = open_run(load_study(root, options.study), options.data, os.environ)
    place = options.out or root / "reports" / options.study / "clean"
    cleaned = pipeline.write_clean(run, place)
    for step in cleaned.flow.itertuples():
        print(f"{step.n_left!s:>6}  {step.label!s}" + (f" (-{step.n_removed!s})" if step.n_removed else ""))
    print(f"clean.csv, ledger.csv and flow.csv are in {place}")
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from analysis import pipeline
    from analysis.study import load_study, project_root

    for path in pipeline.simulate_responses(load_study(project_root(), options.study)):
        print(f"written: {path}")
    return 0
