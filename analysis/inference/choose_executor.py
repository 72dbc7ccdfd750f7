"""Who runs tasks, by the options of a command: this process, processes of this machine, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.errors import Problem
from analysis.inference.executor import Executor, InProcess, Processes


def executor_problems(workers: int, dask: str | None) -> Iterator[Problem]:
    """What ``--workers`` and ``--dask`` say against each other."""
    if workers != 1 and dask is not None:
        yield Problem("--workers and --dask do not go together", "--workers", "a cluster has workers of its own")
    if workers < 1:
        yield Problem(f"{workers} workers", "--workers", "give at least 1")


def executor_of(workers: int, dask: str | None) -> Executor:
    """The executor that the options name; raises what the cluster does where there is none."""
    if dask is not None:
        from analysis.inference.dask_executor import Cluster

        return Cluster(dask)
    return InProcess() if workers == 1 else Processes(workers)
