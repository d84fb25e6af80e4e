"""How a definition comes about: functions are traced and compiled, and what must fit together is checked."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from livefig import checks, conditions, fallback, signature, tracing
from livefig.controls import Control
from livefig.definition import Definition, Field, Source
from livefig.views import FieldLayer, Layer, Plane, View

NO_FIELDS = str.maketrans("{}", "()")  # braces of a title are no fields of the summary that it stands in


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
    source = tracing.source(function, by_name, name)
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
    shapes = {leaf.name: leaf.shape for leaf in source.program.outputs if signature.counts(leaf.dtype)}
    scalars = {name: shape for name, shape in shapes.items() if shape == ()}
    controls = conditions.resolved(controls, scalars)
    if not isinstance(words, Mapping):
        raise TypeError(f"words need a dict from names to texts, but are {words!r}")
    views, fields = _with_fields(views, controls)
    definition = Definition(
        name,
        title,
        summary or f"Live figure: {str(title or name).translate(NO_FIELDS)}.",
        controls,
        views,
        dict(words),
        source.inputs,
        source.program,
        fields,
        source.function,
        next((part.reason for part in (source, *fields) if part.reason), None),
    )
    checks.definition(definition)
    if definition.reason is not None:
        fallback.say(name, definition.reason)
    return definition


def _with_fields(
    views: Sequence[View], controls: Mapping[str, Control]
) -> tuple[tuple[View, ...], tuple[Field, ...]]:
    """The views, whose layers know the numbers of their fields, and the fields.

    A layer of several planes has one field, but one for the limits of each plane where a kernel samples it.
    """
    fields: list[Field] = []
    traced: list[tuple[FieldLayer, int]] = []

    def numbered(layer: Layer, view: Plane) -> Layer:
        if not isinstance(layer, FieldLayer):
            return layer
        before = (number for known, number in traced if known is layer and fields[number].samples is None)
        number = next(before, None)
        if number is None:
            number = len(fields)
            fields.append(tracing.field(layer, view, controls))
            traced.append((layer, number))
        return dataclasses.replace(layer, number=number)

    placed = tuple(
        dataclasses.replace(view, layers=tuple(numbered(layer, view) for layer in view.layers))
        if isinstance(view, Plane)
        else view
        for view in views
    )
    return placed, tuple(fields)
