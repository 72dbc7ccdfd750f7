"""The commands ``fit`` and those that share its options: read the files, call the engine, print, write JSON."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis import path_fitting
from analysis.errors import DataError, Problem

if TYPE_CHECKING:
    from analysis.sem.estimate import FitOptions

ESTIMATORS = ("ML", "MLR", "MLM", "GLS", "ULS", "DWLS", "WLSMV", "PLS", "PLSc")
DIFFERENCE_TESTS = ("default", "standard", "satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000")


def add_fit_options(parser: argparse.ArgumentParser) -> None:
    """Options of every command that fits a structural-equation model."""
    parser.add_argument("--data", type=Path, metavar="FILE", help="responses: .csv, .xlsx, .sav, .dta or .parquet")
    parser.add_argument("--cov", type=Path, metavar="FILE", help="covariance matrix as CSV, in place of responses")
    parser.add_argument("--nobs", type=int, metavar="N", help="number of observations behind --cov")
    parser.add_argument("--means", type=Path, metavar="FILE", help="means behind --cov: names and numbers as CSV")
    parser.add_argument("--estimator", choices=ESTIMATORS, help="default: ML, or WLSMV with --ordered")
    parser.add_argument("--missing", choices=("listwise", "fiml"), default="listwise", help="rows with missing values")
    parser.add_argument("--ordered", default="", metavar="all|a,b", help="ordinal variables")
    parser.add_argument("--group", metavar="COL", help="fit the groups of this column together")
    parser.add_argument("--group-equal", default="", metavar="LIST", help="what groups share: loadings,intercepts,…")
    parser.add_argument("--group-partial", default="", metavar="LIST", help="but for these: 'f =~ x2,x3 ~ 1'")
    parser.add_argument(
        "--cluster", metavar="COL", help="robust to the clustering of rows; needed by models with level: blocks"
    )
    parser.add_argument("--weights", metavar="COL", help="sampling weights")
    parser.add_argument("--std-lv", action="store_true", help="identify latent variables by unit variance")
    parser.add_argument("--meanstructure", action="store_true", help="estimate intercepts too")


def add_inference_options(parser: argparse.ArgumentParser) -> None:
    """Options on standard errors."""
    parser.add_argument("--se", choices=("standard", "robust", "bootstrap"), help="robust: ML becomes MLR")
    parser.add_argument("--bootstrap", type=int, default=1000, metavar="R", help="resamples of either bootstrap")
    parser.add_argument("--boot-ci", choices=("perc", "bc", "bca"), default="perc", help="intervals of --se bootstrap")
    parser.add_argument(
        "--test", choices=("standard", "bollen.stine"), default="standard", help="adds a bootstrap p-value of the model"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the bootstrap")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes for the bootstrap")
    parser.add_argument("--modindices", action="store_true", help="modification indices, largest first")
    parser.add_argument("--scheme", choices=path_fitting.SCHEMES, help="inner weights of PLS (default: path)")


def add_comparison_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command that compares two models."""
    parser.add_argument("--method", choices=DIFFERENCE_TESTS, default="default", help="of the difference test")


def keywords(options: argparse.Namespace) -> FitOptions:
    """The options as ``sem.fit`` takes them, files read. Raises DataError where they do not go together."""
    from analysis.survey import plain

    moments = (options.cov is not None, options.nobs is not None)
    if (options.data is None) != all(moments) or (options.data is not None and any(moments)):
        raise DataError(Problem("give either --data FILE or --cov FILE with --nobs N", "smartcity fit"))
    if options.means is not None and options.cov is None:
        raise DataError(Problem("--means goes with --cov: responses have their own means", "smartcity fit"))
    return {
        "estimator": options.estimator,
        "missing": options.missing,
        "ordered": "all" if options.ordered == "all" else _listed(options.ordered),
        "group": options.group,
        "group_equal": _listed(options.group_equal),
        "group_partial": _listed(options.group_partial),
        "cluster": options.cluster,
        "weights": options.weights,
        "cov": None if options.cov is None else plain.read_matrix(options.cov),
        "nobs": options.nobs,
        "means": None if options.means is None else plain.read_means(options.means),
        "std_lv": options.std_lv,
        "meanstructure": options.meanstructure,
    }


def responses(options: argparse.Namespace) -> Any:
    """The responses as a frame; None where moments are given."""
    from analysis.survey import plain

    return None if options.data is None else plain.read_frame(options.data)


def fit_command(options: argparse.Namespace) -> int:
    """Fit one model, print it, write JSON on request."""
    if options.estimator in {"PLS", "PLSc"}:
        return path_fitting.fit_path_model(options)
    if options.scheme is not None:
        raise DataError(Problem("--scheme goes with PLS and PLSc", "smartcity fit", "leave it out"))
    from analysis import writing
    from analysis.inference.executor import on_this_machine
    from analysis.report.terminal import modification_summary, sem_summary
    from analysis.sem import fit
    from analysis.survey import plain

    resampled = options.se == "bootstrap" or options.test == "bollen.stine"
    result = fit(
        plain.read_words(options.model),
        responses(options),
        name=options.model.name,
        se=options.se or "standard",
        bootstrap=options.bootstrap,
        seed=options.seed,
        boot_ci=options.boot_ci,
        test=options.test,
        executor=on_this_machine(options.workers if resampled else 1),
        modindices=options.modindices,
        **keywords(options),
    )
    print(sem_summary(result))
    if result.modindices is not None:
        print(modification_summary(result.modindices))
    if options.json is not None:
        writing.write_text(options.json, result.to_json() + "\n")
    return 0


def compare_command(options: argparse.Namespace) -> int:
    """Fit two models with the same options, test the restricted one against the other, write JSON on request."""
    from analysis import writing
    from analysis.report.terminal import comparison_summary
    from analysis.sem.nested import compare_models
    from analysis.survey import plain

    if options.estimator in {"PLS", "PLSc"}:
        what = f"{options.estimator} has no test of nested models"
        raise DataError(Problem(what, "smartcity compare", "fit each model, and set SRMR and Q²predict side by side"))
    first, second = (plain.read_words(path) for path in (options.first, options.second))
    same = options.first.name == options.second.name
    names = (str(options.first), str(options.second)) if same else (options.first.name, options.second.name)
    given, data = keywords(options), responses(options)
    comparison = compare_models(first, second, data, names=names, method=options.method, **given)
    print(comparison_summary(comparison))
    if options.json is not None:
        writing.write_text(options.json, comparison.to_json() + "\n")
    return 0


def _listed(text: str) -> list[str]:
    """The parts of a comma-separated list."""
    return [part.strip() for part in text.split(",") if part.strip()]
