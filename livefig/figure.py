"""`figure`, the one call that makes a live figure.

What a cell with a figure leaves in its notebook is one output in four forms: the widget view, which a live
kernel shows; `text/html` with program, data and a static picture, which a built page shows; `image/png` for
what can show nothing else; and `text/plain`, the figure's summary in its present state. Bits of
floating-point constants differ between processors, so a comparison of stored outputs with recomputed ones
should cut program, data and picture out of the html and leave the summary, which stands there as the
picture's alternative text. In the form of a sanitizing file of nbval:

    [live program and data]
    regex: <script type="application/json">[^<]*</script>
    replace: <script></script>

    [live picture]
    regex: data:image/png;base64,[A-Za-z0-9+/=]+
    replace: PICTURE
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from livefig.build import define
from livefig.controls import Control
from livefig.views import View
from livefig.widget import LiveFigure, widget


def figure(
    function: Callable[..., Any],
    controls: Sequence[Control] | Control,
    views: Sequence[View] | View,
    *,
    summary: str = "",
    words: Mapping[str, Sequence[str]] | None = None,
    name: str | None = None,
    title: str = "",
) -> LiveFigure:
    """A figure whose controls recompute it: in a kernel, and in a page without one.

    The function is traced once and compiled to JavaScript, so whatever depends on a control must be JAX:
    array operations, `lax` loops and branches, no Python `if` on a value. What does not depend on a
    control is computed here, by all that JAX has (random numbers, Fourier transforms), and travels with the
    figure as data. Steps repeat in `lax.scan` or `lax.fori_loop`: a Python loop is unrolled, and makes the
    program longer. Dtypes are JAX's: float64 if x64 is enabled, else float32.

    In a notebook's kernel a function that cannot be compiled, or is not JAX at all, works too: the kernel
    runs it at each change, a warning says why, and a page without a kernel shows the picture. Whether this is
    so stands in `fig.definition.reason`, which is None for a figure that is live everywhere.

    Args:
        function: `function(**controls) -> dict of arrays and scalars`; its arguments are named like controls,
            and an argument that is no control must have a default.
        controls: made by `slider`, `player`, `choice`, `toggle`, `point`, `data`.
        views: made by `plane`, `curves`, `heatmap`, `readout`, `numbers`; drawn in this order.
        summary: a sentence that says what the figure shows, with fields such as `{steps:,d}` (see
            `livefig.template`): the text alternative, kept up to date in the page.
        words: for integer outputs (or controls), the texts that their values stand for in summary and
            readouts.
        name: letters, digits, '-' and '_'; the function's name when left out.
        title: shown above the figure. All texts are plain: Unicode, such as κ, θ² or ½, and no LaTeX.

    Returns:
        An ipywidget with a trait for each control: `fig.kappa = 50` moves it, `fig.observe(callback,
        names="kappa")` follows it, `ipywidgets.link` and `HBox` take it. Numbers outside a slider's or a
        point's range are clipped, as ipywidgets' sliders clip them; what is no number, or no control, is
        refused. `fig.outputs` are the function's outputs in the present state, computed by JAX.

    Raises:
        CompileError: outside a kernel, for an operation that is not translated; it names the operation and
            the line.
        ValueError, TypeError: if names, shapes, colours, texts or the first state do not fit, in one
            sentence.
    """
    return widget(define(function, controls, views, summary, words or {}, name, title))
