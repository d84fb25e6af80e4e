"""A page with one live figure. Its spec and programs are files here, simple enough to do in the head."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from livefig import assets

HERE = Path(__file__).parent

STYLE = """
html { --pst-color-background: #fff; --pst-color-text-base: #222832 }
html[data-theme="dark"] { --pst-color-background: #14181e; --pst-color-text-base: #ced6dd }
body { max-width: 740px; margin: 0 auto; padding: 16px; background: var(--pst-color-background) }
"""
# As strict as a page can be told to be from within.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>A page</title>
<meta http-equiv="Content-Security-Policy" content="script-src 'self'; style-src 'self'; img-src 'self'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="livefig.css">
<link rel="stylesheet" href="page.css">
<script defer src="livefig.js"></script>
<script defer src="figure.js"></script>
</head>
<body>
%s
<figure class="livefig" data-live="shrink" id="%s">
<img src="picture.svg" alt="The picture." width="720" height="400">
</figure>
</body>
</html>
"""
# Every live figure on the screen or within its 300 px: drawn, not about to be.
DRAWN = """() => [...document.querySelectorAll("figure")].every(figure => {
    const box = figure.getBoundingClientRect();
    return !figure.livefig || box.top > innerHeight || figure.querySelector("svg[role=img]");
})"""
FIGURE = "[...document.querySelectorAll('figure')].find(figure => figure.livefig)"
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="720" height="400"></svg>'


@pytest.fixture
def spec() -> dict[str, Any]:
    """A figure with every kind of control, view and layer, for a test to use or to change."""
    return json.loads((HERE / "figure.json").read_text(encoding="utf-8"))


@pytest.fixture
def program() -> str:
    """The figure's program."""
    return (HERE / "program.js").read_text(encoding="utf-8")


@pytest.fixture
def field() -> str:
    """The field of its contours, which counts how often it is prepared."""
    return (HERE / "field.js").read_text(encoding="utf-8")


@pytest.fixture
def show(chromium: Browser, tmp_path: Path, spec, program, field) -> Iterator[Callable[..., Page]]:
    """`show(…)` opens the page from disk, under a strict policy, and waits until what is seen is drawn.

    What the page logs as an error fails the test.
    """
    contexts, errors = [], []

    def open_page(
        figure: dict[str, Any] = spec,
        program: str = program,
        *,
        fields: str = field,
        before: str = "",
        element: str = "shrink",
        fragment: str = "",
        style: str = STYLE,
        expect_errors: bool = False,
        **options: Any,
    ) -> Page:
        definition = f"{{spec: {json.dumps(figure)}, program: {program}, fields: [{fields}]}}"
        files = {
            "livefig.js": assets.script(),
            "livefig.css": assets.style(),
            "page.css": style,
            "figure.js": f'livefig.define("shrink", {definition});',
            "picture.svg": PICTURE,
            "page.html": PAGE % (before, element),
        }
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        context = chromium.new_context(**{"viewport": {"width": 1000, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        if not expect_errors:
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else None)
        page.goto((tmp_path / "page.html").as_uri() + fragment)
        if not expect_errors and options.get("java_script_enabled", True):
            page.wait_for_function(DRAWN)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def show_figure(show) -> Callable[..., Page]:
    """`show_figure(figure, …)` opens the page with a figure of `livefig.figure` in it."""

    def open_page(figure: Any, **options: Any) -> Page:
        content = json.loads(figure.definition.payload(figure.state))
        return show(content["spec"], content["program"], fields=",".join(content["fields"]), **options)

    return open_page


@pytest.fixture
def state() -> Callable[[Page], dict[str, Any]]:
    """`state(page)`: the value of each control of its figure."""
    return lambda page: page.evaluate(f"() => {FIGURE}.livefig.state")


@pytest.fixture
def put() -> Callable[[Page, dict[str, Any]], None]:
    """`put(page, values)` sets controls of its figure."""
    return lambda page, values: page.evaluate(f"values => {FIGURE}.livefig.set(values)", values)
