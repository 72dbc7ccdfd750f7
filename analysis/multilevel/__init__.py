"""Mixed models: formula, design, likelihood, effect sizes. ``fit`` strings them together."""

from analysis.multilevel.estimate import fit
from analysis.multilevel.result import MixedResult

__all__ = ["MixedResult", "fit"]
