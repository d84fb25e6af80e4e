"""The views of a live figure: what is drawn from the outputs of its function, and where.

Views and their layers are frozen descriptions. They name outputs and controls; `livefig.layer_checks`
compares them with what the figure's function really returns, the front end draws them in the page and
`livefig.picture` draws them for print. Outputs are named by their key in the dict that the function
returns, dotted where dicts nest. A colour is a name in `livefig.palette.COLORS`.
"""

from livefig.views.common import Layer, Limits
from livefig.views.curves import (
    Band,
    Bars,
    Curves,
    Line,
    Residuals,
    Rule,
    Slope,
    band,
    bars,
    curves,
    line,
    residuals,
    rule,
    slope,
)
from livefig.views.fields import (
    Contours,
    FieldLayer,
    Model,
    Regions,
    Vectors,
    contours,
    model,
    regions,
    vectors,
)
from livefig.views.matrix import Cells, HeatMap, heatmap
from livefig.views.plane import Arrow, Ellipse, Path, Plane, Points, arrow, ellipse, path, plane, points
from livefig.views.texts import Numbers, Readout, numbers, readout

Text = Readout | Numbers
Drawn = Plane | Curves | HeatMap
View = Drawn | Text

__all__ = [
    "Arrow", "Band", "Bars", "Cells", "Contours", "Curves", "Drawn", "Ellipse", "FieldLayer", "HeatMap",
    "Layer", "Limits", "Line", "Model", "Numbers", "Path", "Plane", "Points", "Readout", "Regions",
    "Residuals", "Rule", "Slope", "Text", "Vectors", "View",
    "arrow", "band", "bars", "contours", "curves", "ellipse", "heatmap", "line", "model", "numbers", "path",
    "plane", "points", "readout", "regions", "residuals", "rule", "slope", "vectors",
]  # fmt: skip
