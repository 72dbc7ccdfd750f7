"""The command ``quality``: read model and responses, describe the data, compare treatments, print, write JSON."""

from __future__ import annotations

import argparse
from pathlib import Path

from analysis.criteria import CRITERIA

_CUTOFF = CRITERIA["floor_ceiling"].value


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("model", type=Path, metavar="MODEL.lav", help="its observed variables are described")
    parser.add_argument(
        "--data", type=Path, metavar="FILE", required=True, help="responses: .csv, .xlsx, .sav, .dta or .parquet"
    )
    parser.add_argument(
        "--impute", type=int, default=0, metavar="M", help="impute M times, and compare treatments of missing values"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the imputations")
    parser.add_argument(
        "--cutoff", type=float, default=_CUTOFF, metavar="C", help=f"share that marks a floor or ceiling ({_CUTOFF:g})"
    )


def run(options: argparse.Namespace) -> int:
    """Describe the data of one model, print tables, write JSON on request (keys: ``DataQuality.to_json``)."""
    from analysis import writing
    from analysis.measurement.data_quality import data_quality
    from analysis.report.quality_terminal import quality_summary
    from analysis.survey import plain

    quality = data_quality(
        plain.read_words(options.model),
        plain.read_frame(options.data),
        name=options.model.name,
        n_imputations=options.impute,
        seed=options.seed,
        cutoff=options.cutoff,
    )
    print(quality_summary(quality))
    if options.json is not None:
        writing.write_text(options.json, quality.to_json() + "\n")
    return 0
