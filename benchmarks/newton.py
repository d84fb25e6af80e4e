"""The price of a Newton step as the number of parameters grows."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

import curvlib as cl
from benchmarks.run import Group

ABOUT = "a Newton step's parts against one gradient, for a dense logistic regression of n parameters"
SIZES = (10, 30, 100, 300, 1000)
ROWS = 1000


def groups() -> Iterator[Group]:
    for size in SIZES:
        problem, params = logistic_regression(size)
        gradient = jax.jit(jax.grad(problem.loss))
        hessian = jax.jit(lambda params, problem=problem: cl.hessian(problem, params))
        peer = jax.jit(jax.hessian(problem.loss))
        solve = jax.jit(jnp.linalg.solve)
        matrix, vector = hessian(params), gradient(params)
        np.testing.assert_allclose(matrix, peer(params), rtol=1e-9, atol=1e-12)
        yield Group(
            f"n = {size}",
            {
                "gradient": lambda f=gradient, p=params: f(p),
                "curvlib.hessian": lambda f=hessian, p=params: f(p),
                "jax.hessian": lambda f=peer, p=params: f(p),
                "solve": lambda f=solve, a=matrix, b=vector: f(a, b),
                "curvlib Newton, one step": lambda problem=problem, p=params: (
                    cl.minimize(problem, cl.Newton(), p, steps=1).params
                ),
            },
        )


def logistic_regression(size: int) -> tuple[cl.Objective, jax.Array]:
    """Mean cross-entropy with a small ridge, on random inputs and labels."""
    generator = np.random.default_rng(size)
    inputs = jnp.asarray(generator.normal(size=(ROWS, size)) / np.sqrt(size))
    labels = jnp.asarray(generator.integers(2, size=ROWS), float)

    def loss(params: jax.Array, inputs: jax.Array, labels: jax.Array) -> jax.Array:
        logits = inputs @ params
        return jnp.mean(jnp.logaddexp(0.0, logits) - labels * logits) + 0.5e-3 * params @ params

    return cl.Objective(loss, inputs, labels), jnp.zeros(size)
