"""What a layer's Kronecker factors cost, and what its whole block of the Fisher information would."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp

from benchmarks.run import Group
from curvlib.linalg import kronecker_product, shifted_inverse

ABOUT = "a layer of d inputs and d outputs, in single precision: its factors, and for small d the whole block"
ROUNDS = 7
FACTORS, BLOCKS, ROWS = (250, 500, 1000, 2000), (24, 32, 48, 64), 1000


def groups() -> Iterator[Group]:
    invert = jax.jit(lambda a, g: (shifted_inverse(a, 0.1), shifted_inverse(g, 0.1)))
    apply, gram = jax.jit(kronecker_product), jax.jit(lambda a, g: (a.T @ a, g.T @ g))
    for d in FACTORS:
        rows = jax.random.normal(jax.random.key(0), (2, ROWS, d), jnp.float32)
        a, g = gram(*rows)
        v = jax.random.normal(jax.random.key(1), (d, d), jnp.float32)
        yield Group(
            f"d = {d}",
            {
                "both factors, inverted": lambda a=a, g=g: invert(a, g),
                "applied": lambda a=a, g=g, v=v: apply(a, g, v),
                f"statistics of {ROWS} data": lambda rows=rows: gram(*rows),
            },
        )
    factorize = jax.jit(jnp.linalg.cholesky)
    for d in BLOCKS:
        rows = jax.random.normal(jax.random.key(0), (d * d, d * d), jnp.float32)
        block = rows @ rows.T + d * jnp.eye(d * d, dtype=jnp.float32)
        yield Group(f"d = {d}", {"the whole block, factorized": lambda block=block: factorize(block)})
