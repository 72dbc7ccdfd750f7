"""What the report shows of subgroups and latent moderators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.report.parts import require


@dataclass(frozen=True, slots=True)
class SubgroupsPart:
    """``titles`` of the groupings. ``paths``: grouping, path, group, nobs, est, se, pvalue, std. ``tests`` of equal
    paths: grouping, path, chisq_diff, df_diff, pvalue. ``products``: moderator, outcome, predictor, est, se, pvalue,
    std.
    ``left_out``: groups with too few respondents; ``absent``: why something is not there.
    """

    titles: Mapping[str, str]
    paths: pd.DataFrame
    tests: pd.DataFrame
    products: pd.DataFrame
    left_out: Mapping[str, tuple[tuple[str, int], ...]]
    absent: Mapping[str, str]

    def __post_init__(self) -> None:
        """Check the columns of the frames; raises OutputError."""
        require(self.paths, "subgroups", ("grouping", "path", "group", "nobs", "est", "se", "pvalue", "std"))
        require(self.tests, "tests of subgroups", ("grouping", "path", "chisq_diff", "df_diff", "pvalue"))
        require(self.products, "latent moderators", ("moderator", "outcome", "predictor", "est", "se", "pvalue", "std"))
