"""What our side promises by itself: large data, growth with rows, and the start of the command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from math import log
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from types import MappingProxyType

from analysis import pls, sem
from tests.benchmarks import review_tables
from tests.benchmarks.simulated import N_ROWS, factor_model, responses
from tests.benchmarks.table import Row

_REPEATS = 5


def million() -> Iterator[Row]:
    """A million rows of 15 items: time and memory."""
    seconds, peak = _alone(1_000_000)
    yield Row("ML, 1,000,000 rows x 15 items", f"{seconds:.2f} s", "", None, "<= 1 s", seconds <= 1)
    met = None if peak < 0 else peak <= 1.5e9
    yield Row("  its peak of memory, data included", f"{peak / 1e9:.2f} GB", "", None, "<= 1.5 GB", met)


def mixed_million() -> Iterator[Row]:
    """A mixed model of a million rows in 10,000 groups: time and memory."""
    seconds, peak = _alone(1_000_000, "mixed")
    yield Row("random slope, 1,000,000 rows, 10,000 groups", f"{seconds:.2f} s", "", None, "<= 4 s", seconds <= 4)
    met = None if peak < 0 else peak <= 2e9
    yield Row("  its peak of memory, data included", f"{peak / 1e9:.2f} GB", "", None, "<= 2 GB", met)


def growth() -> Iterator[Row]:
    """Slope of log time on log rows, and what a fit costs once moments are taken."""
    slope = log(_alone(1_000_000)[0] / _alone(100_000)[0]) / log(10)
    yield Row("growth with rows, 100,000 to 1,000,000", f"rows^{slope:.2f}", "", None, "<= 1.1", slope <= 1.1)
    few, many = _timed([_from_moments(1_000), _from_moments(1_000_000)])
    words = "fit from moments, of 1,000,000 / 1,000 rows"
    yield Row(words, f"{many / few:.2f}", "", None, "<= 1.2", many / few <= 1.2)


def start() -> Iterator[Row]:
    """The command, from the start of its process to the end."""
    program = str(Path(sys.executable).with_name("smartcity"))
    with TemporaryDirectory() as folder:
        model, file = Path(folder, "model.lav"), Path(folder, "data.csv")
        model.write_text(factor_model(16, 4) + "\n", encoding="utf-8")
        responses(N_ROWS, 16, 4).to_csv(file, index=False)
        fit = [program, "fit", str(model), "--data", str(file)]
        brief, whole = _timed([lambda: _call([program, "--help"]), lambda: _call(fit)])
    yield Row("smartcity --help", f"{brief:.2f} s", "", None, "<= 0.4 s", brief <= 0.4)
    yield Row(f"smartcity fit, {N_ROWS} rows", f"{whole:.2f} s", "", None, "<= 1.2 s", whole <= 1.2)


def path_bootstrap() -> Iterator[Row]:
    """The bootstrap of a path model on two processes, their start included."""
    model = factor_model(16, 4) + "\nf4 ~ f1 + f2 + f3\nf3 ~ f1 + f2\n"
    data = responses(N_ROWS, 16, 4)

    def resampled() -> None:
        with ProcessPoolExecutor(2) as pool:
            pls.fit(model, data, bootstrap=5000, interval="bca", executor=pool)

    (seconds,) = _timed([resampled])
    yield Row(f"PLS, 5,000 resamples of {N_ROWS} rows, BCa", f"{seconds:.2f} s", "", None, "<= 5 s", seconds <= 5)


CASES: Mapping[str, Callable[[], Iterator[Row]]] = MappingProxyType(
    {
        "million": million,
        "mixed-million": mixed_million,
        "growth": growth,
        "start": start,
        "path_bootstrap": path_bootstrap,
        "review": review_tables.rows,
    }
)


def _alone(n_rows: int, model: str = "sem") -> tuple[float, int]:
    """Seconds and peak bytes of a fit in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.million", str(n_rows), model]
    seconds, peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds), int(peak)


def _from_moments(n_rows: int) -> Callable[[], object]:
    model, covariance = factor_model(15, 3), responses(n_rows, 15, 3).cov()
    return lambda: sem.fit(model, cov=covariance, nobs=n_rows)


def _timed(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Median seconds of each call; the calls take turns, after a warm-up of each."""
    seconds: list[list[float]] = [[] for _ in calls]
    for repeat in range(_REPEATS + 1):
        for call, found in zip(calls, seconds, strict=True):
            start = perf_counter()
            call()
            if repeat:
                found.append(perf_counter() - start)
    return [median(found) for found in seconds]


def _call(command: Sequence[str]) -> None:
    subprocess.run(command, capture_output=True, check=True)
