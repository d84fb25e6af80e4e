"""Second-order and natural-gradient methods in JAX: the library the book runs on.

Importing it computes nothing and sets no global configuration.
"""

from typing import TYPE_CHECKING, Any

from curvlib import charts, geometry, likelihoods, linalg, methods, problems, products
from curvlib.factors import kronecker_factors, layer_statistics
from curvlib.fisher import fisher, fisher_map, fisher_vp, scores
from curvlib.flow import flow
from curvlib.linalg import conjugate_gradients
from curvlib.line_search import Armijo
from curvlib.method import Info, Method
from curvlib.methods import (
    KFAC,
    LBFGS,
    SOAP,
    FirstOrder,
    GaussNewton,
    GradientDescent,
    HessianFree,
    LevenbergMarquardt,
    NaturalGradient,
    Newton,
    Shampoo,
    TrustRegionNewton,
    to_optax,
)
from curvlib.minimize import Trace, minimize, steps_until
from curvlib.networks import MLP, autoencoder
from curvlib.preconditioners import diagonal_preconditioner, empirical_diagonal
from curvlib.problems import LeastSquares, Objective, Supervised
from curvlib.products import ggn, ggn_vp, hessian, hvp
from curvlib.solvers import CG, Dense, Diagonal, Rows
from curvlib.status import Status
from curvlib.train import train
from curvlib.uncertainty import covariance
from curvlib.wolfe import StrongWolfe

if TYPE_CHECKING:
    from curvlib import show

__version__ = "0.1.0"

__all__ = [
    "CG",
    "KFAC",
    "LBFGS",
    "MLP",
    "SOAP",
    "Armijo",
    "Dense",
    "Diagonal",
    "FirstOrder",
    "GaussNewton",
    "GradientDescent",
    "HessianFree",
    "Info",
    "LeastSquares",
    "LevenbergMarquardt",
    "Method",
    "NaturalGradient",
    "Newton",
    "Objective",
    "Rows",
    "Shampoo",
    "Status",
    "StrongWolfe",
    "Supervised",
    "Trace",
    "TrustRegionNewton",
    "autoencoder",
    "charts",
    "conjugate_gradients",
    "covariance",
    "diagonal_preconditioner",
    "empirical_diagonal",
    "fisher",
    "fisher_map",
    "fisher_vp",
    "flow",
    "geometry",
    "ggn",
    "ggn_vp",
    "hessian",
    "hvp",
    "kronecker_factors",
    "layer_statistics",
    "likelihoods",
    "linalg",
    "methods",
    "minimize",
    "problems",
    "products",
    "scores",
    "show",
    "steps_until",
    "to_optax",
    "train",
]


def __getattr__(name: str) -> Any:
    # What notebooks display needs IPython: loaded when first asked for.
    if name == "show":
        import importlib

        return importlib.import_module("curvlib.show")
    raise AttributeError(f"module 'curvlib' has no attribute {name!r}")
