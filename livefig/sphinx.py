"""A Sphinx extension that puts live figures into the pages of a Sphinx site or a Jupyter Book 1.x.

In the `conf.py` of a Sphinx site with MyST-NB it takes one line, beside what the site needs anyway:

    extensions = ["myst_nb", "livefig.sphinx"]

in the `_config.yml` of a Jupyter Book 1.x three:

    sphinx:
      extra_extensions:
        - livefig.sphinx

Jupyter Book 2 is not built on Sphinx, so that no extension of Sphinx runs there: it is not supported, and its
pages hold no live figures. (`jupyter-book config sphinx` makes a book of version 1 a plain Sphinx site.)

In a page, a notebook's output with a figure becomes a light `<figure>` with its static picture; program and
data move to a script file of their own, the picture to an image file, and the front end is loaded on pages
with figures and on no others. So pages stay small and run under a Content-Security-Policy without
`unsafe-eval`, from a server or from disk. Without JavaScript the picture stays. Builders other than the html
ones show the picture. It makes no difference whether notebooks come with their outputs or are run by the
build; what a kernel saves of the figures' widgets, which a page has no use for, is dropped, and ipywidgets'
own scripts, which MyST-NB takes from a CDN, are loaded on pages with other widgets only.

Warnings are of the type `livefig`, and go by `suppress_warnings = ["livefig.kernel"]`, say:

    livefig.kernel: a figure that only a kernel can compute, of which a page shows the picture.
    livefig.live: a figure in a notebook's outputs that cannot be read.
"""

import base64
import binascii
import hashlib
import html
import itertools
import json
import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

from livefig import assets, saved_widgets

LOGGER = logging.getLogger(__name__)
USED = re.compile(rb'data-live=\\?"([\w-]+)')  # in pages of html, and of JSON
FIGURE = re.compile(r'<figure class="livefig" data-name="(?P<name>[\w-]+)">(?P<body>.*?)</figure>', re.DOTALL)
STILL = re.compile(
    r'<figure class="livefig-still" data-name="(?P<name>[\w-]+)" data-reason="(?P<reason>[^"]*)">'
)
PAYLOAD = re.compile(r'<script type="application/json">(?P<payload>.*?)</script>', re.DOTALL)
PICTURE = re.compile(
    r'<img src="data:image/png;base64,(?P<png>[^"]+)" alt="(?P<alt>[^"]*)"'
    r' width="(?P<width>\d+)" height="(?P<height>\d+)">'
)
WITHOUT_SCRIPT = "A picture of one state: with JavaScript switched on, this figure can be played with."
FOLDER = "livefig"  # below _static
WIDGETS = "ipywidgets_state"  # what MyST-NB calls it; the scripts that read it are ipywidgets_0, …


class live_figure(nodes.General, nodes.Element):
    """A live figure in a page, its program and picture in files."""


class KeepFigureForm(SphinxPostTransform):
    """Of a figure's several forms keep the one for the builder, before MyST-NB selects by its own order."""

    default_priority = 3

    def run(self, **kwargs: Any) -> None:
        keep = "text/html" if _is_page(self.app) else "image/png"
        for bundle in list(self.document.findall(_is_figure_bundle)):
            forms = {form["mime_type"]: form for form in bundle.children}
            for picture in forms["image/png"].findall(nodes.image) if "image/png" in forms else ():
                picture["alt"] = forms["text/plain"].astext() if "text/plain" in forms else ""
            if self.app.builder.format == "html" and keep in forms:
                bundle.children = [forms[keep]]


class ExtractFigures(SphinxPostTransform):
    """Move programs and pictures out of the raw html of a page, however it got there, into files.

    A figure that has none, since only a kernel can compute it, is a warning.
    """

    default_priority = 900  # after MyST-NB's selection and its glue

    def run(self, **kwargs: Any) -> None:
        if not _is_page(self.app):
            return
        seen: set[str] = set()
        for raw in list(self.document.findall(nodes.raw)):
            if "html" not in raw.get("format", "").split():
                continue
            for still in STILL.finditer(raw.astext()):
                _warn(
                    "kernel",
                    raw,
                    "live figure '%s' is a still picture in this page, since only a kernel can"
                    " compute it: %s",
                    still["name"],
                    html.unescape(still["reason"]),
                )
            if 'class="livefig"' in raw.astext():
                raw.replace_self(self._parts(raw, seen))

    def _parts(self, raw: nodes.raw, seen: set[str]) -> list[nodes.Node]:
        """The raw html cut at its figures, each of which becomes a node."""
        text, end, parts = raw.astext(), 0, []
        for match in FIGURE.finditer(text):
            figure = self._figure(match, raw)
            if figure is None:
                continue
            name = f"live-{figure['name']}"
            numbered = (f"{name}-{count}" for count in itertools.count(2))
            figure["element"] = next(each for each in itertools.chain([name], numbered) if each not in seen)
            seen.add(figure["element"])
            parts += [*_html(text[end : match.start()]), figure]
            end = match.end()
        return [*parts, *_html(text[end:])]

    def _figure(self, match: re.Match, raw: nodes.raw) -> live_figure | None:
        try:
            program = _program(match["body"])
            picture, png = _picture(match["body"])
        except ValueError as error:
            _warn(
                "live",
                raw,
                "live figure '%s' stays as it is, since %s: run its notebook again",
                match["name"],
                error,
            )
            return None
        digest = hashlib.sha256(program.encode() + png).hexdigest()
        identity = f"{match['name']}-{digest[:12]}"
        folder = Path(self.app.outdir) / "_static" / FOLDER
        _write(folder / f"{identity}.js", f"livefig.define({json.dumps(identity)},{program});\n".encode())
        _write(folder / f"{identity}.png", png)
        return live_figure(
            "",
            identity=identity,
            name=match["name"],
            alt=html.unescape(picture["alt"]),
            width=picture["width"],
            height=picture["height"],
            grows=re.search(r'"grow":\s*true', program) is not None,
        )


