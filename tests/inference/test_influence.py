"""Deletion of groups, held to lme4."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.inference.influence import influence
from analysis.multilevel.solution import solve
from tests.references import case_names, load_case

DELETED = [name for name in case_names("mixed", "rows") if load_case(name).expected.get("influence")]


@pytest.mark.parametrize("name", DELETED)
def test_changes_equal_lme4(name: str) -> None:
    case = load_case(name)
    found = influence(solve(case.model, case.frame(), reml=not case.options["ml"]))
    ours = found.tidy().set_index(["level", "term"])
    theirs = case.table("influence").astype({"level": str}).set_index(["level", "term"])
    assert set(ours.index) == set(theirs.index)
    theirs = theirs.loc[ours.index]
    # lme4 takes the full estimate from the deleted one; Belsley, Kuh and Welsch the other way round.
    np.testing.assert_allclose(ours["dfbetas"], -theirs["dfbetas"], atol=2e-4)
    # lme4 multiplies Cook's distance by (G - p) / G, G its number of groups.
    n_groups, p = len(found.levels), len(found.terms)
    ratio = (n_groups - p) / n_groups
    np.testing.assert_allclose(ours["cooks_distance"] * ratio, theirs["cooks_distance"], atol=2e-4)
