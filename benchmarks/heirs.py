"""K-FAC's heirs on the autoencoder of digits: Muon, Shampoo and SOAP, tuned as Adam was, and Adam again.

It writes the losses along the runs, and a step's cost, to ``chapters/heirs.json``, which chapter 11 replays.
"""

import json
import statistics
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import curvlib as cl
from benchmarks.autoencoder import SAVED, to_target
from benchmarks.kfac import BLOCK, DIGITS, autoencoder, first_weights
from benchmarks.kfac_race import RACED_ON, TARGET, TUNED_ON
from benchmarks.run import Group
from curvlib.counting import operations
from curvlib.hyperparameters import hyperparameters

ABOUT = (
    "100 steps of each of K-FAC's heirs on an autoencoder of digits, all data in each step; and their runs "
    "over a grid of eight settings, for two lengths of a run, chosen by the median of two starts and run "
    "from five others"
)
ROUNDS = 7

RECORD = DIGITS.parent / "heirs.json"
LENGTHS = (300, 1000)  # steps of a run
Array = jax.Array


@hyperparameters
class Rate:
    """A rate that is constant, or falls to zero by a cosine: numbers, so that one program serves all."""

    first: float
    steps: float
    falls: float

    def __call__(self, count: Array) -> Array:
        part = jnp.minimum(count / self.steps, 1.0)
        cosine = 0.5 * (1 + jnp.cos(jnp.pi * part))
        return self.first * jnp.where(self.falls > 0, cosine, 1.0)


class Family(NamedTuple):
    """A method up to its rate, the rates to choose from, and the lengths of its runs."""

    make: Callable[[Any], Any]
    rates: tuple[float, ...]
    lengths: tuple[int, ...] = LENGTHS


def first_order(rule: Callable[..., Any], **options: Any) -> Callable[[Any], Any]:
    return lambda rate: cl.FirstOrder(rule(rate, **options))


# Each grid has the best rate of a single run of 300 steps inside it.
ADAMS, SOAPS, SPECTRAL = (0.001, 0.003, 0.01, 0.03), (0.003, 0.01, 0.03, 0.1), (0.01, 0.03, 0.1, 0.3)
SHORT = LENGTHS[:1]
FAMILIES = {
    "Adam": Family(first_order(optax.adam), ADAMS),
    "Muon": Family(first_order(optax.contrib.muon), SPECTRAL),
    "Shampoo": Family(cl.Shampoo, SPECTRAL),
    "SOAP": Family(cl.SOAP, SOAPS),
    # One thing changed, and tuned anew.
    "Shampoo, roots every step": Family(partial(cl.Shampoo, period=1), SPECTRAL, SHORT),
}
MAIN = ("Muon", "Shampoo", "SOAP")


def groups() -> Iterator[Group]:
    problem = autoencoder()
    record = write(problem)
    blocks = {name: partial(runner(name), problem, 0.01, False, BLOCK, BLOCK, 0) for name in ("Adam", *MAIN)}
    yield Group(f"{BLOCK} steps", blocks, {"cost": record["cost"]})


def write(problem: cl.Supervised) -> dict[str, Any]:
    """All runs, into the record."""
    told: dict[str, Any] = {"target": TARGET, "cost": costs(problem), "methods": {}}
    for name in FAMILIES:
        told["methods"][name] = family(problem, name)
        print(name, {n: (one["chosen"], one["last"]) for n, one in told["methods"][name].items()}, flush=True)
        RECORD.write_text(json.dumps(told, indent=None) + "\n")
    return told


@cache
def runner(name: str) -> Callable[..., Array]:
    """The losses of a run of a family, with room for those of the longest: compiled once."""
    make, longest = FAMILIES[name].make, LENGTHS[-1]

    @jax.jit
    def losses(problem: cl.Supervised, params: Any, rate: Rate, steps: int) -> Array:
        method = make(rate)

        def step(index: Array, carry: Any) -> Any:
            params, state, losses = carry
            params, state, info = method.step(problem, params, state)
            return params, state, losses.at[index].set(info.loss)

        carry = params, method.init(problem, params), jnp.zeros(longest + 1, jnp.float32)
        params, _, losses = jax.lax.fori_loop(0, steps, step, carry)
        return losses.at[steps].set(problem.loss(params))

    def run(
        problem: cl.Supervised, rate: float, falls: bool, length: int, steps: int, seed: int
    ) -> np.ndarray:
        return losses(problem, first_weights(seed), Rate(rate, length, falls), steps)

    return run


def family(problem: cl.Supervised, name: str) -> dict[str, Any]:
    """For each length the choice, what it reached, and the losses of its runs."""
    run, found, longest = runner(name), {}, FAMILIES[name].lengths[-1]
    grid = {
        f"rate {rate:g}, {'cosine' if falls else 'constant'}": (rate, falls)
        for rate in FAMILIES[name].rates
        for falls in (False, True)
    }

    @cache
    def whole(setting: tuple[float, bool], seed: int, length: int) -> np.ndarray:
        return np.asarray(run(problem, *setting, length, length, seed), float)

    for length in FAMILIES[name].lengths:

        def losses(setting: tuple[float, bool], seed: int, length: int = length) -> np.ndarray:
            # A constant rate does not know how long its run is.
            return whole(setting, seed, length if setting[1] else longest)[: length + 1]

        tuned = {
            label: finite(statistics.median(losses(setting, seed)[-1] for seed in TUNED_ON))
            for label, setting in grid.items()
        }
        chosen = min(tuned, key=tuned.__getitem__)
        raced = np.array([losses(grid[chosen], seed) for seed in RACED_ON])
        at = np.unique(np.round(np.geomspace(1, length, SAVED)).astype(int))
        bands = np.nanquantile(raced[:, at], (0, 0.5, 1), axis=0)
        found[str(length)] = {
            "chosen": chosen,
            "tuned": tuned,
            "at": at.tolist(),
            "losses": np.round(bands, 3).tolist(),
            "last": round(float(np.median(raced[:, -1])), 4),
            "ends": np.round(raced[:, -1], 4).tolist(),
            "steps": [to_target(row) for row in raced],
        }
    return found


def finite(loss: float) -> float:
    """A loss to five digits; that of a run which broke down is 99."""
    return round(loss, 4) if np.isfinite(loss) else 99.0


def costs(problem: cl.Supervised) -> dict[str, float]:
    """Gradients that a step costs, by multiplications; what is done now and then is shared out."""
    params, key = first_weights(0), jax.random.key(0)
    gradient = operations(jax.grad(problem.loss), params)
    methods = {name: of.make(0.01) for name, of in FAMILIES.items()} | {"K-FAC": cl.KFAC()}
    found = {}
    for name, method in methods.items():
        state = method.init(problem, params, key)
        dear, cheap = (
            operations(lambda p, s, m=method: m.step(problem, p, s)[:2], params, state, branches=one)
            for one in (max, min)
        )
        found[name] = round((cheap + (dear - cheap) / getattr(method, "period", 1)) / gradient, 3)
    return found
