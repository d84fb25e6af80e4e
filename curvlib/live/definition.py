"""A live figure without its widget: the traced function, its views, and what they say and show in one state.

A state is a dict from control names to the controls' values.
"""

import contextlib
import functools
import inspect
import json
import os
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from curvlib.live import check_layers, checks, template
from curvlib.live.compiler import Program, compile, compile_field
from curvlib.live.controls import Choice, Control, Slider, Toggle, Value
from curvlib.live.views import Layer, Plane, Text, Vectors, View

State = Mapping[str, Value]
NEEDS_VALUE = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
)
MACHINERY = (os.path.dirname(jax.__file__), os.path.dirname(__file__))  # whose lines are not the reader's


@dataclass(frozen=True)
class Field:
    """A field of the plane: its programs, one for each component, the controls it takes, and itself over many
    points by JAX."""

    inputs: tuple[str, ...]
    programs: tuple[Program, ...]
    over_points: Callable[..., jax.Array]


@dataclass(frozen=True)
class Source:
    """Where a figure's outputs come from: the controls they depend on, the program for a page, and a function
    of these controls' arguments for Python, which returns the outputs in any pytree."""

    inputs: tuple[str, ...]
    program: Program
    function: Callable[..., Any]


@dataclass(frozen=True)
class Definition:
    """Everything a live figure is before it meets a browser; made by `define` and `assemble`."""

    name: str
    title: str
    summary: str
    controls: Mapping[str, Control]
    views: tuple[View, ...]
    words: Mapping[str, Sequence[str]]
    inputs: tuple[str, ...]
    program: Program
    fields: Mapping[int, Field]  # by the identity of their layer
    function: Callable[..., Any]

    def start(self) -> dict[str, Value]:
        """The state in which the figure opens."""
        return {name: control.value for name, control in self.controls.items()}

    def arguments(self, names: Sequence[str], state: State) -> list[Any]:
        """What a function is called with that takes the controls called `names`."""
        return [self.controls[name].argument(state[name]) for name in names]

    def evaluate(self, state: State) -> dict[str, np.ndarray]:
        """The outputs in a state, computed in Python: by JAX, or from a table."""
        leaves = jax.tree.leaves(self.function(*self.arguments(self.inputs, state)))
        return {
            leaf.name: np.asarray(value) for leaf, value in zip(self.program.outputs, leaves, strict=True)
        }

    def field_values(self, layer: Layer, state: State, points: np.ndarray) -> np.ndarray:
        """The field of a layer at `points` of shape (k, 2), computed by JAX: (k,), or (k, 2) for vectors."""
        field = self.fields[id(layer)]
        return np.asarray(field.over_points(jnp.asarray(points), *self.arguments(field.inputs, state)))

    def write(self, text: str, state: State, outputs: Mapping[str, np.ndarray]) -> str:
        """A template written out in a state."""
        values = {
            name: outputs[name].item() if name in outputs else state[name] for name in template.names(text)
        }
        texts = {
            name: control.options for name, control in self.controls.items() if isinstance(control, Choice)
        }
        switches = {
            name: ("off", "on") for name, control in self.controls.items() if isinstance(control, Toggle)
        }
        formats = {
            name: control.format for name, control in self.controls.items() if isinstance(control, Slider)
        }
        return template.render(text, values, {**texts, **switches, **self.words}, formats)

    def spec(self, state: State) -> dict[str, Any]:
        """The figure as the front end reads it, opening in `state`."""
        return {
            "version": 1,
            "name": self.name,
            "title": self.title,
            "summary": self.summary,
            "words": {name: list(texts) for name, texts in self.words.items()},
            "controls": [control.spec(state[name]) for name, control in self.controls.items()],
            "inputs": list(self.inputs),
            "outputs": [
                {"name": leaf.name, "shape": list(leaf.shape), "dtype": str(np.dtype(leaf.dtype))}
                for leaf in self.program.outputs
            ],
            "views": [self._view(view) for view in self.views],
        }

    def payload(self, state: State) -> str:
        """Spec and programs as JSON text without any `<`, so that it may stand inside a script element."""
        content = {
            "spec": self.spec(state),
            "program": self.program.source,
            "fields": [program.source for field in self.fields.values() for program in field.programs],
        }
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.replace("<", "\\u003c")

    def _view(self, view: View) -> dict[str, Any]:
        if isinstance(view, Text):
            return {"kind": "readout", **vars(view)}
        described = {"kind": type(view).__name__.lower(), **vars(view)}
        return {**described, "layers": [self._layer(layer) for layer in view.layers]}

    def _layer(self, layer: Layer) -> dict[str, Any]:
        described = {"kind": type(layer).__name__.lower(), **vars(layer)}
        if id(layer) in self.fields:
            before = list(self.fields).index(id(layer))
            first = sum(len(field.programs) for field in list(self.fields.values())[:before])
            described |= {"field": first, "inputs": list(self.fields[id(layer)].inputs)}
        return described


