"""Heat maps in the page: coordinates, cells without a value, the bar of colours."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

import livefig as live


def field(a):
    """sin x · y over a grid of 21 × 41, without a value in the corner where both are large."""
    x, y = jnp.linspace(-2, 2, 41), jnp.linspace(-1, 1, 21)
    corner = (x[None] > 1) & (y[:, None] > 0.5)
    values = a * jnp.sin(x[None]) * y[:, None]
    return {"m": jnp.where(corner, jnp.nan, values), "x": x, "y": y, "down": -y, "rates": 10 ** (y * 2)}


@pytest.fixture
def page(show_figure):
    view = live.heatmap("m", x="x", y="y", xlabel="θ₁", ylabel="θ₂", title="field")
    return show_figure(live.figure(field, live.slider("a", 0, 4, value=1), view))


def ticks(page, axis: int) -> list[tuple[float, float]]:
    """The numbers at the ticks of an axis, with their places."""
    found = page.evaluate(
        """axis => [...document.querySelectorAll('.lf-frame svg > g')[axis + 1].querySelectorAll('text')]
            .map(text => [text.textContent, Number(text.getAttribute('xy'[axis]))])""",
        axis,
    )
    return [(float(text.replace("−", "-")), place) for text, place in found]


def test_coordinates_are_numbers_on_axes(page) -> None:
    box = {name: float(page.locator(".lf-box").get_attribute(name)) for name in ("x", "y", "width", "height")}
    across, up = ticks(page, 0), ticks(page, 1)
    assert len(across) >= 3 and len(up) >= 3
    for number, place in across:  # cells are 0.1 wide, and the first ends half a cell outside
        assert (place - box["x"]) / box["width"] == pytest.approx((number + 2.05) / 4.1, abs=0.003)
    for number, place in up:
        at = (box["y"] + box["height"] + 4 - place) / box["height"]
        assert at == pytest.approx((number + 1.05) / 2.1, abs=0.005)


def test_a_cell_is_told_by_its_coordinates(page) -> None:
    pad = page.get_by_role("slider", name="field: cell")
    box = pad.bounding_box()
    at = {"x": box["width"] * (0.5 + 1 / 4.1), "y": box["height"] * (0.5 + 0.5 / 2.1)}  # (1, −0.5)
    pad.hover(position=at)
    tip = page.locator(".lf-tip:visible")
    tip.wait_for()
    assert tip.inner_text() == "θ₁ 1, θ₂ −0.5\n−0.421"  # −sin(1) / 2
    outline = page.locator(".lf-picked").bounding_box()
    assert outline["x"] <= box["x"] + at["x"] <= outline["x"] + outline["width"]
    assert outline["y"] <= box["y"] + at["y"] <= outline["y"] + outline["height"]


def test_arrow_keys_go_where_they_point(page) -> None:
    pad = page.get_by_role("slider", name="field: cell")
    pad.press("Home")
    assert pad.get_attribute("aria-valuetext").startswith("θ₁ −2, θ₂ −1:")
    pad.press("ArrowUp")
    pad.press("ArrowRight")
    assert pad.get_attribute("aria-valuetext").startswith("θ₁ −1.9, θ₂ −0.9:")


def test_what_has_no_value_is_hatched_and_said(page, put) -> None:
    hatched = page.locator(".lf-missing")
    pad = page.get_by_role("slider", name="field: cell")
    box, corner = pad.bounding_box(), hatched.bounding_box()
    assert corner["x"] + corner["width"] == pytest.approx(box["x"] + box["width"], abs=1)
    assert corner["y"] == pytest.approx(box["y"], abs=1)  # the largest θ₂ stands highest
    assert corner["width"] / box["width"] == pytest.approx(10 / 41, abs=0.01)
    assert hatched.evaluate("e => getComputedStyle(e).fill").startswith("url(")
    assert page.locator(".lf-scale-missing").inner_text() == "no value"
    assert not page.locator(".lf-note").is_visible()
    pad.press("End")
    assert pad.get_attribute("aria-valuetext") == "θ₁ 2, θ₂ 1: no value"


def test_a_map_with_all_its_values_says_nothing_of_missing_ones(show_figure) -> None:
    page = show_figure(
        live.figure(lambda a: {"m": a * jnp.eye(3)}, live.slider("a", 0, 4), live.heatmap("m"))
    )
    assert not page.locator(".lf-scale-missing").is_visible()
    assert page.locator(".lf-missing").get_attribute("d") == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_bar_of_colours_can_be_read(page, theme) -> None:
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    labels = page.locator(".lf-scale-ticks span")
    texts = labels.all_inner_texts()
    assert texts[:2] == ["−1", "1"] and "0" in texts  # sin 1.6, nearly
    bar = page.locator(".lf-scale-bar").bounding_box()
    boxes = sorted((label.bounding_box() for label in labels.all()), key=lambda box: box["x"])
    assert boxes[0]["x"] == pytest.approx(bar["x"], abs=1)
    last = boxes[-1]["x"] + boxes[-1]["width"]
    assert last == pytest.approx(bar["x"] + bar["width"], abs=1)
    assert all(a["x"] + a["width"] < b["x"] for a, b in itertools.pairwise(boxes))
    luminance = """element => { const canvas = document.createElement("canvas").getContext("2d");
        canvas.fillStyle = getComputedStyle(element).color; canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data; return (r + g + b) / 765; }"""
    shade = labels.first.evaluate(luminance)
    assert shade < 0.5 if theme == "light" else shade > 0.5
    zero = texts.index("0")
    middle = labels.nth(zero).bounding_box()
    assert middle["x"] + middle["width"] / 2 == pytest.approx(bar["x"] + bar["width"] / 2, abs=1)


def test_coordinates_that_decrease_or_grow_by_factors(show_figure) -> None:
    def function(a):
        outputs = field(a)
        return {**outputs, "m": jnp.nan_to_num(outputs["m"])}

    maps = [live.heatmap("m", x="x", y=at, ylabel=at, title=at) for at in ("down", "rates")]
    page = show_figure(live.figure(function, live.slider("a", 0, 4, value=1), maps))
    for title, first, last in (("down", "1", "−1"), ("rates", "0.01", "100")):
        pad = page.get_by_role("slider", name=f"{title}: cell")
        pad.press("Home")
        assert f"{title} {first}:" in pad.get_attribute("aria-valuetext")
        low = page.locator(".lf-picked:visible").first.bounding_box()
        pad.press("End")
        assert f"{title} {last}:" in pad.get_attribute("aria-valuetext")
        high = page.locator(".lf-picked:visible").first.bounding_box()
        assert (low["y"] < high["y"]) == (title == "down")
        pad.press("Escape")
    texts = page.locator(".lf-frame").nth(1).locator("svg > g").nth(2).locator("text").all_text_contents()
    assert set(texts) <= {"0.01", "0.1", "1", "10", "100"} and len(texts) >= 2
    assert np.all(np.diff([float(text) for text in texts]) > 0)
