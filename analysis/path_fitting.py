"""The command ``fit --estimator PLS|PLSc``: one path model, or with ``--group`` two groups of it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from analysis.errors import DataError, Problem

if TYPE_CHECKING:
    from analysis.pls.design import Scheme

SCHEMES = ("path", "factorial", "centroid")
# Options of `fit` that partial least squares does not have, with the value each has when it is not given.
_NOT_OF_PLS = (
    ("cov", None), ("nobs", None), ("means", None), ("ordered", ""), ("group_equal", ""), ("group_partial", ""),
    ("cluster", None), ("weights", None), ("std_lv", False), ("meanstructure", False), ("modindices", False),
    ("missing", "listwise"), ("test", "standard"),
)  # fmt: skip


def fit_path_model(options: argparse.Namespace) -> int:
    """Fit by partial least squares, with PLSpredict, or compare two groups; print, and write JSON on request."""
    if problems := list(_problems(options)):
        raise DataError(problems)
    from analysis import pls, writing
    from analysis.inference.executor import on_this_machine
    from analysis.report.path_terminal import groups_summary, pls_summary
    from analysis.survey import plain

    text, data, name = plain.read_words(options.model), plain.read_frame(options.data), options.model.name
    scheme: Scheme = "path" if options.scheme is None else options.scheme
    if options.group is not None:
        permutations = {"permutations": options.bootstrap, "seed": options.seed}
        compared = pls.compare_groups(text, data, options.group, scheme=scheme, name=name, **permutations)
        words, content = groups_summary(compared), compared.to_json()
    else:
        resampled = options.se == "bootstrap"
        result = pls.fit(
            text,
            data,
            estimator=options.estimator,
            scheme=scheme,
            bootstrap=options.bootstrap if resampled else 0,
            seed=options.seed,
            interval=options.boot_ci,
            predict=True,
            executor=on_this_machine(options.workers if resampled else 1),
            name=name,
        )
        words, content = pls_summary(result), result.to_json()
    print(words)
    if options.json is not None:
        writing.write_text(options.json, content + "\n")
    return 0


def _problems(options: argparse.Namespace) -> Iterator[Problem]:
    """Options that do not go with partial least squares, all of them."""
    where, estimator = "smartcity fit", options.estimator
    for name, default in _NOT_OF_PLS:
        if getattr(options, name) != default:
            yield Problem(f"--{name.replace('_', '-')} does not go with {estimator}", where, "leave it out")
    if options.se in {"standard", "robust"}:
        yield Problem(f"{estimator} has no {options.se} standard errors", where, "take --se bootstrap")
    if options.boot_ci == "bc":
        yield Problem(f"{estimator} has percentile and BCa intervals", where, "take --boot-ci perc or bca")
    if options.group is not None and estimator == "PLSc":
        yield Problem("groups are compared by PLS: composites are what MICOM is about", where, "take --estimator PLS")
    if options.group is not None and options.se == "bootstrap":
        hint = "leave --se out; --bootstrap is the number of permutations"
        yield Problem("groups are compared by permutation, without standard errors", where, hint)
    if options.data is None:
        yield Problem(f"{estimator} needs responses", where, "give --data FILE")
