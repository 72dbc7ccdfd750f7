"""Mixed models: formula, design, likelihood, effect sizes. ``fit`` strings them together."""

from analysis.multilevel.discrete import DiscreteResult
from analysis.multilevel.families import fit
from analysis.multilevel.result import MixedResult

__all__ = ["DiscreteResult", "MixedResult", "fit"]
