"""The command ``reliability``: read model and responses, judge the scales, print, write JSON."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("model", type=Path, metavar="MODEL.lav", help="its latent variables are the scales")
    parser.add_argument(
        "--data", type=Path, metavar="FILE", required=True, help="responses: .csv, .xlsx, .sav, .dta or .parquet"
    )
    parser.add_argument("--ordered", default="", metavar="all|a,b", help="ordinal items")
    parser.add_argument("--cluster", metavar="COL", help="reliability within and between these clusters too")
    parser.add_argument("--marker", metavar="NAME", help="the latent variable to take as marker of method variance")
    parser.add_argument("--bootstrap", type=int, default=1000, metavar="R", help="resamples for intervals of HTMT")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the resamples")


def run(options: argparse.Namespace) -> int:
    """Judge the scales of one model, print tables, write JSON on request."""
    from analysis import writing
    from analysis.measurement.scale_quality import scale_quality
    from analysis.report.scales_terminal import scales_summary
    from analysis.survey import plain

    named = [item.strip() for item in options.ordered.split(",") if item.strip()]
    quality = scale_quality(
        plain.read_words(options.model),
        plain.read_frame(options.data),
        name=options.model.name,
        ordered="all" if options.ordered == "all" else named,
        marker=options.marker,
        cluster=options.cluster,
        n_resamples=options.bootstrap,
        seed=options.seed,
    )
    print(scales_summary(quality))
    if options.json is not None:
        writing.write_text(options.json, quality.to_json() + "\n")
    return 0
