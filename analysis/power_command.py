"""The command ``power``: read model and population, simulate, print, write JSON."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.errors import DataError, Problem

if TYPE_CHECKING:
    from analysis.inference.executor import Executor
    from analysis.inference.power_plan import Plan

ESTIMATORS = ("ML", "MLR", "MLM", "GLS", "ULS", "DWLS", "WLSMV")
_PLACE = "smartcity power"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("model", metavar="MODEL", help='a .lav file, or a mixed model: "y ~ x + (1 | commune)"')
    parser.add_argument(
        "--population", type=Path, metavar="POP.lav", required=True, help="lavaan syntax, every parameter fixed"
    )
    parser.add_argument("--n", default="604", metavar="N|N,N,…", help="sample sizes")
    parser.add_argument("--reps", type=int, default=1000, metavar="R", help="replications of each (1000)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the replications")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes on this machine")
    parser.add_argument("--dask", metavar="ADDRESS", help="scheduler of a cluster: tcp://host:8786")
    parser.add_argument("--estimator", choices=ESTIMATORS, help="default: ML; WLSMV with --ordered; MLR with --cluster")
    parser.add_argument("--missing", type=float, default=0.0, metavar="SHARE", help="share of answers that are missing")
    parser.add_argument("--codes", metavar="LOW-HIGH", help="items are rounded to the codes of a scale: 1-7")
    parser.add_argument("--ordered", default="", metavar="all|a,b", help="items estimated as ordinal")
    parser.add_argument("--cluster", metavar="FILE[:COL]", help="a column of clusters, or one of their sizes ('size')")
    parser.add_argument("--keep", type=Path, default=Path(".cache/power"), metavar="DIR", help="for partial results")


def run(options: argparse.Namespace) -> int:
    """Simulate, print, write JSON on request. 130 where it was interrupted: what was done until then is shown."""
    from analysis import writing
    from analysis.inference.power import compute, require_plan, sum_up
    from analysis.inference.power_plan import job_of
    from analysis.partial_results import ParquetFolder
    from analysis.report.power_terminal import power_summary

    sizes, plan = _require_numbers(options), _plan(options)
    job, notes = job_of(plan)
    require_plan(sizes, options.reps, job)
    store = ParquetFolder(options.keep / _fingerprint(plan))
    blocks = [block for n in sizes for block in job.blocks(n, options.reps)]
    with _progress(len(sizes) * options.reps) as progress:
        finished = compute(job, blocks, _executor(options), store, progress)
    result = sum_up(job, sizes, options.reps, store)
    notes = (*notes, *(f"n = {s.n}: {count} × {why}" for s in result.sizes for why, count in s.failures.items()))
    if not finished:
        notes = (*notes, "interrupted: these are the replications done until then; the same command goes on from there")
    print(power_summary(result.glance(), result.tidy(), notes))
    if options.json is not None:
        content = {**result.content(), "notes": list(notes)}
        writing.write_text(options.json, json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2) + "\n")
    return 0 if finished else 130


def _require_numbers(options: argparse.Namespace) -> list[int]:
    """The sample sizes. Raises DataError with every option that cannot be meant."""
    problems, sizes = [], []
    for word in options.n.split(","):
        if word.strip().isdecimal() and int(word) > 0:
            sizes.append(int(word))
        else:
            problems.append(Problem(f"'{word}' is no sample size", "--n", "write whole numbers: --n 200,400,604"))
    if options.workers != 1 and options.dask is not None:
        problems.append(Problem("--workers and --dask do not go together", _PLACE, "a cluster has workers of its own"))
    if options.workers < 1:
        problems.append(Problem(f"{options.workers} workers", "--workers", "give at least 1"))
    if not 0 <= options.missing < 1:
        problems.append(Problem(f"a share of {options.missing} missing", "--missing", "give a share from 0 to below 1"))
    low, _, high = (options.codes or "0-1").partition("-")
    if not (low.isdecimal() and high.isdecimal() and int(low) < int(high)):
        problems.append(Problem(f"'{options.codes}' is no range of codes", "--codes", "write e.g. --codes 1-7"))
    if problems:
        raise DataError(problems)
    return list(dict.fromkeys(sizes))


def _plan(options: argparse.Namespace) -> Plan:
    """The plan, files read."""
    from analysis.inference.power_plan import Plan
    from analysis.survey import plain

    is_formula = "~" in options.model
    low, _, high = (options.codes or "").partition("-")
    return Plan(
        model=options.model if is_formula else plain.read_words(Path(options.model)),
        name="formula" if is_formula else Path(options.model).name,
        population=plain.read_words(options.population),
        population_name=options.population.name,
        seed=options.seed,
        estimator=options.estimator,
        missing=options.missing,
        codes=(int(low), int(high)) if options.codes else None,
        ordered="all"
        if options.ordered == "all"
        else tuple(w.strip() for w in options.ordered.split(",") if w.strip()),
        clusters=None if options.cluster is None else _cluster_sizes(options.cluster),
        mixed=is_formula,
    )


def _cluster_sizes(words: str) -> tuple[int, ...]:
    """Sizes of clusters, largest first: counted in a column of their names, or read from the column ``size``."""
    from analysis.survey import plain

    file, _, column = words.partition("::") if "::" in words else words.rpartition(":")
    path = Path(words) if Path(words).exists() or not file else Path(file)
    column = "" if path == Path(words) else column
    frame = plain.read_frame(path)
    if not column:
        column = next((name for name in ("size", "commune", "cluster") if name in frame.columns), "")
    if column not in frame.columns:
        what = f"there is no column '{column}'" if column else "which column holds the clusters?"
        hint = f"write --cluster {path}:COLUMN; there are {', '.join(map(str, frame.columns[:12]))}"
        raise DataError(Problem(what, str(path), hint))
    counts = frame[column].dropna() if column == "size" else frame[column].value_counts()
    sizes = sorted((int(count) for count in counts), reverse=True)
    if not sizes or sizes[-1] < 1:
        raise DataError(Problem("clusters have at least one respondent", str(path), "leave empty ones out"))
    return tuple(sizes)


def _fingerprint(plan: Plan) -> str:
    """What partial results depend on: the plan, and the versions of what computes."""
    versions = {name: version(name) for name in ("smartcity-participation", "numpy", "scipy")}
    words = json.dumps([dataclasses.asdict(plan), versions], sort_keys=True)
    return hashlib.sha256(words.encode("utf-8")).hexdigest()[:16]


def _executor(options: argparse.Namespace) -> Executor:
    from analysis.inference.executor import InProcess, Processes

    return InProcess() if options.workers == 1 else Processes(options.workers)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object]]:
    """A bar with the remaining time on a terminal, nothing elsewhere."""
    from tqdm import tqdm

    with tqdm(total=total, unit="replication", disable=None) as bar:
        yield bar.update
