"""Tasks run by a Dask cluster: the only module that knows of it, and only when it is asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

from analysis.errors import EstimationError, Problem
from analysis.inference.executor import PATIENCE, Task, too_many_deaths

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
        except ImportError:
            hint = "pip install 'distributed' (the dependency group 'cluster'), or use --workers"
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
        from concurrent.futures import CancelledError

        from distributed import as_completed
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        threads = self._require_workers(client)
        # A task of its own, so that the scheduler has it made anew where the worker that holds it dies.
        task = client.submit(_itself, Task(work), pure=False)  # type: ignore[arg-type]
        waiting = iter(enumerate(items))
        running = as_completed(
            [client.submit(_called, task, *pair, pure=False, retries=PATIENCE) for pair in _first(waiting, threads)],
            loop=client.loop,
        )
        try:
            for future in running:
                yield future.result()
                for pair in _first(waiting, 1):
                    running.add(client.submit(_called, task, *pair, pure=False, retries=PATIENCE))
        except KilledWorker:
            raise too_many_deaths(len(items)) from None
        except (CancelledError, FutureCancelledError, OSError, TimeoutError):
            what = f"the Dask scheduler at {self.address} went away"
            raise EstimationError(Problem(what, "--dask", "run the same command again: what is done is kept")) from None


def own_versions() -> dict[str, str]:
    """Of what decides over the bits of a result."""
    return {name: version(name) for name in ("smartcity-participation", "numpy", "scipy")}


def _itself(task: Task) -> Task:
    return task


def _called(task: Callable[[int, Any], tuple[int, Any]], position: int, item: Any) -> tuple[int, Any]:
    return task(position, item)


def _first(pairs: Iterator[tuple[int, Any]], threads: int) -> list[tuple[int, Any]]:
    return [pair for _, pair in zip(range(threads * _IN_FLIGHT), pairs, strict=False)]
