"""A fit from a data frame of many rows, alone in its process: prints seconds and the peak of memory in bytes."""

from __future__ import annotations

import sys
from statistics import median
from time import perf_counter

from analysis import multilevel, sem
from tests.benchmarks.simulated import factor_model, residents, responses


def main() -> None:
    """``python -m tests.benchmarks.million ROWS sem|mixed``."""
    n_rows, model, fit = int(sys.argv[1]), factor_model(15, 3), sem.fit
    if sys.argv[2] == "mixed":
        model, fit = "y ~ x + (1 + x | commune)", multilevel.fit
        fit(model, residents(1000, 10))
        data = residents(n_rows, n_rows // 100)
    else:
        fit(model, responses(1000, 15, 3))
        data = responses(n_rows, 15, 3)
    seconds = []
    for _ in range(5):
        start = perf_counter()
        fit(model, data)
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
