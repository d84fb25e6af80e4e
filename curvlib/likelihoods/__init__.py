"""Likelihoods: what a model's outputs say about the data.

Arrays have a row for each datum, shape (N, …); what has further axes is independent given the outputs, and
summed over, except for an axis that holds the parameters of *one* variable: the classes of ``Categorical``,
the pairs of ``GaussianScale`` and ``Gamma``. That is the last axis of the outputs.

The outputs f of ``Gaussian``, ``Bernoulli``, ``Categorical`` and ``Poisson`` are natural parameters (up to
the known variance): ∇_f of the negative log-likelihood is E[y] − y (over the variance), and its Hessian does
not depend on y: it is its own mean, the Fisher information of f. Those of ``GaussianScale``, ``Exponential``
and ``Gamma`` are not: free numbers too, they are logarithms of what must be positive, and Hessian and Fisher
differ.
"""

from curvlib.likelihoods.base import Likelihood
from curvlib.likelihoods.natural import Bernoulli, Categorical, Gaussian, Poisson
from curvlib.likelihoods.scales import Exponential, Gamma, GaussianScale

__all__ = [
    "Bernoulli",
    "Categorical",
    "Exponential",
    "Gamma",
    "Gaussian",
    "GaussianScale",
    "Likelihood",
    "Poisson",
]
