"""What the views draw: contours, paths, curves, ticks, the cursor."""

import numpy as np
import pytest


def test_views_stand_side_by_side_or_below_each_other(show) -> None:
    page = show()
    first, second = (page.locator(".lf-frame").nth(index).bounding_box() for index in (0, 1))
    assert second["x"] > first["x"] + first["width"] and abs(first["height"] - second["height"]) < 1
    page.set_viewport_size({"width": 500, "height": 900})
    page.wait_for_function("() => document.querySelector('.lf-frame').getBoundingClientRect().width > 450")
    first, second = (page.locator(".lf-frame").nth(index).bounding_box() for index in (0, 1))
    assert second["y"] >= first["y"] + first["height"]


def test_the_cursor_shows_values_and_marks_the_same_step_on_the_plane(show) -> None:
    page = show()
    pad = page.locator(".lf-cursor-pad")
    box = pad.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + 40)  # the axis ends at step 200
    tip = page.locator(".lf-tip")
    tip.wait_for(state="visible")
    rows = tip.locator("> div")
    assert rows.first.inner_text() == "step 20"
    assert rows.count() == 5
    assert rows.nth(4).inner_text().split("\n")[-1] == "0.115"  # 10 · 0.8²⁰
    assert page.locator(".lf-frame").first.locator(".lf-ring:visible").count() == 4
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 40)
    page.wait_for_function("() => document.querySelector('.lf-tip').textContent.startsWith('step 180')")
    assert rows.count() == 2  # the others have stopped before
    page.mouse.move(0, 0)
    tip.wait_for(state="hidden")
    assert page.locator(".lf-ring:visible").count() == 0


def test_the_cursor_answers_the_keyboard(show, put) -> None:
    page = show()
    pad = page.get_by_role("slider", name="loss: cursor along step")
    pad.press("End")
    assert pad.get_attribute("aria-valuenow") == "200"
    pad.press("Home")
    pad.press("ArrowRight")
    text = "step 1, first method 2, second method 4, third method 6, fourth method 8"
    assert pad.get_attribute("aria-valuetext") == text
    pad.press("Shift+ArrowRight")
    assert pad.get_attribute("aria-valuenow") == "11"
    put(page, {"kappa": 1000})
    assert pad.get_attribute("aria-valuetext").endswith("fourth method 85.9")  # 1000 · 0.8¹¹
    pad.press("Escape")
    assert page.locator(".lf-tip").is_hidden()


def test_contours_are_computed_again_only_when_their_inputs_move(show, put) -> None:
    page = show()
    lines = "() => [...document.querySelectorAll('.lf-contours path')].map(path => path.getAttribute('d'))"
    before = page.evaluate(lines)
    assert len(before) == 14 and all(before)
    assert page.evaluate("() => window.fieldsPrepared") == 1
    put(page, {"start": [1, 1]})
    assert page.evaluate("() => window.fieldsPrepared") == 1
    put(page, {"kappa": 20})
    assert page.evaluate("() => window.fieldsPrepared") == 2
    assert page.evaluate(lines) != before


# Points of the contours' outlines in the plane's coordinates, a list for each.
OUTLINES = """
() => {
    const path = document.querySelector('.lf-contours path').getAttribute('d');
    const box = document.querySelector('.lf-box');
    const [x, y, width, height] = ['x', 'y', 'width', 'height'].map(name => +box.getAttribute(name));
    return path.slice(1, -1).split('ZM').map(outline => outline.split('L')
        .map(text => text.split(',').map(Number))
        .map(([u, v]) => [(u - x) / width * 6 - 3, 2 - (v - y) / height * 4]));
}
"""


