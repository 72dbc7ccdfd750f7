"""Mixed models with logit link for binary and ordinal outcomes, by adaptive Gauss-Hermite quadrature."""

from analysis.multilevel.discrete.present import fit_discrete
from analysis.multilevel.discrete.result import DiscreteResult

__all__ = ["DiscreteResult", "fit_discrete"]
