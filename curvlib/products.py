"""Curvature as matrix–vector products, and the dense matrices built from them.

The products never form a matrix: they are what the methods use. A dense matrix is the product applied to
every basis vector: it is what the chapters draw and what the tests compare with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.problems import Array, Params, check_params, check_problem


def hvp(problem: Any, params: Params, v: Params) -> Params:
    """The Hessian–vector product H v, H = ∇²L(θ), without forming H.

    Hv = ∂/∂ε ∇L(θ + εv) at ε = 0: the derivative of the gradient in the direction v, forward over reverse
    mode. It costs a small multiple of a gradient, and O(n) memory.

    Args:
        problem: has ``loss(params) -> scalar``.
        params: θ, any pytree.
        v: the direction, of the same structure, shapes and dtypes as ``params``.

    Returns:
        H v, structured like ``params``.

    Raises:
        TypeError: if the problem has no loss, or ``params`` is not floating-point.
        ValueError: if v does not match ``params``.

    Source: Pearlmutter 1994, "Fast exact multiplication by the Hessian".

    Example:
        >>> import jax.numpy as jnp
        >>> from curvlib.problems import quadratic
        >>> hvp(quadratic(kappa=100.0), jnp.zeros(2), jnp.array([1.0, 1.0])).tolist()
        [1.0, 100.0]
    """
    check_problem(problem)
    check_params(params)
    check_like_params(params, v)
    return jax.jvp(jax.grad(problem.loss), (params,), (v,))[1]


def hessian(problem: Any, params: Params) -> Array:
    """The dense Hessian ∇²L(θ), shape (n, n): ``hvp`` applied to the n basis vectors.

    Rows and columns follow ``jax.flatten_util.ravel_pytree(params)``. It takes n products and n² memory: for
    small n.

    Raises:
        TypeError: if the problem has no loss, or ``params`` is not floating-point.

    Example:
        >>> import jax.numpy as jnp
        >>> from curvlib.problems import quadratic
        >>> hessian(quadratic(kappa=100.0), jnp.zeros(2)).tolist()
        [[1.0, 0.0], [0.0, 100.0]]
    """
    return dense(lambda v: hvp(problem, params, v), params)


def ggn_vp(problem: Any, params: Params, v: Params) -> Params:
    """The generalized Gauss–Newton product G v, G = JᵀH_out J, without forming G.

    The loss is a convex function of outputs f(θ) with the Jacobian J; H_out is its Hessian in the outputs, so
    that G is what remains of ∇²L when the curvature of f is left out. It is always positive semidefinite.

    - ``LeastSquares``: G = JᵀJ, the outputs being the residuals.
    - ``Supervised``: G = 1/N Σᵢ Jᵢᵀ ∇²_f(−log pᵢ) Jᵢ + l2 I, the outputs being those of ``predict``. For
      likelihoods in their natural parameters it equals the Fisher information matrix.

    One pass forward along v and one back: it costs a small multiple of a gradient.

    Args:
        problem: has ``outputs(params)``, ``output_hessian(outputs, v)`` and a number ``l2``.
        params: θ, any pytree.
        v: the direction, of the same structure, shapes and dtypes as ``params``.

    Returns:
        G v, structured like ``params``.

    Raises:
        TypeError: if ``params`` is not floating-point, or the problem is known by its loss alone.
        ValueError: if v does not match ``params``.

    Source: Schraudolph 2002, "Fast curvature matrix-vector products for second-order gradient descent".

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> problem = cl.LeastSquares(lambda p: jnp.array([[1.0, 2.0], [3.0, 4.0]]) @ p)
        >>> ggn_vp(problem, jnp.zeros(2), jnp.array([1.0, 0.0])).tolist()
        [10.0, 14.0]
    """
    check_params(params)
    check_like_params(params, v)
    return _ggn_map(problem, params)(v)


def ggn(problem: Any, params: Params) -> Array:
    """The dense generalized Gauss–Newton matrix, shape (n, n): ``ggn_vp`` applied to the n basis vectors.

    Rows and columns follow ``jax.flatten_util.ravel_pytree(params)``. It takes n products and n² memory: for
    small n.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> ggn(cl.LeastSquares(lambda p: jnp.array([[1.0, 2.0], [3.0, 4.0]]) @ p), jnp.zeros(2)).tolist()
        [[10.0, 14.0], [14.0, 20.0]]
    """
    check_params(params)
    return dense(_ggn_map(problem, params), params)


def _ggn_map(problem: Any, params: Params) -> Callable[[Params], Params]:
    """v ↦ G v, the outputs and their derivative at θ computed once."""
    if not hasattr(problem, "output_hessian"):
        raise TypeError(
            f"the generalized Gauss–Newton matrix needs a loss of outputs, got {type(problem).__name__}: "
            "write the problem as cl.LeastSquares(residual) or "
            "cl.Supervised(predict, likelihood, inputs, targets)"
        )
    outputs, push = jax.linearize(problem.outputs, params)
    pull = jax.linear_transpose(push, params)

    def product(v: Params) -> Params:
        (bent,) = pull(problem.output_hessian(outputs, push(v)))
        return jax.tree.map(lambda g, x: (g + problem.l2 * x).astype(x.dtype), bent, v)

    return product


def residuals_and_jacobian(problem: Any, params: Params) -> tuple[Array, Array]:
    """r(θ), shape (m,), and its Jacobian J = ∂r/∂θ, shape (m, n), in one pass.

    Columns follow ``ravel_pytree(params)``. Forward mode, a pass for each parameter, or reverse mode, a pass
    for each residual, whichever are fewer.

    Raises:
        TypeError: if the problem has no residuals.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> problem = cl.LeastSquares(lambda p: p**2 - 1.0)
        >>> [part.tolist() for part in residuals_and_jacobian(problem, jnp.array([2.0, 3.0]))]
        [[3.0, 8.0], [[4.0, 0.0], [0.0, 6.0]]]
    """
    check_residuals(problem)
    theta, unravel = ravel_pytree(params)

    def residuals(theta: Array) -> Array:
        return problem.residuals(unravel(theta))

    shape = jax.eval_shape(residuals, theta)
    if theta.size <= shape.size:
        values, push = jax.linearize(residuals, theta)
        return values, jax.vmap(push, out_axes=1)(jnp.eye(theta.size, dtype=theta.dtype))
    values, pull = jax.vjp(residuals, theta)
    (jacobian,) = jax.vmap(pull)(jnp.eye(shape.size, dtype=shape.dtype))
    return values, jacobian.astype(values.dtype)  # a cotangent has the dtype of θ


def check_residuals(problem: Any) -> None:
    """Refuse a problem that is not a sum of squares.

    Raises:
        TypeError: if it has no residuals.
    """
    if not hasattr(problem, "residuals"):
        raise TypeError(
            f"a least-squares method needs residuals, which {type(problem).__name__} does not have: "
            "write the problem as cl.LeastSquares(residual), with loss ½ Σ residual²"
        )


def dense(product: Callable[[Params], Params], params: Params) -> Array:
    """The (n, n) matrix of a linear map from the space of ``params`` to itself.

    Column i is ``product`` applied to the i-th basis vector of ``ravel_pytree(params)``.
    """
    flat, unravel = ravel_pytree(params)
    basis = jnp.eye(flat.size, dtype=flat.dtype)
    return jax.vmap(lambda v: ravel_pytree(product(unravel(v)))[0], out_axes=1)(basis)


def check_like_params(params: Params, v: Params) -> None:
    """Refuse a vector that is not shaped like the parameters.

    Raises:
        ValueError: naming the first mismatch of structure, shape or dtype.
    """
    if jax.tree.structure(params) != jax.tree.structure(v):
        raise ValueError(
            f"the vector must have the structure of params, {jax.tree.structure(params)}, "
            f"got {jax.tree.structure(v)}"
        )
    for (path, leaf), other in zip(
        jax.tree_util.tree_leaves_with_path(params), jax.tree.leaves(v), strict=True
    ):
        where = f" at {jax.tree_util.keystr(path)}" if path else ""
        if jnp.shape(leaf) != jnp.shape(other):
            raise ValueError(
                f"the vector must have the shape of params{where}, {jnp.shape(leaf)}, got {jnp.shape(other)}"
            )
        if jnp.result_type(leaf) != jnp.result_type(other):
            raise ValueError(
                f"the vector must have the dtype of params{where}, {jnp.result_type(leaf)}, "
                f"got {jnp.result_type(other)}"
            )
