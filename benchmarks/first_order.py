"""`minimize` with a first-order method beside a bare loop over the same optax transformation."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import optax

import curvlib as cl
from benchmarks.run import Group

ABOUT = "500 steps of Adam and of gradient descent: curvlib.minimize against a jitted optax scan"
STEPS = 500
SIZES = (2, 100, 1000)
RATE = 1e-3


def groups() -> Iterator[Group]:
    for dim in SIZES:
        problem = cl.problems.quadratic(100.0, dim=dim)
        start = jnp.ones(dim)
        for label, method, transformation in (
            ("Adam", cl.FirstOrder(optax.adam(RATE)), optax.adam(RATE)),
            ("gradient descent", cl.GradientDescent(RATE), optax.sgd(RATE)),
        ):
            bare = bare_loop(problem, transformation)
            ours = cl.minimize(problem, method, start, STEPS)
            np.testing.assert_allclose(ours.losses, bare(start)[1], rtol=1e-9)
            yield Group(
                f"{label}, quadratic in {dim} dimensions",
                {
                    "optax in a scan": lambda bare=bare, start=start: bare(start),
                    "curvlib.minimize": lambda problem=problem, method=method, start=start: (
                        cl.minimize(problem, method, start, STEPS).losses
                    ),
                },
            )


def bare_loop(problem: cl.Objective, transformation: optax.GradientTransformation):
    """The least that does the same: a jitted scan that records the loss before each step and at the end."""

    @jax.jit
    def run(params: jax.Array) -> tuple[jax.Array, jax.Array]:
        def step(carry, _):
            params, state = carry
            loss, gradient = jax.value_and_grad(problem.loss)(params)
            updates, state = transformation.update(gradient, state, params)
            return (optax.apply_updates(params, updates), state), loss

        (params, _), losses = jax.lax.scan(step, (params, transformation.init(params)), length=STEPS)
        return params, jnp.append(losses, problem.loss(params))

    return run
