"""The command ``mixed``: read the responses, call the engine, print, write JSON."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path


def add_mixed_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("formula", help='for example "y ~ x*w + (1 + x | commune)"')
    parser.add_argument("--data", type=Path, metavar="FILE", required=True)
    parser.add_argument("--ml", action="store_true", help="maximum likelihood in place of REML")
    parser.add_argument("--weights", metavar="COL", help="column of prior weights: residual variance is inverse to it")
    parser.add_argument("--robust", action="store_true", help="also standard errors robust to the groups (CR2)")
    parser.add_argument("--profile", action="store_true", help="also intervals from the profile of the likelihood")
    parser.add_argument("--bootstrap", type=int, metavar="R", help="also a parametric bootstrap of R replicates")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the bootstrap")


def mixed_command(options: argparse.Namespace) -> int:
    """Fit one mixed model, print it with what was asked beside it, write JSON on request."""
    from analysis import writing
    from analysis.multilevel.cluster_robust import cluster_robust
    from analysis.multilevel.parametric_bootstrap import parametric_bootstrap
    from analysis.multilevel.present import present
    from analysis.multilevel.profile_intervals import profile_intervals
    from analysis.multilevel.solution import solve
    from analysis.report.mixed_terminal import bootstrap_summary, mixed_summary, profile_summary, robust_summary
    from analysis.survey import plain

    solution = solve(options.formula, plain.read_frame(options.data), reml=not options.ml, weights=options.weights)
    result = present(solution, options.formula, "model")
    parts, content = [mixed_summary(result)], json.loads(result.to_json())
    if options.robust:
        robust = cluster_robust(solution)
        parts.append(robust_summary(robust))
        content["cluster_robust"] = [asdict(effect) for effect in robust.fixed_effects]
    if options.profile:
        profile = profile_intervals(solution)
        parts.append(profile_summary(profile))
        content["profile"] = [asdict(row) for row in profile.intervals]
    if options.bootstrap is not None:
        bootstrap = parametric_bootstrap(solution, options.bootstrap, options.seed)
        parts.append(bootstrap_summary(bootstrap))
        content["bootstrap"] = bootstrap.tidy().to_dict(orient="records")
    print("\n".join(parts))
    if options.json is not None:
        writing.write_text(options.json, json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2) + "\n")
    return 0
