"""One network in several parameterizations: gradient descent at its best rate, and the natural gradient.

Besides its timings it writes ``chapters/parameterizations.json``, for chapter 10: a run at the largest rate
that works hangs on how a processor rounds.
"""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

import curvlib as cl
from benchmarks.kfac import DIGITS
from benchmarks.run import Group

ABOUT = (
    "4000 steps of gradient descent, at sixteen rates in one program, on a network of 73 parameters that "
    "tells odd digits from even ones, in seven parameterizations"
)
ROUNDS = 3
RECORD = DIGITS.parent / "parameterizations.json"

NETWORK, COUNT, L2 = cl.MLP((16, 4, 1)), 400, 1e-3
STEPS, NATURAL_STEPS, SHARE = 4000, 300, 0.05  # the share of the way down that is left at the target
SPEEDS = np.geomspace(0.3, 30, 16)  # rates, in units of 1/ℓ_max of the chart's Fisher at the start
STARTS = 3
# Inputs as they are, centred or whitened; units; the scale of the second layer.
CHARTS = {
    "whitened inputs, tanh": ("whitened", False, 1.0),
    "centred inputs, tanh": ("centred", False, 1.0),
    "raw inputs, tanh": ("raw", False, 1.0),
    "raw inputs 0 … 16, tanh": ("sixteen", False, 1.0),
    "centred inputs, logistic": ("centred", True, 1.0),
    "raw inputs, logistic": ("raw", True, 1.0),
    "centred, tanh, second layer × 5": ("centred", False, 5.0),
}

Array = jax.Array


def groups() -> Iterator[Group]:
    problem, transforms = parity()
    start = ravel_pytree(NETWORK.init(jax.random.key(0)))[0]
    yield Group("gradient descent", {"sixteen rates": partial(descents, problem, start, jnp.eye(start.size))})
    told: dict[str, Any] = {name: [] for name in CHARTS}
    for key in jax.random.split(jax.random.key(2), STARTS):
        start = ravel_pytree(NETWORK.init(key))[0]
        target = goal(problem, start)
        for name, (inputs, logistic, scale) in CHARTS.items():
            matrix = chart(*transforms[inputs], logistic, scale)
            found = compared(problem, start, matrix, target)
            told[name].append({what: float(f"{value:.4g}") for what, value in found.items()})
    RECORD.write_text(json.dumps(told) + "\n")


def parity() -> tuple[cl.Supervised, dict[str, tuple[Array, Array]]]:
    """Odd or even, in whitened inputs; of each kind of inputs x = Su + m the S and m."""
    table = np.loadtxt(DIGITS, delimiter=",")[:COUNT]
    raw = (table[:, :64] / 16).reshape(-1, 4, 2, 4, 2).mean((2, 4)).reshape(-1, 16)
    mean = raw.mean(0)
    root = np.linalg.cholesky(np.cov(raw.T, bias=True))
    whitened = np.linalg.solve(root, (raw - mean).T).T
    unravel = ravel_pytree(NETWORK.init(jax.random.key(0)))[1]
    problem = cl.Supervised(
        lambda theta, u: NETWORK(unravel(theta), u),
        cl.likelihoods.Bernoulli(),
        jnp.asarray(whitened),
        jnp.asarray(table[:, 64:] % 2),
        l2=L2,
    )
    none, one = np.zeros(16), np.eye(16)
    given = {
        "whitened": (one, none),
        "centred": (root, none),
        "raw": (root, mean),
        "sixteen": (16 * root, 16 * mean),
    }
    return problem, {name: tuple(map(jnp.asarray, pair)) for name, pair in given.items()}


def chart(S: Array, m: Array, logistic: bool, scale: float) -> Array:
    """The matrix of φ ↦ θ: from a network with inputs x = Su + m and these units to one with u and tanh."""
    params = NETWORK.init(jax.random.key(0))
    flat, unravel = ravel_pytree(params)
    half = 0.5 if logistic else 1.0

    def to_theta(phi: Array) -> Array:
        first, second = unravel(phi)
        weights, bias = first[:-1], first[-1]
        first = half * jnp.vstack([S.T @ weights, (bias + m @ weights)[None]])
        second = scale * second
        middle = second[-1] + (jnp.sum(second[:-1], axis=0) / 2 if logistic else 0.0)
        return ravel_pytree((first, jnp.vstack([half * second[:-1], middle[None]])))[0]

    return jax.vmap(to_theta, out_axes=1)(jnp.eye(flat.size))


def goal(problem: cl.Supervised, start: Array) -> float:
    """The loss at which so small a share of the way to the minimum is left."""
    least = float(cl.minimize(problem, cl.TrustRegionNewton(), start, 200).losses[-1])
    return least + SHARE * (float(problem.loss(start)) - least)


@jax.jit
def descents(problem: cl.Supervised, start: Array, matrix: Array) -> tuple[Array, Array]:
    """The losses at each rate, and the eigenvalues of F in the chart."""
    problem = problem.through(cl.charts.Affine(matrix))
    start = jnp.linalg.solve(matrix, start)
    ell = jnp.linalg.eigvalsh(cl.fisher(problem, start))

    def run(rate: Array) -> Array:
        def step(phi: Array, _: None) -> tuple[Array, Array]:
            loss, slope = jax.value_and_grad(problem.loss)(phi)
            return phi - rate * slope, loss

        return jax.lax.scan(step, start, None, STEPS + 1)[1]

    return jax.vmap(run)(SPEEDS / ell[-1]), ell


@jax.jit
def naturally(problem: cl.Supervised, start: Array, matrix: Array) -> Array:
    """The losses of the natural gradient, undamped."""
    problem = problem.through(cl.charts.Affine(matrix))
    method, start = cl.NaturalGradient(0.5, radius=0.01), jnp.linalg.solve(matrix, start)

    def step(carry: Any, _: None) -> tuple[Any, Array]:
        params, state, info = method.step(problem, *carry)
        return (params, state), info.loss

    return jax.lax.scan(step, (start, method.init(problem, start)), None, NATURAL_STEPS + 1)[1]


def compared(problem: cl.Supervised, start: Array, matrix: Array, target: float) -> dict[str, float]:
    """Steps to the target (−1 if there are too few), κ of F, and how far the chart moves the natural run."""
    runs, ell = descents(problem, start, matrix)
    arrive = [first_below(run, target) for run in np.asarray(runs)]
    there = [(steps, speed) for steps, speed in zip(arrive, SPEEDS, strict=True) if steps >= 0]
    steps, speed = min(there, default=(-1, -1))
    natural = np.asarray(naturally(problem, start, matrix))
    plain = np.asarray(naturally(problem, start, jnp.eye(start.size)))
    at = first_below(plain, target)
    return {
        "steps": steps,
        "speed": speed,
        "kappa": float(ell[-1] / ell[0]),
        "natural": first_below(natural, target),
        "apart": float(np.max(np.abs(natural / plain - 1)[: at + 1])),
    }


def first_below(losses: np.ndarray, target: float) -> int:
    below = np.flatnonzero(losses <= target)
    return int(below[0]) if below.size else -1
