"""What a step of Hessian-free optimization takes as networks grow to a million parameters."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp

import curvlib as cl
from benchmarks.run import Group

ABOUT = (
    "a step of Hessian-free optimization with ten conjugate gradients, beside a gradient, on tanh networks "
    "of 10⁴ to 10⁶ parameters and 64 data; as a dense matrix the largest one's curvature would take 4 TB"
)
ROUNDS = 7
HIDDEN = (50, 500, 5000)
INPUTS, OUTPUTS, ROWS, ITERATIONS = 100, 100, 64, 10


def groups() -> Iterator[Group]:
    for hidden in HIDDEN:
        network = cl.MLP((INPUTS, hidden, OUTPUTS))
        first, second, third = jax.random.split(jax.random.key(0), 3)
        inputs = jax.random.normal(first, (ROWS, INPUTS), jnp.float32)
        targets = jax.random.normal(second, (ROWS, OUTPUTS), jnp.float32)
        problem = cl.Supervised(network, cl.likelihoods.Gaussian(), inputs, targets)
        params = network.init(third, jnp.float32)
        count = sum(matrix.size for matrix in params)
        method = cl.HessianFree(iterations=ITERATIONS, progress=None)
        state = method.init(problem, params)
        step = jax.jit(method.step).lower(problem, params, state).compile()
        gradient = jax.jit(jax.grad(problem.loss)).lower(params).compile()
        yield Group(
            f"{count} parameters",
            {
                "gradient": lambda f=gradient, p=params: f(p),
                "step": lambda f=step, q=problem, p=params, s=state: f(q, p, s)[0],
            },
            {
                "parameters": count,
                "work": round(float(step(problem, params, state)[2].details["work"]), 1),
                "bytes of temporaries for each parameter": {
                    name: round(one.memory_analysis().temp_size_in_bytes / count, 1)
                    for name, one in (("gradient", gradient), ("step", step))
                },
            },
        )