def define(
    function: Callable[..., Any],
    controls: Sequence[Control] | Control,
    views: Sequence[View] | View,
    summary: str,
    words: Mapping[str, Sequence[str]],
    name: str | None,
    title: str,
) -> Definition:
    """Trace and compile a figure, and check that its parts fit; the arguments are `live.figure`'s."""
    name = checks.figure_name(function, name)
    by_name = checks.controls(controls)
    inputs = checks.inputs(function, by_name, f"the function of figure '{name}'")
    arguments = [by_name[control].argument(by_name[control].value) for control in inputs]
    positional = _positional(function, inputs)
    with _python_decisions(f"the function of figure '{name}'"):
        program = compile(positional, *arguments)
    source = Source(inputs, program, jax.jit(positional))
    return assemble(source, by_name, views, summary, words, name, title)


def assemble(
    source: Source,
    controls: Mapping[str, Control],
    views: Sequence[View] | View,
    summary: str,
    words: Mapping[str, Sequence[str]],
    name: str,
    title: str,
) -> Definition:
    """A figure whose outputs come from `source`: compile its fields, and check that its parts fit."""
    views = checks.views(views)
    fields = {
        id(layer): _field(layer, controls)
        for view in views
        if isinstance(view, Plane)
        for layer in view.layers
        if hasattr(layer, "field")
    }
    definition = Definition(
        name,
        title,
        summary or f"Live figure: {title or name}.",
        controls,
        views,
        dict(words),
        source.inputs,
        source.program,
        fields,
        source.function,
    )
    checks.definition(definition)
    return definition


def _field(layer: Layer, controls: Mapping[str, Control]) -> Field:
    function = layer.field
    label = f"the field '{getattr(function, '__name__', 'field')}'"
    inputs = checks.inputs(function, controls, label, given=1)
    arguments = [controls[name].argument(controls[name].value) for name in inputs]
    positional = _positional(function, inputs, given=1)
    point = np.zeros(2)
    with _python_decisions(label):
        result = jax.eval_shape(positional, point, *arguments)
    check_layers.field(layer, result, label)
    parts = [positional]
    if isinstance(layer, Vectors):
        parts = [_component(positional, axis) for axis in (0, 1)]
    programs = tuple(compile_field(part, point, *arguments) for part in parts)
    over_points = jax.jit(jax.vmap(positional, in_axes=(0, *(None for _ in inputs))))
    return Field(inputs, programs, over_points)


def _component(function: Callable[..., Any], axis: int) -> Callable[..., Any]:
    """One component of a vector field."""

    @functools.wraps(function)
    def component(*arguments: Any) -> Any:
        return function(*arguments)[axis]

    return component


def _positional(function: Callable[..., Any], names: Sequence[str], given: int = 0) -> Callable[..., Any]:
    """`function` with its controls in order after `given` positional arguments, whatever its own order."""

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        return function(*arguments[:given], **dict(zip(names, arguments[given:], strict=True)))

    first = [f"argument{index}" for index in range(given)]
    parameters = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in (*first, *names)
    ]
    call.__signature__ = inspect.Signature(parameters)
    return call


@contextlib.contextmanager
def _python_decisions(label: str) -> Iterator[None]:
    """Say in one sentence, with its line, where a function needs the value of what is only traced."""
    try:
        yield
    except NEEDS_VALUE as error:
        own = [
            frame for frame in traceback.extract_tb(error.__traceback__) if not _is_machinery(frame.filename)
        ]
        where = f"{own[-1].filename}:{own[-1].lineno}" if own else "a line that is not known"
        raise TypeError(
            f"{label} needs a value that depends on a control as a plain Python or NumPy number at {where}:"
            " decide with jnp.where or lax.cond, loop with lax.scan or lax.while_loop, compute with jnp"
        ) from error


def _is_machinery(file: str) -> bool:
    return any(part in file for part in MACHINERY)
