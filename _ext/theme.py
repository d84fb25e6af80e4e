"""What the theme gets wrong, mended, with theme.js and theme.css beside this file."""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.fileutil import copy_asset

SCRIPT = Path(__file__).with_suffix(".js")
STYLE = Path(__file__).with_suffix(".css")


def set_options(app: Sphinx, config: Config) -> None:
    # Without a mode the theme logs "Got invalid theme mode" to the console of every first visit.
    config.html_context.setdefault("default_mode", "auto")
    # The sidebar has a search button; without this the page gets a second one, in a bar above everything.
    config.html_theme_options.setdefault("navbar_persistent", [])


def add_assets(app: Sphinx) -> None:
    if app.builder.format == "html":
        for asset in (SCRIPT, STYLE):
            copy_asset(asset, Path(app.outdir) / "_static" / "book")
        app.add_js_file("book/theme.js", loading_method="defer")
        app.add_css_file("book/theme.css", priority=900)


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", set_options)
    app.connect("builder-inited", add_assets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
