"""What the comparison `pages` computes; as a script, in jax2onnx's environment, it writes that as ONNX."""

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

STATES = 64  # of the controls, one after the other

Array = jax.Array


class Work(NamedTuple):
    """A function from its controls to arrays, and states of the controls."""

    function: Callable[..., Any]
    states: list[tuple[Any, ...]]


def rosenbrock(point: Array) -> Array:
    x, y = point
    return (x - 1) ** 2 + 100 * (y - x**2) ** 2


def descent(start: Array) -> tuple[Array, Array]:
    """The path of 200 steps of gradient descent, and its losses."""

    def step(point: Array, _: None) -> tuple[Array, tuple[Array, Array]]:
        loss, gradient = jax.value_and_grad(rosenbrock)(point)
        return point - 2e-4 * gradient, (point, loss)

    last, (path, losses) = jax.lax.scan(step, start, None, length=200)
    return joined(path, last), joined(losses, rosenbrock(last))


def fit(start: Array, damping: Array) -> tuple[Array, Array]:
    """The path of 20 Levenberg-Marquardt steps to a decay with a wave on it, and its losses.

    The matrix is positive definite; Cholesky's factor solves with it, which jax2onnx can translate.
    """
    times = jnp.linspace(0, 1, 20)
    seen = 2 * jnp.exp(-3 * times) + 0.5 + 0.05 * jnp.cos(40 * times)

    def residuals(params: Array) -> Array:
        return params[0] * jnp.exp(-params[1] * times) + params[2] - seen

    def loss(params: Array) -> Array:
        return 0.5 * jnp.sum(residuals(params) ** 2)

    def step(params: Array, _: None) -> tuple[Array, tuple[Array, Array]]:
        jacobian = jax.jacfwd(residuals)(params)
        factor = jnp.linalg.cholesky(jacobian.T @ jacobian + damping * jnp.eye(3))
        change = jax.scipy.linalg.cho_solve((factor, True), jacobian.T @ residuals(params))
        return params - change, (params, loss(params))

    last, (path, losses) = jax.lax.scan(step, start, None, length=20)
    return joined(path, last), joined(losses, loss(last))


def joined(before: Array, last: Array) -> Array:
    return jnp.concatenate([before, last[None]])


def works() -> dict[str, Work]:
    """By the names of their folders."""
    random = np.random.default_rng(0)
    starts = random.uniform((-2, -1), (2, 3), (STATES, 2))
    decays = random.uniform((0.5, 1, -1), (3, 5, 1), (STATES, 3))
    dampings = 10 ** random.uniform(-3, -1, STATES)
    return {
        "descent": Work(descent, [(start,) for start in starts]),
        "fit": Work(fit, list(zip(decays, dampings, strict=True))),
    }


def main(folder: Path) -> None:
    """Write a model for each function, and print the versions and what jax2onnx refuses, as JSON."""
    from jax2onnx import to_onnx  # of this environment alone

    def model(function: Callable[..., Any], *examples: Any) -> bytes:
        inputs = [jax.ShapeDtypeStruct(np.shape(x), jnp.float64) for x in examples]
        return to_onnx(function, inputs=inputs, enable_double_precision=True).SerializeToString()

    for name, work in works().items():
        (folder / f"{name}.onnx").write_bytes(model(work.function, *work.states[0]))
    cannot = []
    try:
        model(lambda matrix, right: jnp.linalg.solve(matrix, right), np.eye(3), np.ones(3))
    except NotImplementedError as error:
        cannot.append(f'jax2onnx refuses jnp.linalg.solve of a 3 × 3 matrix ("{error}"), but not Cholesky')
    versions = {package: version(package) for package in ("jax2onnx", "jax", "onnx")}
    print(json.dumps({"versions": versions, "cannot": {"fit": cannot}}))


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main(Path(sys.argv[1]))
