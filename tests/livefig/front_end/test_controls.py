"""Controls and handles answer mouse, finger and keyboard; what is set from a script is checked."""

import itertools

import pytest
from playwright.sync_api import Locator


def centre(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize(
    ("label", "key", "name", "expected", "text"),
    [
        ("condition κ", "ArrowRight", "kappa", 10.2, "10.2"),
        ("condition κ", "End", "kappa", 1000, "1e+3"),
        ("angle", "ArrowLeft", "angle", 25, "25°"),
        ("angle", "Home", "angle", 0, "0°"),
        ("count", "ArrowRight", "count", 5, "5"),
    ],
)
def test_sliders_answer_the_keyboard(show, label, key, name, expected, text, state) -> None:
    page = show()
    slider = page.get_by_role("slider", name=label, exact=True)
    slider.press(key)
    assert state(page)[name] == expected
    assert slider.get_attribute("aria-valuetext") == text
    assert page.locator(f"output[for={slider.get_attribute('id')}]").inner_text() == text


def test_a_sliders_positions_reach_its_ends_and_every_step(show, state) -> None:
    page = show()
    slider = page.get_by_role("slider", name="condition κ")
    slider.press("Home")
    seen = [state(page)["kappa"]]
    for _ in range(int(slider.get_attribute("max"))):
        slider.press("ArrowRight")
        seen.append(state(page)["kappa"])
    assert seen[0] == 1 and seen[120] == 10 and seen[240] == 100 and seen[-1] == 1000
    assert all(after > before for before, after in itertools.pairwise(seen))


def test_a_slider_with_stops_stands_at_them_alone(show, state, put, spec) -> None:
    spec["controls"][0].update(min=0.1, max=100, value=1, stops=[0.1, 1, 10, 100])
    page = show(spec)
    slider = page.get_by_role("slider", name="condition κ")
    slider.press("ArrowRight")
    assert state(page)["kappa"] == 10
    put(page, {"kappa": 80})
    assert state(page)["kappa"] == 100
    assert [slider.get_attribute(name) for name in ("min", "max")] == ["0", "3"]
    assert slider.input_value() == "3"


def test_choices_answer_the_keyboard(show, state) -> None:
    page = show()
    page.get_by_role("radio", name="one").press("ArrowRight")
    assert state(page)["few"] == 1
    page.get_by_label("many options").press("ArrowDown")
    assert state(page)["many"] == 2
    assert page.locator(".lf-readout").inner_text().startswith("option c")


def test_a_toggle_of_layers_stands_in_the_legend_once(show, state) -> None:
    page = show()
    boxes = page.get_by_role("checkbox")
    assert [boxes.nth(i).evaluate("box => box.labels[0].textContent") for i in range(boxes.count())] == [
        "first method",
        "plain toggle",
    ]
    legend = page.locator(".lf-legend")
    assert legend.count() == 1
    assert legend.locator(".lf-entry").all_inner_texts() == [
        "second method",
        "third method",
        "fourth method",
        "origin",
    ]
    shown = page.locator(".lf-frame .lf-line:visible")
    before = shown.count()
    page.get_by_role("checkbox", name="first method").press("Space")
    assert state(page)["show"] is False
    assert before - shown.count() == 2  # its path and its curve
    assert "off" in page.locator(".lf-readout").inner_text()


def test_reset_goes_back_to_the_start(show, state, put) -> None:
    page = show()
    start = state(page)
    put(page, {"kappa": 77, "angle": 5, "few": 1, "show": False, "start": [1, 1]})
    assert state(page) != start
    reset = page.get_by_role("button", name="Reset")
    reset.click()
    assert state(page) == start
    assert reset.get_attribute("aria-disabled") == "true"
    assert reset.evaluate("button => button === document.activeElement"), "it keeps the focus"


def test_reset_is_there_only_for_what_differs(show, put) -> None:
    page = show()
    reset = page.get_by_role("button", name="Reset")
    assert reset.get_attribute("aria-disabled") == "true"
    put(page, {"kappa": 11})
    assert reset.get_attribute("aria-disabled") is None
    put(page, {"kappa": 10})
    assert reset.get_attribute("aria-disabled") == "true"
    page.get_by_role("button", name="second method").click()
    assert reset.get_attribute("aria-disabled") is None
    reset.click()
    assert page.get_by_role("button", name="second method").get_attribute("aria-pressed") == "true"


def test_the_legend_hides_and_shows_a_series_in_all_views(show) -> None:
    page = show()
    shown = page.locator(".lf-frame .lf-line:visible")
    before = shown.count()
    entry = page.get_by_role("button", name="second method")
    assert entry.get_attribute("aria-pressed") == "true"
    entry.click()
    assert entry.get_attribute("aria-pressed") == "false"
    assert before - shown.count() == 2  # its path and its curve
    entry.press("Enter")
    assert shown.count() == before


def test_a_legend_entry_with_a_toggle_drives_it(show, state, spec) -> None:
    for layer in (spec["views"][0]["layers"][2], spec["views"][1]["layers"][1]):
        layer["show"] = "show"  # a second label beside "first method", so that each has its entry
    page = show(spec)
    page.get_by_role("button", name="second method").click()
    assert state(page)["show"] is False
    assert page.get_by_role("button", name="first method").get_attribute("aria-pressed") == "false"
    assert page.get_by_role("checkbox", name="first method").is_checked() is False


def test_a_point_is_dragged_by_mouse(show, state) -> None:
    page = show()
    handle = page.get_by_role("slider", name="start", exact=True)
    plot = page.locator(".lf-overlay").first.bounding_box()
    x, y = centre(handle)
    page.mouse.move(x + 3, y - 3)
    page.mouse.down()
    page.mouse.move(x + 3 + plot["width"] / 2, y - 3 + plot["height"] / 4, steps=5)
    page.wait_for_function("() => document.querySelector('figure').livefig.state.start[0] > 0.9")
    page.mouse.up()
    page.mouse.move(x, y)
    assert state(page)["start"] == pytest.approx([1, 0], abs=0.02)  # half of 6, a quarter of 4
    assert centre(handle) == pytest.approx((x + plot["width"] / 2, y + plot["height"] / 4), abs=1)


def test_a_point_is_dragged_by_finger(show) -> None:
    page = show(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 800})
    x, y = centre(page.get_by_role("slider", name="start", exact=True))
    client = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": a, "y": b} for a, b in points]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    touch("touchStart", (x, y))
    touch("touchMove", (x + 40, y + 20))
    touch("touchMove", (x + 80, y + 40))
    page.wait_for_function("() => document.querySelector('figure').livefig.state.start[0] > -1")
    touch("touchEnd")
    assert page.evaluate("() => scrollY") == 0


