"""The table that the benchmarks print."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass

from tests.benchmarks.lavaan_side import Lavaan


@dataclass(frozen=True, slots=True)
class Row:
    """One line: ``ours`` and ``theirs`` as written, ``ratio`` theirs over ours, ``met`` None where it can't be said."""

    case: str
    ours: str
    theirs: str
    ratio: float | None
    target: str
    met: bool | None


def line(row: Row) -> str:
    """The row in columns."""
    ratio = "" if row.ratio is None else f"{row.ratio:.1f}x"
    met = {True: "yes", False: "no", None: ""}[row.met]
    return f"{row.case:<44}{row.ours:>10}{row.theirs:>12}{ratio:>9}  {row.target:<10}{met}"


HEAD = f"{'case':<44}{'ours':>10}{'lavaan':>12}{'ratio':>9}  {'target':<10}met"


def machine(lavaan: Lavaan | None) -> str:
    """Versions, processors and load: times without them can't be compared."""
    import numpy as np
    import pandas as pd
    import scipy

    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    python = f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}"
    theirs = "" if lavaan is None else f"{lavaan.version}; "
    return f"{python}, pandas {pd.__version__}; {theirs}one thread each, {os.cpu_count()} processors{load}"
