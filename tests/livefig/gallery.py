"""A live figure with every kind of view and layer, whose states reach what is degenerate in each of them."""

from typing import Any

import jax
import jax.numpy as jnp

import livefig as live

SIDE = 17
ROOTS = jnp.array([[1.0, 0.0], [-0.5, 0.75**0.5], [-0.5, -(0.75**0.5)]])  # of z³ = 1


def loss(point: jax.Array, power: float) -> jax.Array:
    """A curved valley, flat where the power is zero."""
    x, y = point
    return power * ((1 - x) ** 2 + 5 * (y - x * x) ** 2)


def uphill(point: jax.Array, power: float) -> jax.Array:
    """The valley's gradient."""
    return jax.grad(loss)(point, power)


def basin(point: jax.Array) -> jax.Array:
    """Which root of z³ = 1 Newton's method reaches, or -1."""

    def step(z: jax.Array, _: None) -> tuple[jax.Array, None]:
        x, y = z
        square = jnp.stack([x * x - y * y, 2 * x * y])
        size = jnp.maximum(square @ square, 1e-30)
        return 2 * z / 3 + jnp.stack([square[0], -square[1]]) / (3 * size), None

    end, _ = jax.lax.scan(step, point, None, length=30)
    distances = jnp.sum((ROOTS - end) ** 2, axis=1)
    return jnp.where(jnp.min(distances) < 1e-6, jnp.argmin(distances), -1)


def everything(
    theta: jax.Array, power: float, bend: float, data: jax.Array, spectrum: jax.Array
) -> dict[str, Any]:
    """What the views below draw."""
    gradient, hessian = jax.grad(loss)(theta, power), jax.hessian(loss)(theta, power)
    path = theta * 0.8 ** jnp.arange(31.0)[:, None]
    flat = jnp.array([[1.0, 1.0], [1.0, 1.0]])
    errors = 10.0 ** -jnp.arange(12.0)
    grid = jnp.linspace(-1, 1, 41)
    index = jnp.arange(float(SIDE))
    matrix = jnp.cos(index[:, None] * index[None] / 9) * jnp.exp(-jnp.abs(index[:, None] - index) / 4)
    return {
        "gradient": gradient,
        "hessian": hessian,
        "value": loss(theta, power),
        "down": -gradient,
        "path": path,
        "steps": 30,
        "moves": -0.2 * path,
        "flat": flat + bend * jnp.eye(2),
        "indefinite": jnp.diag(jnp.array([1.0, -1.0])) * bend,
        "errors": errors,
        "next": power * errors**2,
        "low": 0.5 * power * errors**2,
        "high": 2 * power * errors**2,
        "anchor": jnp.stack([1e-3, 1e-6]),
        "loss": power * jnp.exp(-index),
        "best": 1.0,
        "grid": grid,
        "model": bend * grid**2,
        "fitted": bend * data[:, 0] ** 2,
        "eigenvalues": spectrum[:, 1],
        "estimate": spectrum[:, 1] * (1 + bend),
        "matrix": bend * matrix,
        "other": bend * matrix * matrix.T,
        "difference": bend * (matrix - matrix * matrix.T),
        "extent": jnp.abs(bend),
        "wide": jnp.ones((3, 7)) * power,
    }


def gallery() -> Any:
    """The figure."""
    points = [(-0.8, 0.5), (-0.3, 0.1), (0.1, 0.0), (0.5, 0.4), (0.9, 0.7)]
    bars = [(float(k), 10.0 ** (-k / 2)) for k in range(6)]
    shared = {"extent": "extent", "blocks": [8, 9]}
    return live.figure(
        everything,
        controls=[
            live.point("theta", (-0.8, 1.2), ((-2, 2), (-2, 2)), label="θ"),
            live.slider("power", 0, 10, value=1, label="power"),
            live.slider("bend", -2, 2, value=0.5, label="bend"),
            live.data("data", points, ((-1, 1), (-2, 2)), label="data"),
            live.data("spectrum", bars, ((0, 5), (0, 2)), axis="y", label="eigenvalues"),
            live.player("shown", 0, 30, value=0, until="steps", cursor=True, label="step"),
            live.toggle("extra", True, label="second figure"),
        ],
        views=[
            live.plane(
                [
                    live.regions(basin, ["first", "second", "third"], cells=40),
                    live.contours(loss, levels=10, label="loss"),
                    live.model("theta", "gradient", "hessian", value="value", label="model"),
                    live.path("path", count="steps", label="run"),
                    live.arrow("path", "moves", count="steps", color="green", label="steps"),
                    live.arrow("theta", "down", color="red", label="gradient step"),
                ],
                xlim=(-2, 2), ylim=(-2, 2), drag=["theta"], xlabel="θ₁", ylabel="θ₂",
            ),
            live.plane(
                [
                    live.contours(loss, fill=True, spacing="linear", show="extra"),
                    live.vectors(uphill, color="ink", label="gradients"),
                    live.ellipse("theta", "hessian", radius="power", label="Hessian"),
                    live.ellipse("theta", "flat", color="orange", label="nearly flat"),
                    live.ellipse("theta", "indefinite", color="green", label="indefinite", dash=True),
                ],
                xlabel="θ₁", ylabel="θ₂",
            ),
            live.curves(
                [
                    live.band("low", "high", x="errors", label="spread"),
                    live.line("next", x="errors", label="next error", marker=True),
                    live.slope(1, "anchor"), live.slope(2, (1e-2, 1e-4), color="purple"),
                ],
                xlog=True, ylog=True, xlabel="error", ylabel="next error",
            ),
            live.curves(
                [
                    live.line("loss", label="loss"),
                    live.rule(x="power", label="now"), live.rule(x="best", label="best"),
                    live.rule(y="value", label="here"),
                ],
                ylog=True, xlabel="step", ylabel="loss",
            ),
            live.curves(
                [live.residuals("data", "fitted", label="residuals"), live.line("model", x="grid")],
                drag=["data"], xlabel="x", ylabel="y",
            ),
            live.curves(
                [
                    live.bars("eigenvalues", label="exact"),
                    live.bars("estimate", color="orange", label="estimate", show="extra"),
                ],
                drag=["spectrum"], ylog=True, xlabel="index", ylabel="eigenvalue", ylim=(1e-3, 10),
            ),
            live.heatmap("matrix", title="block", **shared),
            live.heatmap("other", title="factors", **shared),
            live.heatmap("difference", title="difference", log=True, **shared),
            live.heatmap("wide", title="wide", diverging=False, rows=["a", "b", "c"], xlabel="column"),
            live.numbers({"loss at θ": "{value:,.3~r}", "power": "{power:.2f}"}, show="extra"),
        ],
        summary="At power {power:.2f} the loss is {value:.3~g}.",
        name="gallery",
    )  # fmt: skip
