"""K-FAC: natural gradient with a Kronecker product for each layer's block of the Fisher information."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from curvlib.factors import (
    Factors,
    LayerStatistics,
    check_network,
    fisher_vectors,
    kronecker_factors,
    layer_statistics,
    look_inside,
)
from curvlib.fisher import check_kind
from curvlib.gain import gain_ratio
from curvlib.hyperparameters import (
    Schedule,
    at_step,
    check_at_least,
    check_count,
    check_fraction,
    check_name,
    check_part,
    hyperparameters,
    static,
)
from curvlib.lengths import inner, model_lengths
from curvlib.linalg import norm
from curvlib.method import Info, Problem
from curvlib.methods.kfac_division import DIVISIONS, zeros_like_prepared
from curvlib.status import Status
from curvlib.trees import Array, Params

_LEAST = (
    1e-3  # of the first λ: a model that is always right would take it to nothing
)
_FIRST = 10  # so many steps are looked at, and prepare anew, whatever the period: much changes still


class KFACState(NamedTuple):
    """What K-FAC remembers.

    Attributes:
        count: the steps taken.
        key: from which labels are drawn, or None.
        factors: the running sums of A and G, a pair for each layer; over ``weight`` they are averages.
        weight: the sum of the averages' weights, 1 − decayᵏ.
        layers: what divides the gradient of each layer: inverses, or eigenvectors and a diagonal.
        damping: λ.
        velocity: the last change of the parameters.
    """

    count: Array
    key: Array | None
    factors: Factors
    weight: Array
    layers: tuple[Any, ...]
    damping: Array
    velocity: tuple[Array, ...]


@hyperparameters
class KFAC:
    """K-FAC: δ_l = −α (F_l + λ'I)⁻¹ ∇_l L + μ v_l for each layer l, with F_l ≈ A_l ⊗ G_l and λ' = λ + l2.

    A and G are running averages of E[ā āᵀ] and E[g gᵀ], v the last change. What the division needs is
    computed every ``period`` steps, and in the first ten; the ``variant`` says how it divides:

    - "factored": by (A + π√λ' I) ⊗ (G + √λ'/π I), two inverses; π balances the damping between them;
    - "eigenbasis": by A ⊗ G + λ'I exactly, in the eigenvectors of A and G;
    - "ekfac": in the same eigenvectors, by F_l's own diagonal there, averaged since they were computed.

    Without a ``step_size`` α and μ minimise the exact quadratic model in both directions,

        m(δ) = L + gᵀδ + ½ δᵀ(F + λ'I)δ,

    with the exact Fisher of the batch that curvature is taken from (two products Jv, no matrix). Every fifth
    step λ is multiplied by (19/20)⁵ if the gain ratio ρ exceeds ¾, down to a thousandth of the first λ, and
    divided by it if ρ < ¼. A step that raises the loss, where that is looked at (in the first ten steps, and
    every fifth), is not taken, and λ grows tenfold. With a ``step_size`` α is that, shortened to a
    ``radius`` as in ``NaturalGradient``, μ the momentum, λ stays and every step is taken.

    Reported in ``details``: ``alpha``, ``mu``, the ``damping``, the ``gain_ratio`` (NaN where it is not
    computed) and ``decrease``, what the model promises (with a step size, its linear part).

    Args:
        step_size: α > 0, a number or a schedule, or None for the model's.
        momentum: μ in [0, 0.9999], with a step size.
        radius: ε > 0: ½ δᵀ(F_l + λ'I)δ, over all layers, of a step without momentum is at most ε, with a
            step size; or None.
        damping: the first λ > 0, in units of F.
        period: steps from one preparation to the next, a Python integer ≥ 1.
        decay: of the running averages, in [0, 0.9999].
        kind: of Fisher for A and G: "exact", "monte-carlo" or "empirical".
        samples: for "monte-carlo", the labels drawn for each datum.
        variant: how to divide.
        statistics: the part of the batch, in (0, 1], that A and G are estimated from, other rows each step.
        model: the part that the quadratic model's F is taken of.

    Raises:
        ValueError: if a number is out of its range; at the start, without the key that labels are drawn from.
        TypeError: at the start, if the model is not a ``cl.MLP`` with a likelihood.

    Source: Martens & Grosse 2015, "Optimizing neural networks with Kronecker-factored approximate curvature",
    sections 3 and 6; George et al. 2018, "Fast approximate natural gradient descent in a Kronecker-factored
    eigenbasis".

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
        >>> problem = cl.Supervised(cl.MLP((1, 8, 1)), cl.likelihoods.Gaussian(), x, jnp.sin(3 * x))
        >>> start = problem.predict.init(jax.random.key(0))
        >>> trace = cl.minimize(problem, KFAC(), start, steps=60, key=jax.random.key(1))
        >>> bool(trace.losses[-1] < 0.01 * trace.losses[0])
        True
    """

    step_size: float | Array | Schedule | None = None
    momentum: float | Array = 0.9
    radius: float | Array | None = None
    damping: float | Array = 0.1
    period: int = static(5)
    decay: float | Array = 0.95
    kind: str = "monte-carlo"
    samples: int = static(1)
    variant: str = "factored"
    statistics: float = static(1.0)
    model: float = static(1.0)

    def check(self) -> None:
        if self.step_size is not None:
            check_at_least(
                "step_size", self.step_size, 0.0, strictly=True, schedule=True
            )
        check_fraction("momentum", self.momentum, 0.9999, strictly=False)
        if self.radius is not None:
            check_at_least("radius", self.radius, 0.0, strictly=True)
        check_at_least("damping", self.damping, 0.0, strictly=True)
        check_count("period", self.period)
        check_fraction("decay", self.decay, 0.9999, strictly=False)
        check_kind(self.kind, self.samples)
        check_name("variant", self.variant, DIVISIONS)
        check_part("statistics", self.statistics)
        check_part("model", self.model)

    @property
    def draws(self) -> bool:
        """Whether a step depends on the key."""
        return self.kind == "monte-carlo"

    def init(
        self, problem: Problem, params: Params, key: Array | None = None
    ) -> KFACState:
        check_network(problem)
        if self.draws and key is None:
            raise ValueError(
                "the Monte Carlo Fisher draws labels: give minimize a key, as in key=jax.random.key(0)"
            )
        dtype = params[0].dtype
        factors = tuple(
            (jnp.zeros((p, p), dtype), jnp.zeros((q, q), dtype))
            for p, q in (W.shape for W in params)
        )
        return KFACState(
            count=jnp.int32(0),
            key=key if self.draws else None,
            factors=factors,
            weight=jnp.zeros((), dtype),
            layers=zeros_like_prepared(DIVISIONS[self.variant], factors),
            damping=jnp.asarray(self.damping, dtype),
            velocity=jax.tree.map(jnp.zeros_like, tuple(params)),
        )

    def step(
        self,
        problem: Problem,
        params: Params,
        state: KFACState,
        curvature: Problem | None = None,
    ) -> tuple[Params, KFACState, Info]:
        source = problem if curvature is None else curvature
        loss, gradient, statistics = self._pass(problem, params, state, source)
        division, decay = DIVISIONS[self.variant], self.decay

        # Running averages of A and G, and now and then what divides.
        factors = jax.tree.map(
            lambda old, new: decay * old + (1 - decay) * new.astype(old.dtype),
            state.factors,
            kronecker_factors(statistics),
        )
        weight = decay * state.weight + (1 - decay)
        shift = state.damping + problem.l2
        layers = jax.lax.cond(
            (state.count % self.period == 0) | (state.count < _FIRST),
            lambda: division.prepare(
                tuple((a / weight, g / weight) for a, g in factors), shift
            ),
            lambda: state.layers,
        )
        layers = division.observe(layers, statistics, decay)
        direction = tuple(-V for V in division.divide(layers, gradient, shift))

        alpha, mu, decrease = self._lengths(
            source, params, gradient, direction, state, shift
        )
        velocity = tuple(
            (alpha * d + mu * v).astype(v.dtype)
            for d, v in zip(direction, state.velocity, strict=True)
        )
        moved = tuple(W + v for W, v in zip(params, velocity, strict=True))
        damping, ratio, taken = self._judged(problem, moved, loss, decrease, state)
        moved = tuple(
            jnp.where(taken, new, W) for new, W in zip(moved, params, strict=True)
        )
        velocity = tuple(jnp.where(taken, v, 0) for v in velocity)
        after = KFACState(
            state.count + 1, state.key, factors, weight, layers, damping, velocity
        )
        details = {
            "alpha": alpha,
            "mu": mu,
            "damping": state.damping,
            "gain_ratio": ratio,
            "decrease": decrease,
        }
        finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(d)) for d in direction]))
        stop = jnp.where(finite, 0, Status.BAD_CURVATURE)
        return (
            moved,
            after,
            Info(loss, norm(gradient), stop=stop, moves=taken, details=details),
        )

    def _pass(
        self, problem: Problem, params: Params, state: KFACState, source: Problem
    ) -> tuple[Array, tuple[Array, ...], LayerStatistics]:
        """L, ∇L, and what A and G are made of: of one batch, by one pass forward and one back."""
        key = jax.random.fold_in(state.key, state.count) if self.draws else None
        shared = source is problem and self.statistics == 1
        along = fisher_vectors(problem, self.kind, key, self.samples)

        def vectors(outputs: Array) -> Array:
            downhill = jax.grad(
                lambda f: jnp.mean(problem.likelihood.nll(f, problem.targets))
            )(outputs)
            return (
                jnp.concatenate([downhill[None], along(outputs)])
                if shared
                else downhill[None]
            )

        outputs, inputs, pulled = look_inside(problem, params, vectors)
        ridge = sum(jnp.sum((problem.l2 * W) * W) for W in params) / 2
        loss = jnp.mean(problem.likelihood.nll(outputs, problem.targets)) + ridge
        gradient = tuple(
            (a.T @ s[0] + problem.l2 * W).astype(W.dtype)
            for a, s, W in zip(inputs, pulled, params, strict=True)
        )
        if shared:
            drawn = tuple(s[1:] for s in pulled)
            return loss, gradient, LayerStatistics(inputs, drawn)
        part = source.part(self.statistics, state.count)
        statistics = layer_statistics(part, params, self.kind, key, self.samples)
        return loss, gradient, statistics

    def _lengths(
        self,
        problem: Problem,
        params: Params,
        gradient: Params,
        direction: Params,
        state: KFACState,
        shift: Array,
    ) -> tuple[Array, Array, Array]:
        """α, μ, and the decrease that the model promises."""
        if self.step_size is None:
            part = problem.part(self.model, state.count)
            return model_lengths(
                part, params, gradient, (direction, state.velocity), shift
            )
        slope = -inner(gradient, direction)
        alpha = jnp.asarray(at_step(self.step_size, state.count), slope.dtype)
        if self.radius is not None:
            alpha = jnp.minimum(
                alpha, jnp.sqrt(2 * self.radius / jnp.maximum(slope, 0))
            )
        return alpha, jnp.asarray(self.momentum, slope.dtype), alpha * slope

    def _judged(
        self,
        problem: Problem,
        moved: Params,
        loss: Array,
        decrease: Array,
        state: KFACState,
    ) -> tuple[Array, Array, Array]:
        """λ for the next step, the gain ratio where it is computed, and whether the step is taken."""
        unknown = state.damping, jnp.full((), jnp.nan, loss.dtype), jnp.array(True)
        if self.step_size is not None:
            return unknown

        def by_gain() -> tuple[Array, Array, Array]:
            ratio = gain_ratio(loss, problem.loss(moved), decrease).astype(
                loss.dtype
            )
            less = jnp.where(state.count % 5 == 4, 0.95**5, 1.0)
            more = jnp.where(ratio < 0, 10.0, 1 / less)
            factor = jnp.where(
                ratio > 0.75, less, jnp.where(ratio < 0.25, more, 1.0)
            )
            least = jnp.asarray(_LEAST * self.damping, state.damping.dtype)
            damping = jnp.maximum(
                (state.damping * factor).astype(least.dtype), least
            )
            return damping, ratio, ratio >= 0

        looked_at = (state.count % 5 == 4) | (state.count < _FIRST)
        return jax.lax.cond(looked_at, by_gain, lambda: unknown)
