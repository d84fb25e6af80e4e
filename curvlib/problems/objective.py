"""What is minimised: a loss as a pytree.

A problem is a pytree. Its data and hyperparameters are leaves, its functions are static: a jitted step
therefore takes the problem as an argument, and changing its numbers (not its functions or shapes) recompiles
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Array = jax.Array
Params = Any


@jax.tree_util.register_pytree_node_class
class Objective:
    """A loss L(θ) to be minimised, given as any JAX function.

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

    def __init__(self, loss: Callable[..., Array], *data: Any) -> None:
        if not callable(loss):
            raise TypeError(
                f"the loss must be a function loss(params) -> scalar, got {type(loss).__name__}: "
                "pass the function itself, not its value"
            )
        self.function = loss
        self.data = data

    def loss(self, params: Params) -> Array:
        """L(θ), a scalar.

        Raises:
            TypeError: if a leaf of ``params`` is not floating-point.
            ValueError: if the function returns anything but one real scalar.
        """
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

    def tree_flatten(self) -> tuple[tuple[Any, ...], Callable[..., Array]]:
        return self.data, self.function

    @classmethod
    def tree_unflatten(cls, function: Callable[..., Array], data: tuple[Any, ...]) -> Objective:
        problem = object.__new__(cls)  # no checks: JAX also unflattens placeholders
        problem.function, problem.data = function, tuple(data)
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


def check_array(name: str, value: Any) -> Any:
    """``value`` as an array, a list as NumPy's; what holds no numbers is refused.

    Raises:
        TypeError: if it is anything else.
    """
    array = value if hasattr(value, "dtype") else np.asarray(value)
    if array.dtype.kind in "OSUM":
        raise TypeError(f"the {name} must be an array of numbers, got {value!r}")
    return array


def check_shape(name: str, params: Any, shape: tuple[int, ...]) -> None:
    """Refuse parameters that are not one array of this shape: JAX would clamp an index out of range.

    Raises:
        ValueError: if they are not.
    """
    given = params.shape if hasattr(params, "shape") else f"a {type(params).__name__}"
    if given != shape:
        raise ValueError(f"{name} takes params of shape {shape}, got {given}")


def unfit_dtype(leaf: Any) -> Any:
    """The dtype, or the type, of what cannot be differentiated; None of what is floating-point."""
    dtype = getattr(leaf, "dtype", None)
    if dtype is None:
        return None if isinstance(leaf, float) else type(leaf).__name__
    return None if jnp.issubdtype(dtype, jnp.floating) else dtype


def check_params(params: Params, name: str = "params") -> None:
    """Refuse parameters that cannot be differentiated, or anything else that must be shaped like them.

    Raises:
        TypeError: if ``params`` has no entries or a leaf that is not floating-point.
    """
    leaves = jax.tree.leaves(params)
    for leaf in leaves:
        dtype = unfit_dtype(leaf)
        if dtype is not None:
            raise TypeError(
                f"{name} must be floating-point, got {dtype}: write 1.0 instead of 1, or use astype(float)"
            )
    if not sum(jnp.size(leaf) for leaf in leaves):
        raise TypeError(f"{name} has no numbers in it: pass an array or a pytree of arrays")
