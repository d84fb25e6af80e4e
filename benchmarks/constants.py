"""What an operation takes on this machine: in a product of matrices, in a factorization, on a long vector."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp

from benchmarks.run import Group
from curvlib.counting import operations

ABOUT = (
    "products of matrices, factorizations and updates of long vectors, in single precision: what the "
    "modelled seconds of chapter 8 are made of"
)
ROUNDS = 11

SIZE, LONG = 1024, 2_000_000


def groups() -> Iterator[Group]:
    matrix = jax.random.normal(jax.random.key(0), (SIZE, SIZE), jnp.float32)
    definite = matrix @ matrix.T / SIZE + jnp.eye(SIZE, dtype=jnp.float32)
    x, y = jnp.ones(LONG, jnp.float32), jnp.ones(LONG, jnp.float32)
    parts = {
        "product": (jax.jit(jnp.matmul), (matrix, matrix)),
        "Cholesky": (jax.jit(jnp.linalg.cholesky), (definite,)),
        "eigenvectors": (jax.jit(jnp.linalg.eigh), (definite,)),
        "vector": (jax.jit(lambda x, y: x + 0.5 * y), (x, y)),
    }
    counted = {name: operations(part, *them) for name, (part, them) in parts.items()} | {"vector": LONG}
    yield Group(
        f"{SIZE} × {SIZE}, and vectors of {LONG:,}",
        {name: lambda part=part, them=them: part(*them) for name, (part, them) in parts.items()},
        {"operations": counted},
    )


def summary(groups: dict, facts: dict) -> dict:
    """Seconds an operation."""
    ((name, measured),) = groups.items()
    counted = facts[name]["operations"]
    return {
        "seconds an operation": {
            part: float(f"{one['seconds']['median'] / counted[part]:.3g}") for part, one in measured.items()
        }
    }
