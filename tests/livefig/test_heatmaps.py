"""The axes and bars of colours of heat maps: the same numbers in the page and in the picture."""

import json
import re

import jax.numpy as jnp
import numpy as np
import pytest

import livefig as live
from livefig.picture import heatmap
from livefig.picture.scene import write_short
from tests.livefig.javascript import Engine
from tests.livefig.test_picture import draw, pixels, share


@pytest.fixture(scope="module")
def javascript():
    engine = Engine("d3.js", "dom.js", "template.js", "axes.js", "cellaxes.js", "colorbar.js")
    return lambda source: json.loads(engine.eval(f"JSON.stringify({source})"))


@pytest.mark.parametrize("value", [0.0, 1.0, -1234.5, 0.001, 1.08e-7, -9.96e-12, 123456.0, 1e5, 99999.0])
@pytest.mark.parametrize("digits", [1, 2, 3])
def test_page_and_picture_write_short_numbers_alike(javascript, value, digits) -> None:
    assert write_short(value, digits) == javascript(f"writeShort({value!r}, {digits})")


EVEN, POWERS = np.linspace(-3, 3, 13), 10.0 ** np.linspace(-6, 0, 13)


@pytest.mark.parametrize(
    ("coordinates", "log", "ends", "forward"),
    [
        (EVEN, False, [-3.25, 3.25], True),
        (EVEN[::-1], False, [-3.25, 3.25], False),
        (POWERS, True, [10**-6.25, 10**0.25], True),
        (POWERS.astype(np.float32)[::-1], True, [10**-6.25, 10**0.25], False),
    ],
)
def test_coordinates_in_even_steps_have_an_axis_of_numbers(
    javascript, coordinates, log, ends, forward
) -> None:
    found = javascript(f"cellAxis({coordinates.tolist()}, [], 13)")
    assert found["axis"]["limits"] == pytest.approx(ends, rel=1e-5)
    assert found["axis"]["log"] is log and found["forward"] is forward
    places, labels = heatmap.ticks(13, (), coordinates)
    assert len(labels) >= 3
    for place, label in zip(places, labels, strict=True):
        digits, _, power = label.replace("−", "-").partition("·10")
        raised = power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
        number = float(digits) * 10 ** float(raised or 0)
        along = np.interp(place, np.arange(13), np.log10(coordinates) if log else coordinates)
        assert along == pytest.approx(np.log10(number) if log else number, abs=1e-5)


@pytest.mark.parametrize(
    ("coordinates", "names"),
    [([1, 2, 5, 7, 20], ["1", "2", "5", "7", "20"]), ([4, 3, 2], ["4", "3", "2"]), ([7], ["7"])],
)
def test_few_or_uneven_coordinates_label_their_cells(javascript, coordinates, names) -> None:
    axis = javascript(f"cellAxis({coordinates}, [], {len(coordinates)})")["axis"]
    ends = [-0.5, len(coordinates) - 0.5]
    assert axis["names"] == names and axis["limits"] == (ends[::-1] if coordinates[0] == 4 else ends)
    assert heatmap.ticks(len(coordinates), (), np.array(coordinates, float))[1] == names


def bar(javascript, layer: str, values: list[float], width: float) -> dict[str, float]:
    shading = f"makeShading({layer}, {values}, NaN)"
    return {tick["text"]: tick["at"] for tick in javascript(f"placeTicks({shading}, {width})")}


def test_the_bar_of_colours_has_numbers_at_its_ends_and_between(javascript) -> None:
    linear = "{ diverging: false, log: false, decades: 4 }"
    assert bar(javascript, linear, [0, 7, 20], 200) == {"0": 0, "5": 50, "10": 100, "15": 150, "20": 200}
    log = "{ diverging: false, log: true, decades: 4 }"
    assert bar(javascript, log, [1, 100], 400) == {"≤ 0.01": 0, "0.1": 100, "1": 200, "10": 300, "100": 400}
    both = "{ diverging: true, log: true, decades: 2 }"
    found = bar(javascript, both, [-100, 3], 400)
    assert found == {"−100": 0, "−10": 100, "0": 200, "10": 300, "100": 400}


