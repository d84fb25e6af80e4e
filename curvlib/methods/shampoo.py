"""Shampoo: a matrix for the rows and one for the columns of each layer, from the gradients alone."""

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
from curvlib.linalg import inverse_root
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

_FIRST = 10  # so many steps compute roots anew, whatever the period


class Layer(NamedTuple):
    """What Shampoo remembers of one parameter, seen as a matrix.

    Attributes:
        mean: the running sum of gradients, shape (p, q).
        sums: L and R, the running sums of G Gᵀ and Gᵀ G; None where a side has none.
        roots: their inverse roots.
        squares: the running sum of G∘G where neither side has a factor; else None.
    """

    mean: Array
    sums: Sides
    roots: Sides
    squares: Array | None


class ShampooState(NamedTuple):
    """What Shampoo remembers.

    Attributes:
        count: the steps taken.
        weights: of the running sums of gradients and of their squares; sum over weight is an average.
        layers: for each leaf of the parameters a ``Layer``.
    """

    count: Array
    weights: tuple[Array, Array]
    layers: tuple[Layer, ...]


@hyperparameters
class Shampoo:
    """Shampoo: W ← W − η L^(−1/4) M R^(−1/4), with running averages L of G Gᵀ, R of Gᵀ G and M of G.

    G is the gradient of the whole batch, at the data's labels, as a matrix: the last axis of a parameter are
    its columns. Averages weigh the gradient k steps ago by decayᵏ. With ``decay = 1`` all weigh the same;
    with η/√(t + 1) in place of η this is the method as it was published, which sums. Without memory, ``decay
    = 0`` and ``momentum = 0``, the step is η times the polar factor U Vᵀ of G = U Σ Vᵀ. Roots are computed
    every ``period`` steps, and in the first ten, with G of that step in L and R.

    A side of length one, or longer than ``largest``, has no factor; the other side's exponent is doubled
    then, so that a vector g has the full matrix of g gᵀ to the power −1/2. Where neither side has one, the
    step is −η M/√(average of G∘G).

    With another ``exponent`` p, for matrices with both factors, the step is −η (tr L)^(2p − 1/2) L⁻ᵖ M R⁻ᵖ:
    with p = 1/2 it divides by the root of L ⊗ R/tr L, which is one step of the power iteration to the
    Kronecker product that is nearest to the average of vec(G) vec(G)ᵀ.

    Args:
        step_size: η > 0, a number or a schedule.
        momentum: of the average M, in [0, 0.9999].
        decay: of the averages L and R, in [0, 1].
        damping: ε > 0; ε times the largest eigenvalue is added to each of L and R.
        exponent: p in (0, 1].
        period: steps from one computation of roots to the next, a Python integer ≥ 1.
        largest: the longest side that gets a factor, a Python integer ≥ 1.

    Raises:
        ValueError: if a number is out of its range.

    Source: Gupta, Koren & Singer 2018, "Shampoo: preconditioned stochastic tensor optimization", algorithm 1;
    Morwani et al. 2025, "A new perspective on Shampoo's preconditioner", for p = 1/2.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> target = jnp.array([[3.0, 0.0], [0.0, -0.2]])
        >>> problem = cl.Objective(lambda W: jnp.sum((W - target) ** 2) / 2)
        >>> method = Shampoo(0.1, momentum=0.0, decay=0.0)
        >>> trace = cl.minimize(problem, method, jnp.zeros((2, 2)), steps=1)
        >>> [[round(float(x), 3) for x in row] for row in trace.params]
        [[0.1, 0.0], [0.0, -0.1]]
    """

    step_size: float | Array | Schedule
    momentum: float | Array = 0.9
    decay: float | Array = 0.95
    damping: float | Array = 1e-6
    exponent: float | Array = 0.25
    period: int = static(10)
    largest: int = static(2048)
    # An average of gradients runs past a minimum, and takes some tens of steps to come back.
    patience = 100

    def check(self) -> None:
        check_at_least(
            "step_size", self.step_size, 0.0, strictly=True, schedule=True
        )
        check_fraction("momentum", self.momentum, 0.9999, strictly=False)
        check_fraction("decay", self.decay, 1.0, strictly=False)
        check_at_least("damping", self.damping, 0.0, strictly=True)
        check_at_least("exponent", self.exponent, 0.0, strictly=True)
        check_fraction("exponent", self.exponent, 1.0, strictly=False)
        check_count("period", self.period)
        check_count("largest", self.largest)

    def init(
        self, problem: Problem, params: Params, key: Array | None = None
    ) -> ShampooState:
        def layer(leaf: Array) -> Layer:
            units, zeros = (
                identities(leaf, self.largest),
                jnp.zeros_like(as_matrix(leaf)),
            )
            alone = units == (None, None)
            return Layer(
                zeros,
                jax.tree.map(jnp.zeros_like, units),
                units,
                zeros if alone else None,
            )

        leaves = jax.tree.leaves(params)
        nothing = jnp.zeros((), jnp.result_type(*leaves))
        return ShampooState(
            jnp.int32(0), (nothing, nothing), tuple(map(layer, leaves))
        )

    def step(
        self,
        problem: Problem,
        params: Params,
        state: ShampooState,
        curvature: Problem | None = None,
    ) -> tuple[Params, ShampooState, Info]:
        loss, gradient, gradient_norm = value_and_gradient(problem, params)
        weights = tuple(
            (keep * weight + 1).astype(weight.dtype)
            for keep, weight in zip(
                (self.momentum, self.decay), state.weights, strict=True
            )
        )
        layers = tuple(
            self._remember(layer, as_matrix(leaf))
            for layer, leaf in zip(
                state.layers, jax.tree.leaves(gradient), strict=True
            )
        )
        layers = jax.lax.cond(
            (state.count % self.period == 0) | (state.count < _FIRST),
            lambda: tuple(self._with_roots(layer, weights[1]) for layer in layers),
            lambda: layers,
        )
        rate = at_step(self.step_size, state.count)
        directions = [self.direction(layer, weights) for layer in layers]
        after = ShampooState(state.count + 1, weights, layers)
        moves = any_moves([layer.mean for layer in layers])
        return (
            moved(params, rate, directions),
            after,
            Info(loss, gradient_norm, moves=moves),
        )

    def _remember(self, layer: Layer, gradient: Array) -> Layer:
        """The running sums with one more gradient in them."""

        def add(old: Array, new: Array) -> Array:
            return (self.decay * old + new).astype(old.dtype)

        return Layer(
            mean=(self.momentum * layer.mean + gradient).astype(layer.mean.dtype),
            sums=jax.tree.map(add, layer.sums, squares(gradient, layer.sums)),
            roots=layer.roots,
            squares=None
            if layer.squares is None
            else add(layer.squares, gradient**2),
        )

    def _with_roots(self, layer: Layer, weight: Array) -> Layer:
        """The inverse roots of the averages; where a side has no factor, the other has twice the exponent."""
        both = None not in layer.sums
        power = self.exponent if both else 0.5
        roots = jax.tree.map(
            lambda total: inverse_root(total / weight, power, self.damping),
            layer.sums,
        )
        if both:
            rows, columns = roots
            scale = (jnp.trace(layer.sums[0]) / weight) ** (2 * power - 0.5)
            # The trace of a layer whose gradient is zero must not become a power of zero.
            scale = jnp.where(jnp.trace(layer.sums[0]) > 0, scale, 1)
            roots = (scale.astype(rows.dtype) * rows, columns)
        return layer._replace(roots=roots)

    def direction(self, layer: Layer, weights: tuple[Array, Array]) -> Array:
        """L^(−1/4) M R^(−1/4)."""
        mean = layer.mean / weights[0]
        if layer.squares is not None:
            size = jnp.sqrt(layer.squares / weights[1])
            return mean / jnp.where(size > 0, size, 1)
        rows, columns = layer.roots
        return between(rows, mean, columns)
