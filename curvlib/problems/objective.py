"""What is minimised: a loss as a pytree.

A problem is a pytree. Its data and hyperparameters are leaves, its functions are static: a jitted step
therefore takes the problem as an argument, and changing its numbers (not its functions or shapes) recompiles
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp

from curvlib.problems.functions import Composed, Static, check_chart, joined, split
from curvlib.trees import Array, Params, as_arrays, check_axes, check_params


@jax.tree_util.register_pytree_node_class
class Objective:
    """A loss L(θ) to be minimised, given as any JAX function.

    Hand data over as arguments: they are leaves of the problem, and other data of the same shapes recompile
    nothing. Arrays and numbers that the function finds outside of itself (globals, what it closes over,
    attributes of the object whose method it is) are part of what is compiled. Where such a name is given
    another value the problem is compiled anew, as it is where a NumPy array of up to 4 MB is changed in
    place. Not noticed is what lies deeper: larger arrays changed in place, lists and dicts of arrays, files,
    what installed packages hold, and what a function under a ``jax.jit`` of its own has seen.

    Args:
        loss: ``loss(params, *data) -> scalar``. ``params`` may be any pytree of floating-point arrays.
        *data: further arguments of ``loss`` (arrays or pytrees of arrays); they are leaves of the problem.

    Raises:
        TypeError: if ``loss`` is not a function.

    Example:
        >>> import jax.numpy as jnp
        >>> bowl = Objective(lambda theta, center: jnp.sum((theta - center) ** 2), jnp.array([1.0, 2.0]))
        >>> float(bowl.loss(jnp.array([1.0, 4.0])))
        4.0
    """

    gives: ClassVar[frozenset[str]] = frozenset({"loss"})
    """What methods may ask a problem of this class for: "loss", "residuals", "outputs", "ridge" or
    "likelihood"."""

    def __init__(self, loss: Callable[..., Array], *data: Any) -> None:
        if not callable(loss):
            raise TypeError(
                f"the loss must be a function loss(params) -> scalar, got {type(loss).__name__}: "
                "pass the function itself, not its value"
            )
        self.function = loss
        self.data = as_arrays(data)

    def loss(self, params: Params) -> Array:
        """L(θ), a scalar.

        Raises:
            TypeError: if a leaf of ``params`` is not floating-point.
            ValueError: if the function returns anything but one real scalar.
        """
        check_axes(self.data)
        check_params(params)
        value = self.function(params, *self.data)
        leaves = jax.tree.leaves(value)
        if len(leaves) != 1 or jnp.shape(leaves[0]) != ():
            shapes = ", ".join(str(jnp.shape(leaf)) for leaf in leaves)
            raise ValueError(
                f"the loss must return one scalar, got shape {shapes or 'nothing'}: reduce it, "
                "for example with jnp.sum or jnp.mean"
            )
        if not jnp.issubdtype(jnp.result_type(leaves[0]), jnp.floating):
            raise ValueError(
                f"the loss must return a real floating-point scalar, got {jnp.result_type(leaves[0])}: "
                "convert it, for example with jnp.asarray(value, float)"
            )
        return jnp.asarray(leaves[0])

    def through(self, chart: Callable[[Params], Params]) -> Self:
        """The same problem in other coordinates φ, θ = chart(φ): a problem of the same class, L(chart(φ)).

        Args:
            chart: a JAX function from φ, any pytree, to θ, such as those of ``cl.charts``; numbers of one
                that is a pytree are leaves of the problem.

        Example:
            >>> import jax.numpy as jnp
            >>> positive = Objective(lambda s: (s - 2.0) ** 2).through(jnp.exp)
            >>> float(positive.loss(jnp.array(0.0)))
            1.0
        """
        check_chart(chart)
        problem = object.__new__(type(self))
        problem.function, problem.data = Composed(self.function, chart), self.data
        return problem

    def tree_flatten(self) -> tuple[tuple[Any, ...], Static | None]:
        behind_chart = isinstance(self.function, Composed)
        leaf, fixed = split(self.function) if behind_chart else (None, Static(self.function))
        return (leaf, *self.data), fixed

    @classmethod
    def tree_unflatten(cls, static: Static | None, leaves: tuple[Any, ...]) -> Self:
        problem = object.__new__(cls)  # no checks: JAX also unflattens placeholders
        problem.function, problem.data = joined(leaves[0], static), tuple(leaves[1:])
        return problem

    def __repr__(self) -> str:
        return f"{type(self).__name__}({getattr(self.function, '__name__', repr(self.function))})"


def check_problem(problem: Any) -> None:
    """Refuse what is no problem.

    Raises:
        TypeError: if it has no loss.
    """
    if not hasattr(problem, "loss"):
        raise TypeError(
            f"the problem must have a loss, got {type(problem).__name__}: wrap it as cl.Objective(loss)"
        )


def gives(problem: Any, what: str) -> bool:
    """Whether methods may ask a problem for "loss", "residuals", "outputs", a "ridge" or a "likelihood".

    It is the *class* that says so: a wrapper that passes attributes on is not taken for what it wraps.
    """
    return what in getattr(type(problem), "gives", ("loss",))


def check_shape(name: str, params: Any, shape: tuple[int, ...]) -> None:
    """Refuse parameters that are not one array of this shape: JAX would clamp an index out of range.

    Raises:
        ValueError: if they are not.
    """
    given = params.shape if hasattr(params, "shape") else f"a {type(params).__name__}"
    if given != shape:
        raise ValueError(f"{name} takes params of shape {shape}, got {given}")