@pytest.mark.parametrize(("kappa", "level"), [(1, 0.5), (30, 0.5), (1000, 0.37)])
def test_contours_lie_where_the_field_has_their_level(show, put, spec, kappa, level) -> None:
    spec["views"][0]["layers"][0].update(levels=[level], spacing="log")
    page = show(spec)
    put(page, {"kappa": kappa})
    _, inner = page.evaluate(OUTLINES)  # the outer one is around the view
    corners = np.array(inner)
    between = (corners + np.roll(corners, 1, axis=0)) / 2
    for x, y in np.concatenate([corners, between]):
        slope = np.hypot(x, kappa * y)
        distance = abs(0.5 * (x * x + kappa * y * y) - level) / slope  # from ½ (x² + κ y²) = level, nearly
        assert distance < 0.012, "two thirds of a pixel"
    assert np.abs(corners[:, 0]).max() == pytest.approx(np.sqrt(2 * level), rel=0.03)  # not blunted
    assert np.abs(corners[:, 1]).max() == pytest.approx(np.sqrt(2 * level / kappa), rel=0.03)


def test_a_diverging_path_is_drawn_as_far_as_it_is_finite_and_says_so(show, spec) -> None:
    layer = {
        "kind": "path",
        "data": "diverging",
        "count": None,
        "color": "red",
        "label": "diverging",
        "show": None,
    }
    spec["views"][0]["layers"].append({**layer, "marker": True})
    page = show(spec)
    assert page.evaluate("() => document.querySelector('figure').livefig.frozen") == ["diverging"]
    assert page.locator(".lf-note").inner_text() == "Drawn only as far as its numbers are finite: diverging."
    path = page.locator(".lf-frame .lf-line").nth(4).get_attribute("d")
    numbers = [float(number) for number in path.replace("M", " ").replace("L", " ").replace(",", " ").split()]
    assert len(numbers) >= 4 and max(map(abs, numbers)) <= 1e4
    # It leaves from the start towards (2000, 1000): down to the right in the plane's coordinates, at slope ½.
    (x0, y0), (x1, y1) = numbers[:2], numbers[2:4]
    assert (y1 - y0) / (x1 - x0) == pytest.approx(-999 / 2002, abs=0.01)


def test_a_path_ends_at_the_border_with_an_arrowhead(show, spec) -> None:
    layer = {"kind": "path", "data": "diverging", "count": None, "color": "red", "label": "away"}
    spec["views"][0]["layers"].append({**layer, "show": None, "marker": True, "dash": True})
    page = show(spec)
    plane = page.locator(".lf-frame").first
    box = plane.locator(".lf-box").bounding_box()
    line, head = plane.locator(".lf-line").nth(4), plane.locator(".lf-exit").nth(4)
    assert "lf-dashed" in line.get_attribute("class")
    for mark in (line.bounding_box(), head.bounding_box()):  # the run leaves through the upper edge
        assert mark["y"] == pytest.approx(box["y"], abs=1.5)
    assert head.evaluate("e => getComputedStyle(e).fill") == line.evaluate("e => getComputedStyle(e).stroke")
    assert [mark.get_attribute("d") for mark in plane.locator(".lf-exit").all()[:4]] == [""] * 4
    entry = page.get_by_role("button", name="away").locator(".lf-line")
    assert "lf-dashed" in entry.get_attribute("class")


def test_logarithmic_ticks_are_powers_of_ten_with_raised_exponents(show) -> None:
    page = show()
    ticks = page.locator(".lf-frame").nth(1).locator("text:has(tspan)").all()
    labels = [
        [node.strip() for node in tick.evaluate("t => [...t.childNodes].map(n => n.textContent)")]
        for tick in ticks
    ]
    powers = [exponent for text, exponent in labels if text == "10"]
    assert 2 <= len(powers) <= 6 and all(exponent.startswith("−") or exponent == "0" for exponent in powers)


def test_a_curve_that_no_limits_show_is_said_to_lie_outside(show, spec) -> None:
    spec["views"][1]["ylim"] = [1e10, 1e12]
    assert show(spec).locator(".lf-sayings").nth(1).inner_text() == "All of it lies outside these axes."


def test_a_line_between_two_points_outside_may_cross_the_axes(show, spec) -> None:
    spec["views"][1]["xlim"] = [10.2, 10.8]  # the lines' points stand at whole numbers
    assert show(spec).locator(".lf-sayings").nth(1).inner_text() == ""


