"""Curvature as matrix–vector products, and the dense matrices built from them.

The products never form a matrix: they are what the methods use. A dense matrix is the product applied to
every basis vector: it is what the chapters draw and what the tests compare with.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.problems import check_problem, gives
from curvlib.trees import Array, Params, check_like_params, check_params


@dataclasses.dataclass(frozen=True)
class Curvature:
    """A symmetric linear map C on the space of parameters, linearized once at θ.

    Made by ``hessian_map``, ``ggn_map`` and ``fisher_map``; what a solver (``curvlib.solvers``) takes.

    Attributes:
        product: v ↦ Cv, on pytrees like the parameters.
        params: θ.
        rows: where C = RᵀR + λ₀I is known by its rows, a function that returns R, shape (m, n), columns in
            the order of ``ravel_pytree(params)``; else None.
        shift: λ₀ ≥ 0.
    """

    product: Callable[[Params], Params]
    params: Params
    rows: Callable[[], Array] | None = None
    shift: float | Array = 0.0

    def matrix(self) -> Array:
        """C, dense, shape (n, n): ``product`` applied to the n basis vectors of ``ravel_pytree(params)``."""
        return dense(self.product, self.params)

    def damped(self, damping: float | Array) -> Callable[[Params], Params]:
        """v ↦ (C + λI)v, in v's dtype."""
        return lambda v: jax.tree.map(lambda c, x: (c + damping * x).astype(x.dtype), self.product(v), v)

    def diagonal(self) -> Array:
        """The diagonal of C, shape (n,): the sums of squares of the rows where C is known by them, in their
        m·n memory; else by n products, one after another, in O(n)."""
        if self.rows is not None:
            return jnp.sum(self.rows() ** 2, axis=0) + self.shift
        flat, unravel = ravel_pytree(self.params)

        def entry(index: Array) -> Array:
            basis = jnp.zeros_like(flat).at[index].set(1)
            return ravel_pytree(self.product(unravel(basis)))[0][index]

        return jax.lax.map(entry, jnp.arange(flat.size))


def hessian_map(problem: Any, params: Params) -> Curvature:
    """The Hessian ∇²L(θ) as a map: the gradient is linearized once, and a product costs what is left of it.

    It is the transpose of the gradient's derivative. That is the same but for a loss with ``stop_gradient``,
    whose gradient need not be one.

    Raises:
        TypeError: if the problem has no loss, or ``params`` is not floating-point.

    Example:
        >>> import jax.numpy as jnp
        >>> from curvlib.problems import quadratic
        >>> hessian_map(quadratic(kappa=100.0), jnp.zeros(2)).product(jnp.ones(2)).tolist()
        [1.0, 100.0]
    """
    check_problem(problem)
    check_params(params)
    push = jax.linearize(jax.grad(problem.loss), params)[1]
    # The same map, H being symmetric; but in the derivative of a backward pass two products of matrices are
    # added for each layer and then transposed, a copy of the layer, in its transpose each before they are.
    pull = jax.linear_transpose(push, params)
    return Curvature(lambda v: pull(v)[0], params)


def ggn_map(problem: Any, params: Params) -> Curvature:
    """The generalized Gauss–Newton matrix G = JᵀH_out J (see ``ggn_vp``) as a map.

    Its rows are B½J with the symmetric root of B = H_out: for ``LeastSquares`` the Jacobian itself.

    Raises:
        TypeError: if ``params`` is not floating-point, or the problem is known by its loss alone.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> line = cl.LeastSquares(lambda p: jnp.array([[1.0, 2.0], [3.0, 4.0]]) @ p)
        >>> ggn_map(line, jnp.zeros(2)).rows().tolist()
        [[1.0, 2.0], [3.0, 4.0]]
    """
    if not gives(problem, "outputs"):
        raise TypeError(
            f"the generalized Gauss–Newton matrix needs a loss of outputs, got {type(problem).__name__}: "
            "write the problem as cl.LeastSquares(residual) or "
            "cl.Supervised(predict, likelihood, inputs, targets)"
        )
    return pulled_back(
        problem,
        params,
        lambda outputs: partial(problem.output_hessian, outputs),
        problem.output_root,
    )


