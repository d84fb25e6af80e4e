"""somax, for `serving_peer.py`.

It runs in an environment of its own (`somax.txt`), without curvlib; `gauss_newton_cg.py` starts it, and holds
the clock."""

from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import somax

Array = jax.Array
Params = list[tuple[Array, Array]]
Batch = dict[str, Array]


class Server:
    """One network at a time, as it was loaded last."""

    def load(self, file: str, likelihood: str, damping: float, iterations: int) -> None:
        """A network and its data, as `curvature_peers.py` writes them, and the method."""
        with np.load(file) as arrays:
            self.params = [
                (jnp.asarray(arrays[f"weights_{k}"]), jnp.asarray(arrays[f"bias_{k}"]))
                for k in range(int(arrays["layers"]))
            ]
            self.batch = {"x": jnp.asarray(arrays["inputs"]), "y": jnp.asarray(arrays["targets"])}
        make, loss = {
            "Categorical": (somax.sgn_ce, cross_entropy),
            "Gaussian": (somax.sgn_mse, half_squares),
        }[likelihood]
        # A fixed number of iterations from zero: no tolerance, warm start or restart.
        method = make(
            predict_fn=predict,
            lam0=damping,
            tol=0.0,
            maxiter=iterations,
            warm_start=False,
            stabilise_every=0,
            learning_rate=1.0,
        )

        def some_steps(params: Params, batch: Batch, count: int) -> Params:
            key = jax.random.key(0)  # which this method does not use

            def again(_: int, carry: tuple[Params, Any]) -> tuple[Params, Any]:
                params, state, _ = method.step(carry[0], batch, carry[1], key)
                return params, state

            return jax.lax.fori_loop(0, count, again, (params, method.init(params)))[0]

        def some_gradients(params: Params, batch: Batch, count: int) -> Params:
            def again(_: int, params: Params) -> Params:
                slope = jax.grad(loss)(params, batch)
                return jax.tree.map(lambda p, g: p - 1e-3 * g, params, slope)

            return jax.lax.fori_loop(0, count, again, params)

        self.some_steps, self.some_gradients = jax.jit(some_steps), jax.jit(some_gradients)

    def write_step(self, to: str) -> None:
        """Where one step leads, less where it began."""
        there = self.some_steps(self.params, self.batch, 1)
        moved = jax.tree.map(jnp.subtract, there, self.params)
        np.savez(to, *(np.asarray(entry) for entry in jax.tree.leaves(moved)))

    def steps(self, count: int) -> None:
        jax.block_until_ready(self.some_steps(self.params, self.batch, count))

    def gradients(self, count: int) -> None:
        jax.block_until_ready(self.some_gradients(self.params, self.batch, count))

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("python-somax", "jax", "jaxlib", "flax")}


def predict(params: Params, x: Array) -> Array:
    for weights, bias in params[:-1]:
        x = jnp.tanh(x @ weights + bias)
    weights, bias = params[-1]
    return x @ weights + bias


def cross_entropy(params: Params, batch: Batch) -> Array:
    logits = predict(params, batch["x"])
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, batch["y"]))


def half_squares(params: Params, batch: Batch) -> Array:
    return 0.5 * jnp.mean((predict(params, batch["x"]) - batch["y"]) ** 2)
