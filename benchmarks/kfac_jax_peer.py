"""kfac-jax, for `serving_peer.py`.

It runs in an environment of its own (`kfac-jax.txt`), without curvlib; `kfac.py` starts it, and holds the
clock."""

import functools
import itertools
import json
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp
import kfac_jax
import numpy as np
import optax

Array = jax.Array
Params = dict[str, dict[str, Array]]
Optimizer = kfac_jax.Optimizer

ADAM_RATE = 1e-3  # what a step costs does not depend on it
# As in kfac-jax's own example of an autoencoder with all data in each step (examples/autoencoder_mnist), but
# for the estimate of curvature: there it is "ggn_curvature_prop", here labels drawn from the model, as in
# curvlib. One random vector a datum in both.
COMMON = {
    "num_burnin_steps": 5,
    "curvature_ema": 0.95,
    "damping_adaptation_interval": 5,
    "damping_adaptation_decay": 0.95,
    "estimation_mode": "fisher_gradients",
}


class Server:
    """The data, the optimizers built so far (each compiles for itself), and where their steady blocks begin.

    A configuration of kfac-jax has "damping" and "period"; with "learning_rate", "momentum" and
    "norm_constraint" these are fixed, damping too; without them all adapt.
    """

    def __init__(self, data: str, l2: str) -> None:
        warnings.filterwarnings("ignore", "Some donated buffers were not usable")
        pixels = np.loadtxt(data, delimiter=",", dtype=np.float32)[:, :-1] / 16
        self.batch, self.l2 = jnp.asarray(pixels), float(l2)
        self.optimizers: dict[str, Optimizer] = {}
        self.steady: dict[str, tuple[Params, Any]] = {}
        self.compiled: dict[str, Callable[..., Any]] = {}

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("kfac-jax", "jax", "jaxlib", "optax")}

    def train(self, start: str, configuration: dict[str, float], steps: int, seed: int) -> list[float]:
        """The losses before each step and at the end."""
        optimizer = self._optimizer(configuration)
        params, state = self._begin(optimizer, start, seed)
        params, _, losses = self._advance(optimizer, params, state, random_keys(seed, steps), 0)
        losses.append(self._loss(params))
        return [float(loss) for loss in jax.block_until_ready(losses)]

    def block(self, start: str, configuration: dict[str, float], first: int, steps: int) -> float:
        """Steps from the ``first`` on, from the same point in each call; the last one's loss."""
        optimizer = self._optimizer(configuration)
        params, state = self._steady(start, configuration, first)
        keys = random_keys(1, first + steps)[first:]
        params, _, losses = self._advance(optimizer, params, state, keys, first)
        jax.block_until_ready(params)
        return float(losses[-1])

    def compiled_block(self, start: str, configuration: dict[str, float], first: int, steps: int) -> float:
        """``block`` in one compiled loop. kfac-jax has no such loop; its authors say how to make one
        (issue 103), through the private ``_step``."""
        optimizer, name = self._optimizer(configuration), json.dumps([configuration, steps])
        if name not in self.compiled:
            self.compiled[name] = compiled_steps(optimizer, steps)
        params, state = self._steady(start, configuration, first)
        with optimizer.staging_context():
            params, loss = self.compiled[name](params, state, self.batch, jax.random.PRNGKey(1))
        jax.block_until_ready(params)
        return float(loss)

    def adam_block(self, start: str, steps: int) -> float:
        """Steps of Adam in one compiled loop: what this environment's jax makes of it."""
        return float(self._adam(read(start), self.batch, steps))

    @functools.cached_property
    def _adam(self) -> Callable[[Params, Array, int], Array]:
        adam = optax.adam(ADAM_RATE)

        def run(params: Params, batch: Array, steps: int) -> Array:
            def step(_: int, carry: tuple[Params, Any, Array]) -> tuple[Params, Any, Array]:
                params, state, _ = carry
                value, gradient = jax.value_and_grad(self._value)(params, batch)
                updates, state = adam.update(gradient, state, params)
                return optax.apply_updates(params, updates), state, value

            return jax.lax.fori_loop(0, steps, step, (params, adam.init(params), jnp.float32(0)))[2]

        return jax.jit(run)

    def _value(self, params: Params, batch: Array, register: bool = False) -> Array:
        """The loss; kfac-jax has to be told what the outputs are."""
        logits = outputs(params, batch)
        if register:
            kfac_jax.register_sigmoid_cross_entropy_loss(logits, batch)
        cross_entropy = jnp.sum(jax.nn.softplus(logits) - batch * logits, axis=1)
        return jnp.mean(cross_entropy) + self.l2 / 2 * kfac_jax.utils.inner_product(params, params)

    @functools.cached_property
    def _loss(self) -> Callable[[Params], Array]:
        value = jax.jit(self._value)
        return lambda params: value(params, self.batch)

    def _optimizer(self, configuration: dict[str, float]) -> Optimizer:
        name = json.dumps(configuration, sort_keys=True)
        if name not in self.optimizers:
            self.optimizers[name] = Optimizer(
                jax.value_and_grad(functools.partial(self._value, register=True)),
                l2_reg=self.l2,
                inverse_update_period=configuration["period"],
                **COMMON,
                **lengths(configuration),
            )
        return self.optimizers[name]

    def _begin(self, optimizer: Optimizer, start: str, seed: int) -> tuple[Params, Any]:
        """A start that steps may overwrite, and the state before the first."""
        params = jax.tree.map(jnp.copy, read(start))
        state = optimizer.init(params, jax.random.PRNGKey(seed), self.batch)
        kinds = {type(block).__name__ for block in optimizer._estimator.blocks}
        assert kinds == {"DenseTwoKroneckerFactored"}, kinds  # each layer was found, with its bias
        return params, state

    def _advance(
        self, optimizer: Optimizer, params: Params, state: Any, keys: Sequence[Array], first: int
    ) -> tuple[Params, Any, list[Array]]:
        """A step for each key; they are dispatched one after another and not waited for."""
        batches, losses = itertools.repeat(self.batch), []
        for index, key in enumerate(keys, first):
            params, state, stats = optimizer.step(
                params, state, key, data_iterator=batches, global_step_int=index
            )
            losses.append(stats["loss"])
        return params, state, losses

    def _steady(self, start: str, configuration: dict[str, float], first: int) -> tuple[Params, Any]:
        """A copy of where the ``first`` steps lead."""
        name = json.dumps([start, configuration, first])
        if name not in self.steady:
            optimizer = self._optimizer(configuration)
            params, state = self._begin(optimizer, start, 1)
            self.steady[name] = self._advance(optimizer, params, state, random_keys(1, first), 0)[:2]
        return jax.tree.map(jnp.copy, self.steady[name])