def test_a_field_that_is_the_same_everywhere_is_said_to_be(show, spec, field) -> None:
    spec["views"][0]["layers"] = spec["views"][0]["layers"][:1]
    flat = field.replace("return 0.5 * (x * x + kappa * y * y);", "return 3;")
    assert flat != field
    said = show(spec, fields=flat).locator(".lf-sayings").first.inner_text()
    assert said == "The field is the same everywhere here."


def test_a_field_that_is_finite_nowhere_says_so(show, put, field) -> None:
    nowhere = field.replace("return 0.5", "return (kappa > 500 ? NaN : 1) * 0.5")
    page = show(fields=nowhere)
    note = page.locator(".lf-note")
    assert not note.is_visible()
    for kappa, said in [(900, True), (800, True), (10, False)]:
        put(page, {"kappa": kappa})
        assert note.is_visible() is said
    put(page, {"kappa": 900})
    assert note.inner_text() == "Drawn only as far as its numbers are finite: contours."


FALLS = """
function () {
    return kappa => ({ falls: Float64Array.from({ length: 21 }, (_, i) => 1 - i / 10), rises: [-1, 3] });
}
"""
# How many points of curves and of other straight lines there are in each label's box.
WITHIN = """
() => [...document.querySelectorAll(".lf-rule-label")].map(label => {
    const box = label.getBoundingClientRect(), frame = label.closest("svg").getBoundingClientRect();
    const lines = [...document.querySelectorAll(".lf-frame :is(.lf-line, .lf-rule)[d]:not([d=''])")];
    return lines.flatMap(line => Array.from({ length: 1001 }, (_, k) =>
        line.getPointAtLength(line.getTotalLength() * k / 1000)))
        .filter(({ x, y }) => {
            const [left, top] = [x + frame.left, y + frame.top];
            return left > box.left && left < box.right && top > box.top + 2 && top < box.bottom - 2;
        }).length;
})
"""


@pytest.mark.parametrize("width", [360, 1000])
def test_no_curve_runs_through_the_label_of_a_rule(show, spec, width) -> None:
    rule = {"kind": "rule", "x": None, "show": None, "color": "red"}
    layers = [{**spec["views"][1]["layers"][1], "y": "falls", "count": None, "x": None, "show": None}]
    layers += [{**rule, "y": y, "label": f"a rule at {y}"} for y in (-1, 0, 0.9)]
    layers += [{**rule, "x": x, "y": None, "label": f"at {x}"} for x in (6, 10)]
    spec["views"] = [{**spec["views"][1], "layers": layers, "ylog": False}]
    spec.update(outputs=[], summary="", words={}, inputs=["kappa"])
    page = show(spec, FALLS, viewport={"width": width, "height": 900})
    assert page.evaluate(WITHIN) == [0] * 5


def test_escape_takes_away_what_the_pointer_shows(show) -> None:
    page = show()
    box = page.locator(".lf-cursor-pad").bounding_box()
    tip = page.locator(".lf-tip:visible")
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    tip.wait_for()
    page.keyboard.press("Escape")
    assert tip.count() == 0
    page.mouse.move(box["x"] + 80, box["y"] + 50)
    tip.wait_for()


def test_escape_takes_away_what_the_pointer_shows_while_another_plot_has_the_focus(show, spec) -> None:
    spec["views"].append({**spec["views"][1], "title": "again", "xlabel": "another"})
    page = show(spec, viewport={"width": 1000, "height": 1400})
    page.locator(".lf-cursor-pad").nth(0).press("ArrowRight")
    box = page.locator(".lf-cursor-pad").nth(1).bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    tips = page.locator(".lf-tip")
    tips.nth(1).wait_for()
    page.keyboard.press("Escape")
    assert not tips.nth(1).is_visible()


def test_layers_of_one_label_with_and_without_a_toggle_have_a_switch_each(show, spec) -> None:
    first, second = spec["views"][1]["layers"][1:3]
    first.update(label="A", color="red", show="show")
    second.update(label="A", color="red", show=None)
    other = {**spec["views"][1]["layers"][3], "show": "show"}
    spec["views"][1]["layers"] = [first, second, other]
    page = show(spec)
    assert page.get_by_role("button", name="A", exact=True).count() == 2
