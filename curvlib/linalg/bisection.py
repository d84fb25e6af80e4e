"""Bisection for positive numbers of any magnitude."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from curvlib.trees import Array


class Bisection(NamedTuple):
    """What ``bisect`` found of a condition on x > 0.

    Attributes:
        already: whether it holds at the lower end.
        below: where it does not hold; not to be used if it holds already.
        at: next to it, where it holds; the lower end if it holds already.
    """

    already: Array
    below: Array
    at: Array


def bisect(holds: Callable[[Array], Array], low: Array, high: Array) -> Bisection:
    """Find where a condition begins to hold that holds from some x > 0 on, at the upper end at least.

    It is ln x that is halved, sixty times, which leaves only rounding of any range of numbers.

    Args:
        holds: the condition on x. An array of x, of one shape with the ends, is bisected entry by entry.
        low: the lower end, positive.
        high: the upper end, where the condition is taken to hold.

    Example:
        >>> import jax.numpy as jnp
        >>> found = bisect(lambda x: x**2 >= 2, jnp.array(1e-30), jnp.array(1e3))
        >>> bool(found.already), round(float(found.at), 6)
        (False, 1.414214)
    """

    def halve(_: int, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        below, at = bracket
        middle = jnp.sqrt(below) * jnp.sqrt(at)
        enough = holds(middle)
        return jnp.where(enough, below, middle), jnp.where(enough, middle, at)

    already = holds(low)
    below, at = jax.lax.fori_loop(0, 60, halve, (low, high))
    return Bisection(already, below, jnp.where(already, low, at))
