"""What the theme gets wrong, mended: see theme.js and theme.css beside this file."""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.fileutil import copy_asset

HERE = Path(__file__).parent
ASSETS = ("theme.js", "theme.css")


def set_default_mode(app: Sphinx, config: Config) -> None:
    # Without one the theme logs "Got invalid theme mode" to the console of every first visit.
    config.html_context.setdefault("default_mode", "auto")


def add_assets(app: Sphinx) -> None:
    if app.builder.format != "html":
        return
    for name in ASSETS:
        copy_asset(HERE / name, Path(app.outdir) / "_static" / "book")
    app.add_js_file("book/theme.js", loading_method="defer")
    app.add_css_file("book/theme.css")


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", set_default_mode)
    app.connect("builder-inited", add_assets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
