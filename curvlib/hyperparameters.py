"""Hyperparameters: what makes a method or a line search a pytree of numbers, and the checks they share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

Array = jax.Array
Schedule = Callable[[Array], Array]
_Class = TypeVar("_Class", bound=type)
_STATIC = "static"


def hyperparameters(cls: _Class) -> _Class:
    """Make a class of hyperparameters a frozen dataclass that is a pytree.

    Numbers are leaves, so that changing one recompiles nothing, and floats, however they are given. What
    decides shapes or bounds loops (a number of iterations, say) is declared ``static``: it reaches the step
    as the Python number that it is, and another one compiles anew. Functions (a schedule, an optax
    transformation) and names (strings) are static too. A class may define ``check(self)``, which runs when a
    user builds an instance and not when JAX rebuilds one.

    Example:
        >>> @hyperparameters
        ... class Remembers:
        ...     rate: float = 1
        ...     memory: int = static(10)
        >>> jax.tree.leaves(Remembers(memory=3)), Remembers(memory=3).memory
        ([1.0], 3)
    """

    def prepare(self: Any) -> None:
        if hasattr(self, "check"):
            self.check()
        for field in fields:
            if field.name not in fixed_names:
                object.__setattr__(self, field.name, as_float(getattr(self, field.name)))

    cls.__post_init__ = prepare
    cls = dataclasses.dataclass(frozen=True)(cls)
    fields = dataclasses.fields(cls)
    names = tuple(field.name for field in fields)
    fixed_names = {field.name for field in fields if field.metadata.get(_STATIC)}

    def is_static(name: str, value: Any) -> bool:
        leaves = jax.tree.leaves(value)
        return name in fixed_names or any(callable(leaf) or isinstance(leaf, str) for leaf in leaves)

    def flatten(self: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        values = {name: getattr(self, name) for name in names}
        fixed = {name: value for name, value in values.items() if is_static(name, value)}
        leaves = tuple(None if name in fixed else value for name, value in values.items())
        return leaves, tuple(fixed.items())

    def unflatten(fixed: tuple[Any, ...], leaves: tuple[Any, ...]) -> Any:
        self = object.__new__(cls)
        for name, value in {**dict(zip(names, leaves, strict=True)), **dict(fixed)}.items():
            object.__setattr__(self, name, value)
        return self

    jax.tree_util.register_pytree_node(cls, flatten, unflatten)
    return cls


def static(default: Any = dataclasses.MISSING) -> Any:
    """A field of ``hyperparameters`` that is no leaf: shapes and loop bounds may depend on it. It must be
    hashable."""
    return dataclasses.field(default=default, metadata={_STATIC: True})


def as_float(value: Any) -> Any:
    """A number of Python or NumPy as a float, anything else as it is: 1, 1.0 and np.float64(1) are one type
    to JAX then, and what is compiled for one serves all."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return float(value) if number else value


def at_step(hyperparameter: Any, count: Array) -> Array:
    """The value of a hyperparameter at step ``count``: itself, or what its schedule says.

    Raises:
        ValueError: if a schedule returns anything but one number.
    """
    if not callable(hyperparameter):
        return hyperparameter
    value = hyperparameter(count)
    if jnp.shape(value) != ():
        raise ValueError(f"a schedule must return one number, got shape {jnp.shape(value)}")
    return value


def check_at_least(
    name: str, value: Any, bound: float, *, strictly: bool = False, schedule: bool = False
) -> None:
    """Refuse a hyperparameter below its bound, where its value is known (a tracer's is not).

    Args:
        name, value: the hyperparameter.
        bound: its least value.
        strictly: whether the bound itself is refused too.
        schedule: whether a function of the step count may stand for a number.

    Raises:
        TypeError: if it is not a real number.
        ValueError: if it is out of range or NaN.
    """
    if isinstance(value, jax.core.Tracer) or (schedule and callable(value)):
        return
    if callable(value) or np.ndim(value) != 0 or not _is_real(np.asarray(value).dtype):
        raise TypeError(f"{name} must be a number{' or a schedule' if schedule else ''}, got {value!r}")
    if not (value > bound if strictly else value >= bound):
        raise ValueError(
            f"{name} must be {'greater than' if strictly else 'at least'} {bound:g}, got {value}"
        )


def check_fraction(name: str, value: Any, bound: float = 1.0, *, strictly: bool = True) -> None:
    """Refuse a hyperparameter that is not between 0 and ``bound``, where its value is known.

    Args:
        name, value: the hyperparameter.
        bound: the upper end.
        strictly: whether both ends are refused too.

    Raises:
        TypeError: if it is not a number.
        ValueError: if it is out of range or NaN.
    """
    check_at_least(name, value, 0.0, strictly=strictly)
    if not isinstance(value, jax.core.Tracer) and (value >= bound if strictly else value > bound):
        raise ValueError(f"{name} must be {'less than' if strictly else 'at most'} {bound:g}, got {value}")


def check_count(name: str, value: Any) -> None:
    """Refuse what is no count of at least 1 that is known when a function is traced.

    Raises:
        ValueError: if it is anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} must be a Python integer of at least 1, got {value!r}")


def check_part(name: str, value: Any) -> None:
    """Refuse what is no part of a whole, in (0, 1], that is known when a function is traced.

    Raises:
        ValueError: if it is anything else.
    """
    known = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not (known and 0 < value <= 1):
        raise ValueError(f"{name} must be a Python number greater than 0 and at most 1, got {value!r}")


def check_name(name: str, value: Any, known: Iterable[str]) -> None:
    """Refuse a name that is not among the known ones.

    Raises:
        ValueError: if it is not.
    """
    known = tuple(known)
    if value not in known:
        names = ", ".join(f'"{each}"' for each in known)
        raise ValueError(f"{name} must be one of {names}, got {value!r}")


def _is_real(dtype: np.dtype) -> bool:
    """Whether it holds real numbers; NumPy itself does not count bfloat16 among them."""
    return dtype.kind in "iuf" or jnp.issubdtype(dtype, jnp.floating)