def lengths(configuration: dict[str, float]) -> dict[str, Any]:
    """kfac-jax's arguments for learning rate, momentum and damping."""
    damping = configuration["damping"]
    if "learning_rate" not in configuration:
        adaptive = ("use_adaptive_learning_rate", "use_adaptive_momentum", "use_adaptive_damping")
        return dict.fromkeys(adaptive, True) | {"initial_damping": damping}
    rate, momentum = configuration["learning_rate"], configuration["momentum"]
    return {
        "learning_rate_schedule": lambda step: jnp.float32(rate),
        "momentum_schedule": lambda step: jnp.float32(momentum),
        "damping_schedule": lambda step: jnp.float32(damping),
        "norm_constraint": configuration["norm_constraint"],
    }


def compiled_steps(optimizer: Optimizer, steps: int) -> Callable[..., tuple[Params, Array]]:
    """A function that takes so many steps, a multiple of five: every fifth is another program to kfac-jax."""
    five = COMMON["damping_adaptation_interval"]
    assert steps % five == 0

    def run(params: Params, state: Any, batch: Array, key: Array) -> tuple[Params, Array]:
        def some(_: int, carry: tuple[Params, Any, Array, Array]) -> tuple[Params, Any, Array, Array]:
            params, state, key, _ = carry
            for number in range(five):
                key, mine = jax.random.split(key)
                adapts = optimizer._should_update_damping(number)
                params, state, stats = optimizer._step(
                    params, state, mine, batch, None, None, None, None, True, adapts
                )
            return params, state, key, stats["loss"]

        params, _, _, loss = jax.lax.fori_loop(0, steps // five, some, (params, state, key, jnp.float32(0)))
        return params, loss

    return jax.jit(run)


def outputs(params: Params, batch: Array) -> Array:
    """The logits of a tanh network."""
    *hidden, last = params.values()
    for layer in hidden:
        batch = jnp.tanh(batch @ layer["w"] + layer["b"])
    return batch @ last["w"] + last["b"]


@functools.cache
def read(start: str) -> Params:
    """Parameters from a file of curvlib's matrices, whose last rows are the biases."""
    with np.load(start) as matrices:
        layers = [jnp.asarray(matrices[name]) for name in sorted(matrices)]
    return {f"layer_{index}": {"w": both[:-1], "b": both[-1]} for index, both in enumerate(layers)}


@functools.cache
def random_keys(seed: int, count: int) -> list[Array]:
    return list(jax.random.split(jax.random.PRNGKey(seed), count))
