"""Independent tasks, run in process or by processes of this machine; ``dask_executor`` has them run by a cluster.

A task is a function of its item alone, so that who runs it, when, and beside what others, changes no bit of its result.
Results come as they are done, each once; what has come is kept whatever happens to the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from threadpoolctl import threadpool_limits

from analysis.errors import EstimationError, Problem

Item = TypeVar("Item")
Out = TypeVar("Out")

# Rounds in a row in which workers died and no task was done, after which it is the tasks that kill them.
_PATIENCE = 3


class Executor(Protocol):
    """What runs tasks."""

    def run(self, work: Callable[[Item], Out], items: Sequence[Item]) -> Iterator[tuple[int, Out]]:
        """Position and result of every item, in the order in which they are done. What ``work`` raises is raised."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """An item at its position, as a worker gets it: on one thread, as sums of several differ in their last bits."""

    work: Callable[[object], object]

    def __call__(self, position: int, item: object) -> tuple[int, object]:
        """Position and result."""
        with threadpool_limits(1):
            return position, self.work(item)


@dataclass(frozen=True, slots=True)
class InProcess:
    """One after the other, here."""

    def run(self, work: Callable[[Item], Out], items: Sequence[Item]) -> Iterator[tuple[int, Out]]:
        """In the order of the items."""
        for position, item in enumerate(items):
            with threadpool_limits(1):
                result = work(item)
            yield position, result


@dataclass(frozen=True, slots=True)
class Processes:
    """``workers`` processes of this machine, by joblib. A process that dies takes its tasks with it; these, and those
    that waited, are given to new processes.
    """

    workers: int

    def run(self, work: Callable[[Item], Out], items: Sequence[Item]) -> Iterator[tuple[int, Out]]:
        """As they are done. Raises EstimationError where processes die again and again without a task done."""
        from joblib import Parallel, delayed
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        waiting, deaths = dict(enumerate(items)), 0
        task = delayed(Task(work))  # type: ignore[arg-type]
        while waiting:
            parallel = Parallel(n_jobs=self.workers, return_as="generator_unordered", batch_size=1)
            try:
                for position, result in parallel(task(position, item) for position, item in list(waiting.items())):
                    del waiting[position]
                    deaths = 0
                    yield position, result
            except TerminatedWorkerError:
                deaths += 1
                if deaths == _PATIENCE:
                    what = f"worker processes died {deaths} times without a task done; {len(waiting)} tasks are left"
                    hint = "they may lack memory: use fewer of them; what is done is kept"
                    raise EstimationError(Problem(what, "--workers", hint)) from None


@dataclass(frozen=True, slots=True)
class Ordered:
    """An executor as those of ``concurrent.futures`` are: what the bootstrap takes."""

    executor: Executor

    def map(self, fn: Callable[[Item], Out], items: Iterable[Item], /) -> list[Out]:
        """Results in the order of the items."""
        results = dict(self.executor.run(fn, list(items)))
        return [results[position] for position in range(len(results))]


def on_this_machine(workers: int) -> Ordered | None:
    """Processes for work that is handed out as to ``concurrent.futures``; None where one is enough."""
    return Ordered(Processes(workers)) if workers > 1 else None
