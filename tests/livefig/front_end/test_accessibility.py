"""Figures for everyone: axe finds nothing, keys reach and leave everything, widths from 360 px to 4K."""

from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# What axe says of the figure alone: serious or critical.
RUN = """
async () => {
    const { violations } = await axe.run("figure", { preload: false });
    const bad = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
    return bad.map(({ id, nodes }) => [id, ...nodes.map(node => node.html + node.failureSummary)]);
}
"""


@pytest.fixture
def full(spec) -> dict[str, Any]:
    """The figure, with a player and with data to drag too."""
    player = next(control for control in spec["controls"] if control["name"] == "count")
    player.update(kind="player", label="iteration", min=0, until=None, cursor=True)
    bounds = [[-3, 3], [-2, 2]]
    data = {"kind": "data", "name": "points", "label": "data", "bounds": bounds, "axis": None}
    spec["controls"].append({**data, "value": [[0, 0.5], [1, 1], [2, -1]]})
    spec["views"][0]["drag"].append("points")
    return spec


def violations(page: Page) -> list:
    page.evaluate(AXE_SCRIPT)
    return page.evaluate(RUN)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 360])
def test_axe_finds_nothing(show, put, full, theme, width) -> None:
    page = show(full, viewport={"width": width, "height": 900})
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    assert violations(page) == []
    put(page, {"kappa": 77, "show": False, "count": 0})
    page.get_by_role("button", name="second method").click()
    page.locator(".lf-cursor-pad").press("End")
    assert violations(page) == []


def test_axe_sees_what_is_wrong(show, full) -> None:
    full["controls"][0]["label"] = ""
    assert "label" in [name for name, *_ in violations(show(full))]


def test_keys_reach_everything_once_and_leave(show, full) -> None:
    page = show(full, before='<a id="before" href="#">before</a>')
    page.evaluate(
        "() => document.body.append(Object.assign(document.createElement('button'), { id: 'after' }))"
    )
    page.focus("#before")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => {
                    const node = document.activeElement, style = getComputedStyle(node);
                    const marked = [node, node.nextElementSibling, node.firstElementChild, node.parentElement]
                        .some(part => part && (getComputedStyle(part).outlineStyle !== 'none'
                            || getComputedStyle(part).boxShadow !== 'none'));
                    const name = node.ariaLabel || node.labels?.[0]?.textContent || node.textContent;
                    return [name.trim() || node.id, marked];
                }"""
            )
        )
        if reached[-1][0] == "after":
            break
    names = [name for name, _ in reached]
    assert names == [
        "first method", "second method", "third method", "fourth method", "origin", "start", "data, 1 of 3",
        "loss: cursor along step", "iteration: one back", "iteration: play", "iteration: one on",
        "iteration", "condition κ", "angle", "one", "many options", "plain toggle", "Copy link", "Reset",
        "after",
    ]  # fmt: skip
    assert [name for name, marked in reached[:-1] if not marked] == [], "the focus can be seen"


@pytest.mark.parametrize("width", [360, 768, 2560, 3840])
def test_it_fits_any_width(show, full, width) -> None:
    page = show(full, viewport={"width": width, "height": 1200})
    page.evaluate("() => { document.body.style.maxWidth = 'none'; }")
    page.locator("figure svg[role=img]").first.wait_for()
    page.wait_for_timeout(100)
    assert page.evaluate("() => document.documentElement.scrollWidth") == width
    sizes = page.evaluate(
        """() => ['svg text', '.lf-line', '.lf-label, label'].map(name => {
            const style = getComputedStyle(document.querySelector('figure ' + name));
            return [parseFloat(style.fontSize), parseFloat(style.strokeWidth)];
        })"""
    )
    assert all(11 <= font <= 24 for font, _ in sizes)
    frames = [page.locator(".lf-frame").nth(i).bounding_box() for i in (0, 1)]
    assert all(0.35 < frame["height"] / frame["width"] < 1 for frame in frames)
    figure = page.locator("figure").bounding_box()
    assert figure["width"] == min(width - 32, 1600)
    assert figure["x"] * 2 + figure["width"] == pytest.approx(width, abs=1)


def test_fingers_can_scroll_the_page_but_for_handles(show, full) -> None:
    page = show(full, has_touch=True)
    actions = page.evaluate(
        """() => ['.lf-handle', '.lf-datum', '.lf-cursor-pad', 'input[type=range]']
            .map(name => getComputedStyle(document.querySelector('figure ' + name)).touchAction)"""
    )
    assert actions == ["none", "none", "pan-y pinch-zoom", "pan-y pinch-zoom"]


def test_two_fingers_zoom_a_plot(show) -> None:
    page = show(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800})
    box = page.locator(".lf-cursor-pad").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    client = page.context.new_cdp_session(page)
    for kind, apart in [("touchStart", 20), *[("touchMove", apart) for apart in range(25, 120, 5)]]:
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function("() => visualViewport.scale > 2")


@pytest.mark.parametrize("name", [".lf-handle:not(.lf-datum)", ".lf-datum", ".lf-cursor-pad"])
def test_the_focus_is_seen_in_forced_colours(show, full, name) -> None:
    page = show(full, forced_colors="active")
    page.locator("input[type=range]").first.press("Home")  # by keyboard from here on
    page.locator(name).first.focus()
    style = page.locator(name).first.evaluate(
        "e => [getComputedStyle(e).outlineStyle, parseFloat(getComputedStyle(e).outlineWidth)]"
    )
    assert style == ["solid", 2]


def test_swatches_keep_their_curves_colours_where_others_are_forced(show) -> None:
    page = show(forced_colors="active")
    page.locator(".lf-cursor-pad").press("Home")
    colours = page.evaluate(
        "() => [...document.querySelectorAll('.lf-tip i')].filter(i => i.checkVisibility())"
        ".map(i => getComputedStyle(i).backgroundColor)"
    )
    assert len(set(colours)) == 4
