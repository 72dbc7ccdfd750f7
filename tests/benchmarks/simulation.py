"""Replications a second of ``smartcity power`` by workers, beside lavaan's and beside fitting alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from types import MappingProxyType

import pandas as pd
from analysis.inference.executor import Executor, InProcess, Processes
from analysis.inference.power import InMemory, PowerJob, compute, generator
from analysis.inference.power_plan import Plan, job_of
from tests.benchmarks.lavaan_side import Lavaan, Request
from tests.benchmarks.table import Row
from tests.references import REPOSITORY

_N, _REPLICATIONS = 604, 1000
_STUDY = REPOSITORY / "models" / "smartcity"
_LAVAAN_CALLS = 20


def power(lavaan: Lavaan | None) -> Iterator[Row]:
    """The structural model of the study, 604 rows of 23 items, ML."""
    texts = ((_STUDY / name).read_text(encoding="utf-8") for name in ("structural.lav", "population.lav"))
    job, _ = job_of(Plan(*texts))
    theirs = None if lavaan is None else 1.0 / _lavaan(lavaan, job)
    words = "" if theirs is None else f"{theirs:.0f}/s"
    fitting = _fitting_alone(job)
    yield Row("power: fitting alone, without drawing", f"{_REPLICATIONS / fitting:.0f}/s", "", None, "", None)
    for workers in (1, 2, 4):
        if workers > max(2, os.cpu_count() or 1):
            break
        executor = InProcess() if workers == 1 else Processes(workers)
        for state in ("",) if workers == 1 else (", start included", ", already running"):
            seconds = _seconds(job, executor)
            speed = _REPLICATIONS / seconds
            ratio = None if theirs is None else speed / theirs
            target, met = ("<= 15 s", seconds <= 15) if workers == 2 else ("", None)
            yield Row(f"power: {workers} worker(s){state}", f"{speed:.0f}/s", words, ratio, target, met)


CASES: Mapping[str, Callable[[Lavaan | None], Iterator[Row]]] = MappingProxyType({"power": power})


def _seconds(job: PowerJob, executor: Executor) -> float:
    start = perf_counter()
    compute(job, job.blocks(_N, _REPLICATIONS), executor, InMemory(), lambda done: None)
    return perf_counter() - start


def _fitting_alone(job: PowerJob) -> float:
    """The sum of pure fitting times."""
    total = 0.0
    for block in job.blocks(_N, _REPLICATIONS):
        samples = [job.sampler.draw(_N, generator(job.seed, _N, i)) for i in range(block.start, block.stop)]
        start = perf_counter()
        job.model.fit(samples)
        total += perf_counter() - start
    return total


def _lavaan(lavaan: Lavaan, job: PowerJob) -> float:
    """Seconds of one of lavaan's fits, on one sample of the population."""
    (values,), _ = job.sampler.draw(_N, generator(job.seed, _N, 0))
    with TemporaryDirectory() as folder:
        file = Path(folder, "data.csv")
        pd.DataFrame(values, columns=list(job.sampler.names)).to_csv(file, index=False)
        model = _STUDY / "structural.lav"
        return lavaan.seconds(Request("ML", "listwise", "", 0, _LAVAAN_CALLS, "none", model, file))[0]