def _warn(subtype: str, place: nodes.Node, message: str, *parts: Any) -> None:
    LOGGER.warning(message, *parts, location=place, type="livefig", subtype=subtype)


def _program(body: str) -> str:
    """The payload in a figure's html as a JavaScript object, its programs, which were text, now functions."""
    match = PAYLOAD.search(body)
    if match is None:
        raise ValueError("it has no program")
    try:
        payload = json.loads(match["payload"])
        spec, program, fields = (payload[key] for key in ("spec", "program", "fields"))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"its program cannot be read ({error})") from error
    text = json.dumps(spec, ensure_ascii=False, separators=(",", ":"))
    return f"{{spec:{text},\nprogram:{program},\nfields:[{','.join(fields)}]}}"


def _picture(body: str) -> tuple[re.Match, bytes]:
    """The picture in a figure's html: its attributes and its bytes."""
    match = PICTURE.search(body)
    if match is None:
        raise ValueError("it has no picture")
    try:
        return match, base64.b64decode(match["png"], validate=True)
    except binascii.Error as error:
        raise ValueError(f"its picture cannot be read ({error})") from error


def _html(text: str) -> list[nodes.Node]:
    return [nodes.raw("", text, format="html")] if text.strip() else []


def _write(path: Path, content: bytes) -> None:
    """Write a file unless it stands there already, in one step, since builders may run in parallel."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)


def _is_page(app: Sphinx) -> bool:
    """Whether the builder makes pages that run scripts: html, but no e-book and no help system."""
    builder = app.builder
    return builder.format == "html" and not getattr(builder, "embedded", False) and builder.name != "epub"


def _is_figure_bundle(node: nodes.Node) -> bool:
    return (
        isinstance(node, nodes.container)
        and node.get("nb_element") == "mime_bundle"
        and any('<figure class="livefig' in raw.astext() for raw in node.findall(nodes.raw))
    )


def visit_live_figure(translator: HTML5Translator, node: live_figure) -> None:
    """Write the light figure of a page."""
    static = translator.builder.imgpath.removesuffix(translator.builder.imagedir) + "_static"
    grows = " data-grow" if node["grows"] else ""
    translator.body.append(
        f'<figure class="livefig" id="{node["element"]}" data-live="{node["identity"]}"'
        f' data-name="{node["name"]}"{grows}><img src="{static}/{FOLDER}/{node["identity"]}.png"'
        f' alt="{html.escape(node["alt"])}" width="{node["width"]}" height="{node["height"]}">'
        f"<noscript>{WITHOUT_SCRIPT}</noscript></figure>\n"
    )
    raise nodes.SkipNode


def write_front_end(app: Sphinx) -> None:
    """Write the front end, in every build: pages that are not built again shall not keep an older one."""
    if _is_page(app):
        folder = Path(app.outdir) / "_static" / FOLDER
        _write(folder / "livefig.js", assets.script().encode())
        _write(folder / "livefig.css", assets.style().encode())


def drop_saved_widgets(app: Sphinx, doctree: nodes.document) -> None:
    """Of the widgets' state that MyST-NB puts into a page drop the figures', and with the last of it the
    scripts that would read it."""
    scripts = getattr(app.env, "nb_metadata", {}).get(app.env.docname, {}).get("js_files", {})
    if WIDGETS not in scripts:
        return
    address, attributes = scripts[WIDGETS]
    saved = json.loads(attributes["body"])
    models = saved_widgets.without_figures(saved["state"])
    if models:
        body = json.dumps({**saved, "state": models}).replace("<", "\\u003c")
        scripts[WIDGETS] = address, {**attributes, "body": body}
        return
    for name in [name for name in scripts if name.startswith("ipywidgets_")]:
        del scripts[name]


def load_scripts(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    """Load the front end, then a page's figures, on a page that has some."""
    figures = [] if doctree is None else [node["identity"] for node in doctree.findall(live_figure)]
    if not figures:
        return
    app.add_css_file(f"{FOLDER}/livefig.css")
    app.add_js_file(f"{FOLDER}/livefig.js", priority=600, loading_method="defer")
    for identity in dict.fromkeys(figures):
        app.add_js_file(f"{FOLDER}/{identity}.js", priority=601, loading_method="defer")


def remove_unused(app: Sphinx, exception: Exception | None) -> None:
    """Remove files of figures that no page shows any more: each version of a figure has names of its own."""
    files = list((Path(app.outdir) / "_static" / FOLDER).glob("*-" + 12 * "[0-9a-f]" + ".*"))
    if exception is not None or not _is_page(app) or not files:
        return
    pages = Path(app.outdir).rglob(f"*{app.builder.out_suffix}")
    used = {name.decode() for page in pages for name in USED.findall(page.read_bytes())}
    for file in files:
        if file.stem not in used:
            file.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.add_node(live_figure, html=(visit_live_figure, None))
    app.add_post_transform(KeepFigureForm)
    app.add_post_transform(ExtractFigures)
    app.connect("builder-inited", write_front_end)
    app.connect("doctree-read", drop_saved_widgets)
    app.connect("html-page-context", load_scripts)
    app.connect("build-finished", remove_unused)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
