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

from curvlib.problems import Array, Params, check_params


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
        TypeError: if ``params`` is not floating-point.
        ValueError: if v does not match ``params``.

    Source: Pearlmutter 1994, "Fast exact multiplication by the Hessian".

    Example:
        >>> import jax.numpy as jnp
        >>> from curvlib.problems import quadratic
        >>> hvp(quadratic(kappa=100.0), jnp.zeros(2), jnp.array([1.0, 1.0])).tolist()
        [1.0, 100.0]
    """
    check_params(params)
    check_like_params(params, v)
    return jax.jvp(jax.grad(problem.loss), (params,), (v,))[1]


def hessian(problem: Any, params: Params) -> Array:
    """The dense Hessian ∇²L(θ), shape (n, n): ``hvp`` applied to the n basis vectors.

    Rows and columns follow ``jax.flatten_util.ravel_pytree(params)``. It takes n products and n² memory: for
    small n.

    Example:
        >>> import jax.numpy as jnp
        >>> from curvlib.problems import quadratic
        >>> hessian(quadratic(kappa=100.0), jnp.zeros(2)).tolist()
        [[1.0, 0.0], [0.0, 100.0]]
    """
    return dense(lambda v: hvp(problem, params, v), params)


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
