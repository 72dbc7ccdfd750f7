"""Blocks of replications as parquet files: one file a block, there whole or not at all."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis import writing
from analysis.inference.power import Block
from analysis.inference.power_fits import Fits

_NAME = re.compile(r"n(\d+)-(\d+)-(\d+)\.parquet")
_MATRICES = ("estimate", "se", "critical")


class ParquetFolder:
    """A folder of blocks that belong together; whoever computes them, one process alone writes here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def known(self) -> set[Block]:
        """Blocks that are there."""
        names = (_NAME.fullmatch(path.name) for path in self.folder.glob("*.parquet"))
        return {Block(*map(int, name.groups())) for name in names if name is not None}

    def load(self, block: Block) -> Fits:
        """One of them."""
        table = pq.read_table(self._path(block))
        matrices = {name: np.stack(table[name].to_numpy()) for name in _MATRICES}
        return Fits(
            **matrices,
            chisq=table["chisq"].to_numpy(),
            improper=table["improper"].to_numpy(),
            failure=tuple(table["failure"].to_pylist()),
        )

    def save(self, block: Block, fits: Fits) -> None:
        """Write a block beside its place, then move it there. Raises OutputError where that is not possible."""
        columns = {
            "replication": pa.array(range(block.start, block.stop), pa.int64()),
            **{name: _rows(getattr(fits, name)) for name in _MATRICES},
            "chisq": pa.array(fits.chisq),
            "improper": pa.array(fits.improper),
            "failure": pa.array(fits.failure, pa.string()),
        }
        file = io.BytesIO()
        pq.write_table(pa.table(columns), file)
        writing.write_bytes(self._path(block), file.getvalue())

    def _path(self, block: Block) -> Path:
        return self.folder / f"n{block.n}-{block.start:07d}-{block.stop:07d}.parquet"


def _rows(matrix: np.ndarray) -> pa.Array:
    """Rows of a matrix as lists of one length."""
    flat = pa.array(np.ascontiguousarray(matrix, dtype=np.float64).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, matrix.shape[1])
