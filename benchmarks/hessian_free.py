"""Hessian-free optimization on the autoencoder of digits: what of it matters, beside optax's L-BFGS.

Besides its timings it writes the losses along the runs to ``chapters/hessian-free.json``, for chapter 7. Adam
and K-FAC on the same network, from the same starts, are in ``chapters/autoencoder.json``.
"""

import itertools
import json
import statistics
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

import curvlib as cl
from benchmarks.autoencoder import SAVED
from benchmarks.kfac import DIGITS, adam, autoencoder, first_weights
from benchmarks.kfac_race import RACED_ON, TARGET, TUNED_ON
from benchmarks.run import Group
from curvlib import loop

ABOUT = (
    "runs on an autoencoder of digits, all data in each step, until a number of gradients is spent, by "
    "counting; each method's settings chosen by the fewest gradients to the target on two starts, and run "
    "from five others"
)
ROUNDS = 5

RECORD = DIGITS.parent / "hessian-free.json"
BUDGET, FURTHER = 6000, 14.10  # gradients; a second target
PIECE = 50  # steps, after which it is looked whether the budget is spent
DETAILS = ("cg_iterations", "taken", "damping", "gain_ratio", "positive_definite")
ITERATIONS, PARTS = (10, 30, 100, 250), (1.0, 0.5, 0.25)
CHANGES = {
    "no preconditioner": {"preconditioner": None},
    "cold start": {"warm": 0.0},
    "no stop on progress": {"progress": None},
    "no backtracking": {"keep": 0},
    "no line search": {"line_search": None},
    "λ = 0.01": {"damping": 0.01},
    "λ = 1": {"damping": 1.0},
    "Hessian": {"matrix": "hessian"},
}
MEMORIES = (10, 30, 100)

Array = jax.Array


class Run(NamedTuple):
    """Losses at θ₀, θ₁, …; the gradients spent until there; and what else is told of the steps."""

    losses: np.ndarray
    work: np.ndarray
    details: dict[str, np.ndarray]


def groups() -> Iterator[Group]:
    problem = autoencoder()
    grid = {
        f"iterations {k}, part {part:g}": {"iterations": k, "model": part}
        for k, part in itertools.product(ITERATIONS, PARTS)
    }
    ours = {name: partial(hessian_free, problem, options) for name, options in grid.items()}
    told = {"HF": raced(ours)}
    chosen = grid[told["HF"]["chosen"]]
    changed = {name: partial(hessian_free, problem, chosen | more) for name, more in CHANGES.items()}
    told["HF, changed"] = {"runs": {name: family(run) for name, run in changed.items()}}
    searches = {f"memory {m}": partial(lbfgs, problem, m) for m in MEMORIES}
    told["L-BFGS"] = raced(searches, only_chosen=True)
    record = {"target": TARGET, "further": FURTHER, "budget": BUDGET, "methods": told}
    RECORD.write_text(json.dumps(record) + "\n")

    searched = searches[told["L-BFGS"]["chosen"]]
    yield timing(problem, chosen, searched)


def timing(problem: cl.Supervised, chosen: dict[str, Any], searched: Callable[..., Run]) -> Group:
    """One run each, from one start, with the gradients that it spends."""
    start, steps = first_weights(RACED_ON[0]), {"Adam": 300, "HF": 30, "L-BFGS": 300}
    method = cl.HessianFree(**chosen)
    contestants = {
        "Adam": lambda: adam(problem, start, 0.01, steps["Adam"]),
        "HF": lambda: cl.minimize(problem, method, start, steps["HF"]).losses,
        "L-BFGS": lambda: searched(RACED_ON[0], steps["L-BFGS"]).losses,
    }
    work = {
        "Adam": steps["Adam"],
        "HF": np.sum(cl.minimize(problem, method, start, steps["HF"]).details["work"][:-1]),
        "L-BFGS": searched(RACED_ON[0], steps["L-BFGS"]).work[-1],
    }
    facts = {name: {"steps": steps[name], "gradients": round(float(work[name]), 1)} for name in steps}
    return Group("one start", contestants, facts)


def raced(runs: dict[str, Callable[..., Run]], only_chosen: bool = False) -> dict[str, Any]:
    """Which takes the fewest gradients to the target, and what it does, or all do, from the other starts."""
    tuned = {
        name: statistics.median(to_target(run(seed, target=TARGET)) for seed in TUNED_ON)
        for name, run in runs.items()
    }
    chosen = min(tuned, key=tuned.__getitem__)
    tuned = {name: whole(value) for name, value in tuned.items()}
    shown = [chosen] if only_chosen else list(runs)
    return {"chosen": chosen, "tuned": tuned, "runs": {name: family(runs[name]) for name in shown}}


