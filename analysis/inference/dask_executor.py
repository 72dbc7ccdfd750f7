"""Tasks run by a Dask cluster: the only module that knows of it, and only when it is asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from analysis.errors import EstimationError, Problem
from analysis.inference.executor import Task

if TYPE_CHECKING:
    from distributed import Client

Item = TypeVar("Item")
Out = TypeVar("Out")

# Tasks in flight a worker thread: enough to keep it busy, few enough to keep the scheduler's memory flat.
_IN_FLIGHT = 4


@dataclass(frozen=True, slots=True)
class Cluster:
    """The workers of the Dask scheduler at ``address``, which need this package in the same version.

    The scheduler gives the tasks of a worker that dies to others. ``timeout`` seconds pass before it counts as away.
    """

    address: str
    timeout: float = 10.0

    def run(self, work: Callable[[Item], Out], items: Sequence[Item]) -> Iterator[tuple[int, Out]]:
        """As they are done. Raises EstimationError where Dask is not installed, the scheduler is not there or goes
        away, or has no workers, or tasks kill their workers.
        """
        try:
            from distributed import Client
            from distributed.client import FutureCancelledError
            from distributed.scheduler import KilledWorker
        except ImportError:
            hint = "pip install distributed, or use --workers"
            raise EstimationError(Problem("Dask is not installed", "--dask", hint)) from None
        for logger in ("distributed", "distributed.client"):
            logging.getLogger(logger).setLevel(logging.CRITICAL)  # we say in our own words what went wrong
        try:
            client = Client(self.address, timeout=self.timeout, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            what = f"no Dask scheduler answers at {self.address}: {error or type(error).__name__}"
            raise EstimationError(Problem(what, "--dask", "start one: dask scheduler; what is done is kept")) from None
        try:
            yield from self._results(client, work, items)
        except KilledWorker:
            what = f"tasks killed their workers at {self.address} again and again"
            hint = "they may lack memory: fewer threads a worker; what is done is kept"
            raise EstimationError(Problem(what, "--dask", hint)) from None
        except (CancelledError, FutureCancelledError, OSError):
            what = f"the Dask scheduler at {self.address} went away"
            raise EstimationError(Problem(what, "--dask", "run the same command again: what is done is kept")) from None
        finally:
            client.close(timeout=2)

    def _require_workers(self, client: Client) -> int:
        """The number of their threads. Raises EstimationError where there are none, or they have other versions."""
        threads = int(sum(client.nthreads().values()))
        if not threads:
            hint = f"start some: dask worker {self.address}"
            raise EstimationError(Problem(f"the scheduler at {self.address} has no workers", "--dask", hint))
        hint = "install the same requirements.lock everywhere"
        try:
            found = client.run(own_versions)
        except (ImportError, AttributeError) as error:
            what = f"the workers at {self.address} lack this package: {error}"
            raise EstimationError(Problem(what, "--dask", hint)) from None
        ours = own_versions()
        problems = [
            Problem(f"the worker {name} has {package} {theirs[package]}, here it is {ours[package]}", "--dask", hint)
            for name, theirs in found.items()
            for package in ours
            if theirs[package] != ours[package]
        ]
        if problems:
            raise EstimationError(problems)
        return threads

    def _results(self, client: Client, work: Callable[[Item], Out], items: Sequence[Item]) -> Iterator[tuple[int, Out]]:
        from distributed import wait

        waiting = iter(enumerate(items))
        in_flight = _IN_FLIGHT * self._require_workers(client)
        # A task of its own, so that the scheduler has it made anew where the worker that holds it dies.
        task = client.submit(_itself, Task(work), pure=False)  # type: ignore[arg-type]
        running = {client.submit(_called, task, *pair, pure=False) for pair in islice(waiting, in_flight)}
        while running:
            try:
                with client.as_current():
                    done, running = wait(running, timeout=self.timeout, return_when="FIRST_COMPLETED")
            except TimeoutError:
                self._require_some(client)
                continue
            for future in done:
                yield future.result()
                running |= {client.submit(_called, task, *pair, pure=False) for pair in islice(waiting, 1)}

    def _require_some(self, client: Client) -> None:
        """Raise EstimationError where no worker is left."""
        if client.status == "running" and not client.nthreads():
            what = f"no workers are left at {self.address}"
            hint = f"start some: dask worker {self.address}; then run the same command again: what is done is kept"
            raise EstimationError(Problem(what, "--dask", hint))


def own_versions() -> dict[str, str]:
    """Of what decides over the bits of a result."""
    return {name: version(name) for name in ("smartcity-participation", "numpy", "scipy")}


def _itself(task: Task) -> Task:
    return task


def _called(task: Callable[[int, Any], tuple[int, Any]], position: int, item: Any) -> tuple[int, Any]:
    return task(position, item)
