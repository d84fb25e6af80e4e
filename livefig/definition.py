"""A live figure without its widget: the traced function, its views, and what they say and show in one state.

A state is a dict from control names to the controls' values.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from livefig import conditions, template
from livefig.compiler import Program
from livefig.controls import Choice, Control, Slider, Toggle, Value
from livefig.fallback import Samples
from livefig.views import FieldLayer, Layer, Text, View

State = Mapping[str, Value]


@dataclass(frozen=True)
class Source:
    """Where a figure's outputs come from: the controls they depend on, the program for a page, and a function
    of these controls' arguments for Python, which returns the outputs in any pytree. `reason`: why there is
    no program, if there is none."""

    inputs: tuple[str, ...]
    program: Program
    function: Callable[..., Any]
    reason: str | None = None


@dataclass(frozen=True)
class Field:
    """A field of the plane: its programs, one for each component, the controls it takes, and itself over many
    points in Python. `samples`: where a kernel samples it, if it has no programs, and `reason`: why."""

    inputs: tuple[str, ...]
    programs: tuple[Program, ...]
    over_points: Callable[..., Any]
    samples: Samples | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Definition:
    """Everything a live figure is before it meets a browser; made in `livefig.build`."""

    name: str
    title: str
    summary: str
    controls: Mapping[str, Control]
    views: tuple[View, ...]
    words: Mapping[str, Sequence[str]]
    inputs: tuple[str, ...]
    program: Program
    fields: tuple[Field, ...]  # by the numbers that layers have
    function: Callable[..., Any]
    reason: str | None  # why a kernel has to compute it, if it has to

    def start(self) -> dict[str, Value]:
        """The state in which the figure opens."""
        return {name: control.value for name, control in self.controls.items()}

    def arguments(self, names: Sequence[str], state: State) -> list[Any]:
        """What a function is called with that takes the controls called `names`."""
        return [self.controls[name].argument(state[name]) for name in names]

    def evaluate(self, state: State) -> dict[str, np.ndarray]:
        """The outputs in a state, computed in Python: by JAX, or from a table."""
        leaves = jax.tree.leaves(self.function(*self.arguments(self.inputs, state)))
        return {leaf.name: np.array(value) for leaf, value in zip(self.program.outputs, leaves, strict=True)}

    def field_values(self, layer: FieldLayer, state: State, points: np.ndarray) -> np.ndarray:
        """The field of a layer at `points` of shape (k, 2), computed by JAX: (k,), or (k, 2) for vectors."""
        field = self.fields[layer.number]
        return np.asarray(field.over_points(jnp.asarray(points), *self.arguments(field.inputs, state)))

    def write(self, text: str, state: State, outputs: Mapping[str, np.ndarray]) -> str:
        """A template written out in a state."""
        text = template.without(text, self.idle(state, outputs))
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

    def idle(self, state: State, outputs: Mapping[str, np.ndarray]) -> dict[str, bool]:
        """For each control that has an effect in some states only, whether it has none in this one."""
        numbers = {**{name: value.item() for name, value in outputs.items() if value.shape == ()}, **state}
        sometimes = {name: control for name, control in self.controls.items() if control.when}
        return {name: not conditions.acts(control, numbers) for name, control in sometimes.items()}

    def spec(self, state: State) -> dict[str, Any]:
        """The figure as the front end reads it, opening in `state`."""
        return {
            "version": 1,
            "name": self.name,
            "title": self.title,
            "reason": self.reason,
            "summary": self.summary,
            "words": {name: list(texts) for name, texts in self.words.items()},
            "controls": [self._control(name, state[name]) for name in self.controls],
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
            "fields": [program.source for field in self.fields for program in field.programs],
        }
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.replace("<", "\\u003c")

    def answer(self, state: State) -> dict[str, Any]:
        """What a kernel tells the page about a state, if the page cannot compute it: numbers as bytes."""
        outputs = {name: _bytes(value) for name, value in self.evaluate(state).items()}
        return {"state": dict(state), "outputs": outputs, "fields": self._sampled(state)}

    def _sampled(self, state: State) -> list[dict[str, Any] | None]:
        """For each program of the fields its values on a grid; None for one that the page can run."""
        sampled: list[dict[str, Any] | None] = []
        for field in self.fields:
            if field.samples is None:
                sampled += [None] * len(field.programs)
                continue
            arguments = self.arguments(field.inputs, state)
            values = np.asarray(field.over_points(field.samples.points(), *arguments))
            grid = {
                "box": field.samples.box,
                "nodes": field.samples.nodes,
                "whole": values.dtype.kind in "iub",
            }
            parts = values.T if values.ndim == 2 else [values]
            sampled += [{**grid, "values": _bytes(part)} for part in parts]
        return sampled

    def _control(self, name: str, value: Value) -> dict[str, Any]:
        control = self.controls[name]
        if not control.when:
            return control.spec(value)
        when = {other: [float(number) for number in numbers] for other, numbers in control.when.items()}
        why = conditions.reason(control, self.controls, self.words)
        return {**control.spec(value), "when": when, "why": why}

    def _view(self, view: View) -> dict[str, Any]:
        if isinstance(view, Text):
            return {"kind": "readout", **vars(view)}
        described = {"kind": type(view).__name__.lower(), **vars(view)}
        return {**described, "layers": [self._layer(layer) for layer in view.layers]}

    def _layer(self, layer: Layer) -> dict[str, Any]:
        described = {"kind": type(layer).__name__.lower(), **vars(layer)}
        if isinstance(layer, FieldLayer):
            field = self.fields[described.pop("number")]
            first = sum(len(each.programs) for each in self.fields[: layer.number])
            described |= {"field": first, "inputs": list(field.inputs)}
        return described


def _bytes(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values, dtype=float).tobytes()
