"""SOAP: Adam in the eigenvectors of Shampoo's matrices."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from curvlib.hyperparameters import (
    Schedule,
    at_step,
    check_at_least,
    check_count,
    check_fraction,
    hyperparameters,
    static,
)
from curvlib.method import Info, Problem, value_and_gradient
from curvlib.sides import (
    Sides,
    any_moves,
    as_matrix,
    between,
    identities,
    moved,
    squares,
)
from curvlib.trees import Array, Params


class Layer(NamedTuple):
    """What SOAP remembers of one parameter, seen as a matrix.

    Attributes:
        mean: M, the running average of the gradient G, shape (p, q), in the parameter's own coordinates.
        squares: V, the running average of (Q_Lᵀ G Q_R)∘(Q_Lᵀ G Q_R), shape (p, q).
        sums: L and R, those of G Gᵀ and Gᵀ G; None where a side has none.
        bases: Q_L and Q_R, their eigenvectors when last computed.
    """

    mean: Array
    squares: Array
    sums: Sides
    bases: Sides


class SOAPState(NamedTuple):
    """What SOAP remembers.

    Attributes:
        count: the steps taken.
        layers: for each leaf of the parameters a ``Layer``.
    """

    count: Array
    layers: tuple[Layer, ...]


@hyperparameters
class SOAP:
    """SOAP: W ← W − η Q_L [M' / (√V + ε)] Q_Rᵀ, Adam's step in the eigenvectors of Shampoo's L and R.

    M' = Q_Lᵀ M Q_R is the average gradient in these coordinates, V the average of the squares of G' =
    Q_Lᵀ G Q_R, both with Adam's correction for their start at zero. L and R are averages of G Gᵀ and of Gᵀ G.
    The eigenvectors, I at first, are computed every ``period`` steps, after the step. V moves with them: with
    T and S the matrices from the old to the new coordinates, V_ij becomes Σ_kl T_ik² S_jl² V_kl. This is what
    it would be if the entries of G' were uncorrelated, and a mere reordering where T and S reorder.
    With eigenvectors I this is Adam; so the first step is.

    A side of length one, or longer than ``largest``, is not turned, and neither is a vector: Adam's step.
    Eigenvalues are squares: in single precision directions whose share of G is below some 3e-4 are not told
    apart, and those without any gradient drift among them.

    Args:
        step_size: η > 0, a number or a schedule.
        momentum: of the average M, in [0, 0.9999].
        decay: of the averages V, L and R, in [0, 0.9999].
        damping: ε > 0, beside √V.
        period: steps from one computation of eigenvectors to the next, a Python integer ≥ 1.
        largest: the longest side that is turned, a Python integer ≥ 1.

    Raises:
        ValueError: if a number is out of its range.

    Source: Vyas et al. 2025, "SOAP: improving and stabilizing Shampoo using Adam", algorithm 3. There the
    eigenvectors are followed by a step of a power iteration, here computed; V is sorted with them at most;
    and the first step is left out.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> problem = cl.Objective(lambda W: jnp.sum((W - jnp.arange(4.0).reshape(2, 2)) ** 2) / 2)
        >>> trace = cl.minimize(problem, SOAP(0.1), jnp.ones((2, 2)), steps=1)
        >>> [[round(float(x), 3) for x in row] for row in trace.params]
        [[0.9, 1.0], [1.1, 1.1]]
    """

    step_size: float | Array | Schedule
    momentum: float | Array = 0.95
    decay: float | Array = 0.95
    damping: float | Array = 1e-8
    period: int = static(10)
    largest: int = static(2048)
    # An average of gradients runs past a minimum, and takes some tens of steps to come back.
    patience = 100

    def check(self) -> None:
        check_at_least(
            "step_size", self.step_size, 0.0, strictly=True, schedule=True
        )
        check_fraction("momentum", self.momentum, 0.9999, strictly=False)
        check_fraction("decay", self.decay, 0.9999, strictly=False)
        check_at_least("damping", self.damping, 0.0, strictly=True)
        check_count("period", self.period)
        check_count("largest", self.largest)

    def init(
        self, problem: Problem, params: Params, key: Array | None = None
    ) -> SOAPState:
        def layer(leaf: Array) -> Layer:
            zeros = jnp.zeros_like(as_matrix(leaf))
            units = identities(leaf, self.largest if leaf.ndim > 1 else 1)
            return Layer(zeros, zeros, jax.tree.map(jnp.zeros_like, units), units)

        return SOAPState(jnp.int32(0), tuple(map(layer, jax.tree.leaves(params))))

    def step(
        self,
        problem: Problem,
        params: Params,
        state: SOAPState,
        curvature: Problem | None = None,
    ) -> tuple[Params, SOAPState, Info]:
        loss, gradient, gradient_norm = value_and_gradient(problem, params)
        layers = tuple(
            self._remember(layer, as_matrix(leaf))
            for layer, leaf in zip(
                state.layers, jax.tree.leaves(gradient), strict=True
            )
        )
        rate, taken = at_step(self.step_size, state.count), state.count + 1
        directions = [self.direction(layer, taken) for layer in layers]
        layers = jax.lax.cond(
            state.count % self.period == 0,
            lambda: tuple(map(turned, layers)),
            lambda: layers,
        )
        moves = any_moves([layer.mean for layer in layers])
        return (
            moved(params, rate, directions),
            SOAPState(taken, layers),
            Info(loss, gradient_norm, moves=moves),
        )

    def _remember(self, layer: Layer, gradient: Array) -> Layer:
        """The running averages with one more gradient in them."""

        def average(keep: Array, old: Array, new: Array) -> Array:
            return (keep * old + (1 - keep) * new).astype(old.dtype)

        return Layer(
            average(self.momentum, layer.mean, gradient),
            average(self.decay, layer.squares, inside(layer.bases, gradient) ** 2),
            jax.tree.map(
                lambda old, new: average(self.decay, old, new),
                layer.sums,
                squares(gradient, layer.sums),
            ),
            layer.bases,
        )

    def direction(self, layer: Layer, taken: Array) -> Array:
        """Q_L [M' / (√V + ε)] Q_Rᵀ, after so many steps."""
        mean = inside(layer.bases, layer.mean) / (1 - self.momentum**taken)
        size = jnp.sqrt(layer.squares / (1 - self.decay**taken))
        # Below this, what is left of a turned gradient is rounding, no direction to go in.
        rounding = 100 * jnp.finfo(size.dtype).eps * jnp.max(size)
        least = self.damping + (0 if layer.bases == (None, None) else rounding)
        return between(layer.bases[0], mean / (size + least), layer.bases[1])


def inside(bases: Sides, matrix: Array) -> Array:
    """Q_Lᵀ M Q_R: a matrix in the coordinates of the eigenvectors."""
    rows, columns = (None if basis is None else basis.T for basis in bases)
    return between(rows, matrix, columns)


def turned(layer: Layer) -> Layer:
    """The layer with the eigenvectors of its present L and R, and V in their coordinates."""
    bases = jax.tree.map(lambda matrix: jnp.linalg.eigh(matrix)[1], layer.sums)
    mixing = jax.tree.map(lambda new, old: (new.T @ old) ** 2, bases, layer.bases)
    return layer._replace(
        squares=between(mixing[0], layer.squares, mixing[1]), bases=bases
    )
