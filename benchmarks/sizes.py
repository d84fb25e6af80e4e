"""Five methods on networks of 300 to 85,000 parameters: what each takes to how near to the least loss.

Besides its timings it writes its part of ``chapters/practice.json``, for chapter 9.
"""

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import curvlib as cl
from benchmarks.practice import (
    METHODS,
    RACERS,
    Budgeted,
    Racer,
    Run,
    Setting,
    keep,
    price,
    reached,
    run,
    settings,
    short,
)
from benchmarks.profiles import between, digits, one_of
from benchmarks.run import Group

ABOUT = (
    "runs of five methods on a classifier and a regression of five widths each, with the best of twelve "
    "settings on another start; until 2000 gradients are spent, by counting"
)
ROUNDS = 3

TRAIN = 1000
WIDTHS = {"classification": (4, 12, 32, 96, 256), "regression": (8, 18, 44, 110, 280)}
SINGLE = 10_000  # parameters from which on everything is in single precision
BUDGET, SETTINGS, STARTS = 2000, 12, 3
TUNING = 500  # the budget of a run that tunes
LEVELS = (1e-1, 1e-2, 1e-3)  # of the loss at the start, over the least that any run from there found
L2 = 1e-4
BATCHED, ROWS_OF_STEP, PASSES = 32, 128, 60  # the width of the network that is trained on mini-batches too
BATCH_RACERS = {
    "Adam": RACERS["Adam"],
    "K-FAC": RACERS["K-FAC"],
    "K-FAC, rate": Racer(
        lambda rate, damping, momentum: cl.KFAC(rate, momentum=momentum, damping=damping, radius=1e-2),
        {"rate": 0.3, "damping": 0.1, "momentum": 0.9},
        {"rate": between(1e-2, 1), "damping": between(1e-3, 1), "momentum": one_of(0.0, 0.9)},
    ),
}


def groups(quick: bool = False) -> Iterator[Group]:
    told: dict[str, Any] = {
        "budget": BUDGET // 10 if quick else BUDGET,
        "tuning": TUNING // 10 if quick else TUNING,
        "levels": LEVELS, "l2": L2, "rows": TRAIN,
        "settings": {method: settings(method, 3 if quick else SETTINGS) for method in METHODS},
        "tasks": {task: [] for task in WIDTHS},
    }  # fmt: skip
    told["batches"] = in_batches(5 if quick else PASSES, 3 if quick else SETTINGS, 1 if quick else STARTS)
    keep("sizes", told, quick)
    for widths in list(zip(*WIDTHS.values(), strict=True))[: 1 if quick else None]:
        for task, width in zip(WIDTHS, widths, strict=True):
            told["tasks"][task].append(of_size(task, width, told, 1 if quick else STARTS))
            keep("sizes", told, quick)
    yield Group("200 gradients, 330 parameters", {
        method: lambda method=method: raced("classification", 4, method, RACERS[method].default, 1, 200)
        for method in METHODS
    })  # fmt: skip


def of_size(task: str, width: int, told: dict[str, Any], starts: int) -> dict[str, Any]:
    """Each method with its best setting from the first start, raced from the others."""
    best = chosen(tuned(task, width, told), told["settings"])
    races = [
        {method: raced(task, width, method, best[method], 1 + seed, told["budget"]) for method in METHODS}
        for seed in range(starts)
    ]
    least = [min(one.losses.min() for one in race.values()) for race in races]
    start = first(task, width, 0)
    return {
        "width": width,
        "n": sum(W.size for W in start),
        "dtype": str(start[0].dtype),
        "start": [short(race["Adam"].losses[0], 4) for race in races],
        "least": [short(one, 4) for one in least],
        "methods": {
            method: {
                "setting": best[method],
                "price": short(price(problem_of(task, width), RACERS[method], start)),
                "steps": [len(race[method].losses) for race in races],
                "gradients": [to_levels(race[method], low) for race, low in zip(races, least, strict=True)],
                "final": [short(race[method].losses.min(), 4) for race in races],
                "held_out": [short(race[method].held_out.min(), 4) for race in races],
                "held_out_at_end": [short(race[method].held_out[-1], 4) for race in races],
            }
            for method in METHODS
        },
    }


def in_batches(passes: int, count: int, starts: int) -> dict[str, Any]:
    """Adam and K-FAC on mini-batches, as many passes over the data each; the best setting of the same number.

    K-FAC with its own step lengths, and with a rate.
    """
    told: dict[str, Any] = {
        "task": "classification",
        "width": BATCHED,
        "rows": ROWS_OF_STEP,
        "passes": passes,
    }
    told["n"] = sum(W.size for W in first("classification", BATCHED, 0))
    drawn = {method: settings(method, count, BATCH_RACERS) for method in BATCH_RACERS}
    found = {method: [epochs(method, one, 0, passes) for one in drawn[method]] for method in BATCH_RACERS}
    best = chosen(found, drawn)
    races = [
        {method: epochs(method, best[method], 1 + seed, passes) for method in BATCH_RACERS}
        for seed in range(starts)
    ]
    least = [min(one.losses.min() for one in race.values()) for race in races]
    told["least"] = [short(one, 4) for one in least]
    told["methods"] = {
        method: {
            "setting": best[method],
            "price": short(price(
                problem_of("classification", BATCHED).take(slice(0, ROWS_OF_STEP)), BATCH_RACERS[method],
                first("classification", BATCHED, 0),
            )),
            "passes": [to_levels(race[method], low) for race, low in zip(races, least, strict=True)],
            "losses": _median([race[method].losses for race in races], passes),
            "held_out": _median([race[method].held_out for race in races], passes),
        }
        for method in BATCH_RACERS
    }  # fmt: skip
    return told


