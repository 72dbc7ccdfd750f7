"""Rules of thumb for fit and scale quality, each with the work that proposed it: none is a test."""

from __future__ import annotations

import pandas as pd

HU_BENTLER = "Hu & Bentler (1999), Structural Equation Modeling 6(1), 1–55"
BROWNE_CUDECK = "Browne & Cudeck (1993), in Bollen & Long (eds), Testing Structural Equation Models, Sage"
FORNELL_LARCKER = "Fornell & Larcker (1981), Journal of Marketing Research 18(1), 39–50"
NUNNALLY = "Nunnally (1978), Psychometric Theory, 2nd ed., McGraw-Hill"
BAGOZZI_YI = "Bagozzi & Yi (1988), Journal of the Academy of Marketing Science 16(1), 74–94"
BURNHAM_ANDERSON = "Burnham & Anderson (2002), Model Selection and Multimodel Inference, Springer"

_CRITERIA = (
    ("cfi", "close to .95 or above", HU_BENTLER),
    ("tli", "close to .95 or above", HU_BENTLER),
    ("rmsea", "close to .06 or below", HU_BENTLER),
    ("rmsea_pvalue", "RMSEA ≤ .05 is close fit; p > .05: close fit not rejected", BROWNE_CUDECK),
    ("srmr", "close to .08 or below", HU_BENTLER),
    ("alpha", ".70 or above in early research", NUNNALLY),
    ("cr", ".60 or above", BAGOZZI_YI),
    ("ave", ".50 or above; √AVE above the correlations with other constructs", FORNELL_LARCKER),
    ("delta_aic", "0–2: substantial support; above 10: essentially none", BURNHAM_ANDERSON),
)


def fit_criteria() -> pd.DataFrame:
    """The criteria the report prints beside the numbers: measure, criterion, source."""
    return pd.DataFrame(list(_CRITERIA), columns=["measure", "criterion", "source"])
