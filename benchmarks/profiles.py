"""Six methods on eight small networks: what each of sixteen settings takes to how near to the least loss.

Besides its timings it writes the gradients that each run takes to ``chapters/comparison.json``, for
chapter 8.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import curvlib as cl
from benchmarks.kfac import DIGITS
from benchmarks.run import Group
from curvlib.counting import operations

ABOUT = (
    "runs of six methods on eight networks and regressions small enough for Newton's, from four starts each, "
    "with sixteen settings drawn at random; until 10,000 gradients are spent, by counting"
)
ROUNDS = 3

RECORD = DIGITS.parent / "comparison.json"
BUDGET, SETTINGS, STARTS = 10_000, 16, 4
LEVELS = 10.0 ** -np.arange(1, 7)  # of the loss at the start, over the least that any run from there found

Array = jax.Array
Setting = dict[str, Any]


class Racer(NamedTuple):
    """A method over its settings.

    Attributes:
        make: the method, from numbers that may be traced and options that may not.
        numbers, options: what is drawn: functions of a generator.
        work: the gradients of each step, from a trace and the counted cost of a step.
        least: the gradients that a step takes at least, where the cost is not counted beforehand.
    """

    make: Callable[..., Any]
    numbers: dict[str, Callable[[np.random.Generator], float]]
    options: dict[str, Callable[[np.random.Generator], int]]
    work: Callable[[Any, float], Array]
    least: float = 1.0


def between(low: float, high: float) -> Callable[[np.random.Generator], float]:
    """Uniform in the logarithm."""
    return lambda draw: float(f"{10 ** draw.uniform(np.log10(low), np.log10(high)):.2g}")


def one_of(*values: Any) -> Callable[[np.random.Generator], Any]:
    return lambda draw: values[draw.integers(len(values))]


def each(trace: cl.Trace, cost: float) -> Array:
    return jnp.full(trace.losses.shape, cost)


RACERS = {
    "gradient descent": Racer(
        lambda rate, momentum: cl.FirstOrder(optax.sgd(rate, momentum=momentum)),
        {"rate": between(1e-3, 10), "momentum": one_of(0.0, 0.9, 0.99)}, {}, each,
    ),
    "Adam": Racer(
        lambda rate, b2: cl.FirstOrder(optax.adam(rate, b2=b2)),
        {"rate": between(1e-4, 1), "b2": one_of(0.9, 0.99, 0.999)}, {}, each,
    ),
    "L-BFGS": Racer(
        lambda curvature, memory: cl.LBFGS(memory, cl.StrongWolfe(curvature=curvature)),
        {"curvature": one_of(0.1, 0.5, 0.9)}, {"memory": one_of(5, 10, 30)},
        lambda trace, cost: trace.details["evaluations"],
    ),
    "K-FAC": Racer(
        lambda damping, decay: cl.KFAC(damping=damping, decay=decay),
        {"damping": between(1e-4, 1), "decay": one_of(0.5, 0.95)}, {}, each,
    ),
    "Hessian-free": Racer(
        lambda damping, iterations: cl.HessianFree(damping, iterations=iterations),
        {"damping": between(1e-4, 1)}, {"iterations": one_of(10, 50)},
        lambda trace, cost: trace.details["work"], least=5.0,
    ),
    "Newton": Racer(
        lambda radius: cl.TrustRegionNewton(radius), {"radius": between(0.1, 30)}, {}, each
    ),
}  # fmt: skip


def groups() -> Iterator[Group]:
    told: dict[str, Any] = {"budget": BUDGET, "levels": LEVELS.tolist(), "problems": {}, "settings": {}}
    told["settings"] = {name: settings(racer, k) for k, (name, racer) in enumerate(RACERS.items())}
    for name in PROBLEMS:
        problem, starts = problem_of(name), []
        for seed in range(STARTS):
            starts.append(
                {method: [spend(name, method, one, seed) for one in drawn]
                 for method, drawn in told["settings"].items()}
            )  # fmt: skip
        told["problems"][name] = {
            "parameters": size(problem), "data": len(problem.inputs),
            "gradients": [to_levels(runs) for runs in starts],
            "step": {method: round(step_cost(name, method), 2) for method in RACERS},
        }  # fmt: skip
        RECORD.write_text(json.dumps(told) + "\n")
        yield timing(name, told)


def timing(name: str, told: dict[str, Any]) -> Group:
    """A run of each method with the setting that is best at 1e-3 on the first start, from the second."""
    contestants, facts = {}, {}
    for method, drawn in told["settings"].items():
        costs = [
            np.inf if row[2] is None else row[2] for row in told["problems"][name]["gradients"][0][method]
        ]
        setting = drawn[int(np.argmin(costs))]
        contestants[method] = lambda method=method, setting=setting: run(name, method, setting, 1, 500)[0]
        facts[method] = {"gradients": round(float(run(name, method, setting, 1, 500)[1][-1]), 1)}
    return Group(name, contestants, facts)


def spend(name: str, method: str, setting: Setting, seed: int) -> tuple[np.ndarray, np.ndarray]:
    losses, work = run(name, method, setting, seed, BUDGET)
    losses, work = np.asarray(losses, float), np.asarray(work, float)
    losses = np.where(np.isfinite(losses), losses, np.inf)
    kept = work <= BUDGET
    return losses[kept], work[kept]


def run(name: str, method: str, setting: Setting, seed: int, budget: float) -> tuple[Array, Array]:
    """The losses, and the gradients spent before each."""
    problem, racer, cost = problem_of(name), RACERS[method], step_cost(name, method)
    numbers = {key: setting[key] for key in racer.numbers}
    options = tuple((key, setting[key]) for key in racer.options)
    steps = int(budget / max(cost, racer.least)) + 1
    return _run(method, options, steps)(problem, numbers, first(problem, seed), cost)


@cache
def _run(method: str, options: tuple[tuple[str, int], ...], steps: int) -> Callable[..., Any]:
    @jax.jit
    def go(problem: cl.Supervised, numbers: Setting, start: Any, cost: float) -> tuple[Array, Array]:
        racer = RACERS[method]
        method_ = racer.make(**numbers, **dict(options))
        trace = cl.minimize(problem, method_, start, steps, key=jax.random.key(0))
        work = jnp.cumsum(racer.work(trace, cost))
        return trace.losses, jnp.concatenate([jnp.zeros(1), work[:-1]])

    return go


def first(problem: cl.Supervised, seed: int) -> Any:
    return problem.predict.init(jax.random.key(seed))


def size(problem: cl.Supervised) -> int:
    return sum(W.size for W in first(problem, 0))


@cache
def problem_of(name: str) -> cl.Supervised:
    return PROBLEMS[name]()


@cache
def step_cost(name: str, method: str) -> float:
    """A step's multiplications over a gradient's; at least 1. K-FAC's inverses count every fifth step."""
    problem, racer = problem_of(name), RACERS[method]
    if racer.work is not each or method in ("gradient descent", "Adam"):
        return 1.0
    draw = np.random.default_rng(0)
    made = racer.make(**{key: drawn(draw) for key, drawn in racer.numbers.items()})
    params, key = first(problem, 0), jax.random.key(0)
    state = jax.eval_shape(lambda p: made.init(problem, p, key), params)
    dear, cheap = (
        operations(lambda p, s: made.step(problem, p, s), params, state, branches=branches)
        for branches in (max, min)
    )
    rare = 1 / made.period if method == "K-FAC" else 1
    whole = rare * dear + (1 - rare) * cheap
    return whole / operations(jax.value_and_grad(problem.loss), params)


