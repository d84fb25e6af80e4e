"""What must fit together in a live figure, each misfit said in one sentence before anything is drawn."""

import functools
import inspect
import keyword
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from curvlib.live import check_layers, template
from curvlib.live.check_layers import counts, listed
from curvlib.live.compiler import program
from curvlib.live.compiler.program import Leaf, leaf_names
from curvlib.live.controls import Control, Data, Player, Point, Slider
from curvlib.live.described import several
from curvlib.live.views import Drawn, Text, View

if TYPE_CHECKING:
    from curvlib.live.definition import Definition


def figure_name(function: Callable[..., Any], name: str | None) -> str:
    """The figure's name, which becomes part of file names and element ids."""
    if not callable(function):
        raise TypeError(
            f"a live figure needs a function from controls to a dict of arrays, but was given {function!r}"
        )
    if name is None:
        name = getattr(function, "__name__", "figure").strip("<>_") or "figure"
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        raise ValueError(f"a figure's name needs letters, digits, '-' and '_' only, but was given {name!r}")
    return name


def controls(given: Sequence[Control] | Control) -> dict[str, Control]:
    """The controls by name."""
    by_name: dict[str, Control] = {}
    for control in several(given):
        if not isinstance(control, Control):
            raise TypeError(
                f"controls are made by slider, player, choice, toggle, point or data, but one is {control!r}"
            )
        name = control.name
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
            raise ValueError(
                f"a control's name must be able to name an argument of a function, which {name!r} is not"
            )
        plain = unicodedata.normalize("NFKC", name)
        if name != plain:
            raise ValueError(f"control '{name}' is what Python reads as '{plain}': call it so")
        if name in by_name:
            raise ValueError(f"two controls are called '{name}': give each its own name")
        by_name[name] = control
    return by_name


def whole_numbers(taken: Iterable[Control]) -> None:
    """Refuse whole numbers that JAX has no room for."""
    for control in taken:
        ends = (control.min, control.max) if isinstance(control, Slider) and control.integer else ()
        if any(abs(end) > np.iinfo(np.int32).max for end in ends) and not jax.config.jax_enable_x64:
            raise ValueError(
                f"slider '{control.name}' goes to whole numbers beyond 32 bits: set jax_enable_x64 before"
            )


def views(given: Sequence[View] | View) -> tuple[View, ...]:
    """The views, as a tuple."""
    given = several(given)
    for view in given:
        if not isinstance(view, View):
            raise TypeError(
                f"views are made by plane, curves, heatmap, readout or numbers, but one is {view!r}"
            )
    if not any(isinstance(view, Drawn) for view in given):
        raise ValueError("a live figure needs at least one view made by plane, curves or heatmap")
    return given


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


def definition(figure: "Definition") -> None:
    """Check names, shapes and texts against what the function returns, then its values at the start."""
    outputs = {leaf.name: leaf for leaf in figure.program.outputs}
    if "__proto__" in outputs:
        raise ValueError("an output cannot be called '__proto__', a name of JavaScript's own: rename it")
    clash = sorted(outputs.keys() & figure.controls.keys())
    if clash:
        raise ValueError(f"'{clash[0]}' names both a control and an output: rename one of them")
    for view in figure.views:
        if isinstance(view, Text):
            check_layers.toggle(figure, view.show, "a readout")
            continue
        for layer in view.layers:
            check_layers.layer(figure, layer, outputs)
        for name in getattr(view, "drag", ()):
            if not isinstance(figure.controls.get(name), Point | Data):
                points = [
                    name for name, control in figure.controls.items() if isinstance(control, Point | Data)
                ]
                raise ValueError(
                    f"a view drags '{name}', which is no point or data control; there are {listed(points)}"
                )
    _every_control_moves_something(figure, _players(figure, outputs))
    _texts(figure, outputs)
    check_layers.finite(figure)


def _players(figure: "Definition", outputs: Mapping[str, Any]) -> tuple[str, ...]:
    """The player that leads the cursor, if one does."""
    players = {name: control for name, control in figure.controls.items() if isinstance(control, Player)}
    for name, player in players.items():
        if player.until is not None:
            check_layers.whole_number(player.until, outputs, f"player '{name}'")
    leading = tuple(name for name, player in players.items() if player.cursor)
    if len(leading) > 1:
        raise ValueError(f"one player can lead the cursor, not {listed(leading)}: leave cursor= out of one")
    return leading


def _every_control_moves_something(figure: "Definition", leading: tuple[str, ...]) -> None:
    dragged = {name for view in figure.views for name in getattr(view, "drag", ())}
    for name, control in figure.controls.items():
        if isinstance(control, Data) and name not in dragged:
            raise ValueError(f"data '{name}' stand in no view's drag=, so that no reader could move them")
    used = {*leading, *figure.inputs}.union(*(field.inputs for field in figure.fields.values()))
    for view in figure.views:
        layers = () if isinstance(view, Text) else view.layers
        used |= {view.show} if isinstance(view, Text) else {layer.show for layer in layers}
        used |= {name for layer in layers for name in layer.arrays()}
    for name in figure.controls:
        if name not in used:
            raise ValueError(
                f"control '{name}' moves nothing: the function of figure '{figure.name}' does not take it"
                f" (it takes {listed(figure.inputs)}) and no layer is shown by it"
            )


def _texts(figure: "Definition", outputs: Mapping[str, Any]) -> None:
    numbers = {name for name, leaf in outputs.items() if tuple(leaf.shape) == ()}
    numbers |= {name for name, control in figure.controls.items() if not isinstance(control, Point | Data)}
    if not isinstance(figure.title, str):
        raise TypeError(f"the title needs to be a text, but is {figure.title!r}")
    texts = {"the summary": figure.summary}
    written = [text for view in figure.views if isinstance(view, Text) for text in view.texts()]
    texts |= {f"the readout {text!r}": text for text in written}
    for where, text in texts.items():
        if not isinstance(text, str):
            raise TypeError(f"{where} needs to be a text, but is {text!r}")
        template.check_template(text, where)
        for name in template.names(text):
            if name not in numbers:
                braces = "" if re.match(r"\s*[^\W\d]", name) else "; braces stand for fields and nothing else"
                raise ValueError(
                    f"{where} names '{name}', which is no number of the figure; there are {listed(numbers)}"
                    + braces
                )
    for name, options in figure.words.items():
        if name not in numbers or (name in outputs and not counts(outputs[name].dtype)):
            raise ValueError(
                f"words are given for '{name}', which is neither an integer output nor a control"
            )
        if isinstance(options, str) or not all(isinstance(text, str) for text in several(options)):
            raise TypeError(f"words for '{name}' need a sequence of texts, but are {options!r}")
