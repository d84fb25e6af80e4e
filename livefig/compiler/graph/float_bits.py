"""The bits of float64: read and set without the whole number of 64 bits that they are together.

Whole numbers of 64 bits are doubles here, and hold 53 bits. What needs the bits of a float64 (its sign, its
exponent, another exponent in their place) shifts, masks or sets them at once. So an equation that does this
with what is bits becomes one of the float itself, a `bitcast_convert_type` with a parameter that says so:
`above`, of the bits from that one on, or `masks` (kept, set), of the float64 of bits `bits & kept | set`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from livefig.compiler.graph.equations import Equation, Variable

Masks = tuple[int, int]

WIDE = (np.dtype("int64"), np.dtype("uint64"))  # of which uint64 exists only on the way from float to float
LOST = 11  # of the 64 bits, from the last on, that a double cannot hold
ALL = -1
_BINARY: dict[str, Callable[[Masks, int], Masks]] = {
    "and": lambda masks, m: (masks[0] & m, masks[1] & m),
    "or": lambda masks, m: (masks[0], masks[1] | m),
}


def of_floats(equation: Equation, before: Sequence[Equation]) -> Equation:
    """The equation as one of a float64 whose bits it reads or gives, if it is one; else as it is."""
    name, inputs = equation.primitive, equation.inputs
    if name == "shift_right_arithmetic":
        found, count = _masked(inputs[0], before), _number(inputs[1])
        if found is not None and found[1] == (ALL, 0) and count is not None and count >= LOST:
            return _bitcast(equation, found[0], above=min(count, 63))
    if name == "bitcast_convert_type" and inputs[0].dtype in WIDE:
        found = _masked(inputs[0], before)
        if found is not None and equation.outputs[0].dtype == np.float64:
            return _bitcast(equation, found[0], masks=found[1])
    return equation


def _bitcast(equation: Equation, number: Variable, **parameters: int | Masks) -> Equation:
    return dataclasses.replace(
        equation, primitive="bitcast_convert_type", inputs=[number], parameters=parameters
    )


def _masked(bits: Variable, before: Sequence[Equation]) -> tuple[Variable, Masks] | None:
    """The float64 whose bits, masked, a variable holds, and the masks; None if it holds no float's bits."""
    source = next((equation for equation in reversed(before) if bits in equation.outputs), None)
    if source is None or bits.dtype not in WIDE:
        return None
    if source.primitive == "bitcast_convert_type" and source.inputs[0].dtype == np.float64:
        return source.inputs[0], (ALL, 0)
    if source.primitive in _BINARY:
        for place, mask in enumerate(source.inputs):
            number = _number(mask)
            if number is not None and (found := _masked(source.inputs[1 - place], before)) is not None:
                return found[0], _BINARY[source.primitive](found[1], number)
    return None


def _number(variable: Variable) -> int | None:
    """The value of a constant that is one whole number."""
    value = getattr(variable, "value", None)
    return int(value) if value is not None and value.shape == () else None
