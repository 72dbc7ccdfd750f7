"""Reference cases of ``tests/reference/``: what lavaan and lme4 say, loaded for the tests.

A test asks :func:`case_names` for the cases it can hold itself to and :func:`load_case` for one of them.
Cases on data that the repository doesn't ship are found in the folder that the environment variable
``SMARTCITY_DATA`` names, or in ``../shared/data`` beside the repository. Where neither is there,
``source="rows"`` leaves such cases out, and the cases that moments suffice for still run from the moments that
are stored with them. Nothing is skipped: a file that is missing where it should be is an error.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import yaml

REFERENCE = Path(__file__).parent / "reference"
REPOSITORY = REFERENCE.parent.parent

Kind = Literal[
    "sem", "compare", "polychoric", "reliability", "method_bias", "levels", "mixed", "discrete", "pls", "invariance",
    "quality", "dimension", "structure",
]  # fmt: skip
Source = Literal["rows", "moments"]
MODEL_FILE: Mapping[Kind, str] = {
    "sem": "model.lav",
    "compare": "model.lav",
    "reliability": "model.lav",
    "method_bias": "model.lav",
    "levels": "model.lav",
    "mixed": "formula.txt",
    "discrete": "formula.txt",
    "pls": "model.lav",
    "invariance": "model.lav",
    "quality": "model.lav",
    "structure": "bifactor.lav",
}


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of the rows that a fit used, of one group: ``cov`` has divisor N; ``mean`` may be absent."""

    group: str | None
    nobs: int
    mean: pd.Series | None
    cov: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Case:
    """A reference: the model, the options under our command's names, and what the reference program gives.

    ``model`` and ``restricted`` are lavaan syntax (``restricted`` in comparisons only); for mixed models ``model``
    is the lme4 formula; polychoric and dimension cases have none. ``tolerance`` holds the relative distance that is
    allowed.
    ``expected`` is expected.json as it stands; ``definition`` is case.yaml as it stands.
    """

    name: str
    title: str
    kind: Kind
    folder: Path
    model: str
    restricted: str | None
    options: Mapping[str, Any]
    tolerance: Mapping[str, float]
    definition: Mapping[str, Any]
    expected: Mapping[str, Any]

    @property
    def parameters(self) -> pd.DataFrame:
        """One row a parameter: lhs, op, rhs, group, level, label, est, se, z, pvalue, ci_lower, ..., std_all."""
        return pd.DataFrame(self.expected["parameters"])

    @property
    def fit(self) -> dict[str, float | None]:
        """What ``fitMeasures`` gives, dots as underscores, undefined ones None."""
        return dict(self.expected["fit"])

    def table(self, key: str) -> pd.DataFrame:
        """A table of expected.json by its key, such as ``fixed`` or ``modindices``."""
        return pd.DataFrame(self.expected[key])

    def moments(self) -> tuple[Moments, ...]:
        """Sample moments by group; empty where the fit needs the rows."""
        return tuple(_moments(entry) for entry in self.expected.get("moments", ()))

    def frame(self) -> pd.DataFrame:
        """Give the rows as the generator prepares them: codes made missing, cells deleted, columns derived."""
        data = self.definition["data"]
        frame = pd.read_csv(self._data_path(), keep_default_na=False, na_values=["NA", ""])
        frame = frame.replace(dict.fromkeys(data.get("missing_codes", ()), np.nan))
        if "delete_every" in data:
            frame = _delete_cells(frame, data["delete_from"], data["delete_every"])
        if "first_rows" in data:
            frame = frame.head(data["first_rows"])
        if "join" in data:
            other = pd.read_csv(_shared() / data["join"]).set_index(data["join_by"])
            frame = frame.join(other[data["join_columns"]], on=data["join_by"])
        return _derive(frame, self.definition)

    def _data_path(self) -> Path:
        data: Mapping[str, str] = self.definition["data"]
        return _shared() / data["shared"] if "shared" in data else REFERENCE / data["file"]


@cache
def load_case(name: str) -> Case:
    """Load the case in ``tests/reference/name``; a file that is missing is an error."""
    folder = REFERENCE / name
    definition = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    kind: Kind = definition["kind"]
    model = folder / MODEL_FILE[kind] if kind in MODEL_FILE else None
    restricted = folder / "restricted.lav"
    return Case(
        name=name,
        title=definition["title"],
        kind=kind,
        folder=folder,
        model=model.read_text(encoding="utf-8").strip() if model else "",
        restricted=restricted.read_text(encoding="utf-8") if restricted.exists() else None,
        options=definition["options"],
        tolerance=definition["tolerance"],
        definition=definition,
        expected=json.loads((folder / "expected.json").read_text(encoding="utf-8")),
    )


def case_names(kind: Kind | None = None, source: Source | None = None) -> tuple[str, ...]:
    """Names of the cases, sorted: of one ``kind``, and those whose rows or moments can be had here."""
    cases = (load_case(path.parent.name) for path in sorted(REFERENCE.glob("*/case.yaml")))
    return tuple(case.name for case in cases if kind in (None, case.kind) and _has(case, source))


def shared_data() -> Path | None:
    """Folder of the data that the repository doesn't ship, or None where there is none."""
    named = os.environ.get("SMARTCITY_DATA")
    if named:
        return Path(named)
    beside = REPOSITORY.parent / "shared" / "data"
    return beside if beside.is_dir() else None


def _shared() -> Path:
    folder = shared_data()
    if folder is None:
        raise FileNotFoundError("set SMARTCITY_DATA to the folder that holds the data that don't ship")
    return folder


def _has(case: Case, source: Source | None) -> bool:
    if source is None:
        return True
    if source == "moments":
        return bool(case.expected.get("moments"))
    data = case.definition.get("data")
    return data is not None and ("file" in data or shared_data() is not None)


def _moments(entry: Mapping[str, Any]) -> Moments:
    names = entry["names"]
    mean = entry.get("mean")
    return Moments(
        group=entry["group"],
        nobs=int(entry["nobs"]),
        mean=None if mean is None else pd.Series(mean, index=names, dtype=float),
        cov=pd.DataFrame(entry["cov"], index=names, columns=names, dtype=float),
    )


def _delete_cells(frame: pd.DataFrame, columns: list[str], every: int) -> pd.DataFrame:
    """Take out each cell whose number, counted along rows from 1, ``every`` divides."""
    cells = frame[columns].to_numpy(dtype=float).copy()
    cells.flat[every - 1 :: every] = np.nan
    return frame.assign(**{name: cells[:, k] for k, name in enumerate(columns)})


def _derive(frame: pd.DataFrame, definition: Mapping[str, Any]) -> pd.DataFrame:
    """Scale means where at least half the items are answered, means within groups, differences, cuts, and bands."""
    frame = frame.copy()
    for name, items in definition.get("scales", {}).items():
        answers = frame[items]
        frame[name] = answers.mean(axis=1).where(answers.notna().sum(axis=1) >= len(items) / 2)
    for name, (column, group) in definition.get("group_means", {}).items():
        frame[name] = frame.groupby(group)[column].transform("mean")
    for name, (left, right) in definition.get("differences", {}).items():
        frame[name] = frame[left] - frame[right]
    for name, (column, least) in definition.get("cuts", {}).items():
        frame[name] = (frame[column] >= least).astype(float).where(frame[column].notna())
    for name, (column, *bounds) in definition.get("bands", {}).items():
        frame[name] = 1 + np.searchsorted(bounds, frame[column], side="right")
    return frame
