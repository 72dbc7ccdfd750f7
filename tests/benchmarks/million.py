"""A fit from a data frame of many rows, alone in its process: prints seconds and the peak of memory in bytes."""

from __future__ import annotations

import sys
from statistics import median
from time import perf_counter

from analysis import sem
from tests.benchmarks.simulated import factor_model, responses


def main() -> None:
    """``python -m tests.benchmarks.million ROWS``."""
    model = factor_model(15, 3)
    sem.fit(model, responses(1000, 15, 3))
    data = responses(int(sys.argv[1]), 15, 3)
    seconds = []
    for _ in range(5):
        start = perf_counter()
        sem.fit(model, data)
        seconds.append(perf_counter() - start)
    print(median(seconds), _peak())


def _peak() -> int:
    """Largest resident memory so far in bytes; -1 on Windows, which has no such count in Python."""
    if sys.platform == "win32":
        return -1
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


if __name__ == "__main__":
    main()
