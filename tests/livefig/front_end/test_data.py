"""Data to drag: many points, one tab stop; by mouse, finger and keyboard, along one axis or both."""

from typing import Any

import pytest

POINTS = [[-2, -1], [0, 0.5], [1, 1]]


@pytest.fixture
def with_data(spec) -> dict[str, Any]:
    """The figure with a control of three points, dragged on its plane, instead of the start."""
    spec["controls"].append(
        {
            "kind": "data",
            "name": "points",
            "label": "data",
            "value": POINTS,
            "bounds": [[-3, 3], [-2, 2]],
            "axis": None,
        }
    )
    spec["views"][0]["drag"] = ["points"]
    spec["controls"] = [control for control in spec["controls"] if control["name"] != "start"]
    spec["inputs"] = ["kappa", "points"]
    return spec


def test_a_point_follows_the_mouse_and_the_others_stay(show, state, with_data) -> None:
    page = show(with_data)
    second = page.get_by_role("slider", name="data, 2 of 3")
    box, plot = second.bounding_box(), page.locator(".lf-overlay").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + plot["width"] / 6, y + plot["height"] / 8, steps=4)
    page.wait_for_function("() => document.querySelector('figure').livefig.state.points[1][0] > 0.9")
    page.mouse.up()
    first, moved, third = state(page)["points"]
    assert moved == pytest.approx([1, 0], abs=0.02)  # a sixth of 6, an eighth of 4
    assert [first, third] == [POINTS[0], POINTS[2]]


def test_of_overlapping_points_the_nearest_is_taken(show, state, put, with_data) -> None:
    page = show(with_data)
    put(page, {"points": [[0, 0], [0.1, 0], [2, 0]]})
    box = page.get_by_role("slider", name="data, 1 of 3").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 - 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] - 40, box["y"] + box["height"] / 2, steps=3)
    page.wait_for_function("() => document.querySelector('figure').livefig.state.points[0][0] < -0.2")
    page.mouse.up()
    assert state(page)["points"][1] == [0.1, 0]


def test_data_are_one_tab_stop_with_keys_between_and_for_points(show, state, with_data) -> None:
    page = show(with_data)
    assert page.locator(".lf-datum[tabindex='0']").count() == 1
    page.get_by_role("slider", name="data, 1 of 3").press("PageDown")
    focused = "() => document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == "data, 2 of 3"
    page.keyboard.press("ArrowRight")
    assert state(page)["points"][1] == pytest.approx([0.06, 0.5])  # a hundredth of 6
    page.keyboard.press("End")
    page.keyboard.press("Shift+ArrowUp")
    assert state(page)["points"][2] == pytest.approx([1, 1.4])  # ten hundredths of 4
    assert page.evaluate("() => document.activeElement.ariaValueText") == "x 1, y 1.4"
    assert page.locator(".lf-datum[tabindex='0']").count() == 1
    page.keyboard.press("Home")
    assert page.evaluate(focused) == "data, 1 of 3"


def test_data_of_one_axis_move_along_it(show, state, with_data) -> None:
    with_data["controls"][-1]["axis"] = "y"
    page = show(with_data)
    first = page.get_by_role("slider", name="data, 1 of 3")
    first.press("ArrowRight")
    assert state(page)["points"] == POINTS
    first.press("ArrowUp")
    assert state(page)["points"][0] == pytest.approx([-2, -0.96])
    assert first.get_attribute("aria-valuenow") == "-0.96"


def test_the_program_gets_the_numbers_row_after_row(show, program, with_data) -> None:
    program = program.replace("(kappa, start) {", "(kappa, start) { window.got = start;")
    got = show(with_data, program).evaluate("() => [window.got.constructor.name, ...window.got]")
    assert got == ["Float64Array", -2, -1, 0, 0.5, 1, 1]


@pytest.mark.parametrize("value", [[[0, 0]], [[0, 0], [1, 1], [2]], [0, 0, 0], "three", None])
def test_other_data_are_refused(show, with_data, value) -> None:
    refused = """value => {
        try { document.querySelector('figure').livefig.set({ points: value }); }
        catch (error) { return error.message; }
    }"""
    assert "needs 3 pairs of numbers" in show(with_data).evaluate(refused, value)