def settings(racer: Racer, seed: int) -> list[Setting]:
    draw = np.random.default_rng(seed)
    drawn = racer.numbers | racer.options
    return [{name: take(draw) for name, take in drawn.items()} for _ in range(SETTINGS)]


def to_levels(runs: dict[str, list[tuple[np.ndarray, np.ndarray]]]) -> dict[str, list[list[int | None]]]:
    """For each method and setting the gradients to each level; None if that is not reached."""
    every = [losses for them in runs.values() for losses, _ in them]
    at_start, least = every[0][0], min(losses.min() for losses in every)

    def reached(losses: np.ndarray, work: np.ndarray) -> list[int | None]:
        gap = (losses - least) / (at_start - least)
        first = [np.flatnonzero(gap <= level) for level in LEVELS]
        return [round(float(work[there[0]])) if len(there) else None for there in first]

    return {method: [reached(*one) for one in them] for method, them in runs.items()}


def digits(pixels: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Pixels in [0, 1], all 64 or averaged to 4 × 4, and labels."""
    table = np.loadtxt(DIGITS, delimiter=",")
    images = table[:, :64] / 16
    if pixels == 16:
        images = images.reshape(-1, 4, 2, 4, 2).mean((2, 4)).reshape(-1, 16)
    return images, table[:, 64].astype(int)


def linear() -> cl.Supervised:
    draw = np.random.default_rng(1)
    inputs = draw.normal(size=(200, 20)) * np.geomspace(1, 1000**-0.5, 20)  # κ of about 1000
    targets = inputs @ draw.normal(size=(20, 1)) * 3 + 0.1 * draw.normal(size=(200, 1))
    return made((20, 1), cl.likelihoods.Gaussian(), inputs, targets)


def logistic() -> cl.Supervised:
    images, labels = digits()
    chosen = (labels == 3) | (labels == 8)
    return made(
        (64, 1), cl.likelihoods.Bernoulli(), images[chosen], (labels[chosen] == 8)[:, None] * 1.0, 1e-3
    )


def softmax() -> cl.Supervised:
    images, labels = digits(16)
    return made((16, 10), cl.likelihoods.Categorical(), images[:300], labels[:300], 1e-4)


def poisson() -> cl.Supervised:
    draw = np.random.default_rng(2)
    inputs = draw.normal(size=(200, 10))
    rate = np.exp(inputs @ draw.normal(size=(10, 1)) * 0.5 + 0.5)
    return made((10, 1), cl.likelihoods.Poisson(), inputs, draw.poisson(rate) * 1.0, 1e-4)


def classifier() -> cl.Supervised:
    images, labels = digits(16)
    return made((16, 12, 10), cl.likelihoods.Categorical(), images[:300], labels[:300], 1e-4)


def wave() -> cl.Supervised:
    x = np.linspace(-1, 1, 100)[:, None]
    return made((1, 16, 16, 1), cl.likelihoods.Gaussian(), x, np.sin(6 * x) + 0.3 * np.sin(15 * x), 1e-6)


def autoencoder() -> cl.Supervised:
    images = digits(16)[0][:300]
    return made((16, 8, 3, 8, 16), cl.likelihoods.Bernoulli(), images, images, 1e-5)


def spirals() -> cl.Supervised:
    turn = np.linspace(0.3, 1, 100)[:, None] * 3 * np.pi
    arm = np.hstack([np.cos(turn), np.sin(turn)]) * turn / (3 * np.pi)
    inputs, targets = np.vstack([arm, -arm]), np.repeat([[0.0], [1.0]], 100, 0)
    return made((2, 16, 16, 1), cl.likelihoods.Bernoulli(), 2 * inputs, targets, 1e-5)


def made(
    widths: tuple[int, ...], likelihood: Any, inputs: Any, targets: Any, l2: float = 0.0
) -> cl.Supervised:
    return cl.Supervised(cl.MLP(widths), likelihood, jnp.asarray(inputs), jnp.asarray(targets), l2=l2)


PROBLEMS = {
    "linear regression": linear,
    "logistic regression": logistic,
    "softmax regression": softmax,
    "Poisson regression": poisson,
    "classifier 16-12-10": classifier,
    "sines 1-16-16-1": wave,
    "autoencoder 16-8-3-8-16": autoencoder,
    "spirals 2-16-16-1": spirals,
}
