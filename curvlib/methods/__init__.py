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
from curvlib.methods.shampoo import Shampoo
from curvlib.methods.soap import SOAP

__all__ = [
    "KFAC",
    "LBFGS",
    "SOAP",
    "FirstOrder",
    "GaussNewton",
    "GradientDescent",
    "HessianFree",
    "LevenbergMarquardt",
    "NaturalGradient",
    "Newton",
    "Shampoo",
    "TrustRegionNewton",
    "to_optax",
]
