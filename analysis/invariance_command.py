"""The command ``invariance``: read model and responses, climb the ladder, print, write JSON.

JSON, with lavaan's names where it has them; a number that is not defined is null:

- "model", "group", "estimator", "missing", "nobs"; "groups": [{"label", "nobs"}], the first is the reference.
- "steps": one for each rung, and after one that fails a second where something was let go: "rung" (configural,
  thresholds, metric, scalar, strict), "name" (the same, or "partial ..." with parameters let go), "equal" (kinds that
  groups share), "released" (parameters let go), "post_hoc", all fit measures of ``fit`` ("chisq", "df", "pvalue",
  "chisq_scaled", "cfi", "cfi_scaled", "cfi_robust", "rmsea", "srmr", ...), "against" (the step compared with),
  "test": {"chisq_diff", "df_diff", "pvalue", "method", "scaling", "shift", "reason"}, "delta": {"cfi", "rmsea", "srmr",
  "version"}, "holds", "reason", "undefined" (reasons of fit measures that are null), "warnings".
- "level": the last rung up to which all hold, "partial ..." with parameters let go.
- "partial": {"post_hoc": true, "max_releases", "min_items", "releases": [{"step", "parameter", "x2", "df",
  "pvalue", "n_candidates", "holds"}], "stopped": {step: reason}}.
- "latent_means": [{"lhs", "group", "reference", "est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_diff"}];
  "latent_means_at": the step they are of; "latent_means_reason": why there are none.
- "cutoffs": {"cfi", "rmsea", "srmr_loadings", "srmr", "least_cfi", "largest_rmsea", "sources": {..}}.
- "warnings", "conventions".
"""

from __future__ import annotations

import argparse
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("model", type=Path, metavar="MODEL.lav", help="its measurement part is compared")
    parser.add_argument(
        "--data", type=Path, metavar="FILE", required=True, help="responses: .csv, .xlsx, .sav, .dta or .parquet"
    )
    parser.add_argument("--group", metavar="COL", required=True, help="the groups; the first of the file is reference")
    parser.add_argument("--ordered", default="", metavar="all|a,b", help="ordinal items")
    parser.add_argument(
        "--estimator", choices=("ML", "MLR", "MLM", "DWLS", "WLSMV"), help="default: ML, or WLSMV with --ordered"
    )
    parser.add_argument("--missing", choices=("listwise", "fiml"), default="listwise", help="rows with missing values")
    parser.add_argument("--cluster", metavar="COL", help="robust to the clustering of rows")
    parser.add_argument(
        "--max-releases", type=int, default=5, metavar="N", help="parameters that a step may let go (default: 5)"
    )
    parser.add_argument("--delta-cfi", type=float, metavar="X", help="largest fall of CFI (default: Chen's, .01)")
    parser.add_argument("--delta-rmsea", type=float, metavar="X", help="largest rise of RMSEA (default: Chen's, .015)")
    parser.add_argument(
        "--delta-srmr",
        type=float,
        metavar="X",
        help="largest rise of SRMR (default: Chen's, .03 for loadings, .01 for others); less for 300 rows",
    )


def run(options: argparse.Namespace) -> int:
    """Test one model for invariance, print tables, write JSON on request."""
    from analysis import writing
    from analysis.measurement.invariance import Search, invariance
    from analysis.measurement.invariance_sample import Treatment
    from analysis.report.invariance_terminal import invariance_summary
    from analysis.survey import plain

    named = tuple(item.strip() for item in options.ordered.split(",") if item.strip())
    ordered = "all" if options.ordered == "all" else named
    found = invariance(
        plain.read_words(options.model),
        plain.read_frame(options.data),
        Treatment(options.group, options.estimator, options.missing, ordered, options.cluster),
        Search(options.max_releases, options.delta_cfi, options.delta_rmsea, options.delta_srmr),
        options.model.name,
    )
    print(invariance_summary(found))
    if options.json is not None:
        writing.write_text(options.json, found.to_json() + "\n")
    return 0
