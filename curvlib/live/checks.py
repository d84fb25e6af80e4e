"""What must fit together in a live figure, each misfit said in one sentence before anything is drawn."""

import inspect
import keyword
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from curvlib import plot
from curvlib.live import template
from curvlib.live.controls import Choice, Control, Point, Slider, Toggle
from curvlib.live.views import Contours, Curves, Layer, Line, Path, Plane, Points, Readout, Rule, View

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
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        raise ValueError(f"a figure's name needs letters, digits, '-' and '_' only, but was given {name!r}")
    return name


def controls(given: Sequence[Control] | Control) -> dict[str, Control]:
    """The controls by name."""
    by_name: dict[str, Control] = {}
    for control in (given,) if isinstance(given, Slider | Choice | Toggle | Point) else given:
        if not isinstance(control, Slider | Choice | Toggle | Point):
            raise TypeError(f"controls are made by slider, choice, toggle or point, but one is {control!r}")
        name = control.name
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
            raise ValueError(
                f"a control's name must be able to name an argument of a function, which {name!r} is not"
            )
        if name in by_name:
            raise ValueError(f"two controls are called '{name}': give each its own name")
        by_name[name] = control
    return by_name


def views(given: Sequence[View] | View) -> tuple[View, ...]:
    """The views, as a tuple."""
    given = (given,) if isinstance(given, Plane | Curves | Readout) else tuple(given)
    if not any(isinstance(view, Plane | Curves) for view in given):
        raise ValueError("a live figure needs at least one view made by plane or curves")
    for view in given:
        if not isinstance(view, Plane | Curves | Readout):
            raise TypeError(f"views are made by plane, curves or readout, but one is {view!r}")
    return given


def inputs(
    function: Callable[..., Any], by_name: Mapping[str, Control], label: str, given: int = 0
) -> tuple[str, ...]:
    """The controls that `function` takes after its first `given` arguments, in its own order."""
    parameters = list(inspect.signature(function).parameters.values())
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return tuple(by_name)
    if len(parameters) < given:
        raise TypeError(f"{label} must take the point of the plane as its first argument")
    taken = []
    for parameter in parameters[given:]:
        if parameter.name in by_name and parameter.kind is not parameter.POSITIONAL_ONLY:
            taken.append(parameter.name)
        elif parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL:
            raise ValueError(
                f"{label} takes '{parameter.name}', which is no control ({listed(by_name)}):"
                " add such a control or give the argument a default"
            )
    return tuple(taken)


def definition(figure: "Definition") -> None:
    """Check names, shapes and texts against what the function returns, then its values at the start."""
    outputs = {leaf.name: leaf for leaf in figure.program.outputs}
    clash = sorted(outputs.keys() & figure.controls.keys())
    if clash:
        raise ValueError(f"'{clash[0]}' names both a control and an output: rename one of them")
    for view in figure.views:
        _toggle(figure, view.show, "a readout") if isinstance(view, Readout) else None
        for layer in () if isinstance(view, Readout) else view.layers:
            _layer(figure, layer, outputs)
        for name in view.drag if isinstance(view, Plane) else ():
            if not isinstance(figure.controls.get(name), Point):
                points = [name for name, control in figure.controls.items() if isinstance(control, Point)]
                raise ValueError(
                    f"a plane drags '{name}', which is no point control; there are {listed(points)}"
                )
    _every_control_moves_something(figure)
    _texts(figure, outputs)
    _finite(figure)


def _layer(figure: "Definition", layer: Layer, outputs: Mapping[str, Any]) -> None:
    label = f"{type(layer).__name__.lower()} '{getattr(layer, 'label', '') or _data(layer)}'"
    _toggle(figure, layer.show, label)
    if not isinstance(layer, Contours) and layer.color not in plot.COLORS:
        raise ValueError(f"{label} has the colour {layer.color!r}; the palette has {listed(plot.COLORS)}")
    match layer:
        case Path():
            _shape(layer.data, outputs, label, "(k, 2)", lambda shape: len(shape) == 2 and shape[1] == 2)
        case Points():
            _shape(
                layer.data,
                outputs,
                label,
                "(2,) or (k, 2)",
                lambda shape: len(shape) in (1, 2) and shape[-1] == 2,
            )
        case Line():
            _shape(layer.y, outputs, label, "(k,)", lambda shape: len(shape) == 1)
            if layer.x is not None:
                length = tuple(outputs[layer.y].shape)
                _shape(layer.x, outputs, label, f"{length} like '{layer.y}'", lambda shape: shape == length)
        case Rule():
            place = layer.x if layer.x is not None else layer.y
            if isinstance(place, str) and place not in figure.controls:
                _shape(place, outputs, label, "(), a scalar", lambda shape: shape == ())
            elif isinstance(place, str) and isinstance(figure.controls[place], Point):
                raise ValueError(f"{label} stands at '{place}', which is a point and not a number")
    count = getattr(layer, "count", None)
    if count is not None:
        _shape(count, outputs, label, "(), a whole number", lambda shape: shape == ())
        if not np.issubdtype(outputs[count].dtype, np.integer):
            raise ValueError(
                f"{label} counts by '{count}', which has dtype {outputs[count].dtype}: return an integer"
            )


