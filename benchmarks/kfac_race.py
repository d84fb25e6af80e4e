"""How soon K-FAC is where Adam ends, on a deep autoencoder of digits: curvlib's and kfac-jax's."""

import itertools
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

import curvlib as cl
from benchmarks.kfac import (
    ADAM,
    LONGEST,
    OURS,
    THEIRS,
    Configuration,
    Peer,
    adam,
    autoencoder,
    first_weights,
    timed,
)
from benchmarks.run import Group
from curvlib import loop

ABOUT = (
    "Runs of K-FAC on an autoencoder of digits until the loss is at 14.2583, where 2000 steps of Adam at its "
    "best rate have it; each has the damping and period, of twelve, that on two other starts took the fewest "
    "seconds or steps, and Adam the rate, of four, with the least loss; kfac-jax as it is documented, a step "
    "at a time"
)
ROUNDS = 5

TARGET, TRIAL, STEPS = 14.2583, 200, 400
TUNED_ON, RACED_ON = (0, 1), (100, 101, 102, 103, 104)  # seeds of starts and labels
GRID = [{"damping": a, "period": b} for a, b in itertools.product((0.001, 0.01, 0.1, 1.0), (1, 5, 20))]
RATES = [{"rate": rate} for rate in (3e-4, 1e-3, 3e-3, 1e-2)]
TOLD = ("steps", "last loss", "least loss")
RACING = ("curvlib, adaptive", "curvlib, subsampled", "kfac-jax, adaptive")


class Racer(NamedTuple):
    """One that is tuned, and then raced.

    Attributes:
        grid: the configurations to choose from.
        trial: the steps of a run to choose by.
        length: the steps of a run in the race.
        goals: what to choose by, fields of ``Run``.
        run: from a configuration, a seed and a number of steps to the losses, the start's first.
    """

    grid: list[Configuration]
    trial: int
    length: int
    goals: tuple[str, ...]
    run: Callable[[Configuration, int, int], np.ndarray]


class Run(NamedTuple):
    """Steps to the target and their seconds, infinite if it is not reached; the last and the least loss."""

    steps: float
    seconds: float
    last: float
    least: float


def groups() -> Iterator[Group]:
    problem = autoencoder()
    with Peer(problem) as peer:
        racers = contestants(problem, peer)
        tables = {name: table(racer) for name, racer in racers.items()}
        chosen = {name: choose(racer, tables[name]) for name, racer in racers.items()}
        facts = {"tuning": {name: by_name(rows) for name, rows in tables.items()}}
        for seed in RACED_ON:
            yield race(racers, chosen, seed, facts)
            facts = {}  # these are told once


def summary(groups: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Of each contestant its configuration and the medians over the starts."""
    found = {}
    for name, configuration in next(iter(facts.values()))["configuration"].items():
        told = {key: [fact[key][name] for fact in facts.values()] for key in TOLD}
        took = {
            key: [group[name][key]["median"] for group in groups.values()] for key in ("seconds", "ratio")
        }
        found[name] = {
            **configuration,
            "runs": len(facts),
            "at the target": sum(steps is not None for steps in told["steps"]),
            **{f"median {key}": middle(values) for key, values in (told | took).items()},
        }
    return found


def middle(values: list[float | None]) -> float | None:
    """The median, None counting as more than any number."""
    return legible(statistics.median(np.inf if value is None else value for value in values))


def legible(value: float) -> float | None:
    """To six digits; None if it is not finite."""
    return float(f"{value:.6g}") if np.isfinite(value) else None


def contestants(problem: cl.Supervised, peer: Peer) -> dict[str, Racer]:
    """Adam, and those of ``RACING``."""

    def by_adam(configuration: Configuration, seed: int, steps: int) -> np.ndarray:
        losses = adam(problem, first_weights(seed), configuration["rate"], steps)
        return np.asarray(losses)[: steps + 1]

    def by_curvlib(more: Configuration, configuration: Configuration, seed: int, steps: int) -> np.ndarray:
        method = cl.KFAC(**configuration, **more)
        now = loop.start(problem, method, first_weights(seed), jax.random.key(seed))
        end, records = loop.run(problem, method, now, steps, 0.0, STEPS + 1, False)
        return np.asarray(records["loss"])[: int(end.index) + 1]

    def by_peer(more: Configuration, configuration: Configuration, seed: int, steps: int) -> np.ndarray:
        return peer.run(configuration | more, seed, steps)

    runs = {name: partial(by_curvlib, more) for name, more in OURS.items()}
    runs |= {name: partial(by_peer, more) for name, more in THEIRS.items()}
    kfac = {name: Racer(GRID, TRIAL, STEPS, ("seconds", "steps"), runs[name]) for name in RACING}
    return {ADAM: Racer(RATES, LONGEST, LONGEST, ("least",), by_adam)} | kfac


def table(racer: Racer) -> list[tuple[Configuration, Run]]:
    """The medians of each configuration over the starts to tune on."""
    found = []
    for configuration in racer.grid:
        runs = [one_run(racer, configuration, seed) for seed in TUNED_ON]
        found.append((configuration, Run(*(statistics.median(values) for values in zip(*runs, strict=True)))))
    return found


def choose(racer: Racer, rows: list[tuple[Configuration, Run]]) -> dict[str, Configuration]:
    """The best for each goal; of those that are equal, such as all that miss the target, the least loss."""
    return {
        goal: min(rows, key=lambda row, goal=goal: (getattr(row[1], goal), row[1].least))[0]
        for goal in racer.goals
    }


def by_name(rows: list[tuple[Configuration, Run]]) -> dict[str, dict[str, float | None]]:
    """The medians by the names of the configurations."""
    return {
        ", ".join(f"{key} {value}" for key, value in configuration.items()): {
            key: legible(value) for key, value in run._asdict().items()
        }
        for configuration, run in rows
    }


def one_run(racer: Racer, configuration: Configuration, seed: int) -> Run:
    """A whole run, in which all is compiled, and two to the target: the seconds of the quicker."""
    losses = racer.run(configuration, seed, racer.trial)
    steps, seconds = steps_to_target(losses), np.inf
    if steps < np.inf and "seconds" in racer.goals:
        seconds = min(timed(lambda: racer.run(configuration, seed, int(steps))) for _ in range(2))
    return Run(steps, seconds, float(losses[-1]), float(np.nanmin(losses)))


def race(
    racers: dict[str, Racer], chosen: dict[str, dict[str, Configuration]], seed: int, facts: dict[str, Any]
) -> Group:
    """From one start, each to the target, or as far as it goes."""
    runs: dict[str, Callable[[], Any]] = {}
    found: dict[str, dict[str, Any]] = {key: {} for key in ("configuration", *TOLD)}
    for name, racer in racers.items():
        for goal, configuration in chosen[name].items():
            label = name if len(racer.goals) == 1 else f"{name}, for {goal}"
            losses = racer.run(configuration, seed, racer.length)
            steps = steps_to_target(losses)
            runs[label] = partial(racer.run, configuration, seed, int(min(steps, racer.length)))
            found["configuration"][label] = configuration
            for key, value in zip(TOLD, (steps, losses[-1], np.nanmin(losses)), strict=True):
                found[key][label] = legible(value)
    return Group(f"start {seed}", runs, found | facts)


def steps_to_target(losses: np.ndarray) -> float:
    """How many steps it takes, infinite if there are not enough."""
    reached = losses <= TARGET
    return float(np.argmax(reached)) if reached.any() else np.inf
