"""Sines fitted to noisy samples from starts around the truth: which solvers end elsewhere, and their work."""

import statistics
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize

import curvlib as cl
from benchmarks.run import Group

ABOUT = (
    "Sines and damped sines, with and without an offset, under noise: misses in percent, that is, ends whose "
    "loss is above that of the minimum at the truth, over 60 draws of the noise from 6 starts each, and "
    "the mean of residuals and Jacobians evaluated; the times are of one fit, in double precision"
)

Array = jax.Array
Solver = Callable[["Data", np.ndarray, np.ndarray], "Ends"]

LENGTH = 10.0
LOBE = 2 * np.pi / LENGTH  # from the peak of the spectrum of so long a record to its first zero
FREQUENCIES = (1.2 * LOBE, 3.3 * LOBE)  # so many periods
COUNTS = (20, 60)  # of samples
NOISES = (0.05, 0.3, 1.0)  # standard deviations, in units of the amplitude
DRAWS, STARTS, STEPS = 60, 6, 300
SEED = 1  # no choice in curvlib was made on these draws and starts
ABOVE = 1e-4  # a loss that is larger by this, relatively, belongs to another minimum
OURS = "curvlib LevenbergMarquardt"


class Data(NamedTuple):
    """Noisy samples of one sine, and where to start from.

    Attributes:
        model: ŷ = model(θ, t).
        truth: θ: the amplitude, the frequency, the phase, and what else the model has.
        times: t, shape (m,).
        samples: y, shape (draws, m).
        starts: shape (starts, n).
    """

    model: Callable[[Array, Array], Array]
    truth: np.ndarray
    times: np.ndarray
    samples: np.ndarray
    starts: np.ndarray


class Ends(NamedTuple):
    """Where fits ended and what they took, each of shape (draws, starts)."""

    losses: np.ndarray
    residuals: np.ndarray
    jacobians: np.ndarray


def sine(b: Array, t: Array) -> Array:
    return b[0] * jnp.sin(b[1] * t + b[2])


def sine_with_offset(b: Array, t: Array) -> Array:
    return sine(b, t) + b[3]


def damped(b: Array, t: Array) -> Array:
    return sine(b, t) * jnp.exp(-b[3] * t)


def damped_with_offset(b: Array, t: Array) -> Array:
    return damped(b, t) + b[4]


MODELS: dict[str, tuple[Callable[[Array, Array], Array], tuple[float, ...]]] = {
    "sine": (sine, ()),
    "sine with an offset": (sine_with_offset, (1.0,)),
    "damped sine": (damped, (0.15,)),
    "damped sine with an offset": (damped_with_offset, (0.15, 1.0)),
}


def groups() -> Iterator[Group]:
    for name in MODELS:
        for noise in NOISES:
            one = next(data(name, noise, SEED))
            yield Group(
                f"{name}, noise {noise}",
                {
                    label: lambda solve=solve, one=one: solve(one, one.samples[:1], one.starts[:1])
                    for label, solve in SOLVERS.items()
                },
                facts(name, noise),
            )


def facts(name: str, noise: float) -> dict[str, dict[str, float]]:
    """By solver: ends above the minimum at the truth, and above the lowest that any solver found from any
    start, both in percent; and the work."""
    found: dict[str, list[list[float]]] = {label: [] for label in SOLVERS}
    for one in data(name, noise, SEED):
        ends = {label: solve(one, one.samples, one.starts) for label, solve in SOLVERS.items()}
        near = by_curvlib(cl.LevenbergMarquardt(0.1), one, one.samples, one.truth[None]).losses
        best = np.min(np.hstack([near, *(end.losses for end in ends.values())]), axis=1, keepdims=True)
        for label, end in ends.items():
            above = [100 * np.mean(~(end.losses <= low * (1 + ABOVE))) for low in (near, best)]
            found[label].append([*above, np.mean(end.residuals), np.mean(end.jacobians)])
    keys = ("misses", "above the best", "residuals", "jacobians")
    means = {label: np.mean(rows, axis=0) for label, rows in found.items()}
    return {
        key: {label: round(float(mean[number]), 2) for label, mean in means.items()}
        for number, key in enumerate(keys)
    }


