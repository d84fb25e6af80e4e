"""What must fit together in the layers of a live figure's views, each misfit said in one sentence."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from livefig import palette
from livefig.controls import Point, Toggle
from livefig.definition import Definition
from livefig.description import listed
from livefig.views import Cells, Layer, Rule, Text
from livefig.views.matrix import MOST, is_monotone


def layer(figure: Definition, given: Layer, outputs: Mapping[str, Any]) -> None:
    """Check a layer's toggle, colours and arrays, and by what it counts."""
    label = f"{given.kind} '{given.label or next(iter(given.arrays()), '')}'"
    toggle(figure, given.show, label)
    for color in given.colors():
        if color not in palette.COLORS:
            raise ValueError(f"{label} has the colour {color!r}; the palette has {listed(palette.COLORS)}")
    shapes = {name: np.shape(control.argument(control.value)) for name, control in figure.controls.items()}
    shapes |= {name: tuple(leaf.shape) for name, leaf in outputs.items()}
    for name in given.arrays():
        if name not in shapes:
            raise ValueError(
                f"{label} draws '{name}', which the function does not return; it returns {listed(outputs)}"
            )
        if isinstance(given, Rule) and isinstance(figure.controls.get(name), Point):
            raise ValueError(f"{label} stands at '{name}', which is a point and not a number")
    _shapes(given, shapes, label)
    if isinstance(given, Cells):
        _cells(given, shapes, label)
    count = getattr(given, "count", None)
    if count is not None:
        whole_number(count, outputs, label)


def whole_number(name: str, outputs: Mapping[str, Any], label: str) -> None:
    """Check that `name`, by which `label` counts, is an output that is one integer."""
    if name not in outputs:
        raise ValueError(
            f"{label} counts by '{name}', which the function does not return; it returns {listed(outputs)}"
        )
    shape, dtype = tuple(outputs[name].shape), outputs[name].dtype
    if shape != () or not np.issubdtype(dtype, np.integer):
        raise ValueError(
            f"{label} needs '{name}' to be a whole number, but it has the shape {shape} and the dtype"
            f" {dtype}: return an integer"
        )


def _shapes(layer: Layer, shapes: Mapping[str, tuple[int, ...]], label: str) -> None:
    """Check the shapes of the arrays that a layer draws, in which a letter stands for one length."""
    lengths: dict[str | int, int] = {}  # what a letter stands for
    first = ""  # the array that said so
    for name, allowed in layer.arrays().items():
        shape = shapes[name]
        if 0 in shape:
            raise ValueError(f"{label} draws '{name}', which has the shape {shape}: there is nothing to draw")
        known = [tuple(lengths.get(part, part) for part in wanted) for wanted in allowed]
        fitting = [wanted for wanted in known if _fits(shape, wanted)]
        if not fitting:
            needed = " or ".join(str(wanted).replace("'", "") for wanted in known)
            like = f" like '{first}'" if known != list(allowed) else ""
            raise ValueError(f"{label} needs '{name}' to have the shape {needed}{like}, but it has {shape}")
        new = {part: size for part, size in zip(fitting[0], shape, strict=True) if isinstance(part, str)}
        first = name if new else first
        lengths |= new


def _fits(shape: tuple[int, ...], wanted: tuple[int | str, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        isinstance(part, str) or size == part for size, part in zip(shape, wanted, strict=True)
    )


def _cells(layer: Cells, shapes: Mapping[str, tuple[int, ...]], label: str) -> None:
    shape = shapes[layer.matrix]
    if max(shape) > MOST or min(shape) < 1:
        raise ValueError(f"{label} draws 1 to {MOST} rows and columns, but '{layer.matrix}' has {shape}")
    for names, size, what in ((layer.rows, shape[0], "rows"), (layer.columns, shape[1], "columns")):
        if names and len(names) != size:
            raise ValueError(f"{label} has {size} {what}, but labels for {len(names)}")
    for given, size, what in ((layer.x, shape[1], "columns"), (layer.y, shape[0], "rows")):
        length = shapes[given][0] if isinstance(given, str) else size if given is None else len(given)
        if length != size:
            raise ValueError(f"{label} has {size} {what}, but coordinates for {length}")
    if layer.blocks and (sum(layer.blocks) != shape[0] or shape[0] != shape[1]):
        raise ValueError(
            f"{label} has blocks of {sum(layer.blocks)} rows in all, but '{layer.matrix}' has the shape"
            f" {shape}"
        )


def toggle(figure: Definition, show: str | None, label: str) -> None:
    """Check that `show` names a toggle."""
    if show is not None and not isinstance(figure.controls.get(show), Toggle):
        toggles = [name for name, control in figure.controls.items() if isinstance(control, Toggle)]
        raise ValueError(f"{label} is shown by '{show}', which is no toggle; there are {listed(toggles)}")


def finite(figure: Definition) -> None:
    """Refuse a figure that opens with infinity in what it draws, or with a layer that has no value at all.

    A row that is NaN is a gap, where an array has any number of rows; elsewhere it is refused too.
    """
    outputs = figure.evaluate(figure.start())
    for view in figure.views:
        for drawn in () if isinstance(view, Text) else view.layers:
            count = outputs[drawn.count].item() + 1 if getattr(drawn, "count", None) else None
            gaps: dict[str, np.ndarray] = {}  # which rows have no value, by array
            for name, shapes in drawn.arrays().items():
                values = np.atleast_1d(outputs[name])[:count] if name in outputs else np.zeros(1)
                rows = any(len(part) == values.ndim and isinstance(part[0], str) for part in shapes)
                if isinstance(drawn, Cells) and name in (drawn.x, drawn.y):
                    rows = False
                    _check_monotone(drawn, name, values)
                _refuse(name, values, np.isinf(values) if rows else ~np.isfinite(values))
                if rows:
                    gaps[name] = np.isnan(values)
            _check_gaps(drawn, gaps)


def _check_monotone(layer: Cells, name: str, values: np.ndarray) -> None:
    if not is_monotone(values) and np.isfinite(values).all():
        raise ValueError(
            f"{layer.kind} '{layer.matrix}' has '{name}' as coordinates, which do not only increase or only"
            " decrease in the state in which the figure opens"
        )


def _check_gaps(layer: Layer, gaps: Mapping[str, np.ndarray]) -> None:
    """Refuse a layer whose rows are all gaps, as one or another of its arrays has it."""
    if isinstance(layer, Cells):
        every = gaps[layer.matrix]
    else:
        each = [missing.any(axis=tuple(range(1, missing.ndim))) for missing in gaps.values()]
        every = np.any(each, axis=0) if each else np.zeros(0, bool)
    if every.size and every.all():
        name = max(gaps, key=lambda name: gaps[name].sum())
        raise ValueError(
            f"output '{name}' is NaN throughout in the state in which the figure opens: start it elsewhere"
        )


def _refuse(name: str, values: np.ndarray, wrong: np.ndarray) -> None:
    bad = np.argwhere(wrong)
    if len(bad):
        raise ValueError(
            f"output '{name}' is {values[tuple(bad[0])]} at index {tuple(bad[0].tolist())} in the state in"
            " which the figure opens: start it elsewhere, or stop its method at the last finite point"
        )
