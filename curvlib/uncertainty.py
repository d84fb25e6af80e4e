"""How far fitted parameters can be trusted."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from curvlib.hyperparameters import check_at_least
from curvlib.linalg import at_least_float32, is_full_rank, triangularize
from curvlib.products import residuals_and_jacobian
from curvlib.trees import Array, Params


def covariance(problem: Any, params: Params, variance: float | Array | None = None) -> Array:
    """The covariance matrix of fitted parameters, s² (JᵀJ)⁻¹, shape (n, n).

    J is the Jacobian of the residuals at ``params``, the minimum, and s² = ‖r‖²/(m − n) estimates the
    variance of a residual from what the fit leaves. The square roots of the diagonal are the parameters'
    standard errors. Rows and columns follow ``jax.flatten_util.ravel_pytree(params)``. By QR of J: with
    J = QR it is s² R⁻¹R⁻ᵀ, and JᵀJ is not formed.

    It says what it promises if the residuals' errors are independent and of one variance, the model is right,
    and it is nearly linear in the parameters as far as the errors reach; then the estimate is also nearly
    normal if the errors are or the data are many. To first order: where the model bends within the errors an
    interval from it is only a rough one. Data of unequal accuracy are weighted in the residuals:
    rᵢ = (model − yᵢ)/σᵢ. If the σᵢ are known, not only their ratios, pass ``variance=1.0``.

    Of a problem in other coordinates, ``problem.through(chart)``, it is the covariance of those. That of
    θ = chart(φ) is T C Tᵀ with the chart's Jacobian T, and a parameter that the chart holds fixed has none.

    Where the columns of J are dependent the data do not determine the parameters: every entry is infinite.

    Args:
        problem: has residuals, as ``cl.LeastSquares``.
        params: θ, where the sum of squares is smallest.
        variance: the variance of a residual, > 0, if it is known; None to estimate it.

    Raises:
        TypeError: if the problem has no residuals.
        ValueError: if the variance is to be estimated from no more residuals than there are parameters, or
            is not positive.

    Source: Bates & Watts 1988, Nonlinear Regression Analysis and Its Applications, section 2.3.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> y = jnp.array([1.0, 2.0, 6.0])
        >>> mean = cl.LeastSquares(lambda theta: theta[0] - y)
        >>> round(float(covariance(mean, jnp.array([3.0]))[0, 0]), 4)  # the sample variance 7, over 3 data
        2.3333
    """
    if variance is not None:
        check_at_least("variance", variance, 0.0, strictly=True)
    residuals, jacobian = map(at_least_float32, residuals_and_jacobian(problem, params))
    m, n = jacobian.shape
    if variance is None:
        if m <= n:
            raise ValueError(
                f"{m} residuals of {n} parameters leave nothing to estimate their variance from: give more "
                "data, or the variance itself, covariance(problem, params, variance=…)"
            )
        variance = jnp.sum(residuals**2) / (m - n)
    unknown = jnp.full((n, n), jnp.inf, jacobian.dtype)
    if m < n:
        return unknown
    triangle, _ = triangularize(jacobian, residuals)
    full_rank = is_full_rank(triangle, m)
    identity = jnp.eye(n, dtype=triangle.dtype)
    inverse = solve_triangular(jnp.where(full_rank, triangle, identity), identity)
    return jnp.where(full_rank, variance * inverse @ inverse.T, unknown)