def test_a_point_follows_the_finger_that_took_it_alone(show, state) -> None:
    page = show(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 800})
    handle = page.get_by_role("slider", name="start", exact=True)
    x, y = centre(handle)
    client = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[int, float, float]) -> None:
        touches = [{"id": finger, "x": x + a, "y": y + b} for finger, a, b in points]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    touch("touchStart", (0, 0, 0))
    touch("touchMove", (0, 40, 20))
    assert centre(handle) == pytest.approx((x + 40, y + 20), abs=1)
    touch("touchStart", (0, 40, 20), (1, 54, 30))
    touch("touchMove", (0, 40, 20), (1, 90, 60))
    assert centre(handle) == pytest.approx((x + 40, y + 20), abs=1)
    touch("touchMove", (0, 60, 30), (1, 90, 60))
    assert centre(handle) == pytest.approx((x + 60, y + 30), abs=1)
    touch("touchEnd")
    touch("touchStart", (0, 60, 30))
    touch("touchMove", (0, 20, 0))
    assert centre(handle) == pytest.approx((x + 20, y), abs=1), "and it can be taken again"


def test_a_point_stays_below_the_pointer_when_the_page_scrolls(show) -> None:
    page = show(viewport={"width": 1000, "height": 500})
    handle = page.get_by_role("slider", name="start", exact=True)
    x, y = centre(handle)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 40, steps=3)
    page.mouse.wheel(0, 30)
    page.wait_for_function("() => scrollY === 30")
    page.mouse.move(x + 42, y + 40)
    page.wait_for_timeout(100)
    assert centre(handle) == pytest.approx((x + 42, y + 40), abs=1)


def test_a_point_is_nudged_by_arrow_keys_and_stays_in_bounds(show, state) -> None:
    page = show()
    handle = page.get_by_role("slider", name="start", exact=True)
    handle.press("ArrowRight")
    assert state(page)["start"] == pytest.approx([-1.94, 1])  # a hundredth of 6
    handle.press("Shift+ArrowUp")
    assert state(page)["start"] == pytest.approx([-1.94, 1.4])  # ten hundredths of 4
    assert handle.get_attribute("aria-valuetext") == "x −1.94, y 1.4"
    for _ in range(4):
        handle.press("Shift+ArrowLeft")
    assert state(page)["start"] == pytest.approx([-3, 1.4])


def test_a_point_on_no_view_has_sliders(show, state, spec) -> None:
    spec["views"][0]["drag"] = []
    page = show(spec)
    page.get_by_role("slider", name="start, y").press("Home")
    assert state(page)["start"] == [-2, -2]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kapa": 3}, "figure 'shrink' has no control 'kapa'; its controls are kappa, angle"),
        ({"kappa": "3"}, "control 'kappa' needs a number, but was given \"3\""),
        ({"few": 2}, "control 'few' needs an option's index, but was given 2"),
        ({"start": [1]}, "control 'start' needs two numbers, but was given [1]"),
        ({"show": "yes"}, "control 'show' needs true or false"),
    ],
)
def test_bad_values_are_refused_in_a_sentence(show, values, message, state) -> None:
    page = show()
    before = state(page)
    text = page.evaluate(
        """values => { try { document.querySelector('figure').livefig.set(values); return "none"; }
            catch (error) { return error.message; } }""",
        values,
    )
    assert message in text
    assert state(page) == before


def test_values_beyond_a_control_are_clipped(show, state, put) -> None:
    page = show()
    put(page, {"kappa": 1e9, "count": 3.4, "start": [9, -9]})
    assert {name: state(page)[name] for name in ("kappa", "count", "start")} == {
        "kappa": 1000,
        "count": 3,
        "start": [3, -2],
    }
