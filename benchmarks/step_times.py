"""What a step of five methods takes on the networks of ``sizes``: seconds, for chapter 9."""

from collections.abc import Callable, Iterator
from typing import Any

import jax

import curvlib as cl
from benchmarks.practice import METHODS, RACERS
from benchmarks.run import Group
from benchmarks.sizes import WIDTHS, first, problem_of

ABOUT = (
    "20 steps of each method at its default setting, and 20 gradients, on the networks and data of sizes, "
    "from the start; Hessian-free with the conjugate gradients of its first 20 steps"
)
ROUNDS = 5
STEPS = 20


def groups(quick: bool = False) -> Iterator[Group]:
    for task, widths in WIDTHS.items():
        for width in widths[:2] if quick else widths:
            problem, start = problem_of(task, width), first(task, width, 0)
            contestants = {"gradient": bare(problem, start)} | {
                method: steps(problem, RACERS[method].make(**RACERS[method].default), start)
                for method in METHODS
            }
            count = sum(W.size for W in start)
            yield Group(f"{task}, n = {count:,}", contestants, {"steps": STEPS, "n": count})


def bare(problem: Any, start: Any) -> Callable[[], Any]:
    """Gradient descent with nothing around it."""
    run = jax.jit(
        lambda problem, start: jax.lax.fori_loop(
            0, STEPS,
            lambda _, params: jax.tree.map(lambda p, g: p - 1e-3 * g, params, jax.grad(problem.loss)(params)),
            start,
        )
    )  # fmt: skip
    return lambda: run(problem, start)


def steps(problem: Any, method: Any, start: Any) -> Callable[[], Any]:
    key = jax.random.key(0)
    return lambda: cl.minimize(problem, method, start, STEPS, key=key).losses