def summary(groups: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Of each solver: the means of its facts over the groups, and the median of its ratio to the first."""
    keys = next(iter(facts.values()))
    return {
        label: {
            **{key: round(statistics.mean(fact[key][label] for fact in facts.values()), 2) for key in keys},
            "median ratio": float(
                f"{statistics.median(group[label]['ratio']['median'] for group in groups.values()):.4g}"
            ),
        }
        for label in SOLVERS
    }


def data(name: str, noise: float, seed: int) -> Iterator[Data]:
    """Draws of the noise, and starts, for each frequency and count of samples."""
    model, more = MODELS[name]
    generator = np.random.default_rng([seed, list(MODELS).index(name), round(100 * noise)])
    for frequency in FREQUENCIES:
        for count in COUNTS:
            truth, times = np.array([2.0, frequency, 0.5, *more]), np.linspace(0, LENGTH, count)
            drawn = noise * truth[0] * generator.standard_normal((DRAWS, count))
            samples = np.asarray(model(truth, times)) + drawn
            yield Data(model, truth, times, samples, starts(truth, generator))


def starts(truth: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Starts off the truth: in frequency by up to a quarter, a half and three quarters of the lobe, to
    either side; in amplitude by a factor from 1/10 to 3; in phase by up to a radian; and what else there is
    by a factor up to 2."""
    places = np.tile(truth, (STARTS, 1))
    for number, place in enumerate(places):
        away = (0.25, 0.5, 0.75)[number % 3] * (-1) ** (number // 3)
        place[0] *= 10 ** generator.uniform(-1, 0.5)
        place[1] += away * LOBE * generator.uniform(0.8, 1.0)
        place[2] += generator.uniform(-1, 1)
        place[3:] *= generator.uniform(0, 2, len(truth) - 3)
    return places


def by_curvlib(method: cl.LevenbergMarquardt, one: Data, samples: np.ndarray, starts: np.ndarray) -> Ends:
    return Ends(*_by_curvlib(method, one.model, jnp.asarray(one.times), jnp.asarray(samples), starts))


@partial(jax.jit, static_argnames="model")
def _by_curvlib(
    method: cl.LevenbergMarquardt,
    model: Callable[[Array, Array], Array],
    times: Array,
    samples: Array,
    starts: Array,
) -> tuple[Array, Array, Array]:
    def fit(y: Array, start: Array) -> tuple[Array, Array, Array]:
        problem = cl.LeastSquares(lambda b, t, y: model(b, t) - y, times, y)
        trace = cl.minimize(problem, method, start, STEPS)
        made = jnp.arange(STEPS + 1) <= trace.steps
        trials = jnp.sum(jnp.where(made, trace.details["evaluations"], 0))
        return trace.losses[-1], trials, trace.steps + 1

    return jax.lax.map(lambda y: jax.lax.map(partial(fit, y), starts), samples)


def by_scipy(method: str, one: Data, samples: np.ndarray, starts: np.ndarray) -> Ends:
    times = jnp.asarray(one.times)

    def fit(y: np.ndarray, start: np.ndarray) -> tuple[float, int, int]:
        solution = scipy.optimize.least_squares(
            lambda b: np.asarray(_predicted(one.model, b, times)) - y,
            start,
            jac=lambda b: np.asarray(_slopes(one.model, b, times)),
            method=method,
            x_scale="jac",
            xtol=1e-11,
            ftol=1e-15,
            gtol=1e-15,
            max_nfev=2 * STEPS,
        )
        return solution.cost, solution.nfev, solution.njev

    ends = np.array([[fit(y, start) for start in starts] for y in samples])
    return Ends(*np.moveaxis(ends, -1, 0))


@partial(jax.jit, static_argnums=0)
def _predicted(model: Callable[[Array, Array], Array], b: Array, times: Array) -> Array:
    return model(b, times)


@partial(jax.jit, static_argnums=0)
def _slopes(model: Callable[[Array, Array], Array], b: Array, times: Array) -> Array:
    return jax.jacfwd(model)(b, times)


SOLVERS: dict[str, Solver] = {
    "scipy lm": partial(by_scipy, "lm"),  # MINPACK, as in curve_fit
    "scipy trf": partial(by_scipy, "trf"),
    OURS: partial(by_curvlib, cl.LevenbergMarquardt()),
    "curvlib, memory 1": partial(by_curvlib, cl.LevenbergMarquardt(memory=1.0)),
    "curvlib, no acceleration": partial(by_curvlib, cl.LevenbergMarquardt(acceleration=None)),
}
