"""What Lanczos's iteration tells of networks during training: for chapter 10, which replays the record.

Besides its timings it writes ``chapters/spectrum.json``: the largest eigenvalue along gradient descent at
eight rates, at the edge of stability, where the last digits of a run hang on how a processor rounds; the
leading eigenvalues of classifiers of 3, 5 and 10 digits; and the quadrature of a network of more than 10⁵
parameters, whose Hessian would have more than 10¹⁰ entries.
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

import curvlib as cl
from benchmarks.kfac import DIGITS
from benchmarks.run import Group
from curvlib.counting import relative_costs

ABOUT = (
    "eigenvalues by Lanczos's iteration in double precision: the largest along 4000 steps of gradient "
    "descent, and forty products of a network of more than 10⁵ parameters"
)
ROUNDS = 3
RECORD = DIGITS.parent / "spectrum.json"

RATES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
RECORDS, BETWEEN = 200, 20  # of each run, and steps from one to the next
CLASSES, LEADING, LOOKS = (3, 5, 10), 15, (0, 100, 300, 1000)
CLASSIFIERS = {"16-12-C": ((16, 12), 200, 0.5), "64-64-C": ((64, 64), None, 0.2)}  # widths, data, rate
WIDTHS, TRAINED, PROBES, PRODUCTS = (64, 320, 256, 10), 300, 4, 40

Array = jax.Array
Params = tuple[Array, ...]


def groups() -> Iterator[Group]:
    told: dict[str, Any] = {"every": BETWEEN, "edge": {}, "classes": {}}
    problem, start = regression()
    for rate in RATES:
        losses, sharpness = edge(problem, start, rate)
        told["edge"][str(rate)] = {"loss": rounded(losses), "sharpness": rounded(sharpness)}
    yield Group("gradient descent at one rate", {"4000 steps": partial(edge, problem, start, RATES[0])})
    for name, (widths, count, rate) in CLASSIFIERS.items():
        for classes in CLASSES:
            problem, params = classifier((*widths, classes), count)
            told["classes"].setdefault(name, {})[str(classes)] = list(along(problem, params, rate))
    problem, params = classifier(WIDTHS)
    trained = adam(problem, params)
    gradient = jax.grad(problem.loss)
    told["large"] = {
        "widths": WIDTHS,
        "n": ravel_pytree(params)[0].size,
        "losses": rounded([problem.loss(params), problem.loss(trained)]),
        "product in gradients": relative_costs(
            (gradient, params), (lambda t, v: cl.hvp(problem, t, v), params, params)
        )[0],
        "start": quadrature(problem, params),
        "end": quadrature(problem, trained),
    }
    yield Group(
        "a large network",
        {
            "one probe": partial(probe, problem, trained, jax.random.key(0)),
            "gradient": partial(gradient, trained),
        },
    )
    RECORD.write_text(json.dumps(told) + "\n")


def rounded(values: Any, digits: int = 5) -> list[float]:
    return [float(f"{v:.{digits}g}") for v in np.asarray(values).ravel()]


def pixels(table: np.ndarray, width: int) -> Array:
    """Images of 8 × 8 or 4 × 4 pixels from 0 to 1, centred."""
    images = table[:, :64] / 16
    if width == 16:
        images = images.reshape(-1, 4, 2, 4, 2).mean((2, 4)).reshape(-1, 16)
    return jnp.asarray(images - images.mean(0))


def regression() -> tuple[cl.Supervised, Params]:
    """Chapter 10's 200 digits of 4 × 4 pixels and network of 334 parameters, with squared loss."""
    table = np.loadtxt(DIGITS, delimiter=",")[:200]
    targets = jnp.asarray(np.eye(10)[table[:, 64].astype(int)])
    network = cl.MLP((16, 12, 10))
    problem = cl.Supervised(network, cl.likelihoods.Gaussian(), pixels(table, 16), targets)
    return problem, network.init(jax.random.key(1))


def classifier(widths: tuple[int, ...], count: int | None = None) -> tuple[cl.Supervised, Params]:
    """The first so many digits below the last width, or all of them."""
    table = np.loadtxt(DIGITS, delimiter=",")
    table = table[table[:, 64] < widths[-1]][:count]
    network, labels = cl.MLP(widths), jnp.asarray(table[:, 64].astype(int))
    inputs = pixels(table, widths[0])
    problem = cl.Supervised(network, cl.likelihoods.Categorical(), inputs, labels)
    return problem, network.init(jax.random.key(1))


def descend(problem: cl.Supervised, params: Params, rate: Array | float, steps: Array | int) -> Params:
    def step(_: Array, params: Params) -> Params:
        return jax.tree.map(lambda t, g: t - rate * g, params, jax.grad(problem.loss)(params))

    return jax.lax.fori_loop(0, steps, step, params)


def eigenvalues(product: Callable[[Params], Params], params: Params, steps: int) -> Array:
    flat, unravel = ravel_pytree(params)
    start = unravel(jax.random.normal(jax.random.key(5), flat.shape))
    return cl.linalg.lanczos(product, start, steps).values


@jax.jit
def edge(problem: cl.Supervised, start: Params, rate: Array | float) -> tuple[Array, Array]:
    """The loss and the largest eigenvalue of the Hessian along gradient descent."""

    def piece(params: Params, _: None) -> tuple[Params, tuple[Array, Array]]:
        product = cl.products.hessian_map(problem, params).product
        told = problem.loss(params), eigenvalues(product, params, 20)[-1]
        return descend(problem, params, rate, BETWEEN), told

    return jax.lax.scan(piece, start, None, RECORDS)[1]


def along(problem: cl.Supervised, params: Params, rate: float) -> Iterator[dict[str, Any]]:
    """The leading eigenvalues of Hessian and Gauss–Newton matrix along gradient descent, and the least."""

    @jax.jit
    def look(params: Params) -> tuple[Array, Array, Array]:
        of = [cl.products.hessian_map(problem, params), cl.products.ggn_map(problem, params)]
        return problem.loss(params), *(eigenvalues(one.product, params, 80) for one in of)

    onward = jax.jit(lambda params, steps: descend(problem, params, rate, steps))
    for before, now in zip((0, *LOOKS), LOOKS, strict=False):
        params = onward(params, now - before)
        loss, hessian, ggn = look(params)
        yield {
            "step": now,
            "loss": float(f"{loss:.4g}"),
            "least": float(f"{hessian[0]:.4g}"),
            "hessian": rounded(hessian[::-1][:LEADING]),
            "ggn": rounded(ggn[::-1][:LEADING]),
        }


@jax.jit
def adam(problem: cl.Supervised, params: Params) -> Params:
    method = cl.FirstOrder(optax.adam(1e-3))

    def step(_: Array, carry: Any) -> Any:
        return method.step(problem, *carry)[:2]

    return jax.lax.fori_loop(0, TRAINED, step, (params, method.init(problem, params)))[0]


@jax.jit
def probe(problem: cl.Supervised, params: Params, key: Array) -> cl.linalg.LanczosResult:
    """Gauss's quadrature of the Hessian's spectral density from one random vector."""
    flat, unravel = ravel_pytree(params)
    start = unravel(jax.random.normal(key, flat.shape))
    return cl.linalg.lanczos(cl.products.hessian_map(problem, params).product, start, PRODUCTS)


def quadrature(problem: cl.Supervised, params: Params) -> dict[str, Any]:
    found = [probe(problem, params, key) for key in jax.random.split(jax.random.key(0), PROBES)]
    return {
        name: [rounded(getattr(one, name)) for one in found] for name in ("values", "weights", "residuals")
    }
