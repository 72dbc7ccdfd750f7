"""Where work that can be shared runs: in this process, or on several of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.sem.bootstrap.resample import Executor


@contextmanager
def processes(workers: int) -> Iterator[Executor | None]:
    """A pool of processes; None for one worker."""
    if workers <= 1:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(workers) as pool:
        yield pool