@pytest.mark.parametrize("width", [110, 140, 200, 400])
def test_labels_of_the_bar_do_not_touch(javascript, width) -> None:
    for layer in ("{ diverging: true, log: false }", "{ diverging: false, log: true, decades: 4 }"):
        found = bar(javascript, layer, [-1.08e-7, 1.08e-7], width)
        texts = list(found.items())
        spans = []
        for place, (text, at) in enumerate(texts):
            half = 6.4 * len(text) / 2
            middle = at + (half if place == 0 else -half if place == 1 else 0)
            spans.append((middle - half, middle + half))
        assert all(
            end <= start for (_, end), (start, _) in zip(sorted(spans), sorted(spans)[1:], strict=False)
        )


def layer_of(**options) -> live.views.Cells:
    return live.heatmap("m", **options).layers[0]


def test_the_pictures_bar_has_the_pages_numbers() -> None:
    linear = heatmap.bar_labels(layer_of(diverging=False), (0.0, 20.0), 40)
    assert linear == pytest.approx({"0": 0, "20": 1, "4": 0.2, "8": 0.4, "12": 0.6, "16": 0.8})
    log = heatmap.bar_labels(layer_of(diverging=False, log=True), (0.01, 100.0), 40)
    assert log == pytest.approx({"≤ 0.01": 0, "0.1": 0.25, "1": 0.5, "10": 0.75, "100": 1})
    both = heatmap.bar_labels(layer_of(log=True, decades=2), (-100.0, 100.0), 40)
    assert both == pytest.approx({"−100": 0, "−10": 0.25, "0": 0.5, "10": 0.75, "100": 1})
    narrow = heatmap.bar_labels(layer_of(log=True, diverging=False), (1.08e-11, 1.08e-7), 21)
    assert list(narrow) == ["≤ 1.1·10⁻¹¹", "1.1·10⁻⁷"]


@pytest.mark.parametrize("given", ["x", EVEN])
def test_the_picture_of_a_map_with_coordinates_stands_as_its_axes_do(given) -> None:
    """The largest entry is at the largest y: at the top, and at the bottom where rows have no coordinates."""
    high = jnp.zeros((13, 13)).at[12].set(1.0)
    function = lambda a: {"m": high + 0 * a, "x": jnp.linspace(-3, 3, 13)}  # noqa: E731
    for options, top in (({"y": given}, True), ({}, False)):
        view = live.heatmap("m", diverging=False, **options)
        image = draw(live.figure(function, live.slider("a", 0, 1), view, name="map"))
        rows = np.flatnonzero(dark(image).mean(axis=1) > 0.3)
        height = dark(image).shape[0]
        assert (rows.mean() < height / 2) == top


def dark(image) -> np.ndarray:
    return pixels(image).sum(axis=-1) < 250


def test_entries_without_a_value_are_hatched_in_the_picture() -> None:
    shown = []
    for matrix in (jnp.ones((3, 3)), jnp.ones((3, 3)).at[0].set(jnp.nan)):
        function = lambda a, matrix=matrix: {"m": matrix + 0 * a}  # noqa: E731
        shown.append(share(draw(live.figure(function, live.slider("a", 0, 1), live.heatmap("m"))), "grey"))
    assert shown[1] > shown[0] + 0.005


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"x": [1, 3, 2]}, "a heat map needs x to only increase or only decrease"),
        ({"y": [1, float("nan")]}, "a heat map needs y to be finite numbers"),
        ({"y": ["a"]}, "a heat map needs y to be finite numbers"),
        (
            {"x": [1, 2], "columns": ["a", "b"]},
            "takes labels or coordinates, but was given both columns and x",
        ),
    ],
)
def test_coordinates_that_are_none_are_refused(wrong, sentence) -> None:
    with pytest.raises(ValueError, match=sentence):
        live.heatmap("m", **wrong)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"x": [1, 2]}, "heat map 'm' has 3 columns, but coordinates for 2"),
        ({"y": "three"}, "needs 'three' to have the shape (2,) like 'm'"),
        ({"x": "back"}, "has 'back' as coordinates, which do not only increase or only decrease"),
        ({"x": "none"}, "draws 'none', which the function does not return"),
    ],
)
def test_coordinates_that_do_not_fit_are_refused(options, sentence) -> None:
    def function(a):
        return {"m": a + jnp.ones((2, 3)), "three": jnp.arange(3.0), "back": jnp.array([0.0, 1.0, 0.5])}

    with pytest.raises(ValueError, match=re.escape(sentence)):
        live.figure(function, live.slider("a", 0, 1), live.heatmap("m", **options))