def pulled_back(
    problem: Any,
    params: Params,
    bend: Callable[[Array], Callable[[Array], Array]],
    root: Callable[[Array], Callable[[Array], Array]],
) -> Curvature:
    """JᵀBJ as a map, with the Jacobian J of the problem's outputs f and a B that is known in their space;
    plus the curvature of the problem's ridge, if it has one. The outputs are linearized once.

    Args:
        problem: gives "outputs".
        params: θ.
        bend: f ↦ (v ↦ Bv).
        root: f ↦ (v ↦ Rv) with B = RᵀR: what R makes of J's columns are the rows of the map.

    Raises:
        TypeError: if ``params`` is not floating-point.
    """
    check_params(params)
    outputs, push = jax.linearize(problem.outputs, params)
    bent_by = bend(outputs)
    pull = jax.linear_transpose(push, params)
    ridge = problem.ridge if gives(problem, "ridge") else None

    def product(v: Params) -> Params:
        (bent,) = pull(bent_by(push(v)))
        if ridge is None:
            return bent
        return jax.tree.map(lambda g, r, x: (g + r).astype(x.dtype), bent, ridge(params, v), v)

    def rows() -> Array:
        take = root(outputs)
        return matrix_of(lambda v: take(push(v)).ravel(), params)

    # Behind a chart the ridge is no multiple of the identity.
    plain = ridge is None or problem.chart is None or problem.without_ridge
    return Curvature(product, params, rows if plain else None, 0.0 if ridge is None else problem.l2)


def hvp(problem: Any, params: Params, v: Params) -> Params:
    """The Hessian–vector product H v, H = ∇²L(θ), without forming H.

    Hv = ∂/∂ε ∇L(θ + εv) at ε = 0, the derivative of the gradient in the direction v. It costs a small
    multiple of a gradient, and O(n) memory.

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
    check_params(params)
    check_like_params(params, v)
    return hessian_map(problem, params).product(v)


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
    return hessian_map(problem, params).matrix()


def ggn_vp(problem: Any, params: Params, v: Params) -> Params:
    """The generalized Gauss–Newton product G v, G = JᵀH_out J, without forming G.

    The loss is a function of outputs f(θ) with the Jacobian J; H_out is its Hessian in the outputs, so that G
    is what remains of ∇²L when the curvature of f is left out. It is positive semidefinite where the loss is
    convex in the outputs.

    - ``LeastSquares``: G = JᵀJ, the outputs being the residuals.
    - ``Supervised``: G = 1/N Σᵢ Jᵢᵀ ∇²_f(−log pᵢ) Jᵢ + l2 I, the outputs being those of ``predict``. For
      likelihoods in their natural parameters it equals the Fisher information matrix plus l2 I.

    One pass forward along v and one back: it costs a small multiple of a gradient.

    Args:
        problem: gives "outputs": it has ``outputs(params)`` and ``output_hessian(outputs, v)``.
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
    check_like_params(params, v)
    return ggn_map(problem, params).product(v)


def ggn(problem: Any, params: Params) -> Array:
    """The dense generalized Gauss–Newton matrix, shape (n, n): ``ggn_vp`` applied to the n basis vectors.

    Rows and columns follow ``jax.flatten_util.ravel_pytree(params)``. It takes n products and n² memory: for
    small n.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> ggn(cl.LeastSquares(lambda p: jnp.array([[1.0, 2.0], [3.0, 4.0]]) @ p), jnp.zeros(2)).tolist()
        [[10.0, 14.0], [14.0, 20.0]]
    """
    return ggn_map(problem, params).matrix()


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
    values, push = jax.linearize(problem.residuals, params)
    return values, matrix_of(push, params)


def matrix_of(push: Callable[[Params], Array], params: Params) -> Array:
    """The matrix, shape (m, n), of a linear map from the space of ``params`` to arrays of shape (m,).

    Column by column, or row by row by the transpose, whichever are fewer.
    """
    theta, unravel = ravel_pytree(params)
    shape = jax.eval_shape(push, params)
    if theta.size <= shape.size:
        return jax.vmap(lambda e: push(unravel(e)), out_axes=1)(jnp.eye(theta.size, dtype=theta.dtype))
    pull = jax.linear_transpose(push, params)
    rows = jax.vmap(lambda e: ravel_pytree(pull(e)[0])[0])(jnp.eye(shape.size, dtype=shape.dtype))
    return rows.astype(shape.dtype)  # a cotangent has the dtype of θ


def check_residuals(problem: Any) -> None:
    """Refuse a problem that is not a sum of squares.

    Raises:
        TypeError: if it has no residuals.
    """
    if not gives(problem, "residuals"):
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
