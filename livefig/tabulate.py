"""`tabulate`: live figures whose outputs are computed before, for what is too heavy to compute in a page.

The figure's functions run here, in Python, over every combination of their controls' values, and the same
controls pick from the tables that this makes. Each function has a table of its own, over the controls that it
takes and no others, so that functions of different controls add to a figure's size and do not multiply it.
How few bytes a number takes, and how far it is off, `livefig.packing` says.
"""

import dataclasses
import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from livefig import checks, packing, signature
from livefig.build import assemble
from livefig.compiler import Leaf, Program
from livefig.controls import Choice, Control, Slider, Toggle, Value
from livefig.controls.stops import after_steps, nearest, steps_to
from livefig.definition import Source
from livefig.description import several
from livefig.views import View
from livefig.widget import LiveFigure, widget

LIMIT = 1_000_000  # characters of a figure's tables, as text


@dataclass(frozen=True)
class Table:
    """The outputs of one function over all stops of the controls that it takes, the last of them fastest."""

    inputs: tuple[str, ...]
    stops: tuple[tuple[Value, ...], ...]
    columns: tuple[packing.Column, ...]

    @property
    def size(self) -> float:
        """How many characters it takes."""
        return sum(column.size for column in self.columns)

    def look_up(self, values: Mapping[str, Value]) -> list[np.ndarray]:
        """The outputs at the stops nearest to the controls' values."""
        row = 0
        for name, stops in zip(self.inputs, self.stops, strict=True):
            row = row * len(stops) + stops.index(nearest(stops, values[name]))
        return [column.value(row).astype(column.leaf.dtype) for column in self.columns]


def tabulate(
    functions: Callable[..., Any] | Sequence[Callable[..., Any]],
    controls: Sequence[Control] | Control,
    views: Sequence[View] | View,
    *,
    summary: str = "",
    words: Mapping[str, Sequence[str]] | None = None,
    name: str | None = None,
    title: str = "",
    limit: int = LIMIT,
) -> LiveFigure:
    """A figure as `livefig.figure` makes one, its outputs computed now for all values of its controls.

    Args:
        functions: a function from controls to a dict of arrays and scalars, or several, whose outputs come
            together. They run in Python, once for each combination of the values of the controls that they
            take, so they need not be JAX; let each take only what its outputs depend on. Shapes must not
            depend on the values.
        controls: those that functions take need to have finitely many values: sliders with `step`, `stops`
            or `integer`, players, choices, toggles. Fields of a plane are compiled as in any figure, and may
            take other controls too.
        views, summary, words, name, title: as for `livefig.figure`.
        limit: how many characters the tables may take in the page.

    Returns:
        The same widget; in a kernel too it looks its outputs up.

    Raises:
        ValueError, TypeError: for a control without stops, names or shapes that differ between values, tables
            larger than `limit` (mostly before they are computed, but for one row each), and what
            `livefig.figure` refuses.
    """
    given = several(functions)
    label = checks.figure_name(given[0] if given else None, name)
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        raise TypeError(
            f"figure '{label}' needs a number of characters as its limit, but was given {limit!r}"
        )
    by_name = checks.controls(controls)
    for function in given:
        checks.figure_name(function, label)
    takes = [signature.inputs(function, by_name, f"the function {_name(function)}") for function in given]
    for control in {control: None for names in takes for control in names}:
        by_name[control] = _with_stops(by_name[control])
    runs = [
        _Run(function, {name: by_name[name] for name in names})
        for function, names in zip(given, takes, strict=True)
    ]
    _check_size(sum(run.rows * run.numbers for run in runs) * packing.LEAST, runs, label, limit)
    names = [leaf.name for run in runs for leaf in run.leaves]
    twice = [output for output in names if names.count(output) > 1]
    if twice:
        raise ValueError(f"two functions of figure '{label}' return '{twice[0]}': give them different names")
    tables = [run.table() for run in runs]
    _check_size(sum(table.size for table in tables), runs, label, limit)
    return widget(assemble(_source(tables), by_name, views, summary, words or {}, label, title))


