"""Quadratics with a given condition number: the problems on which everything can be worked out by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from curvlib.problems.objective import Objective, check_shape
from curvlib.trees import Array


def rotation(angle: float | Array, dim: int = 2) -> Array:
    """An orthogonal (dim, dim) matrix Q: Givens rotations by ``angle`` in the planes (1, 2), (2, 3), …,
    (dim−1, dim).

    In two dimensions it is [[cos, −sin], [sin, cos]].

    Args:
        angle: radians, counter-clockwise.
        dim: the dimension, at least 1 (where Q = 1).

    Example:
        >>> import jax.numpy as jnp
        >>> bool(jnp.allclose(rotation(jnp.pi / 2) @ jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0]), atol=1e-6))
        True
    """
    angle = jnp.asarray(angle, dtype=jnp.result_type(angle, float))
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    plane = jnp.stack([jnp.stack([cosine, -sine]), jnp.stack([sine, cosine])])
    matrix = jnp.eye(dim, dtype=angle.dtype)
    for first in range(dim - 1):
        matrix = matrix.at[:, first : first + 2].set(matrix[:, first : first + 2] @ plane)
    return matrix


def random_rotation(key: Array, dim: int) -> Array:
    """A uniformly (Haar) distributed orthogonal (dim, dim) matrix.

    The Q of a Gaussian matrix's QR factorization, its columns' signs fixed by the diagonal of R (Mezzadri
    2007, "How to generate random matrices from the classical compact groups", section 5); without that fix
    the distribution is not uniform.
    """
    q, r = jnp.linalg.qr(jax.random.normal(key, (dim, dim)))
    return q * jnp.sign(jnp.diagonal(r))


def spectrum(kappa: float | Array, dim: int = 2) -> Array:
    """The (dim,) eigenvalues of ``quadratic``: ℓᵢ = κ^((i−1)/(dim−1)), from ℓ_min = 1 to ℓ_max = κ."""
    kappa = jnp.asarray(kappa, dtype=jnp.result_type(kappa, float))
    return kappa ** jnp.linspace(0.0, 1.0, dim, dtype=kappa.dtype)


def quadratic(
    kappa: float | Array, angle: float | Array = 0.0, dim: int = 2, key: Array | None = None
) -> Objective:
    """L(θ) = ½ θᵀHθ with H = Q diag(ℓ) Qᵀ, its minimum L = 0 at θ = 0.

    The eigenvalues ℓ are those of ``spectrum``: spaced geometrically from 1 to the condition number κ, the
    flat direction first. Q is ``rotation(angle, dim)``, or uniformly random with ``key``.

    Args:
        kappa: the condition number κ = ℓ_max / ℓ_min, at least 1.
        angle: radians; 0 aligns the eigenvectors with the axes.
        dim: the number n of parameters, at least 2.
        key: a JAX random key; then Q is ``random_rotation(key, dim)`` and ``angle`` must stay 0.

    Raises:
        TypeError: if κ is not one number.
        ValueError: if κ < 1 or infinite, dim < 2, or both ``angle`` and ``key`` are given.

    Example:
        >>> import jax.numpy as jnp
        >>> float(quadratic(kappa=100.0).loss(jnp.array([1.0, 1.0])))
        50.5
    """
    kind = kappa.dtype.kind if hasattr(kappa, "dtype") else np.asarray(kappa).dtype.kind
    if kind not in "iuf" or np.ndim(kappa) != 0:
        raise TypeError(f"the condition number kappa must be one number, got {kappa!r}")
    if not isinstance(kappa, jax.core.Tracer) and not 1 <= kappa < float("inf"):
        raise ValueError(f"the condition number kappa must be finite and at least 1, got {kappa}")
    if not isinstance(dim, int | np.integer) or dim < 2:
        raise ValueError(f"a quadratic with a condition number needs a whole dim of at least 2, got {dim!r}")
    if key is None:
        basis = rotation(angle, dim)
    elif not isinstance(angle, jax.core.Tracer) and angle == 0:
        basis = random_rotation(key, dim)
    else:
        raise ValueError("give quadratic either an angle or a key for a random rotation, not both")
    return Objective(_quadratic_loss, (basis * spectrum(kappa, dim)) @ basis.T)


def _quadratic_loss(params: Array, hessian: Array) -> Array:
    check_shape("this quadratic", params, hessian.shape[:1])
    return 0.5 * params @ hessian.astype(params.dtype) @ params  # float32 stays float32
