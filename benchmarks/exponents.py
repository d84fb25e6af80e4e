"""How cost and memory of a step grow with the parameters: counted on its program, and by the clock."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import curvlib as cl
from benchmarks.run import Group
from curvlib.counting import numbers_held, operations

ABOUT = (
    "a step of each method on tanh networks of four layers whose widths grow together, with 32 data, beside "
    "a gradient; and, counted on the step's program, what a step does for each datum and apart from the data"
)
ROUNDS = 7

SHAPE = (4, 8, 2, 8, 4)  # widths, times a number
DATA = 32
MEMORY, ROUNDS_OF_CG = 10, 10
COUNTED = (64, 256, 1024)  # the numbers: up to 10⁸ parameters; nothing is run
COUNTED_DENSE = (8, 32, 128)
TIMED, TIMED_DENSE = (8, 16, 32, 64, 128), (1, 2, 3, 4, 6)

Array = jax.Array


class Contestant(NamedTuple):
    """A method; the rounds of the loops in its step; its counted and timed sizes."""

    method: Any
    rounds: int | Sequence[int] = 1
    counted: tuple[int, ...] = COUNTED
    timed: tuple[int, ...] = TIMED


CONTESTANTS = {
    "gradient descent": Contestant(cl.GradientDescent(0.1)),
    "Adam": Contestant(cl.FirstOrder(optax.adam(1e-3))),
    # L-BFGS without a second trial; of Hessian-free optimization the rounds of conjugate gradients, one step
    # back, none of the line search.
    "L-BFGS": Contestant(cl.LBFGS(MEMORY), (0,)),
    "K-FAC": Contestant(cl.KFAC(period=1)),
    "Hessian-free": Contestant(cl.HessianFree(iterations=ROUNDS_OF_CG, progress=None), (ROUNDS_OF_CG, 1, 0)),
    "Newton": Contestant(cl.Newton(1e-2), 1, COUNTED_DENSE, TIMED_DENSE),
}


def groups(quick: bool = False) -> Iterator[Group]:
    facts: dict[str, Any] | None = {name: counted(one) for name, one in CONTESTANTS.items()}
    facts |= {"L-BFGS, a pair": of_a_pair(), "Hessian-free, a round": of_a_round()}
    sizes = sorted({*TIMED, *TIMED_DENSE})
    for size in (*TIMED_DENSE[:2], *TIMED[:2]) if quick else sizes:
        problem, predict = network(size, DATA)
        start = predict.init(jax.random.key(0), jnp.float32)
        runs: dict[str, Callable[[], Any]] = {"gradient": partial(jax.jit(jax.grad(problem.loss)), start)}
        for name, one in CONTESTANTS.items():
            if size in one.timed:
                runs[name] = a_step(one.method, problem, start)
        n = parameters(start)
        yield Group(f"{n} parameters", runs, {"parameters": n} | (facts or {}))
        facts = None  # these are told once


def summary(groups: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """The fitted exponent of each method's seconds, and the local ones between neighbouring sizes."""
    told = {}
    for name in ("gradient", *CONTESTANTS):
        points = sorted(
            (facts[group]["parameters"], measured[name]["seconds"]["median"])
            for group, measured in groups.items()
            if name in measured
        )
        n, seconds = np.log(np.array(points)).T
        told[name] = {
            "exponent": round(float(np.polyfit(n, seconds, 1)[0]), 2),
            "local": np.round(np.diff(seconds) / np.diff(n), 2).tolist(),
            "parameters": np.round(np.exp(n)).astype(int).tolist(),
        }
    return told


def counted(one: Contestant) -> dict[str, Any]:
    """Exponents in n of what a step does apart from the data, for each datum, and holds; and the numbers."""
    rows = np.array([counts(one, size) for size in one.counted], float)
    n, fixed, each, held = rows.T
    slopes = {
        name: round(float(np.polyfit(np.log(n), np.log(values), 1)[0]), 3)
        for name, values in (("apart from the data", fixed), ("for each datum", each), ("held", held))
    }
    return {
        "exponents": slopes,
        "parameters": n.astype(int).tolist(),
        "apart from the data": [float(f"{x:.4g}") for x in fixed],
        "held, for each parameter": [float(f"{x:.4g}") for x in held / n],
    }


def counts(one: Contestant, size: int) -> tuple[float, float, float, float]:
    """n; operations apart from the data, and for each datum; numbers held, with a single datum."""
    done = []
    for data in (1, 2):
        step, arguments, n = abstract(one.method, size, data)
        done.append(operations(step, *arguments, entries=True, rounds=one.rounds))
        if data == 1:
            held = numbers_held(step, *arguments)
    each = done[1] - done[0]
    return n, done[0] - each, each, held


def of_a_pair() -> dict[str, float]:
    """What each stored pair adds to a step of L-BFGS, and to its memory, for each parameter."""
    costs, held = [], []
    for memory in (MEMORY, 2 * MEMORY):
        step, arguments, n = abstract(cl.LBFGS(memory), COUNTED[0], 1)
        costs.append(operations(step, *arguments, entries=True, rounds=(0,)))
        held.append(numbers_held(step, *arguments))
    per_pair = MEMORY * n
    return {
        "operations": round((costs[1] - costs[0]) / per_pair, 2),
        "numbers held": round((held[1] - held[0]) / per_pair, 2),
    }


def of_a_round() -> dict[str, float]:
    """What a round of conjugate gradients adds, for each parameter, with a single datum."""
    step, arguments, n = abstract(CONTESTANTS["Hessian-free"].method, COUNTED[0], 1)
    few, more = (operations(step, *arguments, entries=True, rounds=(rounds, 1, 0)) for rounds in (10, 20))
    return {"operations": round((more - few) / 10 / n, 2)}


def abstract(method: Any, size: int, data: int) -> tuple[Callable[..., Any], tuple[Any, ...], int]:
    """A step as a function, the shapes of its arguments, and n."""
    problem, predict = network(size, data, abstract=True)
    params = jax.eval_shape(lambda key: predict.init(key, jnp.float32), jax.random.key(0))
    key = jax.eval_shape(jax.random.key, 0)
    state = jax.eval_shape(method.init, problem, params, key)
    return lambda *a: method.step(*a), (problem, params, state), parameters(params)


def network(size: int, data: int, abstract: bool = False) -> tuple[cl.Supervised, cl.MLP]:
    """Widths ``size`` times the shape; an autoencoder of noise."""
    predict = cl.MLP(tuple(size * width for width in SHAPE))
    shape = (data, predict.widths[0])

    def make(inputs: Array) -> cl.Supervised:
        return cl.Supervised(predict, cl.likelihoods.Gaussian(), inputs, inputs)

    if abstract:
        return jax.eval_shape(make, jax.ShapeDtypeStruct(shape, jnp.float32)), predict
    return make(jax.random.normal(jax.random.key(1), shape, jnp.float32)), predict


def parameters(params: Any) -> int:
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(params))


def a_step(method: Any, problem: cl.Supervised, start: Any) -> Callable[[], Any]:
    """One compiled step, after as many as fill the memory."""
    step = jax.jit(method.step)
    params, state = start, method.init(problem, start, jax.random.key(0))
    for _ in range(MEMORY + 2):
        params, state, _ = step(problem, params, state)
    return lambda: step(problem, params, state)[0]


if __name__ == "__main__":
    for name, one in CONTESTANTS.items():
        print(name, counted(one))
    print(of_a_pair(), of_a_round())