def to_target(run: Run, target: float = TARGET) -> float:
    """The gradients until the loss is at the target; infinite if that is after the last."""
    there = np.flatnonzero(run.losses <= target)
    return float(run.work[there[0]]) if len(there) else np.inf


def whole(value: float) -> int | None:
    """Rounded; None if it is infinite."""
    return round(value) if np.isfinite(value) else None


def family(run: Callable[..., Run]) -> dict[str, Any]:
    """Of the runs from five starts: losses (least, median, most), gradients, and one run's details."""
    runs = [run(seed) for seed in RACED_ON]
    length = min(len(one.losses) for one in runs)
    losses, work = (np.array([getattr(one, name)[:length] for one in runs]) for name in ("losses", "work"))
    at = np.unique(np.round(np.geomspace(1, length - 1, SAVED)).astype(int))
    bands = np.nanquantile(np.where(np.isfinite(losses), losses, 99.0)[:, at], (0, 0.5, 1), axis=0)
    told = {
        "at": at.tolist(),
        "losses": np.round(bands, 3).tolist(),
        "work": np.round(np.median(work, 0)[at], 1).tolist(),
        "last": round(float(np.median(losses[:, -1])), 4),
        "gradients": {
            f"{goal:g}": [whole(to_target(one, goal)) for one in runs] for goal in (TARGET, FURTHER)
        },
        "steps": [int(np.argmax(one.losses <= TARGET)) or None for one in runs],
    }
    for name, values in runs[0].details.items():
        told[name] = [float(f"{value:.3g}") for value in values[np.minimum(at, len(values)) - 1]]
    return told


def hessian_free(problem: cl.Supervised, options: dict[str, Any], seed: int, target: float = -np.inf) -> Run:
    """Steps until the budget is spent or the target reached."""
    method, pieces = cl.HessianFree(**options), []
    now = loop.start(problem, method, first_weights(seed), None)
    while now.code == loop.RUNNING:
        done = int(now.index)
        now, records = loop.run(problem, method, now, 10**6, 0.0, PIECE + 1, False)
        pieces.append(
            jax.tree.map(lambda record, n=int(now.index) - done: np.asarray(record, float)[:n], records)
        )
        spent = sum(float(np.sum(piece["details"]["work"])) for piece in pieces)
        if spent >= BUDGET or np.min(pieces[-1]["loss"], initial=np.inf) <= target:
            break
    told = jax.tree.map(lambda *parts: np.concatenate(parts), *pieces)
    work = np.concatenate([[0], np.cumsum(told["details"].pop("work"))])[:-1]  # before each step
    kept = work <= BUDGET
    details = {name: told["details"][name][kept] for name in DETAILS}
    return Run(told["loss"][kept], work[kept], details)


def lbfgs(
    problem: cl.Supervised, memory: int, seed: int, steps: int = 10_000, target: float = -np.inf
) -> Run:
    """optax's, with its zoom line search, each of whose trials costs a gradient."""
    start, run = _lbfgs(memory)
    carry, losses, trials = start(first_weights(seed)), [], []
    while len(losses) * PIECE < steps:
        carry, (some, count) = run(problem, carry)
        losses.append(np.asarray(some, float))
        trials.append(np.asarray(count, float))
        if np.sum(trials) >= BUDGET or np.min(some) <= target:
            break
    work = np.concatenate([[0], np.cumsum(np.concatenate(trials))])[:-1]
    kept = work <= BUDGET
    return Run(np.concatenate(losses)[kept], work[kept], {})


@cache
def _lbfgs(memory: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The state before the first step, and how to take a piece of steps: their losses and trials."""
    rule = optax.lbfgs(memory_size=memory)

    @jax.jit
    def run(problem: cl.Supervised, carry: tuple[Any, Any]) -> tuple[Any, tuple[Array, Array]]:
        evaluate = optax.value_and_grad_from_state(problem.loss)

        def step(carry: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], tuple[Array, Array]]:
            params, state = carry
            loss, gradient = evaluate(params, state=state)
            updates, state = rule.update(
                gradient, state, params, value=loss, grad=gradient, value_fn=problem.loss
            )
            return (optax.apply_updates(params, updates), state), (loss, state[-1].info.num_linesearch_steps)

        return jax.lax.scan(step, carry, None, PIECE)

    return lambda params: (params, rule.init(params)), run
