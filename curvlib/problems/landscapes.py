"""Test landscapes: small losses whose minima and saddles are known, for chapters and for tests."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp

from curvlib.problems.objective import Array, Objective

Window = tuple[tuple[float, float], ...]


class Landscape(NamedTuple):
    """A loss and what is known of it.

    Attributes:
        problem: the loss.
        window: the interval of each coordinate in which it is worth looking, and from which starts are drawn.
        minima: all its minima, each a tuple of coordinates; empty if it is unbounded below.
        saddles: points with zero gradient that are no minima.
    """

    problem: Objective
    window: Window
    minima: tuple[tuple[float, ...], ...]
    saddles: tuple[tuple[float, ...], ...] = ()


def rosenbrock(a: float | Array = 1.0, b: float | Array = 100.0) -> Objective:
    """L(θ) = Σᵢ (a − θᵢ)² + b (θᵢ₊₁ − θᵢ²)², a curved valley, for any n ≥ 2.

    In two dimensions its only minimum is L = 0 at (a, a²), and the Hessian is indefinite where θ₂ > θ₁² +
    1/(2b), inside the bend. For a = 1 the point (1, …, 1) is a minimum for every n.

    Source: Rosenbrock 1960, "An automatic method for finding the greatest or least value of a function".

    Example:
        >>> import jax.numpy as jnp
        >>> float(rosenbrock().loss(jnp.array([-1.0, 1.0])))
        4.0
    """
    return Objective(_rosenbrock, a, b)


def _rosenbrock(params: Array, a: float | Array, b: float | Array) -> Array:
    head, tail = params[:-1], params[1:]
    return jnp.sum((a - head) ** 2 + b * (tail - head**2) ** 2)


def himmelblau() -> Objective:
    """L(θ) = (θ₁² + θ₂ − 11)² + (θ₁ + θ₂² − 7)²: four minima with L = 0, four saddles and one maximum.

    Source: Himmelblau 1972, Applied Nonlinear Programming.

    Example:
        >>> import jax.numpy as jnp
        >>> float(himmelblau().loss(jnp.array([3.0, 2.0])))
        0.0
    """
    return Objective(lambda p: (p[0] ** 2 + p[1] - 11) ** 2 + (p[0] + p[1] ** 2 - 7) ** 2)


def monkey_saddle(confinement: float | Array = 0.0) -> Objective:
    """L(θ) = θ₁³ − 3 θ₁ θ₂² + c (θ₁² + θ₂²)²: three valleys meet at 0, where gradient and Hessian vanish.

    With c = 0 it is unbounded below. With c > 0 it has three minima with L = −27/(256 c³), at distance 3/(4c)
    from 0, in the directions −1, e^{iπ/3} and e^{−iπ/3}.

    Args:
        confinement: c ≥ 0.

    Example:
        >>> import jax.numpy as jnp
        >>> float(monkey_saddle().loss(jnp.array([1.0, 1.0])))
        -2.0
    """
    return Objective(
        lambda p, c: p[0] ** 3 - 3 * p[0] * p[1] ** 2 + c * (p[0] ** 2 + p[1] ** 2) ** 2,
        confinement,
    )


def product_saddle(confinement: float | Array = 0.0) -> Objective:
    """L(θ) = θ₁ θ₂ + c (θ₁⁴ + θ₂⁴): a saddle at 0 with the eigenvalues ±1.

    With c = 0 it is unbounded below. With c > 0 it has two minima with L = −1/(8c), at ±(1, −1)/(2√c).

    Args:
        confinement: c ≥ 0.

    Example:
        >>> import jax.numpy as jnp
        >>> float(product_saddle().loss(jnp.array([2.0, -3.0])))
        -6.0
    """
    return Objective(lambda p, c: p[0] * p[1] + c * (p[0] ** 4 + p[1] ** 4), confinement)


def double_well() -> Objective:
    """L(θ) = ¼ (θ² − 1)² in one dimension: minima with L = 0 at ±1, a maximum at 0.

    Its second derivative 3θ² − 1 is negative for |θ| < 1/√3, where Newton's plain step climbs.
    """
    return Objective(lambda p: 0.25 * (p[0] ** 2 - 1) ** 2)


def quartic() -> Objective:
    """L(θ) = ¼ θ⁴ in one dimension: its Hessian is zero at the minimum, and Newton's error shrinks by 2/3."""
    return Objective(lambda p: 0.25 * p[0] ** 4)


def square_root() -> Objective:
    """L(θ) = √(1 + θ²) in one dimension, its minimum L = 1 at 0.

    Newton's step is θ ← −θ³: cubic convergence from |θ| < 1, a cycle at |θ| = 1, divergence beyond.
    """
    return Objective(lambda p: jnp.sqrt(1 + p[0] ** 2))


def scaled_valley(scale: float | Array = 1e3) -> Objective:
    """L(θ) = rosenbrock(θ₁, s θ₂): the curved valley with its second coordinate in other units, minimum at
    (1, 1/s).

    Args:
        scale: s > 0. The Hessian's condition number at the minimum grows with it.
    """
    return Objective(
        lambda p, s: _rosenbrock(jnp.stack([p[0], s * p[1]]), 1.0, 100.0),
        scale,
    )


_SIN60 = 3**0.5 / 2

LANDSCAPES: dict[str, Landscape] = {
    "rosenbrock": Landscape(rosenbrock(), ((-2.0, 2.0), (-1.0, 3.0)), ((1.0, 1.0),)),
    "himmelblau": Landscape(
        himmelblau(),
        ((-5.0, 5.0), (-5.0, 5.0)),
        ((3.0, 2.0), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)),
        ((-0.127961, -1.953715), (0.086678, 2.884255), (3.385154, 0.073852), (-3.073026, -0.081353)),
    ),
    "monkey saddle": Landscape(monkey_saddle(), ((-1.5, 1.5), (-1.5, 1.5)), (), ((0.0, 0.0),)),
    "confined monkey saddle": Landscape(
        monkey_saddle(0.75),
        ((-1.5, 1.5), (-1.5, 1.5)),
        ((-1.0, 0.0), (0.5, _SIN60), (0.5, -_SIN60)),
        ((0.0, 0.0),),
    ),
    "product saddle": Landscape(product_saddle(), ((-2.0, 2.0), (-2.0, 2.0)), (), ((0.0, 0.0),)),
    "confined product saddle": Landscape(
        product_saddle(0.25), ((-2.0, 2.0), (-2.0, 2.0)), ((1.0, -1.0), (-1.0, 1.0)), ((0.0, 0.0),)
    ),
    "double well": Landscape(double_well(), ((-2.0, 2.0),), ((-1.0,), (1.0,)), ((0.0,),)),
    "quartic": Landscape(quartic(), ((-2.0, 2.0),), ((0.0,),)),
    "square root": Landscape(square_root(), ((-3.0, 3.0),), ((0.0,),)),
    "scaled valley": Landscape(scaled_valley(), ((-2.0, 2.0), (-1e-3, 3e-3)), ((1.0, 1e-3),)),
}
"""The landscapes by name, in the units of their windows."""
