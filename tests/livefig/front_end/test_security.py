"""Texts of whoever makes a figure are texts: in its payload, its html, its program, its elements."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import pytest
from playwright.sync_api import Browser, Page

import livefig as live
from livefig import assets, sphinx

EVIL = [
    "<img src=x onerror='window.hacked=1'>",
    "</script><script>window.hacked=1</script>",
    "</figure><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "`${window.hacked=1}`",
    "\"'); window.hacked=1; ('",
    "*/ window.hacked=1 /*\\",
    "<!-- \u2028 window.hacked=1 -->",
    "$ x_$ and $ \\frac$",  # no LaTeX to a reader, but to matplotlib
    "&lt;b&gt; <b onmouseover=window.hacked=1>",
]
# Names that JavaScript gives a meaning of its own.
NAMES = ["prototype", "valueOf", "hasOwnProperty", "function", "new", "this", "eval", "runtime"]


def named(names: list[str]) -> Callable[..., Any]:
    """A function with parameters of these names that returns their sum under more such names."""
    space: dict[str, Any] = {}
    outputs = "'constructor': total * jnp.arange(9.0), 'toString': 8, 'y': {'__proto__': total}"
    body = f"total = {' + '.join(names)}\n    return {{{outputs}}}"
    exec(f"def total({', '.join(names)}):\n    {body}", {"jnp": jnp}, space)
    return space["total"]


def figure_with(text: str) -> Any:
    """A figure that has `text` wherever its maker can put one."""
    controls: list[Any] = [live.slider(name, 1, 9, 2, label=text, unit=text) for name in NAMES]
    controls += [
        live.player("k", 0, 8, cursor=True, label=text, unit=text),
        live.choice("few", [text, "other"], label=text),
        live.choice("many", [text, *"abcde"], label=text),
        live.toggle("on", label=text),
        live.point("start", (0, 0), ((-1, 1), (-1, 1)), label=text),
        live.data("points", [[0, 0], [1, 1]], ((-1, 1), (-1, 1)), label=text),
    ]

    def function(few: int, many: int, start: Any, points: Any, **others: Any) -> dict[str, Any]:
        return {**named(NAMES)(**{name: others[name] for name in NAMES}), text: points + start + few + many}

    function.__name__ = "evil"
    lines = [live.line("constructor", count="toString", label=text), live.rule(x=2.0, label=text)]
    axes = {"xlabel": text, "ylabel": text, "title": text}
    summary = re.sub(r"[{}]", "", text) + " {few} {toString}"
    return live.figure(
        function,
        controls,
        [
            live.plane([live.path(text, label=text, show="on")], drag=["start", "points"], **axes),
            live.curves(lines, **axes),
            live.readout(summary),
            live.numbers({text: "{y.__proto__}"}),
        ],
        summary=summary,
        words={"toString": [text] * 9},
        title=text,
    )


class Elements(HTMLParser):
    """The elements of an html text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.found.append((tag, dict(attributes)))


def opened(chromium: Browser, folder: Path, output: str, errors: list[str]) -> Page:
    """A page with the figure, its program a function in a script, as the Sphinx extension writes it."""
    (folder / "livefig.js").write_text(assets.script(), encoding="utf-8")
    (folder / "figure.js").write_text(f"livefig.define('evil',{sphinx._program(output)});", encoding="utf-8")
    (folder / "page.html").write_text(
        '<!doctype html><meta charset="utf-8"><script defer src="livefig.js"></script>'
        '<script defer src="figure.js"></script><figure class="livefig" data-live="evil"></figure>'
    )
    page = chromium.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto((folder / "page.html").as_uri())
    return page


@pytest.mark.filterwarnings("ignore:constrained_layout")  # texts this long leave the picture no room
@pytest.mark.parametrize("text", EVIL)
def test_texts_stay_texts(chromium: Browser, tmp_path: Path, text: str) -> None:
    figure = figure_with(text)
    output = figure._repr_mimebundle_()[0]["text/html"]
    elements = Elements(output).found
    assert [tag for tag, _ in elements] == ["figure", "script", "img"]
    assert set(elements[2][1]) == {"src", "alt", "width", "height"}
    assert elements[2][1]["alt"] == figure.describe()
    assert text in json.loads(sphinx.PAYLOAD.search(output)["payload"])["spec"]["title"]

    errors: list[str] = []
    page = opened(chromium, tmp_path, output, errors)
    page.locator("svg[role=img]").first.wait_for()
    page.locator(".lf-cursor-pad").press("End")
    assert page.evaluate("() => window.hacked") is None
    made = "figure :is(img, script, iframe, b[onmouseover], [onerror])"
    assert page.locator(made).count() == 0
    assert page.locator(".lf-title").evaluate("node => node.textContent") == text
    assert page.locator(".lf-summary").evaluate("node => node.textContent") == elements[2][1]["alt"]
    total = page.evaluate("() => document.querySelector('figure').livefig.outputs.constructor[1]")
    assert total == 2 * len(NAMES)
    page.close()
    assert errors == []


def test_a_name_that_javascript_keeps_is_refused() -> None:
    with pytest.raises(ValueError, match="an output cannot be called '__proto__'"):
        live.figure(
            lambda a: {"__proto__": a * jnp.ones(3)},
            live.slider("a", 0, 1),
            live.curves([live.line("__proto__")]),
        )
    with pytest.raises(ValueError, match="name an argument"):
        live.figure(
            lambda __proto__: {"y": __proto__ * jnp.ones(3)},
            live.slider("__proto__", 0, 1),
            live.curves([live.line("y")]),
        )
