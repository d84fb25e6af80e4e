"""The front end's one script and one stylesheet, put together from the files in `static/`.

The files are modules that say what they import from each other; here they are sorted by that and share one
closure, which d3 opens. Imports, comments and indentation stay at home, d3's licences apart. The same text
serves a page, where it is a classic script, and a kernel, where it is a module.
"""

import functools
import graphlib
import re
from importlib import resources

from livefig import palette

STATIC = resources.files("livefig") / "static"
STYLES = ("figure", "layout", "legends", "plots", "scales", "handles", "controls", "media")  # later prevail
VENDORED = "d3.js"
RUNTIME = ("functions.js", "bits.js", "matrices.js", "runtime.js")  # all that compiled programs need
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?P<file>[\w.]+)";\n', re.MULTILINE)
# How pages say that they are dark: Sphinx's themes on either element, JupyterLab, VS Code.
DARK = (
    'html[data-theme="dark"]',
    'body[data-theme="dark"]',
    'html:not([data-theme]) body[data-jp-theme-light="false"]',
    "body.vscode-dark",
    'html[data-bs-theme="dark"]',
    "html.dark",
)
# And how they say that they are as the reader's system is.
AUTO = ('html[data-theme="auto"]', 'body[data-theme="auto"]')


@functools.cache
def script() -> str:
    """The front end as a classic script, which defines the global `livefig`."""
    own = [lean(plain(name)) for name in order()]
    return "\n".join(["(function () {", '"use strict";', _read(VENDORED), *own, "})();"]) + "\n"


def order() -> list[str]:
    """The front end's own files, each after those that it imports.

    Raises:
        graphlib.CycleError: if imports go round in a circle.
    """
    own = sorted(
        path.name for path in STATIC.iterdir() if path.name.endswith(".js") and path.name != VENDORED
    )
    imported = {name: sorted(match["file"] for match in _IMPORT.finditer(_read(name))) for name in own}
    return list(graphlib.TopologicalSorter(imported).static_order())


def plain(name: str) -> str:
    """A file of the front end as it stands among the others: without its imports, and the word `export`."""
    return re.sub(r"^export ", "", _IMPORT.sub("", _read(name)), flags=re.MULTILINE)


@functools.cache
def module() -> str:
    """The front end as an anywidget's module: the script and an export."""
    return script() + "export default { render: livefig.render };\n"


@functools.cache
def style() -> str:
    """The palette's colours as custom properties, light and dark, and the front end's stylesheet."""
    stops = {
        f"{name}-{place}": pair
        for name, ramp in palette.RAMPS.items()
        for place, pair in enumerate(zip(*ramp, strict=True))
    }
    tint = {"tint": tuple(f"{share:.0%}" for share in palette.TINT)}
    light, dark = (
        "".join(f"--lf-{name}:{pair[index]};" for name, pair in {**palette.COLORS, **stops, **tint}.items())
        for index in (0, 1)
    )
    by_system = f"@media (prefers-color-scheme:dark){{{','.join(AUTO)}{{{dark}}}}}"
    own = [lean(_read(f"{name}.css")) for name in STYLES]
    return "".join([f":root{{{light}}}\n{','.join(DARK)}{{{dark}}}\n{by_system}\n", *own])


def lean(text: str) -> str:
    """JavaScript or CSS of our own without indentation, blank lines and comments.

    A quarter less to ship, line for line still what is in `static/`, where no string goes over several lines.
    """
    text = re.sub(r"^[ \t]*/\*.*?\*/[ \t]*\n", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = (_without_remark(line.strip()) for line in text.splitlines())
    return "\n".join(filter(None, lines)) + "\n"


def _without_remark(line: str) -> str:
    """A line without the comment at its end. What is in quotes stays: their number before it is even."""
    for match in re.finditer(r"(?:^|\s+)//", line):
        before = line[: match.start()]
        if not any(before.count(quote) % 2 for quote in "\"'`"):
            return before
    return line


def _read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
