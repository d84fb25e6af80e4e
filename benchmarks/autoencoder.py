"""Runs on the autoencoder of digits, tuned and from several starts: K-FAC, Adam, gradients with momentum.

Besides its timings it writes the losses along the runs to ``chapters/autoencoder.json``, for chapter 6.
"""

import itertools
import json
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
import optax

import curvlib as cl
from benchmarks.kfac import BLOCK, DIGITS, LONGEST, autoencoder, block, first_weights
from benchmarks.kfac_race import RACED_ON, STEPS, TARGET, TUNED_ON, steps_to_target
from benchmarks.run import Group

ABOUT = (
    "100 steps of each method on an autoencoder of digits, all data in each step; and each method's runs "
    "over a grid of its hyperparameters, chosen by the median of two starts and run from five others"
)
ROUNDS = 7

RECORD = DIGITS.parent / "autoencoder.json"
SAVED = 60  # losses of a run that are saved, at steps evenly spaced by their logarithms
DAMPINGS, RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3), (0.1, 0.3, 1.0)
BATCH, BUDGETS, BATCH_RATES = 64, (1000, 2000, 4000, 6000, 8000), (0.003, 0.01, 0.03)


def first_order(rule: Callable[..., Any], rate: float, decayed: bool) -> cl.FirstOrder:
    """optax's rule at a constant rate, or one that falls to zero by a cosine."""
    schedule = optax.cosine_decay_schedule(rate, LONGEST) if decayed else rate
    return cl.FirstOrder(rule(schedule))


def momentum(schedule: Any) -> Any:
    return optax.sgd(schedule, momentum=0.9)


def strong_momentum(schedule: Any) -> Any:
    return optax.sgd(schedule, momentum=0.99)


def families() -> dict[str, dict[str, Any]]:
    """Each method over its grid, by the names of its hyperparameters."""
    schedules = {"constant": False, "cosine": True}
    descents = {
        f"rate {rate:g}, {name}, momentum {mu}": first_order(rule, rate, decayed)
        for rate, (name, decayed), (mu, rule) in itertools.product(
            (0.003, 0.01, 0.03, 0.1), schedules.items(), ((0.9, momentum), (0.99, strong_momentum))
        )
    }
    adams = {
        f"rate {rate:g}, {name}": first_order(optax.adam, rate, decayed)
        for rate, (name, decayed) in itertools.product((0.001, 0.003, 0.01, 0.03), schedules.items())
    }
    found = {"SGD with momentum": descents, "Adam": adams}
    for variant, name in (("factored", "K-FAC"), ("ekfac", "EKFAC")):
        found[name] = {
            f"damping {damping:g}": cl.KFAC(damping=damping, variant=variant) for damping in DAMPINGS
        }
    found["K-FAC, fixed rate"] = {
        f"damping {damping:g}, rate {rate:g}": cl.KFAC(rate, damping=damping, radius=0.01)
        for damping, rate in itertools.product(DAMPINGS, RATES)
    }
    found["K-FAC, empirical"] = {
        f"damping {damping:g}": cl.KFAC(damping=damping, kind="empirical") for damping in DAMPINGS
    }
    found["K-FAC, period"] = {f"period {n}": cl.KFAC(damping=0.03, period=n) for n in (1, 5, 20, 100)}
    found["K-FAC, averages"] = {
        f"decay {decay:g}": cl.KFAC(damping=0.03, decay=decay) for decay in (0.0, 0.5, 0.95, 0.99)
    }
    found["K-FAC, momentum"] = {
        f"momentum {mu:g}": cl.KFAC(0.3, momentum=mu, damping=0.03, radius=0.01) for mu in (0.0, 0.5, 0.9)
    }
    return found


def groups() -> Iterator[Group]:
    problem, blocks, record = autoencoder(), {}, {}
    for name, grid in families().items():
        record[name] = family(problem, name, grid)
        blocks[name] = block(problem, grid[record[name]["chosen"]])
    batches, blocks[f"Adam, batches of {BATCH}"] = mini_batches(problem)
    told = {"target": TARGET, "methods": record, "batches": batches}
    RECORD.write_text(json.dumps(told, indent=None) + "\n")
    facts = {name: {"chosen": told["chosen"]} for name, told in record.items()}
    for name, told in record.items():
        facts[name] |= {key: told["runs"][told["chosen"]][key] for key in ("steps", "last")}
    yield Group(f"{BLOCK} steps", blocks, facts)


def mini_batches(problem: cl.Supervised) -> tuple[dict[str, Any], Callable[[], Any]]:
    """Adam with batches and a rate that falls to zero: for each length, the best rate's loss of all data."""
    rows = {}
    for steps in BUDGETS:
        methods = {
            rate: cl.FirstOrder(optax.adam(optax.cosine_decay_schedule(rate, steps))) for rate in BATCH_RATES
        }

        def end(method: Any, seed: int, steps: int = steps) -> float:
            key = jax.random.key(seed)
            trace = cl.train(problem, method, first_weights(seed), BATCH, steps, key)
            return float(problem.loss(trace.params))

        tuned = {r: statistics.median(end(m, seed) for seed in TUNED_ON) for r, m in methods.items()}
        rate = min(tuned, key=tuned.__getitem__)
        ends = [round(end(methods[rate], seed), 4) for seed in RACED_ON]
        rows[str(steps)] = {"rate": rate, "tuned": tuned, "losses": ends}
    method = cl.FirstOrder(optax.adam(0.01))
    key, start = jax.random.key(0), first_weights(0)
    return rows, lambda: cl.train(problem, method, start, BATCH, BLOCK, key).params


def family(problem: cl.Supervised, name: str, grid: dict[str, Any]) -> dict[str, Any]:
    """The choice, what it reached, and the losses of all runs."""
    steps = STEPS if name.startswith(("K-FAC", "EKFAC")) else LONGEST
    tuned = {
        label: statistics.median(float(run(problem, method, seed, steps).losses[-1]) for seed in TUNED_ON)
        for label, method in grid.items()
    }
    chosen = min(tuned, key=lambda label: tuned[label] if np.isfinite(tuned[label]) else np.inf)
    at = np.unique(np.round(np.geomspace(1, steps, SAVED)).astype(int))
    shown = grid if steps == STEPS else {chosen: grid[chosen]}
    told: dict[str, Any] = {"chosen": chosen, "tuned": tuned, "at": at.tolist(), "runs": {}}
    for label, method in shown.items():
        traces = [run(problem, method, seed, steps) for seed in RACED_ON]
        losses = np.array([np.asarray(trace.losses, float) for trace in traces])
        bands = np.nanquantile(np.where(np.isfinite(losses), losses, 99.0)[:, at], (0, 0.5, 1), axis=0)
        told["runs"][label] = {
            "losses": np.round(bands, 3).tolist(),
            "last": round(float(np.median(losses[:, -1])), 4),
            "steps": [to_target(row) for row in losses],
        }
        if "damping" in traces[0].details:
            told["runs"][label] |= {
                key: [float(f"{value:.3g}") for value in np.asarray(traces[0].details[key])[at - 1]]
                for key in ("damping", "alpha")
            }
    return told


def run(problem: cl.Supervised, method: Any, seed: int, steps: int) -> cl.Trace:
    return cl.minimize(problem, method, first_weights(seed), steps, key=jax.random.key(seed))


def to_target(losses: np.ndarray) -> int | None:
    """The steps until the loss is at the target; None if that is after the last."""
    steps = steps_to_target(losses)
    return int(steps) if np.isfinite(steps) else None
