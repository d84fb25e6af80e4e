"""Networks as pure functions of a pytree of parameters, open where K-FAC looks in: at each layer's inputs
and outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

from curvlib.hyperparameters import check_count
from curvlib.trees import Array

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "linear": lambda s: s,
}


@dataclasses.dataclass(frozen=True)
class MLP:
    """A multilayer perceptron: s_l = ā_{l−1} W_l and a_l = φ(s_l), the last layer linear; f = s_L.

    ā is a with a 1 appended, so that one matrix W_l, shape (d_{l−1} + 1, d_l), holds a layer's weights and,
    in its last row, its bias. The parameters are a tuple of them. With this shape the Fisher information of
    W_l.ravel(), row by row, is approximated by A ⊗ G, A from ā and G from the gradients in s.

    It is hashable, a function ``network(params, inputs) -> outputs``, and fits ``cl.Supervised`` as
    ``predict``.

    Args:
        widths: (d_0, …, d_L), inputs first and outputs last.
        activation: φ, a name among "tanh", "relu", "sigmoid", "softplus" and "linear", or a function of
            arrays.

    Raises:
        ValueError: for fewer than two widths, a width below 1, or an unknown name.

    Example:
        >>> network = MLP((2, 3, 1))
        >>> params = network.init(jax.random.key(0))
        >>> [W.shape for W in params], network(params, jnp.ones((5, 2))).shape
        ([(3, 3), (4, 1)], (5, 1))
    """

    widths: tuple[int, ...]
    activation: str | Callable[[Array], Array] = "tanh"

    def __post_init__(self) -> None:
        widths = tuple(self.widths)
        if len(widths) < 2:
            raise ValueError(f"a network needs the widths of its inputs and outputs at least, got {widths}")
        for width in widths:
            check_count("a width", width)
        object.__setattr__(self, "widths", widths)
        if not callable(self.activation) and self.activation not in ACTIVATIONS:
            known = ", ".join(f'"{name}"' for name in ACTIVATIONS)
            raise ValueError(f"the activation must be a function or one of {known}, got {self.activation!r}")

    def init(self, key: Array, dtype: jnp.dtype | None = None) -> tuple[Array, ...]:
        """Parameters with weights drawn from N(0, 1/d_{l−1}) and biases 0."""
        params = []
        for inputs, outputs, draw in zip(
            self.widths[:-1],
            self.widths[1:],
            jax.random.split(key, len(self.widths) - 1),
            strict=True,
        ):
            weights = jax.random.normal(draw, (inputs, outputs), dtype) / jnp.sqrt(inputs).astype(dtype)
            params.append(jnp.concatenate([weights, jnp.zeros_like(weights[:1])]))
        return tuple(params)

    def __call__(self, params: Sequence[Array], inputs: Array) -> Array:
        """f, shape (N, d_L)."""
        return self.apply(params, inputs)[0]

    def apply(
        self, params: Sequence[Array], inputs: Array, taps: Sequence[Array] | None = None
    ) -> tuple[Array, tuple[Array, ...]]:
        """The outputs, and each layer's inputs ā_{l−1}, shape (N, d_{l−1} + 1).

        Args:
            params: as ``init`` makes them.
            inputs: shape (N, d_0).
            taps: arrays of zeros, shapes (N, d_l), that are added to each s_l: the gradient in a tap is the
                gradient in that layer's output.

        Raises:
            ValueError: for inputs or parameters of other shapes.

        Example:
            >>> network = MLP((1, 1))
            >>> loss = lambda taps: jnp.sum(network.apply((jnp.array([[3.0], [1.0]]),), x, taps)[0] ** 2)
            >>> x = jnp.array([[1.0], [2.0]])
            >>> jax.grad(loss)((jnp.zeros((2, 1)),))[0].tolist()  # 2 s
            [[8.0], [14.0]]
        """
        self._check(params, inputs)
        phi = self.activation if callable(self.activation) else ACTIVATIONS[self.activation]
        a, layer_inputs = inputs, []
        for layer, matrix in enumerate(params):
            layer_inputs.append(jnp.concatenate([a, jnp.ones_like(a[:, :1])], axis=1))
            s = a @ matrix[:-1] + matrix[-1]  # ā W, and nothing is copied where ā is not looked at
            s = s if taps is None else s + taps[layer]
            a = s if layer == len(params) - 1 else phi(s)
        return a, tuple(layer_inputs)

    def taps(self, inputs: Array) -> tuple[Array, ...]:
        """Zeros to be added to each layer's outputs, shapes (N, d_l)."""
        return tuple(jnp.zeros((inputs.shape[0], width), inputs.dtype) for width in self.widths[1:])

    def _check(self, params: Sequence[Array], inputs: Array) -> None:
        if jnp.ndim(inputs) != 2 or inputs.shape[1] != self.widths[0]:
            raise ValueError(
                f"this network takes inputs of shape (N, {self.widths[0]}), got {jnp.shape(inputs)}: weights "
                "that are shared along further axes are not supported"
            )
        shapes = [(d + 1, e) for d, e in zip(self.widths[:-1], self.widths[1:], strict=True)]
        given = [jnp.shape(matrix) for matrix in params]
        if given != shapes:
            raise ValueError(f"this network has parameters of the shapes {shapes}, got {given}")


def autoencoder(*widths: int, activation: str | Callable[[Array], Array] = "tanh") -> MLP:
    """The ``MLP`` that narrows from the first width to the last and mirrors back.

    Example:
        >>> autoencoder(64, 128, 32).widths
        (64, 128, 32, 128, 64)
    """
    return MLP((*widths, *widths[-2::-1]), activation)
