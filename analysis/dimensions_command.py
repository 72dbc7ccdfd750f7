"""The command ``dimensions``: read model and responses, look for dimensions, print, write JSON and figures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.measurement.dimensions import Dimensions


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL.lav", help="the items are those that measure its latent variables")
    add("--data", type=Path, metavar="FILE", required=True, help="responses: .csv, .xlsx, .sav, .dta or .parquet")
    add("--of", default="", metavar="A,B,C", help="these latent variables and their items alone")
    add("--ordered", default="", metavar="all|a,b", help="ordinal items, all or none: polychoric correlations")
    add("--missing", choices=("listwise", "pairwise"), default="listwise", help="who is left out")
    add("--factors", type=int, metavar="K", help="number of factors (default: what parallel analysis says)")
    add("--extraction", choices=("minres", "ml"), default="minres", help="how factors are extracted")
    add("--rotation", choices=("oblimin", "promax", "varimax", "geomin", "none"), default="oblimin")
    add("--communalities", choices=("minres", "smc"), default="minres", help="diagonal for factors' eigenvalues")
    add("--replicates", type=int, default=500, metavar="R", help="sets of unrelated answers in parallel analysis")
    add("--percentile", type=float, default=95.0, metavar="P", help="of their eigenvalues")
    add("--seed", type=int, default=1, metavar="S", help="seed of unrelated answers and of starts of the rotation")
    add("--workers", type=int, default=1, metavar="N", help="processes for parallel analysis")
    add("--figures", type=Path, metavar="DIR", help="write scree and loadings to DIR as .svg and .png")


def run(options: argparse.Namespace) -> int:
    """Look for the dimensions of one model's items, print tables, write JSON and figures on request."""
    from threadpoolctl import threadpool_limits

    from analysis import writing
    from analysis.inference.executor import on_this_machine
    from analysis.measurement.dimensions import FactorPlan, ParallelPlan, dimensions
    from analysis.report.dimensions_terminal import dimensions_summary
    from analysis.survey import plain

    # Many small matrices: more than one thread a process makes each of them slower.
    pool = on_this_machine(options.workers)
    with threadpool_limits(1):
        found = dimensions(
            plain.read_words(options.model),
            plain.read_frame(options.data),
            name=options.model.name,
            ordered="all" if options.ordered == "all" else _listed(options.ordered),
            of=_listed(options.of),
            missing=options.missing,
            factors=FactorPlan(options.factors, options.extraction, options.rotation),
            parallel=ParallelPlan(options.replicates, options.percentile, options.communalities, options.seed),
            executor=map if pool is None else pool.map,
        )
    print(dimensions_summary(found))
    if options.json is not None:
        writing.write_text(options.json, found.to_json() + "\n")
    if options.figures is not None:
        _write_figures(found, options.figures)
    return 0


def _write_figures(found: Dimensions, folder: Path) -> None:
    from analysis import writing
    from analysis.report.dimensions_figures import drawings
    from analysis.report.figures.canvas import picture

    for drawing in drawings(found):
        drawn = picture(drawing, simulated=False)
        writing.write_text(folder / f"{drawn.id}.svg", drawn.svg)
        writing.write_bytes(folder / f"{drawn.id}.png", drawn.png)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
