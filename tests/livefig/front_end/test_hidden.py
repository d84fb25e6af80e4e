"""A figure that a tab hides, and one with hardly any room. What the page logs as an error fails a test."""

import json

import jax.numpy as jnp
import pytest

import livefig as live
from tests.livefig.front_end.conftest import STYLE
from tests.livefig.gallery import gallery

PADDED = STYLE + ".livefig { padding: 7px }"


@pytest.fixture(scope="module")
def payload():
    figure = gallery()
    return json.loads(figure.definition.payload(figure.state))


@pytest.fixture
def page(show, payload):
    return show(payload["spec"], payload["program"], fields=",".join(payload["fields"]), style=PADDED)


SIZES = """() => [...document.querySelectorAll("figure :is(svg, rect)")]
    .flatMap(node => ["width", "height"].map(name => node.getAttribute(name)))
    .filter(size => size !== null).map(parseFloat)"""


def test_a_hidden_figure_has_no_negative_sizes_and_is_laid_out_when_it_is_shown(page, put) -> None:
    page.evaluate("() => { document.body.style.display = 'none'; }")
    page.wait_for_timeout(100)
    put(page, {"power": 2})
    assert min(page.evaluate(SIZES)) >= 0
    page.set_viewport_size({"width": 600, "height": 900})
    page.evaluate("() => { document.body.style.display = ''; }")
    page.wait_for_function("() => document.querySelector('.lf-frame > svg').getAttribute('width') > 500")
    assert page.evaluate("() => document.documentElement.scrollWidth") == 600
    assert min(page.evaluate(SIZES)) >= 0


@pytest.mark.parametrize("width", [80, 30, 10])
def test_a_figure_without_room_has_no_negative_sizes(page, width) -> None:
    page.evaluate("width => { document.body.style.width = `${width}px`; }", width)
    page.wait_for_timeout(100)
    assert min(page.evaluate(SIZES)) >= 0
    assert "NaN" not in page.locator("figure").inner_html()


def test_a_sentence_without_room_is_no_error(show_figure) -> None:
    layers = [live.line("y", label="loss"), live.rule(y=1e-9, label="tolerance")]
    view = live.curves(layers, ylog=True)
    page = show_figure(live.figure(lambda a: {"y": a * jnp.array([1.0, 0, 2])}, live.slider("a", 1, 2), view))
    for width in range(50, 70):
        page.evaluate("width => { document.body.style.width = `${width}px`; }", width)
        page.wait_for_function("width => document.querySelector('figure').livefig.width === width", arg=width)
    assert "Infinity" not in page.locator("figure").inner_html()
