"""Six methods that begin at the solution of a task near by, less near, or none.

Besides its timings it writes its part of ``chapters/practice.json``, for chapter 9.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import curvlib as cl
from benchmarks.practice import RACERS, Run, keep, price, reached, run, settings, short
from benchmarks.profiles import digits
from benchmarks.run import Group

ABOUT = (
    "runs of six methods on a classifier of 2410 parameters, from the solution of a task with unmixed pixels "
    "or from scratch, with the best of twelve settings on another task as near"
)
ROUNDS = 3

ROWS, WIDTHS, L2 = 300, (64, 32, 10), 1e-3
MIXED = (0.02, 0.1, 0.3, 1.0)  # how much of each image is another pixel's; 0 where one begins
FROM_SCRATCH = 0.1  # the task that is learned from scratch too
BUDGET, SETTINGS, STARTS = 2000, 12, 3
LEVELS = (1e-2, 1e-4, 1e-8)  # of the loss, above the minimum to which the run goes
GRID = tuple(10.0 ** -np.arange(-1, 10, 1.0).round(1))
TOL = 1e-6  # of the gradient's norm: with a ridge of 1e-3 the gap is below 1e-9 then


def groups(quick: bool = False) -> Iterator[Group]:
    told: dict[str, Any] = {
        "budget": BUDGET // 4 if quick else BUDGET, "levels": LEVELS, "grid": [short(x) for x in GRID],
        "l2": L2, "rows": ROWS, "n": sum(W.size for W in scratch(0)),
        "settings": {method: settings(method, 2 if quick else SETTINGS) for method in RACERS}, "cells": [],
    }  # fmt: skip
    cells = [(s, False) for s in MIXED] + [(FROM_SCRATCH, True)]
    for mixed, fresh in cells[1::3] if quick else cells:
        told["cells"].append(cell(mixed, fresh, told, 1 if quick else STARTS))
        keep("finetuning", told, quick)
    yield Group("200 gradients", {
        method: lambda method=method, racer=racer: run(
            task(0.1, 1), method, racer.default, solution(), 200
        ).losses
        for method, racer in RACERS.items()
    })  # fmt: skip


def cell(mixed: float, fresh: bool, told: dict[str, Any], starts: int) -> dict[str, Any]:
    """From the solution, or from scratch: for each method and level the gradients with the best setting."""

    @cache
    def gaps(method: str, number: int, seed: int) -> tuple[Run, float]:
        setting = told["settings"][method][number]
        problem, start = task(mixed, seed), scratch(seed) if fresh else solution()
        one = run(problem, method, setting, start, told["budget"], tol=TOL)
        return one, min(float(polished(problem, one.end).losses.min()), one.losses.min())

    def cost(method: str, number: int, seed: int, level: float) -> float:
        one, least = gaps(method, number, seed)
        return reached(one.losses - least, one.spent, level)

    methods = {}
    for method, drawn in told["settings"].items():
        numbers = range(len(drawn))
        end = [gaps(method, k, 0)[0].losses.min() for k in numbers]
        best = [min(numbers, key=lambda k: (cost(method, k, 0, level), end[k])) for level in LEVELS]
        seeds = range(1, starts + 1)
        methods[method] = {
            "settings": best,
            "gradients": [
                [short(cost(method, k, seed, level), 4) for k, level in zip(best, LEVELS, strict=True)]
                for seed in seeds
            ],
            # With the setting that is best at the middle level, to each gap of the grid.
            "grid": [[short(cost(method, best[1], seed, gap), 4) for gap in GRID] for seed in seeds],
            "least": [short(gaps(method, best[1], seed)[1], 6) for seed in seeds],
        }  # fmt: skip
    at = [gaps("L-BFGS", 0, seed) for seed in range(1, starts + 1)]
    return {
        "mixed": mixed,
        "from": "scratch" if fresh else "solution",
        "gap": [short(one.losses[0] - least, 4) for one, least in at],
        "price": short(price(task(0.1, 0), RACERS["K-FAC"], scratch(0))),
        "methods": methods,
    }


@jax.jit
def polished(problem: cl.Supervised, start: Any) -> cl.Trace:
    """A run to the minimum below a point."""
    return cl.minimize(problem, cl.LBFGS(30), start, 1500, tol=TOL / 5)


@cache
def solution() -> Any:
    """Of the task whose pixels are not mixed."""
    return polished(task(0.0, 0), scratch(99)).best_params


@cache
def task(mixed: float, seed: int) -> cl.Supervised:
    """Digits, each pixel mixed with another one, which one being drawn."""
    images, labels = digits()
    images, labels = images[:ROWS], labels[:ROWS]
    other = np.random.default_rng(seed).permutation(64)
    inputs = (1 - mixed) * images + mixed * images[:, other]
    likelihood = cl.likelihoods.Categorical()
    return cl.Supervised(cl.MLP(WIDTHS), likelihood, jnp.asarray(inputs), jnp.asarray(labels), l2=L2)


def scratch(seed: int) -> Any:
    return cl.MLP(WIDTHS).init(jax.random.key(seed))
