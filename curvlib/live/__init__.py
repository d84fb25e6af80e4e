"""Live figures: a JAX function from controls to arrays, compiled to JavaScript, drawn in the page and in the
kernel.

`figure` makes one from a function, controls (`slider`, `choice`, `toggle`, `point`) and views (`plane` with
`contours`, `path`, `points`; `curves` with `line`, `rule`; `readout`). `compile` and `compile_field` are the
compiler alone. The Sphinx extension `curvlib.live.sphinx` puts figures into the pages of any Sphinx site or
Jupyter Book.
"""

from curvlib.live.compiler import CompileError, Program, compile, compile_field
from curvlib.live.controls import choice, point, slider, toggle
from curvlib.live.figure import figure
from curvlib.live.views import contours, curves, line, path, plane, points, readout, rule

__all__ = [
    "CompileError",
    "Program",
    "choice",
    "compile",
    "compile_field",
    "contours",
    "curves",
    "figure",
    "line",
    "path",
    "plane",
    "point",
    "points",
    "readout",
    "rule",
    "slider",
    "toggle",
]
