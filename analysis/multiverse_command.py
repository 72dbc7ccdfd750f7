"""The command ``multiverse``: does a verdict hang on one arbitrary choice?"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from analysis.errors import DataError, Problem


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command, beside the study and its responses."""
    parser.add_argument(
        "--specifications", type=int, default=500, metavar="N", help="how many, if there are more (default: 500)"
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes on this machine")
    parser.add_argument("--dask", metavar="ADDRESS", help="scheduler of a cluster: tcp://host:8786")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder to write to (default: reports/STUDY-multiverse)"
    )


def run(options: argparse.Namespace) -> int:
    """Run every specification, write tables and curves, print a summary."""
    from tqdm import tqdm

    from analysis import writing
    from analysis.inference.choose_executor import executor_of, executor_problems
    from analysis.inference.multiverse import choice_effects, summary
    from analysis.multiverse_run import compute, multiverse
    from analysis.report.multiverse_report import multiverse_files, multiverse_summary
    from analysis.run import open_run
    from analysis.study import load_study, project_root

    problems = list(executor_problems(options.workers, options.dask))
    if options.specifications < 1:
        problems.append(Problem(f"{options.specifications} specifications cannot be run", "--specifications"))
    if problems:
        raise DataError(problems)
    root = project_root()
    run = open_run(load_study(root, options.study), options.data, os.environ)
    place = options.out or root / "reports" / f"{options.study}-multiverse"
    plan = multiverse(run, options.specifications)
    curves = {f"curve_{h.id}.{kind}" for h in run.study.hypotheses for kind in ("svg", "png")}
    writing.require_only(place, {"specifications.csv", "choices.csv", "summary.csv", *curves})
    with tqdm(total=plan.n_specifications, unit="specification", disable=None) as bar:
        table = compute(plan, root / ".cache" / options.study, bar.update, executor_of(options.workers, options.dask))
    effects = choice_effects(table, list(plan.choices))
    summed = summary(table, effects)
    files = multiverse_files(table, effects, summed, plan.choices, run.study.spec.simulated)
    with writing.whole_folder(place) as folder:
        for name, content in files.items():
            writing.write_bytes(folder / name, content)
    for remark in run.remarks:
        print(f"Note: {remark}", file=sys.stderr)
    counts = f"{len(plan.settings)} settings of the screening rules, {len(plan.ways)} analyses"
    print(f"{plan.n_specifications} specifications: {counts}")
    print("\n".join(multiverse_summary(summed)))
    print(f"Tables and specification curves are in {place}")
    return 0
