"""Kronecker products A ⊗ G that act on matrices V of shape (p, q), flattened row by row.

(A ⊗ G) V.ravel() = (A V Gᵀ).ravel(): A acts on the rows' index and G on the columns'. (Where vec stacks
columns the same map is written G ⊗ A.)
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp

from curvlib.trees import Array


def kronecker_product(a: Array, g: Array, v: Array) -> Array:
    """(A ⊗ G) v as the matrix A V Gᵀ, shape (p, q), without forming A ⊗ G.

    Args:
        a: shape (p, p).
        g: shape (q, q).
        v: shape (p, q).

    Source: Van Loan 2000, "The ubiquitous Kronecker product", section 2.

    Example:
        >>> a, g, v = jnp.diag(jnp.array([1.0, 2.0])), jnp.diag(jnp.array([3.0, 5.0])), jnp.ones((2, 2))
        >>> kronecker_product(a, g, v).tolist()
        [[3.0, 5.0], [6.0, 10.0]]
        >>> (jnp.kron(a, g) @ v.ravel()).tolist()
        [3.0, 5.0, 6.0, 10.0]
    """
    return a @ v @ g.T


def mean_eigenvalue(matrix: Array) -> Array:
    """tr(M)/n."""
    return jnp.trace(matrix) / matrix.shape[0]


def damping_split(a: Array, g: Array) -> Array:
    """π = √((tr A / p) / (tr G / q)), which splits λ between the factors: (A + π√λ I) ⊗ (G + √λ/π I).

    It makes the cross terms π√λ I ⊗ G and A ⊗ √λ/π I of one size in the trace norm. Where one of the factors
    is zero it is 1.

    Source: Martens & Grosse 2015, "Optimizing neural networks with Kronecker-factored approximate curvature",
    section 6.3.

    Example:
        >>> round(float(damping_split(8.0 * jnp.eye(2), 2.0 * jnp.eye(3))), 4)
        2.0
    """
    mean_a, mean_g = mean_eigenvalue(a), mean_eigenvalue(g)
    known = (mean_a > 0) & (mean_g > 0)
    # By logarithms: the means may be too far apart for their quotient.
    logs = jnp.log(jnp.where(known, mean_a, 1.0)) - jnp.log(jnp.where(known, mean_g, 1.0))
    return jnp.exp(0.5 * logs)


class NearestKronecker(NamedTuple):
    """What ``nearest_kronecker`` returns.

    Attributes:
        a: shape (p, p), of the norm of g.
        g: shape (q, q).
        error: ‖M − A ⊗ G‖ / ‖M‖ in the Frobenius norm.
    """

    a: Array
    g: Array
    error: Array


def nearest_kronecker(matrix: Array, p: int, q: int) -> NearestKronecker:
    """The A ⊗ G that is nearest to M in the Frobenius norm.

    Rearranged, with a row for each block of M, A ⊗ G is a matrix of rank one: the best one is known by the
    largest singular value. For a symmetric positive semidefinite M both factors are so too.

    Args:
        matrix: M, shape (pq, pq).
        p, q: the sizes of A and of G.

    Raises:
        ValueError: if the shapes do not fit.

    Source: Van Loan & Pitsianis 1993, "Approximation with Kronecker products".

    Example:
        >>> found = nearest_kronecker(jnp.kron(jnp.array([[4.0]]), jnp.eye(2)), 1, 2)
        >>> [round(float(x), 4) for x in (found.a[0, 0] * found.g[0, 0], found.error)]
        [4.0, 0.0]
    """
    if matrix.shape != (p * q, p * q):
        raise ValueError(
            f"a Kronecker product of sizes {p} and {q} has the shape {(p * q,) * 2}, got {matrix.shape}"
        )
    blocks = matrix.reshape(p, q, p, q).transpose(0, 2, 1, 3).reshape(p * p, q * q)
    left, values, right = jnp.linalg.svd(blocks, full_matrices=False)
    a, g = left[:, 0].reshape(p, p), right[0].reshape(q, q)
    sign = jnp.where(jnp.trace(a) < 0, -1.0, 1.0)
    root = sign * jnp.sqrt(values[0])
    total = jnp.sqrt(jnp.sum(values**2))
    error = jnp.sqrt(jnp.sum(values[1:] ** 2)) / jnp.where(total > 0, total, 1.0)
    return NearestKronecker(root * a, root * g, error)
