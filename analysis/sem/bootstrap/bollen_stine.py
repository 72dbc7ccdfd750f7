"""The test of a model by the bootstrap of Bollen and Stine, beside whatever standard errors the fit has."""

from __future__ import annotations

from dataclasses import replace

from analysis.sem.bootstrap.result import BootstrapResult
from analysis.sem.result import SemResult


def with_bollen_stine(result: SemResult, boot: BootstrapResult) -> SemResult:
    """``result`` with ``pvalue_bollen_stine``, that of ``boot`` of kind "bollen_stine", among its fit measures.

    Bollen & Stine (1992), Sociological Methods & Research 21(2), 205-229. Resamples that failed do not count, and a
    warning says how many they are.
    """
    failed = [
        f"{count} of {boot.n_requested} resamples of the Bollen-Stine bootstrap failed: {reason}"
        for reason, count in boot.failure_counts.items()
    ]
    convention = (
        f"Bollen-Stine p-value: share of {boot.n_succeeded} bootstrap resamples of rows moved onto the model "
        f"(seed {boot.seed}) whose chi-square is above the sample's"
    )
    return replace(
        result,
        fit_measures={**result.fit_measures, "pvalue_bollen_stine": boot.pvalue_bollen_stine},
        conventions=(*result.conventions, convention),
        warnings=(*result.warnings, *failed),
    )
