"""Axes where numbers are all the same, whole, or as large as numbers get; plots that show nothing say so."""

import pytest
from playwright.sync_api import Locator

SAID = "All of it lies outside these axes."
PATH = {"kind": "path", "count": None, "color": "blue", "label": "run", "show": None, "marker": True}


@pytest.fixture
def draw(show, spec):
    """`draw(view, ys=…)`: the figure with this view alone, and numbers for its outputs."""

    def make(view: dict, **numbers: list[float]) -> Locator:
        spec.update(views=[view], summary="", words={}, outputs=[], inputs=[], controls=[])
        listed = ", ".join(f"{name}: Float64Array.from({values})" for name, values in numbers.items())
        return show(spec, f"function () {{ return () => ({{ {listed} }}); }}").locator("figure")

    return make


@pytest.fixture
def curve(spec):
    """A view of a curve over steps; options of the view, such as `ylog`."""

    def make(kind: str = "line", **options) -> dict:
        line = {"kind": kind, "y": "ys", "x": None, "count": None, "color": "blue", "label": "y"}
        layer = {**line, "show": None, "dash": False, "marker": False}
        limits = {"xlim": None, "ylim": None, "ylog": False, "cursor": False}
        return {**spec["views"][1], **limits, "layers": [layer], **options}

    return make


@pytest.fixture
def plane(spec):
    """A view of the unit square with layers."""

    def make(*layers: dict) -> dict:
        return {**spec["views"][0], "xlim": [0, 1], "ylim": [0, 1], "drag": [], "layers": list(layers)}

    return make


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("value", [3.0, 1e17, 1e300, 1.7e308])
def test_numbers_that_are_all_the_same_are_a_line_across(draw, curve, value, log) -> None:
    figure = draw(curve(ylog=log), ys=[value] * 5)
    assert figure.locator(".lf-sayings").inner_text() == ""
    line, box = (figure.locator(name).bounding_box() for name in (".lf-frame .lf-line", ".lf-background"))
    assert box["y"] < line["y"] < box["y"] + box["height"]
    assert line["width"] == pytest.approx(box["width"], abs=3)


def test_numbers_too_small_for_a_logarithmic_axis_are_said_to_be_outside(draw, curve) -> None:
    assert draw(curve(ylog=True), ys=[5e-324] * 5).locator(".lf-sayings").inner_text() == SAID


def test_rounding_errors_do_not_fill_a_plot(draw, curve) -> None:
    figure = draw(curve(), ys=[1e17, 1e17 + 16, 1e17])
    box = figure.locator(".lf-frame .lf-line").bounding_box()
    assert box["height"] < 3


def test_the_largest_numbers_of_both_signs_have_axes(draw, curve) -> None:
    figure = draw(curve(), ys=[-1e308, 1e308])
    assert figure.locator(".lf-frame .lf-line").get_attribute("d")
    assert len(figure.locator(".lf-frame text").all()) > 4


def ticks(figure: Locator) -> list[str]:
    marks = figure.locator(".lf-frame svg text[text-anchor=middle]:not(.lf-axis-label)")
    return [text.strip() for text in marks.all_text_contents()]


@pytest.mark.parametrize(("kind", "count"), [("bars", 4), ("line", 3), ("line", 5)])
@pytest.mark.parametrize("width", [1200, 360])
def test_axes_of_steps_are_written_in_whole_numbers(draw, curve, kind, count, width) -> None:
    figure = draw(curve(kind), ys=list(range(count)))
    figure.page.set_viewport_size({"width": width, "height": 800})
    figure.page.wait_for_timeout(100)
    found = ticks(figure)
    assert set(found) <= {str(step) for step in range(count)} and len(found) >= 2


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ([-1, 0.9, 0.1, 2], SAID),  # its box covers a corner of the square
        ([-0.5, 0.3, 0.8, 1.6], ""),  # and this line cuts that corner
        ([-1, 0.5, 2, 0.5], ""),
        ([-1e9, -1e9, 1e9, -1e9 + 1], SAID),
        ([-1e300, -1e300, 1e300, 1e300], SAID),  # nobody can tell where such a line goes
        ([0.5, 0.5], ""),
    ],
)
def test_a_path_is_said_to_be_outside_where_none_of_it_is_inside(draw, plane, path, said) -> None:
    figure = draw(plane({**PATH, "data": "path"}), path=path)
    assert figure.locator(".lf-sayings").inner_text() == said


@pytest.mark.parametrize(("tip", "said"), [([3, 0], ""), ([0, 3], SAID)])
def test_an_arrow_may_cross_the_axes(draw, plane, tip, said) -> None:
    arrow = {"kind": "arrow", "origin": "path", "vector": "tip", "count": None, "color": "blue"}
    figure = draw(plane({**arrow, "label": "way", "show": None}), path=[-1, 0.5], tip=tip)
    assert figure.locator(".lf-sayings").inner_text() == said
