"""The price of an exact trust-region subproblem beside the factorizations it might be solved with."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

import curvlib as cl
from benchmarks.run import Group

ABOUT = (
    "an exact trust-region subproblem of n parameters, its H indefinite, against an eigendecomposition of H, "
    "its reduction to tridiagonal form, and a Cholesky factorization of H + λI"
)
SIZES = (500, 1000, 2000)
RADIUS = 1.0


def groups() -> Iterator[Group]:
    eigendecomposition = jax.jit(lambda matrix: jnp.linalg.eigh(matrix, symmetrize_input=False))
    reduction = jax.jit(lambda matrix: jax.lax.linalg.tridiagonal(matrix, lower=True))
    cholesky = jax.jit(lambda matrix: jnp.linalg.cholesky(matrix, symmetrize_input=False))
    subproblem = jax.jit(cl.linalg.trust_region_step)
    for size in SIZES:
        matrix, g = indefinite(size)
        inner = subproblem(matrix, g, RADIUS)
        shifted = matrix + inner.multiplier * jnp.eye(size)
        # What a solution is: λ makes H + λI definite, the step solves with it and ends on the boundary.
        lowest = eigendecomposition(matrix)[0][0]
        np.testing.assert_allclose(inner.smallest_eigenvalue, lowest, rtol=1e-9)
        assert lowest < 0 and lowest + inner.multiplier > 0
        np.testing.assert_allclose(shifted @ inner.step, -g, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(jnp.linalg.norm(inner.step), RADIUS, rtol=1e-9)
        yield Group(
            f"n = {size}",
            {
                "eigendecomposition": lambda a=matrix: eigendecomposition(a),
                "tridiagonal reduction": lambda a=matrix: reduction(a),
                "Cholesky": lambda a=shifted: cholesky(a),
                "curvlib.linalg.trust_region_step": lambda a=matrix, b=g: subproblem(a, b, RADIUS),
            },
        )


def indefinite(size: int) -> tuple[jax.Array, jax.Array]:
    """A random symmetric matrix with eigenvalues from about −2 to 2, and a vector of length about 1."""
    generator = np.random.default_rng(size)
    matrix = generator.normal(size=(size, size)) / np.sqrt(2 * size)
    return jnp.asarray(matrix + matrix.T), jnp.asarray(generator.normal(size=size) / np.sqrt(size))
