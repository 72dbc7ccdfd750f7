"""Executors: same bytes whoever computes, nothing lost and nothing twice where workers or schedulers die."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis.cli import main
from analysis.errors import EstimationError
from analysis.inference import dask_executor
from analysis.inference.dask_executor import Cluster
from analysis.inference.executor import Executor, InProcess, Ordered, Processes
from analysis.inference.power import Block, InMemory, PowerJob, compute
from analysis.inference.power_fits import Fits
from analysis.partial_results import ParquetFolder
from analysis.sem.bootstrap.resample import bootstrap
from tests.inference.dask_cluster import RunningCluster, cluster
from tests.inference.power_examples import job
from tests.references import REFERENCE

N = 100


@pytest.fixture(scope="module")
def of() -> PowerJob:
    return job()


@pytest.fixture(scope="module")
def blocks(of: PowerJob) -> list[Block]:
    return of.blocks(N, 600)


@pytest.fixture(scope="module")
def expected(of: PowerJob, blocks: list[Block]) -> list[bytes]:
    return _bytes(_run(of, blocks, InProcess()), blocks)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with cluster(tmp_path_factory.mktemp("cluster"), 2) as found:
        yield found


class Once(InMemory):
    """A store that no block reaches twice."""

    def save(self, block: Block, fits: Fits) -> None:
        assert block not in self.known()
        super().save(block, fits)


def _run(of: PowerJob, blocks: list[Block], executor: Executor, after: Callable[[int], object] = bool) -> InMemory:
    store = Once()
    assert compute(of, blocks, executor, store, after)
    return store


def _bytes(store: InMemory | ParquetFolder, blocks: list[Block]) -> list[bytes]:
    assert store.known() == set(blocks)
    found = [store.load(block) for block in blocks]
    return [f.estimate.tobytes() + f.se.tobytes() + f.chisq.tobytes() + repr(f.failure).encode() for f in found]


def _after(blocks_done: int, act: Callable[[], object]) -> Callable[[int], object]:
    """Called with each progress, acts once when so many blocks are done."""
    seen: list[int] = []

    def progress(count: int) -> None:
        seen.append(count)
        if len(seen) == blocks_done + 1:
            act()

    return progress


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_processes_give_the_same_bytes(workers: int, of: PowerJob, blocks: list[Block], expected: list[bytes]) -> None:
    assert _bytes(_run(of, blocks, Processes(workers)), blocks) == expected


def test_a_process_that_dies_costs_its_tasks_only(tmp_path: Path) -> None:
    def square(item: int) -> int:
        mark = tmp_path / "died"
        if item == 5 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        return item**2

    results = list(Processes(2).run(square, range(20)))
    assert (tmp_path / "died").exists()
    assert sorted(results) == [(i, i**2) for i in range(20)]


def test_tasks_that_kill_every_process_end_in_words() -> None:
    def fatal(item: int) -> int:
        os._exit(1)

    with pytest.raises(EstimationError, match="worker processes died 3 times"):
        list(Processes(2).run(fatal, range(3)))


def test_dask_gives_the_same_bytes(
    running: RunningCluster, of: PowerJob, blocks: list[Block], expected: list[bytes]
) -> None:
    assert _bytes(_run(of, blocks, Cluster(running.address)), blocks) == expected


def test_the_command_writes_the_same_file_by_dask(
    running: RunningCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [str(REFERENCE / "power" / name) for name in ("model.lav", "population.lav")]
    for name, where in (("here", []), ("there", ["--dask", running.address])):
        options = ["--n", "80", "--reps", "200", "--keep", name, "--json", f"{name}.json", *where]
        assert main(["power", files[0], "--population", files[1], *options]) == 0
    assert (tmp_path / "here.json").read_bytes() == (tmp_path / "there.json").read_bytes()


def test_dask_workers_of_another_version_are_refused(running: RunningCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(dask_executor, "version", lambda name: "1.0" if name == "numpy" else version(name))
        with pytest.raises(EstimationError, match=r"has numpy 2\S+, here it is 1\.0"):
            list(Cluster(running.address).run(str, [1]))


def test_a_dask_worker_that_is_killed_costs_nothing(
    running: RunningCluster, of: PowerJob, blocks: list[Block], expected: list[bytes]
) -> None:
    store = _run(of, blocks, Cluster(running.address), _after(3, running.workers[0].kill))
    assert running.workers[0].wait() != 0
    assert _bytes(store, blocks) == expected


def test_a_scheduler_that_goes_away_leaves_what_was_done(
    tmp_path: Path, of: PowerJob, blocks: list[Block], expected: list[bytes]
) -> None:
    store = ParquetFolder(tmp_path / "kept")
    with cluster(tmp_path, 1) as doomed:
        with pytest.raises(EstimationError, match="went away"):
            compute(of, blocks, Cluster(doomed.address), store, _after(2, doomed.scheduler.kill))
        done = store.known()
        assert 2 <= len(done) < len(blocks)
        with pytest.raises(EstimationError, match="no Dask scheduler answers"):
            compute(of, blocks, Cluster(doomed.address, timeout=1), store, bool)
    assert store.known() == done
    counted: list[int] = []
    assert compute(of, blocks, InProcess(), store, counted.append)
    assert counted[0] == 50 * len(done)
    assert _bytes(store, blocks) == expected


def test_a_cluster_whose_workers_are_all_dead_is_told(tmp_path: Path, of: PowerJob, blocks: list[Block]) -> None:
    store = InMemory()
    with cluster(tmp_path, 1) as doomed, pytest.raises(EstimationError, match="no workers are left"):
        compute(of, blocks, Cluster(doomed.address, timeout=2), store, _after(2, doomed.workers[0].kill))
    assert 2 <= len(store.known()) < len(blocks)


def test_a_cluster_without_workers_is_told(tmp_path: Path) -> None:
    with cluster(tmp_path, 0) as idle, pytest.raises(EstimationError, match="has no workers"):
        list(Cluster(idle.address).run(str, [1]))


def test_the_bootstrap_takes_an_executor_and_gives_the_same_bytes() -> None:
    data = pd.read_csv(REFERENCE / "simulated.csv").head(200)
    model = "f =~ a1 + a2 + a3 + a4"
    here = bootstrap(model, data, n_resamples=250, seed=3)
    there = bootstrap(model, data, n_resamples=250, seed=3, executor=Ordered(Processes(2)))
    assert here.to_json() == there.to_json()


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(EstimationError, match="no Dask scheduler answers at nowhere"):
        list(Cluster("nowhere:99999", timeout=1).run(str, [1]))


def test_files_hold_every_bit_and_half_written_ones_do_not_count(tmp_path: Path, of: PowerJob) -> None:
    block = of.blocks(N, 50)[0]
    fits = of(block)
    fits.estimate[3] = np.nan
    store = ParquetFolder(tmp_path)
    store.save(block, fits)
    (tmp_path / ".n100-0000050-0000100.parquet.x1").write_bytes(b"PAR1")
    assert store.known() == {block}
    again = store.load(block)
    for name in ("estimate", "se", "critical", "chisq", "improper"):
        assert getattr(again, name).tobytes() == getattr(fits, name).tobytes()
    assert again.failure == fits.failure
