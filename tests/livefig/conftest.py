"""A small live figure of its own: gradient descent and Newton on a quadratic, with every kind of control."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib
import pytest

import livefig as live

matplotlib.use("Agg")

STEPS = 20


def curvatures(kappa: float) -> jax.Array:
    """The quadratic's second derivatives along the axes."""
    return jnp.stack([jnp.ones(()), jnp.asarray(kappa, float)])


def bowl(point: jax.Array, kappa: float) -> jax.Array:
    """The quadratic."""
    return 0.5 * jnp.sum(curvatures(kappa) * point**2)


def descend(kappa: float, rate: int, start: jax.Array) -> dict[str, Any]:
    """Gradient descent, its step relative to its best given by a choice, beside one Newton step."""
    step = jnp.array([1.0, 0.5])[rate] * 2 / (1 + kappa)

    def advance(theta: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        theta = theta - step * curvatures(kappa) * theta
        return theta, theta

    _, rest = jax.lax.scan(advance, start, None, length=STEPS)
    path = jnp.concatenate([start[None], rest])
    losses = 0.5 * jnp.sum(curvatures(kappa) * path**2, axis=1)
    newton = jnp.stack([start, jnp.zeros(2)])
    return {
        "gd": {"path": path, "losses": losses, "steps": STEPS},
        "newton": newton,
        "status": jnp.argmin(losses[:2]),
    }


def figure_parts() -> dict[str, Any]:
    """The arguments of the figure."""
    return {
        "function": descend,
        "controls": [
            live.slider("kappa", 1, 1000, value=20, log=True, label="condition number κ"),
            live.choice("rate", ["best", "half"], label="step size"),
            live.toggle("show_newton", True, label="Newton"),
            live.point("start", (-2.0, 1.0), bounds=((-3, 3), (-2, 2)), label="start"),
        ],
        "views": [
            live.plane(
                [
                    live.contours(bowl, levels=8),
                    live.path("gd.path", count="gd.steps", color="blue", label="gradient descent"),
                    live.path("newton", color="orange", label="Newton", show="show_newton"),
                ],
                xlim=(-3, 3),
                ylim=(-2, 2),
                drag=["start"],
            ),
            live.curves(
                [
                    live.line("gd.losses", count="gd.steps", color="blue", label="gradient descent"),
                    live.rule(y=1e-3, label="tolerance"),
                ],
                xlabel="step",
                ylabel="loss",
                ylog=True,
            ),
            live.readout("Step size: {rate}. Newton is {show_newton}, gradient descent {status}."),
        ],
        "summary": "At κ = {kappa:.3~g} gradient descent makes {gd.steps:d} steps.",
        "words": {"status": ["rising", "falling"]},
    }


@pytest.fixture
def parts() -> dict[str, Any]:
    """The arguments of the figure, for a test to use or to change."""
    return figure_parts()


@pytest.fixture(scope="session")
def make() -> Callable[..., Any]:
    """A maker of the figure with some of its arguments replaced."""
    return lambda **changes: live.figure(**{**figure_parts(), **changes})
