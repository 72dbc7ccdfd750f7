"""The command ``power``: read model and population, simulate, print, write JSON."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.errors import DataError, Problem
from analysis.inference.choose_executor import executor_of, executor_problems
from analysis.json_text import json_text
from analysis.report.columns import remarks

if TYPE_CHECKING:
    import pandas as pd

    from analysis.inference.power import PowerJob, Store
    from analysis.inference.power_plan import Plan

ESTIMATORS = ("ML", "MLR", "MLM", "GLS", "ULS", "DWLS", "WLSMV")
_PLACE = "smartcity power"
_INTERRUPTED = "interrupted: these are the replications done until then; the same command goes on from there"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("model", metavar="MODEL", help='a .lav file, or a mixed model: "y ~ x + (1 | commune)"')
    parser.add_argument(
        "--population", type=Path, metavar="POP.lav", required=True, help="lavaan syntax, every parameter fixed"
    )
    parser.add_argument("--n", default="604", metavar="N|N,N,…", help="sample sizes (604)")
    parser.add_argument("--reps", type=int, default=1000, metavar="R", help="replications of each (1000)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the replications")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes on this machine")
    parser.add_argument("--dask", metavar="ADDRESS", help="scheduler of a cluster: tcp://host:8786")
    parser.add_argument("--estimator", choices=ESTIMATORS, help="default: ML; WLSMV with --ordered; MLR with --cluster")
    parser.add_argument("--missing", type=float, default=0.0, metavar="SHARE", help="share of answers that are missing")
    parser.add_argument("--codes", metavar="LOW-HIGH", help="items are rounded to the codes of a scale: 1-7")
    parser.add_argument("--ordered", default="", metavar="all|a,b", help="items estimated as ordinal")
    parser.add_argument("--cluster", metavar="FILE[:COL]", help="a column of clusters, or one of their sizes ('size')")
    parser.add_argument("--target", type=float, metavar="POWER", help="search the smallest n with this power: 0.8")
    parser.add_argument("--parameter", metavar="NAME", help='of what: a label, or "y ~ x"; goes with --target')
    parser.add_argument("--figure", type=Path, metavar="FILE", help="the power curve as .svg or .png")
    parser.add_argument(
        "--keep",
        type=Path,
        default=Path(".cache/power"),
        metavar="DIR",
        help="folder of partial results (.cache/power)",
    )


def run(options: argparse.Namespace) -> int:
    """Simulate, print, write JSON on request. 130 where it was interrupted: what was done until then is shown."""
    from analysis.inference.power import require_plan
    from analysis.inference.power_plan import job_of
    from analysis.partial_results import ParquetFolder

    sizes, plan = _require_numbers(options), _plan(options)
    job, notes = job_of(plan)
    require_plan(sizes, options.reps, job)
    store = ParquetFolder(options.keep / _fingerprint(plan))
    simulated = _search if options.target is not None else _curve
    words, content, finished = simulated(options, job, sizes, store, notes)
    print(words)
    if options.json is not None:
        from analysis import writing

        writing.write_text(options.json, json_text(content) + "\n")
    return 0 if finished else 130


def _curve(
    options: argparse.Namespace, job: PowerJob, sizes: list[int], store: Store, notes: Sequence[str]
) -> tuple[str, dict[str, object], bool]:
    """Power at every sample size: words, what JSON holds, and whether all replications were done."""
    import pandas as pd

    from analysis.inference.power import compute, records, sum_up
    from analysis.inference.power_analytic import rmsea_powers, satorra_saris
    from analysis.inference.power_models import MomentModel
    from analysis.report.power_terminal import analytic_summary, power_summary

    blocks = [block for n in sizes for block in job.blocks(n, options.reps)]
    with _progress(len(sizes) * options.reps) as progress:
        finished = compute(job, blocks, executor_of(options.workers, options.dask), store, progress)
    result = sum_up(job, sizes, options.reps, store)
    notes = [*notes, *(f"n = {s.n}: {count} × {why}" for s in result.sizes for why, count in s.failures.items())]
    notes += [] if finished else [_INTERRUPTED]
    fit = pd.DataFrame(map(dataclasses.asdict, rmsea_powers(result.df or 0, sizes, 0.8)))
    model = job.model
    single = satorra_saris(model, job.sampler, sizes, 0.8) if isinstance(model, MomentModel) else pd.DataFrame()
    _draw(options, result.tidy())
    content = {**result.content(), "rmsea": records(fit), "satorra_saris": records(single), "notes": notes}
    words = [power_summary(result.glance(), result.tidy()), *analytic_summary(fit, single), *remarks(notes)]
    return "\n".join(words), content, finished


def _search(
    options: argparse.Namespace, job: PowerJob, sizes: list[int], store: Store, notes: Sequence[str]
) -> tuple[str, dict[str, object], bool]:
    """The smallest n with the target power: words, what JSON holds, and whether the search was not interrupted."""
    from analysis.inference.power import records, smallest_sample
    from analysis.inference.power_search import Search, smallest_n
    from analysis.report.power_terminal import search_summary

    search = Search(options.parameter, options.target, sizes[0], options.reps, smallest_sample(job))
    with _progress(options.reps) as progress:
        found = smallest_n(job, search, executor_of(options.workers, options.dask), store, progress)
    notes = [*notes] if found.finished else [*notes, _INTERRUPTED]
    content = {**dataclasses.asdict(found), "visited": records(found.visited), "notes": notes}
    return "\n".join([*search_summary(content, found.visited), *remarks(notes)]), content, found.finished


def _draw(options: argparse.Namespace, table: pd.DataFrame) -> None:
    """Write the power curve where one is asked for."""
    if options.figure is None:
        return
    from analysis import writing
    from analysis.report.figures import power
    from analysis.report.figures.canvas import picture
    from analysis.report.power_terminal import shown

    drawn = picture(power.drawing(shown(table), 0.8), simulated=False)
    is_png = options.figure.suffix.lower() == ".png"
    writing.write_bytes(options.figure, drawn.png if is_png else drawn.svg.encode("utf-8"))


def _require_numbers(options: argparse.Namespace) -> list[int]:
    """The sample sizes. Raises DataError with every option that cannot be meant."""
    problems, sizes = [], []
    for word in options.n.split(","):
        if word.strip().isdecimal() and int(word) > 0:
            sizes.append(int(word))
        else:
            problems.append(Problem(f"'{word}' is no sample size", "--n", "write whole numbers: --n 200,400,604"))
    problems += executor_problems(options.workers, options.dask)
    if not 0 <= options.missing < 1:
        problems.append(Problem(f"a share of {options.missing} missing", "--missing", "give a share from 0 to below 1"))
    low, _, high = (options.codes or "0-1").partition("-")
    if not (low.isdecimal() and high.isdecimal() and int(low) < int(high)):
        problems.append(Problem(f"'{options.codes}' is no range of codes", "--codes", "write e.g. --codes 1-7"))
    if (options.target is None) != (options.parameter is None):
        hint = 'write e.g. --target 0.8 --parameter "y ~ x"'
        problems.append(Problem("--target and --parameter go together", _PLACE, hint))
    if options.target is not None and not 0.05 < options.target < 1:
        problems.append(Problem(f"a power of {options.target} is no target", "--target", "0.8 is usual"))
    if options.figure is not None and (options.target is not None or len(sizes) < 2):
        problems.append(Problem("a power curve needs several sizes", "--figure", "write --n 200,400,604, no --target"))
    if options.figure is not None and options.figure.suffix.lower() not in {".png", ".svg"}:
        problems.append(Problem(f"'{options.figure}' is neither .svg nor .png", "--figure", "name it power.svg"))
    if problems:
        raise DataError(problems)
    return list(dict.fromkeys(sizes))


def _plan(options: argparse.Namespace) -> Plan:
    """The plan, files read."""
    from analysis.inference.power_plan import Plan
    from analysis.survey import plain

    is_formula = "~" in options.model and not Path(options.model).exists()
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
        ordered="all" if options.ordered == "all" else tuple(options.ordered.replace(",", " ").split()),
        clusters=None if options.cluster is None else _cluster_sizes(options.cluster),
        mixed=is_formula,
    )


def _cluster_sizes(words: str) -> tuple[int, ...]:
    """Sizes of clusters, largest first: counted in a column of their names, or read from the column ``size``."""
    from analysis.survey import plain

    path, column = Path(words), ""
    if ":" in words and not path.exists():
        file, _, column = words.rpartition(":")
        path = Path(file)
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
    """What partial results depend on: the plan, this code and the versions of packages."""
    from analysis.manifest import code_digest, digest

    words = json.dumps([dataclasses.asdict(plan), code_digest()], sort_keys=True)
    return digest(words.encode("utf-8"))[:16]


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object]]:
    """A bar with the remaining time on a terminal, nothing elsewhere."""
    from tqdm import tqdm

    with tqdm(total=total, unit="replication", disable=None) as bar:
        yield bar.update