def _shape(
    name: str, outputs: Mapping[str, Any], label: str, needed: str, fits: Callable[[tuple], bool]
) -> None:
    if name not in outputs:
        raise ValueError(
            f"{label} draws '{name}', which the function does not return; it returns {listed(outputs)}"
        )
    shape = tuple(outputs[name].shape)
    if not fits(shape):
        raise ValueError(f"{label} needs '{name}' to have the shape {needed}, but it has {shape}")


def _toggle(figure: "Definition", show: str | None, label: str) -> None:
    if show is not None and not isinstance(figure.controls.get(show), Toggle):
        toggles = [name for name, control in figure.controls.items() if isinstance(control, Toggle)]
        raise ValueError(f"{label} is shown by '{show}', which is no toggle; there are {listed(toggles)}")


def _every_control_moves_something(figure: "Definition") -> None:
    used = set(figure.inputs).union(*(field.inputs for field in figure.fields.values()))
    for view in figure.views:
        layers = () if isinstance(view, Readout) else view.layers
        used |= {view.show} if isinstance(view, Readout) else {layer.show for layer in layers}
        used |= {place for layer in layers if isinstance(layer, Rule) for place in (layer.x, layer.y)}
    for name in figure.controls:
        if name not in used:
            raise ValueError(
                f"control '{name}' moves nothing: the function of figure '{figure.name}' does not take it"
                f" (it takes {listed(figure.inputs)}) and no layer is shown by it"
            )


def _texts(figure: "Definition", outputs: Mapping[str, Any]) -> None:
    numbers = {name for name, leaf in outputs.items() if tuple(leaf.shape) == ()}
    numbers |= {name for name, control in figure.controls.items() if not isinstance(control, Point)}
    texts = {"the summary": figure.summary}
    texts |= {f"the readout {view.text!r}": view.text for view in figure.views if isinstance(view, Readout)}
    for where, text in texts.items():
        if not isinstance(text, str):
            raise TypeError(f"{where} needs to be a text, but is {text!r}")
        template.check_template(text, where)
        for name in template.names(text):
            if name not in numbers:
                raise ValueError(
                    f"{where} names '{name}', which is no number of the figure; there are {listed(numbers)}"
                )
    for name, options in figure.words.items():
        if name not in numbers or (name in outputs and not _counts(outputs[name].dtype)):
            raise ValueError(
                f"words are given for '{name}', which is neither an integer output nor a control"
            )
        if isinstance(options, str) or not all(isinstance(text, str) for text in options):
            raise TypeError(f"words for '{name}' need a sequence of texts, but are {options!r}")


def _counts(dtype: Any) -> bool:
    return np.issubdtype(dtype, np.integer) or np.issubdtype(dtype, np.bool_)


def _finite(figure: "Definition") -> None:
    """Refuse a figure that opens with NaN or infinity in what it draws."""
    outputs = figure.evaluate(figure.start())
    for view in figure.views:
        for layer in () if isinstance(view, Readout) else view.layers:
            count = outputs[layer.count].item() + 1 if getattr(layer, "count", None) else None
            for name in _drawn(layer):
                values = np.atleast_1d(outputs[name])[:count] if name in outputs else np.zeros(1)
                bad = np.argwhere(~np.isfinite(values))
                if len(bad):
                    raise ValueError(
                        f"output '{name}' is {values[tuple(bad[0])]} at index {tuple(bad[0].tolist())} in the"
                        " state in which the figure opens: start it elsewhere, or stop its method at the last"
                        " finite point"
                    )


def _drawn(layer: Layer) -> Iterable[str]:
    names = (getattr(layer, key, None) for key in ("data", "x", "y"))
    return (name for name in names if isinstance(name, str))


def _data(layer: Layer) -> str:
    return next(iter(_drawn(layer)), "")


def described(shapes: Any) -> str:
    """A pytree of arrays by its shapes, for a sentence."""
    leaves = [f"an array of shape {leaf.shape}" for leaf in jax.tree.leaves(shapes)]
    return leaves[0] if len(leaves) == 1 else f"{len(leaves)} arrays"


def listed(names: Iterable[str]) -> str:
    """Names for a sentence."""
    return ", ".join(f"'{name}'" for name in sorted(names)) or "none"
