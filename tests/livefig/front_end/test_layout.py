"""Long texts, and pages that run from right to left: nothing sticks out, nothing is lost."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.livefig.front_end.conftest import FIGURE, STYLE

LONG = ("a label that somebody has written without a thought for how long it would become " * 2)[:130]
WORD = "Donaudampfschifffahrtsgesellschaft" * 4  # which no line can break between words
# What of the figure reaches beyond the page, were it not cut by an element around it.
OUTSIDE = """
() => [...document.querySelectorAll("figure *")].filter(node => node.checkVisibility()
        && !["title", "clipPath"].includes(node.tagName) && !node.closest("[clip-path]"))
    .filter(node => {
        const box = node.getBoundingClientRect();
        return box.width && (box.right > innerWidth + 0.5 || box.left < -0.5);
    }).map(node => `${node.tagName}.${node.getAttribute("class")}: ${node.textContent.slice(0, 40)}`)
"""


def lengthen(spec: dict[str, Any], text: str) -> None:
    """Put a text wherever a figure has one."""
    spec.update(title=text, summary=text, words={"best": [text] * 3})
    for control in spec["controls"]:
        control["label"] = text
        if control["kind"] == "choice":
            control["options"] = [f"{text} {index}" for index, _ in enumerate(control["options"])]
        if control["kind"] == "slider":
            control["unit"] = text
    for view in spec["views"]:
        if "layers" in view:
            view.update(title=text, xlabel=text, ylabel=text)
            for layer in view["layers"]:
                layer["label"] = text
        elif "text" in view:
            view["text"] = text


@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize("text", [LONG, WORD], ids=["words", "one word"])
def test_long_texts_stay_on_the_page(show, spec, put, text, width) -> None:
    lengthen(spec, text)
    rows = [["loss", "{kappa}"], [text, "{kappa}"], ["loss", text]]
    spec["views"].append({"kind": "readout", "rows": rows, "show": None})
    page = show(spec, viewport={"width": width, "height": 900})
    for start in ([-2, 1], [0, 0], [3, 1]):
        put(page, {"start": start})
        page.locator(".lf-cursor-pad").press("End")
        assert page.evaluate("() => document.documentElement.scrollWidth") == width
        assert page.evaluate(OUTSIDE) == []
    cut = page.locator(".lf-frame svg text:has(> title)")
    assert cut.count() >= 3 and set(cut.locator("title").all_text_contents()) == {text}
    shown = page.evaluate(
        "() => [...document.querySelectorAll('.lf-frame svg text:has(> title)')]"
        ".map(text => [text.firstChild.data, text.checkVisibility()])"
    )
    assert all(part.endswith("…") and text.startswith(part[:-1].strip()) for part, seen in shown if seen)
    assert all(len(part) > 20 for part, seen in shown if seen)


def test_a_label_that_has_come_to_fit_is_whole_again(show, spec) -> None:
    spec["views"][1]["xlabel"] = "an axis whose label is about as wide as two figures on one row would be"
    page = show(spec, viewport={"width": 360, "height": 900})
    label = page.locator(".lf-axis-label").nth(2)
    assert label.locator("title").count() == 1
    page.set_viewport_size({"width": 620, "height": 900})
    page.wait_for_function("() => !document.querySelector('text > title')")
    assert label.text_content() == spec["views"][1]["xlabel"]


def test_a_figure_off_the_screen_does_not_widen_a_page_that_is_turned(show) -> None:
    """A phone that is turned upright while its reader is further down."""
    page = show(viewport={"width": 800, "height": 390}, style=f"{STYLE} html {{ padding-bottom: 5000px }}")
    width = "() => [document.documentElement.scrollWidth, innerWidth]"
    page.evaluate("() => scrollTo(0, 4000)")
    page.wait_for_function(f"() => !{FIGURE}.livefig.visible")
    page.set_viewport_size({"width": 360, "height": 800})
    page.wait_for_function(f"() => {FIGURE}.livefig.stale")
    assert page.evaluate(width) == [360, 360]
    page.evaluate("() => scrollTo(0, 0)")
    page.wait_for_function(f"() => !{FIGURE}.livefig.stale")
    assert page.evaluate(width) == [360, 360]
    assert page.evaluate(OUTSIDE) == []
    clipped = f"() => getComputedStyle({FIGURE}).overflowX"
    assert page.evaluate(clipped) == "visible"


@pytest.fixture
def matrix(show, spec):
    """`matrix(rows, columns, …)` opens a figure of one heat map with names."""

    def open_page(rows: list[str], columns: list[str], **options: Any) -> Page:
        layer = {
            "kind": "heatmap",
            "matrix": "M",
            "rows": rows,
            "columns": columns,
            "label": "",
            "show": None,
        }
        layer |= {"diverging": False, "log": False, "decades": 4, "extent": None, "blocks": []}
        view = {"kind": "heatmap", "title": "M", "xlabel": "", "ylabel": "", "layers": [layer]}
        shape = [len(rows), len(columns)]
        outputs = [{"name": "M", "shape": shape, "dtype": "float64"}]
        spec.update(views=[view], controls=[], inputs=[], outputs=outputs, summary="", words={})
        numbers = json.dumps(list(range(shape[0] * shape[1])))
        return show(spec, f"function () {{ return () => ({{ M: {numbers} }}); }}", **options)

    return open_page


@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ([LONG, "b"], ["one", "two"]),
        (["a", "b"], [f"name of column {k} here" for k in range(6)]),
        (["a", "b"], [LONG] * 3),
        (["a"], [LONG]),
        ([f"row {k}" for k in range(9)], [str(k) for k in range(40)]),
    ],
)
def test_names_of_a_heat_map_stand_apart_beside_a_plot_of_some_size(matrix, rows, columns, width) -> None:
    page = matrix(rows, columns, viewport={"width": width, "height": 900})
    plot = page.locator(".lf-box").bounding_box()
    assert plot["width"] > 0.3 * min(width, 740)
    texts = page.locator(".lf-frame svg > g text").all()
    boxes = [box for box in (text.bounding_box() for text in texts) if box and box["width"]]
    assert len(boxes) >= min(2, len(columns)) + min(2, len(rows))
    for index, one in enumerate(boxes):
        assert one["x"] >= 0 and one["x"] + one["width"] <= width
        for other in boxes[:index]:
            beside = one["x"] >= other["x"] + other["width"] or other["x"] >= one["x"] + one["width"]
            assert beside or abs(one["y"] - other["y"]) >= 12
    written = {text.evaluate("t => t.querySelector('title')?.textContent ?? t.textContent") for text in texts}
    assert written <= {*rows, *columns}


def test_on_a_page_from_right_to_left_numbers_and_axes_run_as_ever(show, spec) -> None:
    page = show(spec)
    read = """() => [...document.querySelectorAll(".lf-frame svg text")].map(text => {
        const box = text.getBoundingClientRect();
        const frame = text.closest(".lf-frame").getBoundingClientRect();
        const ends = text.getNumberOfChars() > 1
            ? text.getStartPositionOfChar(0).x < text.getEndPositionOfChar(1).x : true;
        return [text.textContent, Math.round(box.left - frame.left), ends];
    })"""
    before = page.evaluate(read)
    page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
    assert page.evaluate(read) == before and all(forward for *_, forward in before)
    slider = page.get_by_role("slider", name="condition κ")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    assert page.evaluate("() => document.querySelector('figure').livefig.state.kappa") > 100
    # The full stop of a sentence in Latin letters stands at its right.
    stop = """() => {
        const text = document.querySelector(".lf-summary").firstChild, range = document.createRange();
        range.setStart(text, text.length - 1), range.setEnd(text, text.length);
        const stop = range.getBoundingClientRect();
        range.setStart(text, 0);
        return stop.right >= range.getBoundingClientRect().right - 1;
    }"""
    assert page.evaluate(stop)
    assert page.evaluate("() => document.documentElement.scrollWidth") == 1000
