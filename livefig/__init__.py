"""Live figures: a JAX function from controls to arrays, compiled to JavaScript, drawn in the page and in the
kernel.

`figure` makes one from a function, controls and views; `tabulate`, for what is heavy, computes it before.
Controls are `slider`, `player`, `choice`, `toggle`, `point` and `data`. Views are `plane` with `contours`,
`vectors`, `regions`, `model`, `path`, `points`, `arrow` and `ellipse`; `curves` with `line`, `band`,
`points`, `bars`, `residuals`, `rule` and `slope`; `heatmap`; `readout` and `numbers`. `compile` and
`compile_field` are the compiler alone. The Sphinx extension `livefig.sphinx` puts figures into the pages
of any Sphinx site or Jupyter Book.
"""

from livefig.compiler import CompileError, Program, compile, compile_field
from livefig.controls import choice, data, player, point, slider, toggle
from livefig.figure import figure
from livefig.tabulate import tabulate
from livefig.views import (
    arrow,
    band,
    bars,
    contours,
    curves,
    ellipse,
    heatmap,
    line,
    model,
    numbers,
    path,
    plane,
    points,
    readout,
    regions,
    residuals,
    rule,
    slope,
    vectors,
)

__all__ = [
    "CompileError",
    "Program",
    "arrow",
    "band",
    "bars",
    "choice",
    "compile",
    "compile_field",
    "contours",
    "curves",
    "data",
    "ellipse",
    "figure",
    "heatmap",
    "line",
    "model",
    "numbers",
    "path",
    "plane",
    "player",
    "point",
    "points",
    "readout",
    "regions",
    "residuals",
    "rule",
    "slider",
    "slope",
    "tabulate",
    "toggle",
    "vectors",
]
