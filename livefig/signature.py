"""What functions take and give: the controls that they name, arrays with names, the values of a field."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from livefig.compiler import program
from livefig.compiler.program import Leaf, leaf_names
from livefig.controls import Control, Slider
from livefig.description import listed
from livefig.views import Layer, Regions, Vectors


def whole_numbers(taken: Iterable[Control]) -> None:
    """Refuse whole numbers that JAX has no room for."""
    for control in taken:
        ends = (control.min, control.max) if isinstance(control, Slider) and control.integer else ()
        if any(abs(end) > np.iinfo(np.int32).max for end in ends) and not jax.config.jax_enable_x64:
            raise ValueError(
                f"slider '{control.name}' goes to whole numbers beyond 32 bits: set jax_enable_x64 before"
            )


def inputs(
    function: Callable[..., Any], by_name: Mapping[str, Control], label: str, given: int = 0
) -> tuple[str, ...]:
    """The controls that `function` takes after its first `given` arguments, in its own order."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError as error:  # of what is built into Python
        raise TypeError(f"{label} does not say what arguments it takes: wrap it in one that does") from error
    places = [part for part in parameters if part.kind not in (part.KEYWORD_ONLY, part.VAR_KEYWORD)]
    if len(places) < given:
        raise TypeError(f"{label} must take the point of the plane as its first argument")
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return tuple(by_name)
    taken = []
    for parameter in parameters[given:]:
        if parameter.kind is parameter.POSITIONAL_ONLY and parameter.default is parameter.empty:
            raise ValueError(f"{label} takes '{parameter.name}' by place: let it take its controls by name")
        named = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY)
        if named and parameter.name in by_name:
            taken.append(parameter.name)
        elif parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL:
            raise ValueError(
                f"{label} takes '{parameter.name}', which is no control ({listed(by_name)}):"
                " add such a control or give the argument a default"
            )
    if not taken and any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters[given:]):
        raise ValueError(f"{label} takes arguments without names: name the controls that it takes")
    return tuple(taken)


def outputs(result: Any, label: str) -> Any:
    """What a figure's function returned, which has to be arrays and numbers with names."""
    try:
        paths, tree = jax.tree_util.tree_flatten_with_path(result)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{label} returned a dict whose keys are not all texts: name its arrays") from error
    if jax.tree_util.treedef_is_leaf(tree) or not paths:
        raise TypeError(f"{label} returned {_kind(result)}: return a dict of named arrays")
    for name, (_, value) in zip(leaf_names(paths), paths, strict=True):
        dtype = value.dtype if isinstance(value, jax.Array) else np.asarray(value).dtype
        if jnp.issubdtype(dtype, np.complexfloating):
            raise TypeError(f"{label} returned complex numbers as '{name}': return two real parts of them")
        if not (jnp.issubdtype(dtype, np.number) or jnp.issubdtype(dtype, np.bool_)):
            raise TypeError(f"{label} returned {_kind(value)} as '{name}': return arrays and numbers")
    return result


def leaves(result: Any) -> tuple[Leaf, ...]:
    """What a function returned, by names, shapes and dtypes."""
    paths = jax.tree_util.tree_flatten_with_path(result)[0]
    return program.leaves(leaf_names(paths), [np.asarray(value) for _, value in paths])


def steady(
    function: Callable[..., Any], names: Sequence[str], before: Sequence[Leaf], label: str
) -> Callable[..., Any]:
    """The function, which refuses to return what does not fit the places that a page keeps: other names or
    shapes than `before`, or fractions where there were whole numbers."""

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        result = function(*arguments)
        now, state = leaves(result), dict(zip(names, arguments, strict=True))
        same_places(now, before, state, label)
        for leaf, old in zip(now, before, strict=True):
            if counts(old.dtype) and not counts(leaf.dtype):
                raise ValueError(
                    f"{label} returned '{leaf.name}' as {leaf.dtype} at {_stated(state)}, but before as"
                    f" {old.dtype}: return the same kind of number for all values of the controls"
                )
        return result

    return call


def same_places(now: Sequence[Leaf], before: Sequence[Leaf], state: Mapping[str, Any], label: str) -> None:
    """Check that a function returned in `state` the names and shapes that it returned before."""
    if _places(now) != _places(before):
        raise ValueError(
            f"{label} returned {_shapes(now)} at {_stated(state)}, but before {_shapes(before)}: names and"
            " shapes must not depend on the controls"
        )


def _places(leaves: Sequence[Leaf]) -> list[tuple[str, tuple[int, ...]]]:
    return [(leaf.name, leaf.shape) for leaf in leaves]


def _shapes(leaves: Sequence[Leaf]) -> str:
    return ", ".join(f"'{leaf.name}' of shape {leaf.shape}" for leaf in leaves)


def _stated(state: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in state.items())


def _kind(value: Any) -> str:
    """What something is, for a sentence."""
    if isinstance(value, jax.Array | np.ndarray):
        return f"an array of shape {value.shape}"
    text = repr(value)
    return text if len(text) < 40 else f"a {type(value).__name__}"


def checked_field(function: Callable[..., Any], layer: Layer, label: str) -> Callable[..., Any]:
    """The field of a layer, which refuses to return for a point what the layer does not draw."""
    shape, needed = ((2,), "an array of shape (2,)") if isinstance(layer, Vectors) else ((), "a scalar")

    @functools.wraps(function)
    def field(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        alone = jax.tree.structure(result) == jax.tree.structure(0)
        value = result if isinstance(result, jax.Array) or not alone else np.asarray(result)
        if not alone or value.shape != shape:
            raise ValueError(f"{label} must return {needed} for a point, but returned {described(result)}")
        real = jnp.issubdtype(value.dtype, np.number) and not jnp.issubdtype(value.dtype, np.complexfloating)
        if not (real or jnp.issubdtype(value.dtype, np.bool_)):
            raise TypeError(f"{label} must return real numbers, but returned {value.dtype}")
        if isinstance(layer, Regions) and not counts(value.dtype):
            raise ValueError(
                f"{label} must return an integer for a point, the number of a region, but returned"
                f" {value.dtype}"
            )
        return result

    return field


def counts(dtype: Any) -> bool:
    """Whether numbers of this dtype count something."""
    return np.issubdtype(dtype, np.integer) or np.issubdtype(dtype, np.bool_)


def described(result: Any) -> str:
    """What a field returned, for a sentence."""
    if jax.tree.structure(result) == jax.tree.structure(0):
        return f"an array of shape {np.shape(result)}"
    return f"a {type(result).__name__} of {len(jax.tree.leaves(result))}"
