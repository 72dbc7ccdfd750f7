"""Reference numbers of plspm 0.5.7 for the cases ``pls_*``, run in an environment of its own (see README.md).

python tests/reference/plspm_case.py                  every case whose rows are at hand
python tests/reference/plspm_case.py CASE [FILE.csv]  one of them, on the rows of FILE.csv
"""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import plspm.config as c
import yaml
from plspm.mode import Mode
from plspm.plspm import Plspm
from plspm.scheme import Scheme

HERE = Path(__file__).parent
SCHEMES = {"path": Scheme.PATH, "factorial": Scheme.FACTORIAL, "centroid": Scheme.CENTROID}
# plspm stops at 1e-6 by default, which leaves 1e-4 in single weights.
TOLERANCE, ITERATIONS = 1e-24, 2000


def read_model(text: str) -> tuple[dict[str, list[str]], set[str], dict[str, list[str]]]:
    """Blocks, constructs of mode B, and predictors by outcome, of a model with one statement a line."""
    blocks: dict[str, list[str]] = {}
    formative: set[str] = set()
    paths: dict[str, list[str]] = {}
    for line in (line.split("#")[0].strip() for line in text.splitlines()):
        for operator in ("=~", "<~", "~"):
            if operator in line:
                left, right = (part.strip() for part in line.split(operator))
                terms = [term.strip() for term in right.split("+")]
                (paths if operator == "~" else blocks).setdefault(left, []).extend(terms)
                formative |= {left} if operator == "<~" else set()
                break
    return blocks, formative, paths


def rows(definition: dict, file: str | None) -> pd.DataFrame:
    """The rows of a case, as tests/references.py reads them, or those of ``file``."""
    if file is not None:
        return pd.read_csv(file)
    data = definition["data"]
    shared = Path(os.environ.get("SMARTCITY_DATA", HERE.parent.parent.parent / "shared" / "data"))
    path = shared / data["shared"] if "shared" in data else HERE / data["file"]
    frame = pd.read_csv(path, keep_default_na=False, na_values=["NA", ""])
    return frame.replace(dict.fromkeys(data.get("missing_codes", ()), np.nan))


def run(folder: Path, file: str | None = None) -> None:
    """Write expected.json of one case."""
    definition = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    blocks, formative, paths = read_model((folder / "model.lav").read_text(encoding="utf-8"))
    items = [item for block in blocks.values() for item in block]
    frame = rows(definition, file)[items].dropna().astype(float).reset_index(drop=True)
    structure = c.Structure()
    for outcome, predictors in paths.items():
        structure.add_path(predictors, [outcome])
    # plspm's own scaling divides all columns by one number, so that they are standardised here (by N) beforehand.
    frame = (frame - frame.mean()) / frame.std(ddof=0)
    config = c.Config(structure.path(), scaled=False)
    for construct, block in blocks.items():
        mode = Mode.B if construct in formative else Mode.A
        config.add_lv(construct, mode, *(c.MV(item) for item in block))
    scheme = SCHEMES[definition["options"]["scheme"]]
    fitted = Plspm(frame, config, scheme, iterations=ITERATIONS, tolerance=TOLERANCE)
    outer, effects = fitted.outer_model(), fitted.effects()
    names = ("from", "to", "direct", "indirect", "total")
    summary = fitted.inner_summary()
    packages = ("plspm", "pandas", "numpy", "scipy", "statsmodels")
    content = {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "settings": {"tolerance": TOLERANCE, "iterations": ITERATIONS, "scaled": False, "standardised_before": True},
        "nobs": len(frame),
        "outer": [
            {"item": item, **{key: float(outer.loc[item, key]) for key in ("weight", "loading")}} for item in items
        ],
        "crossloadings": {
            str(item): {str(k): float(v) for k, v in row.items()} for item, row in fitted.crossloadings().iterrows()
        },
        "effects": [
            {name: row[name] if name in {"from", "to"} else float(row[name]) for name in names}
            for _, row in effects.iterrows()
        ],
        "r_squared": {str(k): float(v) for k, v in summary["r_squared"].items() if k in paths},
        "r_squared_adj": {str(k): float(v) for k, v in summary["r_squared_adj"].items() if k in paths},
        "ave": {str(k): None if np.isnan(v) else float(v) for k, v in summary["ave"].items()},
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(HERE / sys.argv[1], *sys.argv[2:])
    else:
        for path in sorted(HERE.glob("pls_*/case.yaml")):
            if "data:" in path.read_text(encoding="utf-8"):
                run(path.parent)
