"""What the theme gets wrong, mended, with theme.js beside this file."""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.fileutil import copy_asset

SCRIPT = Path(__file__).with_suffix(".js")


def set_options(app: Sphinx, config: Config) -> None:
    # Without a mode the theme logs "Got invalid theme mode" to the console of every first visit.
    config.html_context.setdefault("default_mode", "auto")
    # The sidebar has a search button; without this the page gets a second one, in a bar above everything.
    config.html_theme_options.setdefault("navbar_persistent", [])


def add_script(app: Sphinx) -> None:
    if app.builder.format == "html":
        copy_asset(SCRIPT, Path(app.outdir) / "_static" / "book")
        app.add_js_file("book/theme.js", loading_method="defer")


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", set_options)
    app.connect("builder-inited", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
