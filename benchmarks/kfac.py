"""What a step of K-FAC costs on a deep autoencoder of digits: curvlib's, kfac-jax's, and Adam's."""

import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import curvlib as cl
from benchmarks import peers
from benchmarks.run import Group
from curvlib import loop

ABOUT = (
    "100 steps on an autoencoder of digits, 64-128-32-128-64, in single precision, all 1797 in each step, "
    "beside 100 of Adam in a bare loop; K-FAC with one label drawn a datum and inverses every 20 steps; "
    "kfac-jax as it is documented, a step at a time, and in one compiled loop, with the jax it works with"
)
ROUNDS = 7

Array = jax.Array
Configuration = dict[str, Any]

HERE = Path(__file__).parent
DIGITS = HERE.parent / "chapters" / "digits.csv.gz"
NETWORK, L2 = cl.autoencoder(64, 128, 32), 1e-5
BLOCK, BEFORE = 100, 20  # the steps whose time is taken, and those before, which may have more inversions
SHORT = 60  # steps within which all is compiled
LONGEST = 2000  # steps of Adam
ADAM = "optax Adam"
KFAC: Configuration = {"damping": 0.1, "period": 20}
# What the contestants' configurations have besides.
OURS: dict[str, Configuration] = {
    "curvlib, adaptive": {},
    "curvlib, subsampled": {"statistics": 1 / 8, "model": 1 / 4},
    "curvlib, fixed": {"step_size": 0.3, "momentum": 0.9, "radius": 1e-2},
}
THEIRS: dict[str, Configuration] = {
    "kfac-jax, adaptive": {},
    "kfac-jax, fixed": {"learning_rate": 0.3, "momentum": 0.9, "norm_constraint": 2e-2},  # twice our radius
}


def groups() -> Iterator[Group]:
    problem = autoencoder()
    with Peer(problem) as peer:
        seconds = compile_seconds(problem, peer)
        facts = {"compile seconds": seconds, "packages of kfac-jax": peer.ask("versions")}
        yield Group(f"{BLOCK} steps", blocks(problem, peer), facts)


def summary(groups: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Of each contestant the median milliseconds of a step, and the median of its ratio to Adam's."""
    ((_, measured),) = groups.items()
    return {
        name: {
            "milliseconds a step": float(f"{1e3 * one['seconds']['median'] / BLOCK:.4g}"),
            "ratio": one["ratio"]["median"],
        }
        for name, one in measured.items()
    }


def compile_seconds(problem: cl.Supervised, peer: "Peer") -> dict[str, float]:
    """How much longer a first short run takes than a second."""
    params, key = first_weights(0), jax.random.key(0)
    runs: dict[str, Callable[[], Any]] = {ADAM: lambda: adam(problem, params, 1e-3, SHORT)}
    for name, more in OURS.items():
        method = cl.KFAC(**KFAC, **more)
        runs[name] = lambda m=method: cl.minimize(problem, m, params, SHORT, key=key).losses
    peer.run(KFAC | {"period": 1}, 0, 1)  # what is compiled once for all: random keys, copies
    for name, more in THEIRS.items():
        runs[name] = partial(peer.run, KFAC | more, 0, SHORT)
    return {name: round(timed(run) - timed(run), 2) for name, run in runs.items()}


def blocks(problem: cl.Supervised, peer: "Peer") -> dict[str, Callable[[], Any]]:
    """Of each contestant the same ``BLOCK`` steps, time and again."""
    params = first_weights(0)
    found: dict[str, Callable[[], Any]] = {ADAM: lambda: adam(problem, params, 1e-3, BLOCK)}
    for name, more in OURS.items():
        found[name] = block(problem, cl.KFAC(**KFAC, **more))
    for name, more in THEIRS.items():
        one = {"start": peer.start(0), "configuration": KFAC | more, "first": BEFORE, "steps": BLOCK}
        found[name] = partial(peer.ask, "block", **one)
        found[f"{name}, in one loop"] = partial(peer.ask, "compiled_block", **one)
    found[f"{ADAM}, kfac-jax's jax"] = partial(peer.ask, "adam_block", start=peer.start(0), steps=BLOCK)
    return found


def block(problem: cl.Supervised, method: cl.KFAC) -> Callable[[], Array]:
    """The loop under ``minimize``, from where the first steps lead."""
    now = loop.start(problem, method, first_weights(0), jax.random.key(0))
    now, _ = loop.run(problem, method, now, LONGEST, 0.0, BEFORE + 1, False)

    def run() -> Array:
        return loop.run(problem, method, now, LONGEST, 0.0, BLOCK + 1, False)[0].index

    assert int(run()) == BEFORE + BLOCK
    return run


@jax.jit
def adam(problem: cl.Supervised, params: tuple[Array, ...], rate: float, steps: int) -> Array:
    """The losses of a bare loop, with room for those of the longest."""
    transformation = optax.adam(rate)

    def step(index: Array, carry: tuple[Any, Any, Array]) -> tuple[Any, Any, Array]:
        params, state, losses = carry
        loss, gradient = jax.value_and_grad(problem.loss)(params)
        updates, state = transformation.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, losses.at[index].set(loss)

    carry = params, transformation.init(params), jnp.zeros(LONGEST + 1, jnp.float32)
    params, _, losses = jax.lax.fori_loop(0, steps, step, carry)
    return losses.at[steps].set(problem.loss(params))


def autoencoder() -> cl.Supervised:
    """The network, the digits, and the loss: the cross-entropy summed over pixels, and a ridge."""
    pixels = jnp.asarray(np.loadtxt(DIGITS, delimiter=",", dtype=np.float32)[:, :-1] / 16)
    return cl.Supervised(NETWORK, cl.likelihoods.Bernoulli(), pixels, pixels, l2=L2)


@cache
def first_weights(seed: int) -> tuple[Array, ...]:
    """Of variance 1/fan-in, and biases of zero."""
    return NETWORK.init(jax.random.key(seed), jnp.float32)


def timed(run: Callable[[], Any]) -> float:
    """Seconds."""
    start = time.perf_counter()
    jax.block_until_ready(run())
    return time.perf_counter() - start


class Peer(peers.Peer):
    """kfac-jax in a process of its own, which starts and ends with a ``with``."""

    def __init__(self, problem: cl.Supervised) -> None:
        super().__init__("kfac-jax", "kfac_jax_peer.py", str(DIGITS), str(L2))
        self.problem = problem
        self.first: dict[int, float] = {}  # our losses at the starts, by their seeds

    def start(self, seed: int) -> str:
        """The file with the first weights of a seed."""
        path = self.file(f"{seed}.npz")
        if seed not in self.first:
            np.savez(path, *(np.asarray(matrix) for matrix in first_weights(seed)))
            self.first[seed] = float(self.problem.loss(first_weights(seed)))
        return str(path)

    def run(self, configuration: Configuration, seed: int, steps: int) -> np.ndarray:
        """The losses before each step and at the end; the first has to be ours."""
        start = self.start(seed)
        losses = self.ask("train", start=start, configuration=configuration, steps=steps, seed=seed)
        np.testing.assert_allclose(losses[0], self.first[seed], rtol=1e-5)
        return np.array(losses)
