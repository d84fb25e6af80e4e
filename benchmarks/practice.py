"""What the measurements of chapter 9 share: methods, their settings, runs that end with their budget.

``sizes``, ``finetuning`` and ``minibatches`` write a part each of ``chapters/practice.json``.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import curvlib as cl
from benchmarks.kfac import DIGITS
from benchmarks.profiles import between, one_of
from benchmarks.run import HERE
from curvlib.counting import operations
from curvlib.hyperparameters import hyperparameters, static

RECORD = DIGITS.parent / "practice.json"
MOST = 4000  # the largest budget
QUICK_RECORD = HERE / "practice-quick.json"  # not committed

Array = jax.Array
Setting = dict[str, Any]


class Racer(NamedTuple):
    """A method over its settings.

    Attributes:
        make: the method, from numbers that may be traced and options that may not.
        default: the setting that its documentation gives, or the usual one: the first to be tried.
        numbers, options: the others are drawn: functions of a generator.
        work: what of a step's details it costs in gradients; None if that is the same for each step.
        least: the gradients that a step takes at least.
        every: of how many steps one looks at the held-out data.
    """

    make: Callable[..., Any]
    default: Setting
    numbers: dict[str, Callable[[np.random.Generator], float]]
    options: dict[str, Callable[[np.random.Generator], int]] = {}  # noqa: RUF012 (never mutated)
    work: str | None = None
    least: float = 1.0
    every: int = 10


RACERS = {
    "SGD": Racer(
        lambda rate, momentum: cl.FirstOrder(optax.sgd(rate, momentum=momentum)),
        {"rate": 0.1, "momentum": 0.9},
        {"rate": between(1e-3, 3), "momentum": one_of(0.8, 0.9, 0.95, 0.99)},
    ),
    "Adam": Racer(
        lambda rate, b2: cl.FirstOrder(optax.adam(rate, b2=b2)),
        {"rate": 1e-3, "b2": 0.999},
        {"rate": between(3e-4, 0.3), "b2": one_of(0.9, 0.99, 0.999)},
    ),
    "L-BFGS": Racer(
        lambda curvature: cl.LBFGS(10, cl.StrongWolfe(curvature=curvature)),
        {"curvature": 0.9},
        {"curvature": between(0.05, 0.95)},
        work="evaluations", every=5,
    ),
    "K-FAC": Racer(
        lambda damping, decay: cl.KFAC(damping=damping, decay=decay),
        {"damping": 0.1, "decay": 0.95},
        {"damping": between(1e-4, 1), "decay": one_of(0.5, 0.95)},
        every=5,
    ),
    "Hessian-free": Racer(
        lambda damping, warm, progress: cl.HessianFree(
            damping, warm=warm, progress=cl.linalg.RelativeProgress(progress)
        ),
        {"damping": 0.1, "warm": 0.95, "progress": 5e-4},
        {"damping": between(1e-4, 1), "warm": one_of(0.0, 0.95), "progress": between(5e-4, 5e-2)},
        work="work", least=5.0, every=1,
    ),
}  # fmt: skip

METHODS = tuple(RACERS)
# Hessian-free with the Hessian in place of the Gauss-Newton matrix.
RACERS["Newton-CG"] = RACERS["Hessian-free"]._replace(
    make=lambda damping, warm, progress: cl.HessianFree(
        damping, "hessian", warm=warm, progress=cl.linalg.RelativeProgress(progress)
    )
)


def settings(method: str, count: int, racers: dict[str, Racer] = RACERS) -> list[Setting]:
    """The default, and others drawn at random; none twice."""
    racer = racers[method]
    draw, found = np.random.default_rng(list(racers).index(method)), [racer.default]
    while len(found) < count:
        one = {name: take(draw) for name, take in (racer.numbers | racer.options).items()}
        found += [] if one in found else [one]
    return found


@hyperparameters
class Budgeted:
    """A method that ends its run when the budget is spent, and looks at held-out data as it goes."""

    inner: Any
    price: float | Array
    budget: float | Array
    held_out: Any = None
    work: str | None = None
    every: int = static(1)

    @property
    def draws(self) -> bool:
        return getattr(self.inner, "draws", False)

    @property
    def patience(self) -> int:
        return getattr(self.inner, "patience", 5)

    @property
    def retreat(self) -> Callable[..., Any] | None:
        back = getattr(self.inner, "retreat", None)
        return back and (lambda state, length: (back(state[0], length), *state[1:]))

    def watched(self, state: Any) -> Any:
        return getattr(self.inner, "watched", lambda state: state)(state[0])

    def init(self, problem: Any, params: Any, key: Array | None = None) -> Any:
        dtype = params[0].dtype
        return self.inner.init(problem, params, key), jnp.zeros(()), jnp.int32(0), jnp.zeros((), dtype)

    def step(self, problem: Any, params: Any, state: Any, curvature: Any = None) -> Any:
        within, spent, count, seen = state
        params_, within, info = self.inner.step(problem, params, within, curvature)
        cost = self.price if self.work is None else info.details[self.work]
        if self.held_out is not None:
            look = partial(self.held_out.loss, params)
            seen = jax.lax.cond(count % self.every == 0, look, lambda: seen)
        stop = jnp.where(spent > self.budget, cl.Status.STAGNATED, jnp.asarray(info.stop))
        after = within, (spent + cost).astype(spent.dtype), count + 1, seen
        return params_, after, info._replace(stop=stop, details={"spent": spent, "held out": seen})


class Run(NamedTuple):
    """Losses, the gradients spent before each, the losses on held-out data, and where it ended."""

    losses: np.ndarray
    spent: np.ndarray
    held_out: np.ndarray
    end: Any


def run(
    problem: Any,
    method: str,
    setting: Setting,
    start: Any,
    budget: float,
    held_out: Any = None,
    tol: float = 0.0,
) -> Run:
    """A run until the budget is spent; a run that diverges ends before."""
    racer = RACERS[method]
    numbers = {name: setting[name] for name in racer.numbers}
    options = tuple((name, setting[name]) for name in racer.options)
    cost = price(problem, racer, start)
    steps = 2 + int(MOST / max(cost, racer.least))  # one program for all budgets
    trace = _run(problem, held_out, method, numbers, options, start, cost, budget, steps, tol)
    spent = np.asarray(trace.details["spent"], float)
    kept = (np.arange(len(spent)) < max(int(trace.steps), 1)) & (spent <= budget)
    losses, seen = (np.asarray(one, float)[kept] for one in (trace.losses, trace.details["held out"]))
    return Run(losses, spent[kept], seen, trace.best_params)


@partial(jax.jit, static_argnames=("method", "options", "steps"))
def _run(
    problem: Any, held_out: Any, method: str, numbers: Setting, options: Any, start: Any,
    cost: float, budget: float, steps: int, tol: float,
) -> cl.Trace:  # fmt: skip
    racer = RACERS[method]
    made = racer.make(**numbers, **dict(options))
    whole = Budgeted(made, cost, budget, held_out, racer.work, racer.every)
    return cl.minimize(problem, whole, start, steps, tol=tol, key=jax.random.key(0))


def price(problem: Any, racer: Racer, start: Any) -> float:
    """A step's multiplications over a gradient's; 1 where a step counts its own.

    K-FAC's inverses, and the loss after the step, count every fifth step.
    """
    made, key = racer.make(**racer.default), jax.random.key(0)
    if not isinstance(made, cl.KFAC):
        return 1.0
    state = jax.eval_shape(lambda p: made.init(problem, p, key), start)
    dear, cheap = (
        operations(lambda p, s: made.step(problem, p, s), start, state, branches=branches)
        for branches in (max, min)
    )
    return (dear / 5 + 4 * cheap / 5) / operations(jax.value_and_grad(problem.loss), start)


def reached(values: np.ndarray, spent: np.ndarray, level: float) -> float:
    """The gradients spent when the values first are at most the level; infinite if they never are."""
    there = np.flatnonzero(values <= level)
    return float(spent[there[0]]) if len(there) else np.inf


def short(value: float, digits: int = 3) -> float | None:
    """To so many significant digits; None for what is not finite."""
    return float(f"{value:.{digits}g}") if np.isfinite(value) else None


def keep(part: str, told: dict[str, Any], quick: bool = False) -> Path:
    """Write a part of the record, and leave the others."""
    path = QUICK_RECORD if quick else RECORD
    whole = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(whole | {part: told}, separators=(",", ":"), sort_keys=True) + "\n")
    return path
