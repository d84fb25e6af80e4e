"""MathJax from the book's own files, so that a page shows its formulas without any network, from disk too.

It is taken from the package sphinx-mathjax-offline, whose 24 MB hold every variant; a page needs the one
combined component, the TeX extensions it loads on demand and the woff fonts: 2.1 MB.
"""

from importlib.metadata import distribution
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.fileutil import copy_asset

COMPONENT = "tex-mml-chtml.js"
PARTS = (COMPONENT, "input/tex/extensions", "output/chtml/fonts/woff-v2")


def mathjax_root() -> Path:
    """Folder of MathJax in the installed package, which cannot be imported: its name has hyphens."""
    found = next(f for f in distribution("sphinx-mathjax-offline").files or [] if f.name == COMPONENT)
    return Path(str(found.locate())).parent


def serve_mathjax(app: Sphinx, config: Config) -> None:
    config.mathjax_path = f"mathjax/{COMPONENT}"


def copy_mathjax(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    root, target = mathjax_root(), Path(app.outdir) / "_static" / "mathjax"
    for part in PARTS:
        destination = target / part if (root / part).is_dir() else (target / part).parent
        copy_asset(root / part, destination)


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", serve_mathjax)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
