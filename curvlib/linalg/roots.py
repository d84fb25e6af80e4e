"""Roots of positive semidefinite matrices, and the orthogonal factor of any matrix."""

from __future__ import annotations

import jax.numpy as jnp

from curvlib.trees import Array


def inverse_root(matrix: Array, power: float | Array, damping: float | Array = 0.0) -> Array:
    """(M + ε ℓ_max I)⁻ᵖ of a symmetric positive semidefinite M, shape (n, n), by its eigenvectors.

    Eigenvalues below 10 n eps ℓ_max are taken for that: rounding may make them negative. So the root is
    finite for every finite M; of M = 0, where there is nothing to scale, it is taken to be I.

    Args:
        matrix: M, shape (n, n).
        power: p > 0.
        damping: ε ≥ 0, in units of the largest eigenvalue.

    Source: Higham 2008, Functions of Matrices, section 4.5.

    Example:
        >>> import jax.numpy as jnp
        >>> inverse_root(jnp.diag(jnp.array([16.0, 1.0])), 0.25).round(4).tolist()
        [[0.5, 0.0], [0.0, 1.0]]
    """
    values, vectors = jnp.linalg.eigh(matrix)
    largest = values[-1]
    least = 10 * len(matrix) * jnp.finfo(matrix.dtype).eps
    # By parts of the largest: the eigenvalues, squares of gradients, may be near the ends of the range.
    safe = jnp.where(largest > 0, largest, 1)
    parts = jnp.maximum(values / safe, least) + damping
    roots = jnp.where(largest > 0, parts**-power * safe**-power, 1)
    return ((vectors * roots) @ vectors.T).astype(matrix.dtype)


def polar_factor(matrix: Array) -> Array:
    """U Vᵀ of a matrix M = U Σ Vᵀ: all its singular values that are not zero become one; shape (p, q).

    Of all matrices whose singular values are at most one it has the largest inner product with M.
    Singular values below 10 max(p, q) eps σ_max count as zero, where U Vᵀ is not determined.

    Source: Higham 2008, Functions of Matrices, chapter 8.

    Example:
        >>> import jax.numpy as jnp
        >>> polar_factor(jnp.array([[0.0, 5.0], [-0.1, 0.0]])).round(4).tolist()
        [[0.0, 1.0], [-1.0, 0.0]]
    """
    left, values, right = jnp.linalg.svd(matrix, full_matrices=False)
    least = 10 * max(matrix.shape) * jnp.finfo(matrix.dtype).eps * values[0]
    return (left * (values > least)) @ right
