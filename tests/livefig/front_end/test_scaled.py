"""Figures in pages that are shown scaled, as slides are: what the pointer touches is what is below it."""

import jax.numpy as jnp
import pytest

import livefig as live
from tests.livefig.front_end.conftest import STYLE

SCALES = {
    "half": "transform: scale(.5)",
    "double": "transform: scale(2)",
    "zoomed out": "zoom: .5",
    "zoomed in": "zoom: 1.5",
    "both": "transform: scale(1.5); zoom: .5",
    "uneven": "transform: scale(.5, 1.25)",
}


@pytest.fixture(params=SCALES.values(), ids=SCALES)
def page(request, show_figure):
    def function(start):
        return {"y": jnp.arange(101.0) + start[0], "m": jnp.arange(100.0).reshape(10, 10) + start[0]}

    views = [
        live.plane([live.points("start")], xlim=(-3, 3), ylim=(-2, 2), drag=["start"]),
        live.curves([live.line("y", label="y")], xlabel="step"),
        live.heatmap("m", title="map"),
    ]
    start = live.point("start", (0, 0), bounds=((-3, 3), (-2, 2)), label="start")
    figure = live.figure(function, start, views, name="slide")
    scaled = f"body {{ {request.param}; transform-origin: 0 0 }}"
    return show_figure(figure, style=STYLE + scaled, viewport={"width": 1600, "height": 2400})


def middle(box: dict[str, float]) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_dragged_point_stays_below_the_pointer(page, state) -> None:
    grip = page.get_by_role("slider", name="start")
    plot = page.locator(".lf-box, .lf-background").first.bounding_box()
    x, y = middle(grip.bounding_box())
    across, up = 0.25 * plot["width"], 0.25 * plot["height"]
    page.mouse.move(x + 2, y + 1)
    page.mouse.down()
    page.mouse.move(x + 2 + across, y + 1 - up, steps=4)
    page.wait_for_function("() => document.querySelector('figure').livefig.state.start[0] > 1")
    page.wait_for_timeout(50)
    page.mouse.up()
    assert state(page)["start"] == pytest.approx([1.5, 1], abs=0.02)
    assert middle(grip.bounding_box()) == pytest.approx((x + across, y - up), abs=1.5)


def test_the_cursor_stands_below_the_pointer(page) -> None:
    pad = page.get_by_role("slider", name="cursor along step")
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    page.wait_for_function("() => document.querySelector('.lf-cursor:not([hidden])')")
    assert pad.get_attribute("aria-valuetext") == "step 30, y 30"
    tip = page.locator(".lf-tip:visible").bounding_box()
    assert tip["x"] == pytest.approx(box["x"] + 0.3 * box["width"], rel=0.1)


def test_the_cell_below_the_pointer_is_picked(page) -> None:
    pad = page.get_by_role("slider", name="map: cell")
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    page.wait_for_function("() => document.querySelector('.lf-picked:not([hidden])')")
    assert pad.get_attribute("aria-valuetext").startswith("row 3, column 8:")
    cell = page.locator(".lf-picked").bounding_box()
    assert middle(cell) == pytest.approx(
        (box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"]), abs=2
    )