class _Run:
    """One function over the stops of its controls; the first row is computed at once."""

    def __init__(self, function: Callable[..., Any], controls: Mapping[str, Control]) -> None:
        self.function = function
        self.controls = controls
        self.stops = tuple(_stops(control) for control in controls.values())
        self.rows = math.prod(len(stops) for stops in self.stops)
        self.states = itertools.product(*self.stops)
        self.leaves, self.first = self._row(next(self.states))

    def _row(self, state: tuple[Value, ...]) -> tuple[tuple[Leaf, ...], list[np.ndarray]]:
        result = self.function(**dict(zip(self.controls, state, strict=True)))
        signature.outputs(result, f"the function {_name(self.function)}")
        return signature.leaves(result), [np.array(value) for value in jax.tree.leaves(result)]

    @property
    def numbers(self) -> int:
        """How many numbers a row has."""
        return sum(array.size for array in self.first)

    def times(self) -> str:
        """How often, for a sentence."""
        counts = zip(self.controls, self.stops, strict=True)
        return f"for {self.rows:,} states ({' × '.join(f'{name} {len(stops)}' for name, stops in counts)})"

    def table(self) -> Table:
        """Run the function for the other rows."""
        rows = [self.first]
        for state in self.states:
            leaves, arrays = self._row(state)
            at = dict(zip(self.controls, state, strict=True))
            signature.same_places(leaves, self.leaves, at, f"the function {_name(self.function)}")
            rows.append(arrays)
        values = [np.stack(arrays) for arrays in zip(*rows, strict=True)]
        encoded = [packing.encode(leaf.name, array) for leaf, array in zip(self.leaves, values, strict=True)]
        return Table(tuple(self.controls), self.stops, tuple(encoded))


def _source(tables: Sequence[Table]) -> Source:
    """The tables as what a figure computes its outputs by, in Python and in a page."""
    inputs = tuple(dict.fromkeys(name for table in tables for name in table.inputs))
    groups = [
        {
            "inputs": [inputs.index(name) for name in table.inputs],
            "stops": table.stops,
            "outputs": [column.spec() for column in table.columns],
        }
        for table in tables
    ]
    text = json.dumps(groups, separators=(",", ":"))
    leaves = tuple(Leaf(name, (), "float64") for name in inputs)
    outputs = tuple(column.leaf for table in tables for column in table.columns)
    program = Program(f"function (runtime) {{ return runtime.table({text}); }}", leaves, outputs)

    def look_up(*values: Value) -> list[np.ndarray]:
        state = dict(zip(inputs, values, strict=True))
        return [output for table in tables for output in table.look_up(state)]

    return Source(inputs, program, look_up)


def _with_stops(control: Control) -> Control:
    """The control as it stands at its stops and nowhere else."""
    if not isinstance(control, Slider):
        return control
    stopping = dataclasses.replace(control, stops=_stops(control))
    return dataclasses.replace(stopping, value=stopping.clean(control.value))


def _stops(control: Control) -> tuple[Value, ...]:
    """All values of a control."""
    if isinstance(control, Choice):
        return tuple(range(len(control.options)))
    if isinstance(control, Toggle):
        return (False, True)
    if not isinstance(control, Slider):
        raise ValueError(f"control '{control.name}' moves freely: a table cannot have all its values")
    if control.stops is not None:
        return control.stops
    step = control.step or (1 if control.integer and not control.log else None)
    if step is None:
        raise ValueError(f"slider '{control.name}' is continuous: for a table, give it stops= or step=")
    counts = range(steps_to(control.max, control.min, step) + 1)
    places = (after_steps(control.min, control.max, step, count) for count in counts)
    return tuple(round(place) if control.integer else place for place in places)


def _check_size(size: float, runs: Sequence[_Run], label: str, limit: int) -> None:
    """Refuse tables that are too large, with the counts that make them so."""
    if size <= limit:
        return
    counts = "; ".join(f"{_name(run.function)} returns {run.numbers:,} numbers {run.times()}" for run in runs)
    raise ValueError(
        f"the tables of figure '{label}' would take {size / 1e3:,.0f} KB, more than {limit / 1e3:,.0f} KB:"
        f" {counts}; give controls fewer stops, return fewer numbers, or split the function by the controls"
        " that its outputs depend on"
    )


def _name(function: Any) -> str:
    return f"'{getattr(function, '__name__', repr(function))}'"
