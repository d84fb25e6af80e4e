"""Functions inside pytrees: static, but for charts that are pytrees of numbers, and for what functions find
outside of themselves, which may change."""

from __future__ import annotations

import functools
import sysconfig
import types
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from curvlib.trees import Params

_LARGEST = 2**22  # bytes of a NumPy array whose content is compared
_DEEPEST = 4  # functions that call functions
_INSTALLED = tuple(sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib"))


class Static:
    """A function as the static part of a pytree.

    Two are equal if the function is the same and so is what it sees: arrays and numbers among its globals,
    what it closes over, and the attributes of the object that it belongs to, also of functions that it calls
    in turn. So ``jit`` compiles anew when one of these is given another value.
    """

    def __init__(self, value: Callable[..., Any]) -> None:
        self.value = value
        self.seen = _seen(value, _DEEPEST)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Static) and self.value == other.value and self.seen == other.seen

    def __hash__(self) -> int:
        return hash(self.value)


@jax.tree_util.register_pytree_node_class
class Composed:
    """A function after a chart: ``Composed(f, chart)(φ, …) = f(chart(φ), …)``; equal where both parts are."""

    def __init__(self, function: Callable[..., Any], chart: Callable[[Params], Params]) -> None:
        self.function, self.chart = function, chart

    def __call__(self, params: Params, *rest: Any) -> Any:
        return self.function(self.chart(params), *rest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Composed) and (self.function, self.chart) == (other.function, other.chart)

    def __hash__(self) -> int:
        return hash((self.function, self.chart))

    def tree_flatten(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        (inner, outer), (function, chart) = zip(split(self.function), split(self.chart), strict=True)
        return (inner, outer), (function, chart)

    @classmethod
    def tree_unflatten(cls, static: tuple[Any, ...], leaves: tuple[Any, ...]) -> Composed:
        return cls(*(joined(leaf, fixed) for leaf, fixed in zip(leaves, static, strict=True)))


def split(function: Any) -> tuple[Any, Static | None]:
    """A function as what of it is a pytree of numbers, and what is static: all of one, and nothing of the
    other. None is neither."""
    if function is None or isinstance(function, Composed) or _is_of_numbers(function):
        return function, None
    return None, Static(function)


def joined(leaf: Any, fixed: Static | None) -> Any:
    """The function that ``split`` took apart."""
    return leaf if fixed is None else fixed.value


def _is_of_numbers(function: Any) -> bool:
    """Whether JAX knows it as a pytree, with numbers for leaves."""
    leaves = jax.tree.leaves(function)
    return bool(leaves) and all(hasattr(leaf, "dtype") or isinstance(leaf, int | float) for leaf in leaves)


def check_chart(chart: Any) -> None:
    """Refuse what is no function.

    Raises:
        TypeError: if it is anything else.
    """
    if not callable(chart):
        raise TypeError(f"the chart must be a function from new to old params, got {type(chart).__name__}")


class _Same:
    """An object that nothing else is equal to. It is kept, so that no other can take its place in memory."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    __hash__ = None  # type: ignore[assignment]


def _seen(function: Any, depth: int) -> tuple[Any, ...]:
    """What a function finds outside of itself, as something to compare."""
    if isinstance(function, functools.partial):
        inside = (*function.args, *function.keywords.values())
        return (*_seen(function.func, depth), *(_token(value, depth) for value in inside))
    if isinstance(function, types.MethodType):
        return (*_attributes(function.__self__, depth), *_seen(function.__func__, depth))
    if isinstance(function, Composed):
        return (*_seen(function.function, depth), *_seen(function.chart, depth))
    if not isinstance(function, types.FunctionType):
        inner = getattr(function, "__wrapped__", None)  # a jitted function, say
        return _seen(inner, depth) if inner is not None else _attributes(function, depth)
    names = _names(function.__code__)
    found = [function.__globals__[name] for name in names if name in function.__globals__]
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not filled yet: a function that calls itself
            continue
    return tuple(_token(value, depth) for value in (*found, *(function.__defaults__ or ())))


def _attributes(owner: Any, depth: int) -> tuple[Any, ...]:
    """The attributes of an object, as something to compare; those of a class or a module are left alone."""
    if isinstance(owner, type | types.ModuleType):
        return ()
    return tuple(
        (name, _token(value, depth)) for name, value in sorted(getattr(owner, "__dict__", {}).items())
    )


@functools.cache
def _names(code: types.CodeType) -> tuple[str, ...]:
    """The names that code, with the functions in it, may look up among globals."""
    inner = [name for part in code.co_consts if isinstance(part, types.CodeType) for name in _names(part)]
    return tuple(dict.fromkeys((*code.co_names, *inner)))


def _token(value: Any, depth: int) -> Any:
    """Something that is equal for equal values: numbers and small arrays by content, others by identity."""
    if isinstance(value, bool | int | float | complex | str | np.generic | None):
        return type(value), value if value == value else "NaN"
    if isinstance(value, np.ndarray) and value.dtype.kind != "O" and value.nbytes <= _LARGEST:
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, jax.Array | np.ndarray):
        return _Same(value)
    if depth and callable(value) and not isinstance(value, type) and not _is_installed(value):
        return _seen(value, depth - 1)
    return None


def _is_installed(function: Any) -> bool:
    """Whether a function's code is in a library, where nothing is expected to change."""
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    file = getattr(code, "co_filename", "")
    return file.startswith(_INSTALLED) or (getattr(function, "__module__", None) or "").split(".")[0] in (
        "curvlib",
        "jax",
    )
