"""The methods, one file each."""

from curvlib.methods.first_order import FirstOrder, GradientDescent
from curvlib.methods.gauss_newton import GaussNewton
from curvlib.methods.hessian_free import HessianFree
from curvlib.methods.interop import to_optax
from curvlib.methods.kfac import KFAC
from curvlib.methods.lbfgs import LBFGS
from curvlib.methods.levenberg_marquardt import LevenbergMarquardt
from curvlib.methods.natural_gradient import NaturalGradient
from curvlib.methods.newton import Newton, TrustRegionNewton

__all__ = [
    "KFAC",
    "LBFGS",
    "FirstOrder",
    "GaussNewton",
    "GradientDescent",
    "HessianFree",
    "LevenbergMarquardt",
    "NaturalGradient",
    "Newton",
    "TrustRegionNewton",
    "to_optax",
]
