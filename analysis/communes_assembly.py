"""Lay out what a run says of communes as the content of its report. Nothing is fitted and nothing is rounded here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from analysis.inference.coverage import SMALL, Coverage
from analysis.inference.influence import Influence
from analysis.inference.mixed_evidence import Assumptions, MixedEvidence
from analysis.multilevel import MixedResult
from analysis.multilevel.effect_sizes import design_effect
from analysis.multilevel.profile_intervals import ProfileInterval
from analysis.report.communes_part import CommunesPart, FocusPart
from analysis.report.parts import MixedPart, SemPart
from analysis.study import Study


def null_models(nulls: Mapping[str, MixedResult], iccs: Mapping[str, ProfileInterval]) -> pd.DataFrame:
    """One row a scale: intraclass correlation with its interval, mean size of the communes, design effect."""
    rows = []
    for construct, result in nulls.items():
        (n_groups,) = result.groups.values()
        share = float("nan") if result.icc is None else result.icc
        rows.append(
            {
                "construct": construct,
                "nobs": result.nobs,
                "n_groups": n_groups,
                "mean_size": result.nobs / n_groups,
                "icc": share,
                "icc_lower": iccs[construct].lower,
                "icc_upper": iccs[construct].upper,
                "design_effect": design_effect(share, result.nobs / n_groups),
                "singular": result.singular,
            }
        )
    return pd.DataFrame(rows).astype({"icc_lower": float, "icc_upper": float})


def mixed_parts(study: Study, done: Mapping[str, Any]) -> tuple[MixedPart, ...]:
    """Every multilevel model with what stands beside its estimates."""
    mixeds: Mapping[str, MixedResult] = done["mixeds"]
    return tuple(
        _mixed_part(result, study.multilevel[name].title.en, done["evidence"][name]) for name, result in mixeds.items()
    )


def _mixed_part(result: MixedResult, title: str, beside: MixedEvidence) -> MixedPart:
    reasons = {**result.undefined, **({"robust": beside.robust_absent} if beside.robust_absent else {})}
    return MixedPart(
        id=result.name,
        title=title,
        formula=result.formula,
        reml=result.reml,
        nobs=result.nobs,
        n_dropped=result.n_dropped,
        groups=result.groups,
        fixed=_with_robust(result.fixed, beside),
        random=_with_profile(result.random, beside),
        loglik=result.loglik,
        aic=result.aic,
        bic=result.bic,
        r2_marginal=result.r2_marginal,
        r2_conditional=result.r2_conditional,
        r2_within=result.r2_within,
        r2_between=result.r2_between,
        converged=result.converged,
        singular=result.singular,
        warnings=result.warnings,
        undefined=reasons,
    )


def _with_robust(fixed: pd.DataFrame, beside: MixedEvidence) -> pd.DataFrame:
    robust = {effect.term: effect for effect in beside.robust}
    columns = {"se_robust": "se", "df_robust": "df", "pvalue_robust": "pvalue"}
    values = {
        column: [getattr(robust[term], key) if term in robust else np.nan for term in fixed["term"]]
        for column, key in columns.items()
    }
    return fixed.assign(**values)


def _with_profile(random: pd.DataFrame, beside: MixedEvidence) -> pd.DataFrame:
    """Each row of VarCorr with the limits of its standard deviation or correlation."""
    limits = {row.parameter: row for row in beside.profile}
    names = [_parameter(row.grp, row.var1, row.var2) for row in random.itertuples()]
    found = pd.DataFrame(
        [(limits[name].lower, limits[name].upper) if name in limits else (None, None) for name in names]
    )
    lower, upper = found.astype(float).to_numpy().T
    return random.assign(ci_lower=lower, ci_upper=upper)


def _parameter(group: object, first: object, second: object) -> str:
    """The name of a variance component among profile intervals."""
    if not isinstance(first, str):
        return "sigma"
    return f"cor_{second}.{first}|{group}" if isinstance(second, str) else f"sd_{first}|{group}"


def communes_part(
    study: Study, done: Mapping[str, Any], levels: tuple[SemPart, SemPart | None], absent: str
) -> CommunesPart | None:
    """What else there is to say of communes; None for a study without multilevel models."""
    if done["comparison"] is None:
        return None
    beside: Mapping[str, MixedEvidence] = done["evidence"]
    effects = [{"model": name, **asdict(effect)} for name, of in beside.items() for effect in of.contextual]
    columns = ["model", "term", "est", "se", "df", "t", "pvalue", "ci_lower", "ci_upper"]
    clustered, two_level = levels
    return CommunesPart(
        comparison=done["comparison"].table,
        contrasts=pd.DataFrame(effects, columns=columns),
        moderations=tuple((name, found) for name, of in beside.items() for found in of.moderations),
        clustered=clustered,
        two_level=two_level,
        two_level_absent=absent,
        focus=_focus_part(study, done),
    )


def _focus_part(study: Study, done: Mapping[str, Any]) -> FocusPart | None:
    if study.focus is None:
        return None
    plotted: Assumptions = done["assumptions"]
    deleted: Influence = done["influence"]
    drawn: Coverage = done["coverage"]
    return FocusPart(
        title=study.multilevel[study.focus].title.en,
        rows=plotted.rows,
        modes=plotted.modes,
        influence=deleted.tidy(),
        coverage=drawn.table,
        replicates=drawn.replicates,
        n_failed=drawn.n_failed,
        share_singular=drawn.share_singular,
        n_groups=drawn.n_groups,
        n_small=drawn.n_small,
        n_in_small=drawn.n_in_small,
        small=SMALL,
    )
