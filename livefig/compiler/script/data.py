"""Arrays of known values, as JavaScript: numbers one can read, or where they are many, their bytes in base64.

A call takes no more than some ten thousand arguments (with more V8 throws, or overflows its stack), and in
digits a number may take twice as many characters. Both forms are exact, NaN, -0 and ±Infinity included.
"""

from __future__ import annotations

import base64

import numpy as np

from livefig.compiler.script.syntax import number
from livefig.compiler.script.tree import Buffer

MANY = 1000  # numbers, above which they are written as bytes
UNPACK = "runtime.unpack"
_PACKED = {  # what may hold the numbers, the smallest first
    "Int8Array": "<i1",
    "Uint8Array": "<u1",
    "Int16Array": "<i2",
    "Uint16Array": "<u2",
    "Int32Array": "<i4",
    "Uint32Array": "<u4",
    "Float32Array": "<f4",
    "Float64Array": "<f8",
}


def is_packed(buffer: Buffer) -> bool:
    """Whether an array's values are known and so many that they are written as bytes."""
    return buffer.data is not None and buffer.size > MANY


def packed(buffer: Buffer, unpack: str) -> str:
    """The expression that makes the array of its bytes; `unpack` is the runtime's function under its name."""
    values = buffer.data.astype(np.float64)
    kind, held = next(
        (kind, held) for kind, dtype in _PACKED.items() if (held := _held(values, dtype)) is not None
    )
    text = f'{unpack}({kind}, "{base64.b64encode(held.tobytes()).decode("ascii")}")'
    return text if kind == buffer.kind else f"new {buffer.kind}({text})"


def digits(buffer: Buffer) -> list[str]:
    """The values one by one."""
    return [number(value) for value in buffer.data.astype(np.float64).tolist()]


def _held(values: np.ndarray, dtype: str) -> np.ndarray | None:
    """The values as a dtype, if it holds them all exactly."""
    with np.errstate(invalid="ignore", over="ignore"):
        held = values.astype(dtype)
    return held if held.astype(np.float64).tobytes() == values.tobytes() else None
