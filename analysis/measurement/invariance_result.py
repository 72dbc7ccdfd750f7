"""What an analysis of invariance finds: rungs, releases, latent means, and why something is not there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from analysis.json_text import json_text
from analysis.measurement.invariance_criteria import Change, Cutoffs
from analysis.sem.difference import DifferenceTest


@dataclass(frozen=True, slots=True)
class Step:
    """One rung, fitted once: as it follows from the steps below, and again with what the search let go there.

    ``rung`` is configural, thresholds, metric, scalar or strict, ``name`` the same with "partial" before it where
    parameters are let go. ``equal`` are the kinds of parameters that groups share, ``released`` the parameters let go,
    ``post_hoc`` says that there are some, found in these data.

    ``fit`` has lavaan's names, ``undefined`` the reasons of what is None there. ``test`` and ``delta`` are against the
    step named ``against``. ``holds``: no index changes by more than its cutoff (for the configural model: CFI and RMSEA
    meet theirs); ``reason`` says why not, or why it cannot be said (None).
    """

    name: str
    rung: str
    equal: tuple[str, ...]
    released: tuple[str, ...]
    post_hoc: bool
    against: str | None
    fit: dict[str, int | float | None]
    undefined: dict[str, str]
    test: DifferenceTest | None
    delta: Change | None
    holds: bool | None
    reason: str
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: fit measures stand beside the rest."""
        head = {
            "name": self.name,
            "rung": self.rung,
            "equal": self.equal,
            "released": self.released,
            "post_hoc": self.post_hoc,
        }
        tests = {
            "against": self.against,
            "test": None if self.test is None else asdict(self.test),
            "delta": None if self.delta is None else asdict(self.delta),
            "holds": self.holds,
            "reason": self.reason,
            "undefined": self.undefined,
            "warnings": self.warnings,
        }
        return {**head, **self.fit, **tests}


@dataclass(frozen=True, slots=True)
class ReleaseMade:
    """One release of the search at a step: the parameter with the largest score test among ``n_candidates``, with that
    test, and whether the step holds with it.
    """

    step: str
    parameter: str
    x2: float
    df: int
    pvalue: float | None
    n_candidates: int
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Partial:
    """The search for partial invariance: at most ``max_releases`` a step, with ``min_items`` items of each construct
    kept invariant. ``stopped`` maps a step to the reason why its search ended without success.
    """

    max_releases: int
    min_items: int
    releases: tuple[ReleaseMade, ...]
    stopped: dict[str, str]
    post_hoc: bool = True


@dataclass(frozen=True, slots=True)
class LatentMean:
    """The mean of a construct in a group less that in the first, ``reference``, in standard deviations of the first
    group (or in the unit that several loadings at given numbers set), with its Wald test and 95 % interval.

    ``std_diff`` is the difference over the standard deviation pooled over both groups, None where a variance is not
    positive.
    """

    lhs: str
    group: str
    reference: str
    est: float
    se: float | None
    z: float | None
    pvalue: float | None
    ci_lower: float | None
    ci_upper: float | None
    std_diff: float | None


@dataclass(frozen=True, slots=True)
class Invariance:
    """Measurement invariance over the groups of a column.

    ``groups`` are labels with their rows. ``level`` is the last rung up to which all hold (the configural one at
    least), "partial" before it where parameters are let go. ``latent_means`` are compared at the step ``means_at``;
    where there is none, ``means_reason`` says why. ``cutoffs`` decide, ``conventions`` say how numbers are made,
    ``warnings`` what a reader must know.
    """

    model: str
    group: str
    estimator: str
    missing: str
    groups: tuple[tuple[str, int], ...]
    steps: tuple[Step, ...]
    level: str
    partial: Partial
    latent_means: tuple[LatentMean, ...]
    means_at: str | None
    means_reason: str
    cutoffs: Cutoffs
    warnings: tuple[str, ...]
    conventions: tuple[str, ...]

    @property
    def nobs(self) -> int:
        """Rows over all groups."""
        return sum(n for _, n in self.groups)

    def step(self, name: str) -> Step:
        """The step of that name; raises KeyError where there is none."""
        found = {step.name: step for step in self.steps}
        return found[name]

    def tidy(self) -> pd.DataFrame:
        """One row a step: fit, difference test, changes, verdict."""
        rows = []
        for step in self.steps:
            test = {} if step.test is None else asdict(step.test)
            delta = {} if step.delta is None else {f"delta_{k}": v for k, v in asdict(step.delta).items()}
            kept = {key: test.get(key) for key in ("chisq_diff", "df_diff", "method")}
            kept["pvalue_diff"] = test.get("pvalue")
            rows.append({"step": step.name, "against": step.against, **step.fit, **kept, **delta, "holds": step.holds})
        return pd.DataFrame(rows)

    def glance(self) -> pd.DataFrame:
        """One row: model, groups, rows, the level that is reached, how many parameters were let go."""
        return pd.DataFrame(
            [
                {
                    "model": self.model,
                    "group": self.group,
                    "n_groups": len(self.groups),
                    "nobs": self.nobs,
                    "estimator": self.estimator,
                    "level": self.level,
                    "n_released": len(self.partial.releases),
                }
            ]
        )

    def to_json(self) -> str:
        """JSON of everything; numbers that are not defined are null."""
        content = {
            "model": self.model,
            "group": self.group,
            "estimator": self.estimator,
            "missing": self.missing,
            "nobs": self.nobs,
            "groups": [{"label": label, "nobs": n} for label, n in self.groups],
            "steps": [step.to_dict() for step in self.steps],
            "level": self.level,
            "partial": asdict(self.partial),
            "latent_means": [asdict(row) for row in self.latent_means],
            "latent_means_at": self.means_at,
            "latent_means_reason": self.means_reason,
            "cutoffs": asdict(self.cutoffs),
            "warnings": self.warnings,
            "conventions": self.conventions,
        }
        return json_text(content)
