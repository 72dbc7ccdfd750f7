"""A real Dask scheduler with worker processes, all on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.references import REPOSITORY

# Quick to notice a death, without dashboards and nannies: a worker that is killed stays dead.
_SETTINGS = {
    "DASK_DISTRIBUTED__ADMIN__TICK__LIMIT": "60s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "3s",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10s",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass
class RunningCluster:
    """Address of the scheduler, and the processes."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def cluster(folder: Path, n_workers: int) -> Iterator[RunningCluster]:
    """Start scheduler and workers, and end them, by their ids."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    environment = {**os.environ, **_SETTINGS, "PYTHONPATH": str(REPOSITORY)}

    def start(*words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{words[0]}", *words[1:]]
        log = (folder / f"{words[0]}-{len(processes)}.log").open("wb")
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)

    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes.append(start("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"))
        for _ in range(n_workers):
            words = ("--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard")
            processes.append(start("dask_worker", address, *words))
        _wait_for(address, n_workers)
        yield RunningCluster(address, processes[0], processes[1:])
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def _wait_for(address: str, n_workers: int) -> None:
    from distributed import Client

    until = time.monotonic() + 60
    while True:
        try:
            with Client(address, timeout=2, set_as_default=False) as client:
                if n_workers:
                    client.wait_for_workers(n_workers, timeout=60)
            return
        except (OSError, TimeoutError):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
