"""The price of Gauss–Newton's curvature beside the Hessian's."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

import curvlib as cl
from benchmarks.run import Group

ABOUT = (
    "the curvature of a sum of squares against its gradient: fits of n/3 Gaussian peaks to 1000 data, the "
    "Jacobian and its triangle, and the whole Hessian"
)
SIZES = (6, 30, 150)
DATA = 1000


def groups() -> Iterator[Group]:
    for size in SIZES:
        problem, params = peaks(size)
        gradient = jax.jit(jax.grad(problem.loss))
        jacobian = jax.jit(jax.jacfwd(problem.residuals))
        step = jax.jit(lambda p, problem=problem: one_step(problem, p))
        hessian = jax.jit(lambda p, problem=problem: cl.hessian(problem, p))
        kept = jax.jit(lambda p, problem=problem: cl.ggn(problem, p))
        matrix = jacobian(params)
        np.testing.assert_allclose(kept(params), matrix.T @ matrix, rtol=1e-9, atol=1e-9)
        yield Group(
            f"n = {size}",
            {
                "gradient": lambda f=gradient, p=params: f(p),
                "Jacobian": lambda f=jacobian, p=params: f(p),
                "Gauss–Newton step": lambda f=step, p=params: f(p),
                "curvlib.ggn": lambda f=kept, p=params: f(p),
                "curvlib.hessian": lambda f=hessian, p=params: f(p),
            },
        )


def one_step(problem: cl.LeastSquares, params: jax.Array) -> jax.Array:
    method = cl.GaussNewton()
    return method.step(problem, params, method.init(problem, params))[0]


def peaks(size: int) -> tuple[cl.LeastSquares, jax.Array]:
    """A sum of peaks of height, place and width θ, to noisy data; and a point near its minimum."""
    generator = np.random.default_rng(size)
    number = size // 3
    x = jnp.linspace(0.0, number, DATA)
    truth = np.stack(
        [1 + generator.random(number), np.arange(number) + 0.5, 0.3 + 0.1 * generator.random(number)]
    )

    def model(params: jax.Array, x: jax.Array) -> jax.Array:
        height, place, width = params.reshape(3, number)
        return jnp.sum(height * jnp.exp(-(((x[:, None] - place) / width) ** 2)), axis=1)

    y = model(jnp.asarray(truth.ravel()), x) + 0.05 * jnp.asarray(generator.normal(size=DATA))
    problem = cl.LeastSquares(lambda params, x, y: model(params, x) - y, x, y)
    return problem, jnp.asarray(truth.ravel() * (1 + 0.01 * generator.normal(size=size)))
