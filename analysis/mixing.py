"""The command ``mixed``: read the responses, call the engine, print, write JSON."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis.errors import DataError, Problem
from analysis.json_text import json_text

FAMILIES = ("gaussian", "binomial", "cumulative")


def add_mixed_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("formula", help='for example "y ~ x*w + (1 + x | commune)"')
    parser.add_argument("--data", type=Path, metavar="FILE", required=True)
    parser.add_argument(
        "--family", choices=FAMILIES, default="gaussian", help="binomial: two answers; cumulative: ordered"
    )
    parser.add_argument("--quadrature", type=int, metavar="N", help="points per random effect of a logit model (1)")
    parser.add_argument("--ml", action="store_true", help="maximum likelihood in place of REML")
    parser.add_argument("--weights", metavar="COL", help="column of prior weights: residual variance is inverse to it")
    parser.add_argument("--robust", action="store_true", help="also standard errors robust to the groups (CR2)")
    parser.add_argument("--profile", action="store_true", help="also intervals from the profile of the likelihood")
    parser.add_argument("--bootstrap", type=int, metavar="R", help="also a parametric bootstrap of R replicates")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the bootstrap")


def mixed_command(options: argparse.Namespace) -> int:
    """Fit one mixed model, print it with what was asked beside it, write JSON on request."""
    from analysis import writing

    _require_one_kind(options)
    words, content = _linear(options) if options.family == "gaussian" else _logit(options)
    print(words)
    if options.json is not None:
        writing.write_text(options.json, json_text(content) + "\n")
    return 0


def _require_one_kind(options: argparse.Namespace) -> None:
    """Raise DataError for options that the family does not have."""
    asked = {"--ml": options.ml, "--weights": options.weights, "--robust": options.robust, "--profile": options.profile}
    linear = [name for name, value in {**asked, "--bootstrap": options.bootstrap}.items() if value]
    if options.family != "gaussian" and linear:
        what = f"{', '.join(linear)} and --family {options.family}"
        raise DataError(Problem(f"{what} do not go together", "smartcity mixed", "they are for linear models"))
    if options.family == "gaussian" and options.quadrature is not None:
        hint = "it goes with --family binomial and cumulative"
        raise DataError(Problem("a linear model needs no --quadrature", "smartcity mixed", hint))


def _logit(options: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """A binary or ordinal model in words and as JSON."""
    from analysis.multilevel.discrete import fit_discrete
    from analysis.report.mixed_terminal import discrete_summary
    from analysis.survey import plain

    points = 1 if options.quadrature is None else options.quadrature
    result = fit_discrete(options.formula, plain.read_frame(options.data), family=options.family, quadrature=points)
    return discrete_summary(result), json.loads(result.to_json())


def _linear(options: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """A linear model with what was asked beside it, in words and as JSON."""
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
    return "\n".join(parts), content
