"""Lanczos's iteration: a small tridiagonal matrix that has the extreme eigenvalues of a large one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.hyperparameters import check_count
from curvlib.linalg.dense import norm
from curvlib.trees import Array, Params, check_params


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["values", "weights", "residuals", "vectors", "iterations"],
    meta_fields=[],
)
@dataclasses.dataclass(frozen=True)
class LanczosResult:
    """What ``lanczos`` returns: the eigenpairs (θ_i, s_i) of T = VᵀAV, the Ritz pairs of A, θ ascending.

    Attributes:
        values: θ_i, shape (steps,). The least and the largest come near to A's extreme eigenvalues first.
        weights: s_{1i}², shape (steps,): Σ_i s_{1i}² f(θ_i) is Gauss's quadrature of v₁ᵀf(A)v₁, exact for
            polynomials f of degree 2·steps − 1.
        residuals: ‖A u_i − θ_i u_i‖ of the Ritz vectors u_i = V s_i, shape (steps,): within so much of θ_i
            there is an eigenvalue of A.
        vectors: the u_i, ``start``'s structure with a leading axis; None unless asked for.
        iterations: how many products were made. It is less than ``steps`` where the directions ran out, and
            the θ of A's invariant subspace are eigenvalues; the pairs that are missing have the weight 0, the
            residual 0 and v₁ᵀAv₁ in place of θ.
    """

    values: Array
    weights: Array
    residuals: Array
    vectors: Params | None
    iterations: Array


def lanczos(
    product: Callable[[Params], Params], start: Params, steps: int, vectors: bool = False
) -> LanczosResult:
    """Eigenvalues of a symmetric A that is known by its products, from the Krylov space of ``start``.

    v₁ = start/‖start‖, then β_k v_{k+1} = A v_k − α_k v_k − β_{k−1} v_{k−1} with α_k = v_kᵀA v_k; T has the α
    on its diagonal and the β beside it. In floating point the v lose their orthogonality, and copies of
    eigenvalues appear: so each new one is made orthogonal to all before it, twice, which takes O(steps² n)
    operations and O(steps n) memory.

    Args:
        product: v ↦ Av, for v structured like ``start``.
        start: not zero; a random one has a part along each eigenvector.
        steps: how many products, a Python integer ≥ 1.
        vectors: whether to return the Ritz vectors.

    Raises:
        ValueError: if ``steps`` is not a positive integer, or ``start`` is zero or not finite.
        TypeError: if ``start`` is not floating-point.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., section 10.1; Golub & Meurant 2010, Matrices,
    Moments and Quadrature, for the weights; "twice is enough": Parlett 1998, The Symmetric Eigenvalue
    Problem, section 6.9.

    Example:
        >>> import jax.numpy as jnp
        >>> ell = jnp.linspace(0.0, 1.0, 50) ** 2 * 99 + 1
        >>> found = lanczos(lambda v: ell * v, jnp.ones(50), 20)
        >>> round(float(found.values[-1]), 2), round(float(jnp.sum(found.weights)), 4)
        (100.0, 1.0)
    """
    check_count("steps", steps)
    check_params(start)
    flat, unravel = ravel_pytree(start)
    steps = min(steps, flat.size)
    eps, length = jnp.finfo(flat.dtype).eps, norm(flat)
    if not isinstance(length, jax.core.Tracer) and not 0 < length < jnp.inf:
        raise ValueError(f"start must be finite and not zero, got the norm {length}: take a random vector")

    def multiply(v: Array) -> Array:
        return ravel_pytree(product(unravel(v)))[0].astype(v.dtype)

    def go_on(k: Array, carry: tuple[Array, ...]) -> tuple[Array, ...]:
        basis, alpha, beta, done, scale = carry
        w = multiply(basis[k])
        rayleigh = basis[k] @ w
        scale = jnp.maximum(scale, norm(w))
        for _ in range(2):
            w = w - basis.T @ (basis @ w)
        length = norm(w)
        live = k < done
        ends = ~(length > 10 * eps * scale)  # nothing is left but rounding
        alpha = alpha.at[k].set(jnp.where(live, rayleigh, alpha[0]))
        beta = beta.at[k].set(jnp.where(live & ~ends, length, 0))
        done = jnp.where(live & ends, k + 1, done)
        new = jnp.where(k + 1 < done, w / jnp.where(ends, 1, length), 0)
        basis = basis.at[jnp.minimum(k + 1, steps - 1)].set(jnp.where(k + 1 < steps, new, basis[steps - 1]))
        return basis, alpha, beta, done, scale

    basis = jnp.zeros((steps, flat.size), flat.dtype).at[0].set(flat / length)
    empty = jnp.zeros(steps, flat.dtype)
    carry = basis, empty, empty, jnp.int32(steps), jnp.zeros((), flat.dtype)
    basis, alpha, beta, done, _ = jax.lax.fori_loop(0, steps, go_on, carry)
    off = jnp.diag(beta[:-1], 1)
    values, parts = jnp.linalg.eigh(jnp.diag(alpha) + off + off.T)
    return LanczosResult(
        values=values,
        weights=parts[0] ** 2,
        residuals=beta[-1] * jnp.abs(parts[-1]),
        vectors=jax.vmap(unravel)(parts.T @ basis) if vectors else None,
        iterations=done,
    )
