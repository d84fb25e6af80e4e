"""Newton–CG where no Hessian fits into memory: a softmax regression with 10⁵ parameters."""

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize

import curvlib as cl
from benchmarks.run import Group

ABOUT = (
    "a ridge softmax regression of n parameters, from zero to a gradient norm of 1e-6: whole solves; scipy "
    "with compiled gradients and Hessian-vector products. As a dense matrix the Hessian of the larger one "
    "would take 80 GB"
)
SHAPES = ((500, 100), (1000, 100))  # features, classes
ROWS = 256
TOL = 1e-6
OURS = "curvlib Newton, CG"

Array = jax.Array


def groups() -> Iterator[Group]:
    for features, classes in SHAPES:
        problem, params = softmax_regression(features, classes)
        solvers = solve_by(problem)
        gradient = jax.jit(jax.grad(problem.loss))
        reached = {
            name: float(jnp.linalg.norm(gradient(jnp.asarray(solve(params)))))
            for name, solve in solvers.items()
        }
        # Newton-CG and L-BFGS-B cannot be told to stop at a gradient norm: their tolerances see to it.
        assert max(reached.values()) <= TOL, reached
        yield Group(
            f"n = {features * classes}",
            {name: lambda f=solve, p=params: f(p) for name, solve in solvers.items()},
            {
                "gradient norms": {name: float(f"{norm:.1e}") for name, norm in reached.items()},
                "megabytes of parameters": params.nbytes / 1e6,
                "megabytes of temporaries": round(temporaries(problem, params) / 1e6, 2),
            },
        )


def softmax_regression(features: int, classes: int) -> tuple[cl.Supervised, Array]:
    """Labels of a random softmax model; the ridge gives the loss one minimum."""
    first, second, third = jax.random.split(jax.random.key(0), 3)
    inputs = jax.random.normal(first, (ROWS, features)) / jnp.sqrt(features)
    truth = 3 * jax.random.normal(second, (features, classes))
    labels = jax.random.categorical(third, inputs @ truth)
    problem = cl.Supervised(predict, cl.likelihoods.Categorical(), inputs, labels, l2=1e-3)
    return problem, jnp.zeros(features * classes)


def predict(params: Array, inputs: Array) -> Array:
    return inputs @ params.reshape(inputs.shape[1], -1)


def method() -> cl.Newton:
    """Inexact Newton steps: the equation is solved to a tenth, which far from the minimum is enough."""
    return cl.Newton(solve=cl.CG(200, tol=0.1), line_search=cl.Armijo())


def solve_by(problem: cl.Supervised) -> dict[str, Callable[[Array], Array]]:
    """The solvers: functions of the start that return the parameters they reach."""
    value_and_gradient = jax.jit(jax.value_and_grad(problem.loss))
    product = jax.jit(lambda params, v: jax.jvp(jax.grad(problem.loss), (params,), (v,))[1])

    def by_scipy(start: Array, name: str, options: dict[str, float]) -> Array:
        second_order = {"hessp": lambda p, v: np.asarray(product(p, v))} if name != "L-BFGS-B" else {}
        return scipy.optimize.minimize(
            lambda p: tuple(map(np.asarray, value_and_gradient(p))),
            np.asarray(start),
            jac=True,
            method=name,
            options=options,
            **second_order,
        ).x

    return {
        OURS: lambda start: cl.minimize(problem, method(), start, 100, tol=TOL).params,
        "scipy Newton-CG": lambda start: by_scipy(start, "Newton-CG", {"xtol": 1e-8}),
        "scipy trust-ncg": lambda start: by_scipy(start, "trust-ncg", {"gtol": TOL}),
        "scipy L-BFGS-B": lambda start: by_scipy(
            start, "L-BFGS-B", {"gtol": 1e-8, "ftol": 0.0, "maxiter": 10_000, "maxfun": 20_000}
        ),
    }


def temporaries(problem: cl.Supervised, params: Array) -> int:
    """The bytes that the whole compiled solve reserves, besides what it is given and returns."""
    solve = jax.jit(lambda problem, start: cl.minimize(problem, method(), start, 100, tol=TOL).params)
    return solve.lower(problem, params).compile().memory_analysis().temp_size_in_bytes