def _median(curves: list[np.ndarray], passes: int) -> list[float | None]:
    """After each pass; where runs diverged they count as infinite."""
    whole = [np.pad(one, (0, passes + 1 - len(one)), constant_values=np.inf) for one in curves]
    return [short(x) for x in np.median(whole, axis=0)]


def epochs(method: str, setting: Setting, seed: int, passes: int) -> Run:
    """The loss of all rows, and of those held out, after each pass; what is spent is passes."""
    whole, held_out = (problem_of("classification", BATCHED, train) for train in (True, False))
    numbers = tuple(setting.items())
    start = first("classification", BATCHED, seed)
    losses, held = (
        np.asarray(_epochs(problem, whole, method, dict(numbers), start, passes), float)
        for problem in (whole, held_out)
    )
    good = np.isfinite(losses)
    count = len(losses) if good.all() else int(np.argmin(good))
    return Run(losses[:count], np.arange(count), held[:count], None)


@partial(jax.jit, static_argnames=("method", "passes"))
def _epochs(
    looked_at: Any, problem: Any, method: str, numbers: Setting, start: Any, passes: int
) -> jax.Array:
    each = TRAIN // ROWS_OF_STEP
    made = Budgeted(BATCH_RACERS[method].make(**numbers), 1.0, jnp.inf, looked_at, None, each)
    trace = cl.train(problem, made, start, ROWS_OF_STEP, each * passes + 1, jax.random.key(0))
    seen = trace.details["held out"][: each * passes + 1 : each]
    return jnp.where(jnp.arange(passes + 1) * each <= trace.steps, seen, jnp.nan)


def tuned(task: str, width: int, told: dict[str, Any]) -> dict[str, list[Run]]:
    return {
        method: [raced(task, width, method, one, 0, told["tuning"]) for one in told["settings"][method]]
        for method in METHODS
    }


def chosen(runs: dict[str, list[Run]], drawn: dict[str, list[Setting]]) -> dict[str, Setting]:
    """The setting with the fewest gradients to a hundredth; of those that do not arrive, the least loss."""
    least = min(one.losses.min() for them in runs.values() for one in them)
    best = {}
    for method, them in runs.items():
        order = [(to_levels(one, least)[1] or np.inf, one.losses.min()) for one in them]
        best[method] = drawn[method][min(range(len(them)), key=order.__getitem__)]
    return best


def to_levels(one: Run, least: float) -> list[float | None]:
    gap = (one.losses - least) / (one.losses[0] - least)
    return [short(reached(gap, one.spent, level), 4) for level in LEVELS]


def raced(task: str, width: int, method: str, setting: Setting, seed: int, budget: float) -> Run:
    return run(
        problem_of(task, width),
        method,
        setting,
        first(task, width, seed),
        budget,
        problem_of(task, width, False),
    )


@cache
def problem_of(task: str, width: int, train: bool = True) -> cl.Supervised:
    """The problem, or the same on the rows that are held out, without the ridge."""
    inputs, targets = digits() if task == "classification" else teacher()
    last = 10 if task == "classification" else 1
    network = cl.MLP((inputs.shape[1], width, width, last))
    likelihood = cl.likelihoods.Categorical() if task == "classification" else cl.likelihoods.Gaussian()
    rows = np.random.default_rng(0).permutation(len(inputs))
    rows = rows[:TRAIN] if train else rows[TRAIN:]
    dtype = first(task, width, 0)[0].dtype
    targets = targets[rows] if task == "classification" else targets[rows].astype(dtype)
    inputs = jnp.asarray(inputs[rows], dtype)
    return cl.Supervised(network, likelihood, inputs, jnp.asarray(targets), l2=L2 if train else 0.0)


def teacher() -> tuple[np.ndarray, np.ndarray]:
    """What a random network 16-8-1 says of normal inputs, of unit variance, and noise of a tenth of it."""
    draw = np.random.default_rng(3)
    inputs = draw.normal(size=(1797, 16))
    said = np.tanh(inputs @ draw.normal(size=(16, 8)) / 2) @ draw.normal(size=(8, 1))
    return inputs, said / said.std() + np.sqrt(0.1) * draw.normal(size=(1797, 1))


@cache
def first(task: str, width: int, seed: int) -> Any:
    ends = (64, 10) if task == "classification" else (16, 1)
    start = cl.MLP((ends[0], width, width, ends[1])).init(jax.random.key(seed))
    single = sum(W.size for W in start) >= SINGLE
    return tuple(W.astype(jnp.float32) for W in start) if single else start
