"""What must fit together in a live figure, each misfit said in one sentence before anything is drawn."""

import keyword
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from livefig import layer_checks, template
from livefig.controls import Control, Data, Player, Point
from livefig.definition import Definition
from livefig.description import listed, plain_text, several
from livefig.signature import counts
from livefig.views import Drawn, Text, View


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


def definition(figure: Definition) -> None:
    """Check names, shapes and texts against what the function returns, then its values at the start."""
    outputs = {leaf.name: leaf for leaf in figure.program.outputs}
    if "__proto__" in outputs:
        raise ValueError("an output cannot be called '__proto__', a name of JavaScript's own: rename it")
    clash = sorted(outputs.keys() & figure.controls.keys())
    if clash:
        raise ValueError(f"'{clash[0]}' names both a control and an output: rename one of them")
    for view in figure.views:
        if isinstance(view, Text):
            layer_checks.toggle(figure, view.show, "a readout")
            continue
        for layer in view.layers:
            layer_checks.layer(figure, layer, outputs)
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
    layer_checks.finite(figure)


def _players(figure: Definition, outputs: Mapping[str, Any]) -> tuple[str, ...]:
    """The player that leads the cursor, if one does."""
    players = {name: control for name, control in figure.controls.items() if isinstance(control, Player)}
    for name, player in players.items():
        if player.until is not None:
            layer_checks.whole_number(player.until, outputs, f"player '{name}'")
    leading = tuple(name for name, player in players.items() if player.cursor)
    if len(leading) > 1:
        raise ValueError(f"one player can lead the cursor, not {listed(leading)}: leave cursor= out of one")
    return leading


def _every_control_moves_something(figure: Definition, leading: tuple[str, ...]) -> None:
    dragged = {name for view in figure.views for name in getattr(view, "drag", ())}
    for name, control in figure.controls.items():
        if isinstance(control, Data) and name not in dragged:
            raise ValueError(f"data '{name}' stand in no view's drag=, so that no reader could move them")
    used = {*leading, *figure.inputs}.union(*(field.inputs for field in figure.fields))
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


def _texts(figure: Definition, outputs: Mapping[str, Any]) -> None:
    numbers = {name for name, leaf in outputs.items() if tuple(leaf.shape) == ()}
    numbers |= {name for name, control in figure.controls.items() if not isinstance(control, Point | Data)}
    if not isinstance(figure.title, str):
        raise TypeError(f"the title needs to be a text, but is {figure.title!r}")
    plain_text(figure.title, "the title")
    plain_text(figure.summary, "the summary")
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
        plain_text(tuple(options), f"a word for '{name}'")
