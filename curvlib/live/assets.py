"""The front end's one script and one stylesheet, put together from the files in `static/`.

`order.txt` lists, one name a line, the files that share the front end's closure; d3 and the compiler's
`runtime.js` open it. The same text serves a page, where it is a classic script, and a kernel,
where it is a module.
"""

import functools
from importlib import resources

from curvlib import plot

STATIC = resources.files("curvlib.live") / "static"
# How pages say that they are dark: Sphinx's themes on either element, JupyterLab, VS Code.
DARK = (
    'html[data-theme="dark"]',
    'body[data-theme="dark"]',
    'html:not([data-theme]) body[data-jp-theme-light="false"]',
    "body.vscode-dark",
)


@functools.cache
def script() -> str:
    """The front end as a classic script, which defines the global `curvlibLive`."""
    inner = ["d3.js", "runtime.js", *_read("order.txt").split()]
    return "\n".join(["(function () {", '"use strict";', *map(_read, inner), "})();"]) + "\n"


@functools.cache
def module() -> str:
    """The front end as an anywidget's module: the script and an export."""
    return script() + "export default { render: curvlibLive.render };\n"


@functools.cache
def style() -> str:
    """The colours of `curvlib.plot` as custom properties, light and dark, and the front end's stylesheet."""
    stops = {
        f"{name}-{place}": pair
        for name, ramp in plot.RAMPS.items()
        for place, pair in enumerate(zip(*ramp, strict=True))
    }
    light, dark = (
        "".join(f"--cl-{name}:{shades[index]};" for name, shades in {**plot.COLORS, **stops}.items())
        for index in (0, 1)
    )
    return f":root{{{light}}}\n{','.join(DARK)}{{{dark}}}\n" + _read("live.css")


def _read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
