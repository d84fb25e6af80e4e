"""Test landscapes: small losses whose minima and saddles are known, for chapters and for tests."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp

from curvlib.hyperparameters import as_float
from curvlib.problems.objective import Objective, check_shape
from curvlib.trees import Array

Window = tuple[tuple[float, float], ...]


class Landscape(NamedTuple):
    """A loss and what is known of it.

    Attributes:
        problem: the loss.
        window: the interval of each coordinate in which it is worth looking, and from which starts are drawn.
        minima: all its minima, each a tuple of coordinates; empty if it is unbounded below.
        saddles: points with zero gradient that are saddles, or in one dimension a maximum.
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
    return Objective(_rosenbrock, as_float(a), as_float(b))


def _rosenbrock(params: Array, a: float | Array, b: float | Array) -> Array:
    if jnp.ndim(params) != 1 or jnp.size(params) < 2:
        raise ValueError(
            f"Rosenbrock's function takes a vector of 2 or more params, got shape {jnp.shape(params)}"
        )
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
    return Objective(_himmelblau)


def _himmelblau(params: Array) -> Array:
    x, y = _coordinates(params, 2, "Himmelblau's function")
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def monkey_saddle(confinement: float | Array = 0.0) -> Objective:
    """L(θ) = θ₁³ − 3 θ₁ θ₂² + c (θ₁² + θ₂²)²: three valleys meet at 0, where gradient and Hessian vanish.

    With c = 0 it is unbounded below. With c > 0 it has three minima with L = −27/(256 c³), at distance 3/(4c)
    from 0, in the directions −1, e^{iπ/3} and e^{−iπ/3}.

    Args:
        confinement: c ≥ 0.

    Source: elementary. The cubic is the real part of (θ₁ + iθ₂)³, so that in polar coordinates L =
    r³ cos 3φ + c r⁴.

    Example:
        >>> import jax.numpy as jnp
        >>> float(monkey_saddle().loss(jnp.array([1.0, 1.0])))
        -2.0
    """
    return Objective(_monkey_saddle, as_float(confinement))


def _monkey_saddle(params: Array, confinement: float | Array) -> Array:
    x, y = _coordinates(params, 2, "the monkey saddle")
    return x**3 - 3 * x * y**2 + confinement * (x**2 + y**2) ** 2


def product_saddle(confinement: float | Array = 0.0) -> Objective:
    """L(θ) = θ₁ θ₂ + c (θ₁⁴ + θ₂⁴): a saddle at 0 with the eigenvalues ±1.

    With c = 0 it is unbounded below. With c > 0 it has two minima with L = −1/(8c), at ±(1, −1)/(2√c).

    Args:
        confinement: c ≥ 0.

    Source: elementary. Along θ₂ = −θ₁ it is −θ₁² + 2c θ₁⁴.

    Example:
        >>> import jax.numpy as jnp
        >>> float(product_saddle().loss(jnp.array([2.0, -3.0])))
        -6.0
    """
    return Objective(_product_saddle, as_float(confinement))


def _product_saddle(params: Array, confinement: float | Array) -> Array:
    x, y = _coordinates(params, 2, "the product saddle")
    return x * y + confinement * (x**4 + y**4)


def double_well() -> Objective:
    """L(θ) = ¼ (θ² − 1)² in one dimension: minima with L = 0 at ±1, a maximum at 0.

    Its second derivative 3θ² − 1 is negative for |θ| < 1/√3. There, but for θ = 0, the loss climbs at first
    along Newton's step, which leads to 2θ³/(3θ² − 1); at its end the loss is lower only for 1/√5 < |θ| <
    √((11 − √17)/26), that is 0.447 < |θ| < 0.514. Near ±1 the error e becomes about (3/2) e².

    Source: elementary.

    Example:
        >>> import jax.numpy as jnp
        >>> float(double_well().loss(jnp.array([0.0])))
        0.25
    """
    return Objective(_double_well)


def _double_well(params: Array) -> Array:
    (x,) = _coordinates(params, 1, "the double well")
    return 0.25 * (x**2 - 1) ** 2


def quartic() -> Objective:
    """L(θ) = ¼ θ⁴ in one dimension: its Hessian is zero at the minimum, and each of Newton's steps multiplies
    the error by 2/3.

    Source: elementary. Newton's step is −θ³/(3θ²).

    Example:
        >>> import jax.numpy as jnp
        >>> float(quartic().loss(jnp.array([2.0])))
        4.0
    """
    return Objective(_quartic)


def _quartic(params: Array) -> Array:
    (x,) = _coordinates(params, 1, "the quartic")
    return 0.25 * x**4


def square_root() -> Objective:
    """L(θ) = √(1 + θ²) in one dimension, its minimum L = 1 at 0.

    Newton's step is θ ← −θ³: convergence of order 3 from |θ| < 1, a cycle at |θ| = 1, divergence beyond.

    Source: elementary. L′ = θ (1 + θ²)^{−1/2} and L″ = (1 + θ²)^{−3/2}.

    Example:
        >>> import jax.numpy as jnp
        >>> float(square_root().loss(jnp.array([0.0])))
        1.0
    """
    return Objective(_square_root)


def _square_root(params: Array) -> Array:
    (x,) = _coordinates(params, 1, "the square root")
    return jnp.sqrt(1 + x**2)


def scaled_valley(scale: float | Array = 1e3) -> Objective:
    """L(θ) = rosenbrock(θ₁, s θ₂): the curved valley with its second coordinate in other units, minimum at
    (1, 1/s).

    Args:
        scale: s > 0. The Hessian's condition number at the minimum grows with it.

    Source: Rosenbrock 1960, see ``rosenbrock``.

    Example:
        >>> import jax.numpy as jnp
        >>> float(scaled_valley(10.0).loss(jnp.array([1.0, 0.2])))
        100.0
    """
    return Objective(_scaled_valley, as_float(scale))


def _scaled_valley(params: Array, scale: float | Array) -> Array:
    x, y = _coordinates(params, 2, "the scaled valley")
    return _rosenbrock(jnp.stack([x, scale * y]), 1.0, 100.0)


def _coordinates(params: Array, count: int, name: str) -> list[Array]:
    """The entries of a vector that must have ``count`` of them."""
    check_shape(name, params, (count,))
    return [params[index] for index in range(count)]


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
