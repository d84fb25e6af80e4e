"""Every kind of view and layer, in states that are degenerate in each of them."""

import json
import statistics

import numpy as np
import pytest

from tests.livefig.gallery import gallery

STATES = 300


@pytest.fixture(scope="module")
def payload():
    figure = gallery()
    return json.loads(figure.definition.payload(figure.state))


@pytest.fixture
def spec(payload):
    return payload["spec"]


@pytest.fixture
def program(payload):
    return payload["program"]


@pytest.fixture
def field(payload):
    return ",".join(payload["fields"])


def random_states(count):
    generator = np.random.default_rng(0)

    def between(low, high):
        return float(
            generator.choice([low, high, 0]) if generator.random() < 0.2 else generator.uniform(low, high)
        )

    for _ in range(count):
        yield {
            "theta": [between(-2, 2), between(-2, 2)],
            "power": between(0, 10),
            "bend": between(-2, 2),
            "data": [[between(-1, 1), between(-2, 2)] for _ in range(5)],
            "spectrum": [[k, between(0, 2)] for k in range(6)],
            "shown": int(generator.integers(31)),
            "extra": bool(generator.integers(2)),
        }


# Set each state, lay it out, and say what a reader would see that is wrong: no number, or a plot with nothing
# in it and without a word why.
TRY = """
states => {
    const figure = document.querySelector("figure");
    const marks = ".lf-line, .lf-dots, .lf-rule, .lf-area, .lf-contours path, .lf-cells path, .lf-sayings p";
    function isSeen(mark, view) {
        const box = mark.getBoundingClientRect(), frame = view.querySelector("svg").getBoundingClientRect();
        return (mark.getAttribute("d") || mark.textContent) && mark.checkVisibility()
            && box.right >= frame.left && box.left <= frame.right
            && box.bottom >= frame.top && box.top <= frame.bottom;
    }
    return states.map(state => {
        figure.livefig.set(state);
        const text = figure.innerHTML + figure.textContent;
        const wrong = text.search(/NaN|Infinity|undefined/);
        if (wrong >= 0) return text.slice(Math.max(wrong - 60, 0), wrong + 60);
        const views = [...figure.querySelectorAll(".lf-view")];
        const isEmpty = view => ![...view.querySelectorAll(marks)].some(mark => isSeen(mark, view));
        const empty = views.findIndex(isEmpty);
        return empty < 0 ? null : `nothing in plot ${empty + 1}`;
    });
}
"""


def test_every_state_shows_something_finite(show):
    states = list(random_states(STATES))
    wrong = show().evaluate(TRY, states)
    bad = [(state, what) for state, what in zip(states, wrong, strict=True) if what]
    assert not bad, f"{len(bad)} of {STATES} states, the first {bad[0]}"


def boxes(locators):
    return [locator.bounding_box() for locator in locators.all() if locator.is_visible()]


def test_labels_of_rules_stand_clear_of_each_other_and_in_the_plot(show, put):
    page = show()
    for power in (0, 0.02, 1, 1.02, 3, 9.9, 10):
        put(page, {"power": power})
        frame = page.locator(".lf-frame").nth(3)
        labels = boxes(frame.locator(".lf-rule-label"))
        plot = frame.locator(".lf-background").bounding_box()
        for index, one in enumerate(labels):
            assert plot["x"] - 1 <= one["x"] and one["x"] + one["width"] <= plot["x"] + plot["width"] + 1
            for other in labels[:index]:
                apart = abs(one["y"] - other["y"]) >= 12
                beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
                assert apart or beside, f"at power {power}"


def test_a_rule_at_an_end_of_the_axis_is_drawn_in_full(show, put):
    page = show()
    put(page, {"power": 0})
    rule = page.locator(".lf-frame").nth(3).locator(".lf-rule").first
    left = page.locator(".lf-frame").nth(3).locator(".lf-background").get_attribute("x")
    assert float(rule.get_attribute("d")[1:].split(",")[0]) >= float(left) + 0.5


def test_a_slope_has_its_order_on_the_axes(show):
    page = show()
    data = page.locator(".lf-frame").nth(2).locator(".lf-rule").nth(1).get_attribute("d")
    (x0, y0), (x1, y1) = (map(float, pair.split(",")) for pair in data[1:].split("L"))
    ticks = page.evaluate(
        """() => [0, 1].map(axis => {
            const group = document.querySelectorAll('.lf-frame')[2].querySelectorAll('svg > g')[axis];
            return [...group.children].map(({ lastChild: text }) => [
                Number(text.lastChild.textContent.replace('−', '-')), Number(text.getAttribute('xy'[axis]))]);
        })"""
    )
    across, up = ((ends[-1][1] - ends[0][1]) / (ends[-1][0] - ends[0][0]) for ends in ticks)
    assert (y1 - y0) / up / ((x1 - x0) / across) == pytest.approx(2, rel=0.01)


def test_regions_are_coarse_at_once_and_fine_at_rest(show, payload):
    # A field so slow that a frame does not suffice, by a clock that nothing else moves: 0.1 ms a point.
    slow = """function () {
        window.clock = 0;
        performance.now = () => window.clock;
        return function () { return function (x, y) {
            window.clock += 0.1;
            return x > y + 0.01 ? 1 : 0;
        }; };
    }"""
    page = show(fields=",".join([slow, *payload["fields"][1:]]))
    page.evaluate(
        """() => {
            const regions = document.querySelector('.lf-frame .lf-regions');
            window.begun = () => {  // how many different runs of cells in a row begin
                const runs = regions.querySelectorAll('path')[1].getAttribute('d').slice(1).split('M');
                return new Set(runs.map(run => run.split(',')[0])).size;
            };
            window.drawn = [];  // so many, each time it is drawn
            const observer = new MutationObserver(() => window.drawn.push(window.begun()));
            observer.observe(regions, { subtree: true, attributes: true });
        }"""
    )
    # In the end one begins in each row of 40 but the lowest.
    page.wait_for_function("() => window.begun() === 39")
    page.evaluate("() => { window.drawn = [] }")
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_function("() => window.drawn.at(-1) === 39")
    drawn = page.evaluate("() => window.drawn")
    page.wait_for_timeout(300)
    assert 2 <= drawn[0] < 30 and page.evaluate("() => window.drawn") == drawn


def test_a_heat_map_tells_its_cells_by_keyboard_and_pointer(show, put):
    page = show()
    put(page, {"bend": 1})
    cell = page.get_by_role("slider", name="block: cell")
    cell.press("ArrowDown")
    assert cell.get_attribute("aria-valuetext") == "row 2, column 1: 0.779"  # exp(-1/4)
    cell.press("End")
    assert cell.get_attribute("aria-valuetext").startswith("row 17, column 17: ")
    cell.press("Shift+ArrowLeft")
    assert cell.get_attribute("aria-valuetext").startswith("row 17, column 7: ")
    tip = page.locator(".lf-tip:visible")
    assert tip.inner_text().split("\n")[0] == "row 17, column 7"
    cell.press("Escape")
    assert tip.count() == 0
    box = cell.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 3.5 / 17, box["y"] + 1)
    tip.wait_for(state="visible")
    assert tip.inner_text() == "row 1, column 4\n0.472"  # exp(-3/4)
    wide = page.get_by_role("slider", name="wide: cell")
    wide.press("ArrowDown")
    assert wide.get_attribute("aria-valuetext").startswith("row b, column 1")


def test_colours_of_cells_stand_for_their_values(show, put):
    page = show()
    put(page, {"bend": 1})
    fills = page.evaluate(
        """() => [...document.querySelectorAll('.lf-frame .lf-cells')[1].children]
            .filter(path => path.getAttribute('d'))
            .map(path => getComputedStyle(path).fill.match(/[\\d.]+/g).map(Number))"""
    )
    assert len(fills) > 10
    first, last = fills[0], fills[-1]
    assert first[2] > first[0] and last[0] > last[2]  # negative is blue, positive orange


def test_bars_are_dragged_and_nudged_on_a_logarithmic_axis(show, state):
    page = show()
    top = page.get_by_role("slider", name="eigenvalues, 1 of 6")
    top.press("ArrowUp")
    assert state(page)["spectrum"][0][1] == pytest.approx(10 ** (1 / 20), rel=1e-3)
    top.press("Shift+ArrowDown")
    assert state(page)["spectrum"][0][1] == pytest.approx(10 ** (-9 / 20), rel=1e-3)
    page.locator(".lf-frame").nth(5).scroll_into_view_if_needed()
    box = top.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    plot = page.locator(".lf-frame").nth(5).locator(".lf-background").bounding_box()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, plot["y"] + plot["height"] * 0.75, steps=4)
    page.wait_for_function("() => document.querySelector('figure').livefig.state.spectrum[0][1] < 0.02")
    page.mouse.up()
    assert state(page)["spectrum"][0][1] == pytest.approx(0.01, rel=0.1)  # a quarter up from 1e-3 to 10
    bar = page.locator(".lf-frame .lf-bars").first.get_attribute("d").split("z")[0]
    top_of_bar = float(bar.split("V")[1].split("H")[0])
    frame = page.locator(".lf-frame").nth(5).bounding_box()
    assert frame["y"] + top_of_bar == pytest.approx(plot["y"] + plot["height"] * 0.75, abs=2)


def test_residuals_hang_between_data_and_model(show, put):
    page = show()
    put(page, {"bend": 0})
    data = page.locator(".lf-frame").nth(4).locator(".lf-line").first.get_attribute("d")
    feet = {line.split("V")[1] for line in data[1:].split("M")}
    assert data.count("M") == 5 and len(feet) == 1  # all end on the zero line


def test_a_players_step_is_marked_on_paths_arrows_and_curves_and_a_cursors_before_it(show, put):
    page = show()
    strong, ring = page.locator(".lf-strong").first, page.locator(".lf-frame").first.locator(".lf-ring")
    first = strong.get_attribute("d")
    put(page, {"shown": 5})
    played = strong.get_attribute("d")
    assert played and played != first and ring.count() == 1
    page.get_by_role("slider", name="loss: cursor along step").press("ArrowRight")
    assert strong.get_attribute("d") not in ("", first, played)
    page.keyboard.press("Escape")
    assert strong.get_attribute("d") == played


def test_an_index_among_bars_is_no_step(show, state, put):
    page = show()
    put(page, {"shown": 3})
    bars, loss = page.locator(".lf-frame").nth(5), page.locator(".lf-frame").nth(3)
    assert loss.locator(".lf-ring").count() == 1 and bars.locator(".lf-ring").count() == 0
    page.get_by_role("slider", name="eigenvalue: cursor along index").press("End")
    assert bars.locator(".lf-ring").count() == 2
    assert not page.locator(".lf-strong").first.get_attribute("d") and loss.locator(".lf-ring").count() == 0
    page.keyboard.press("Enter")
    assert state(page)["shown"] == 3


def test_a_plot_with_nothing_in_it_says_why(show, put):
    page = show()
    put(page, {"power": 0, "spectrum": [[k, 0] for k in range(6)]})
    said = page.locator(".lf-sayings").all_inner_texts()
    nothing = "Nothing above zero to draw on a logarithmic axis."
    assert said[2] == said[3] == said[5] == nothing and said[4] == ""
    assert said[1].startswith("Hessian: no eigenvalue of its matrix is positive.")
    put(page, {"power": 1, "spectrum": [[k, 1] for k in range(6)], "bend": 1})
    assert not any(page.locator(".lf-sayings").all_inner_texts())


def test_nothing_sticks_out_of_a_narrow_window(show):
    page = show(viewport={"width": 360, "height": 800}, has_touch=True, is_mobile=True)
    assert page.evaluate("() => document.documentElement.scrollWidth") == 360


def test_strings_stay_text(show, spec):
    evil = "<img src=x onerror='window.hacked=1'>"
    spec = json.loads(json.dumps(spec))
    for view in spec["views"]:
        if "rows" in view:
            view["rows"] = [[evil, evil]]
        for layer in view.get("layers", []):
            layer["label"] = evil
            for name in ("labels", "rows", "columns"):
                layer[name] = [evil] * len(layer.get(name, []))
    page = show(spec)
    page.get_by_role("slider", name="wide: cell").press("ArrowDown")
    assert page.locator("figure img[src=x]").count() == 0
    assert page.evaluate("() => window.hacked") is None


def test_colours_follow_the_page_at_once(show):
    page = show()
    fills = """() => ['.lf-regions path', '.lf-cells:not(.lf-regions) path', '.lf-bars'].map(selector =>
        getComputedStyle(document.querySelector(`.lf-frame ${selector}`)).fill)"""
    light = page.evaluate(fills)
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")
    assert all(before != after for before, after in zip(light, page.evaluate(fills), strict=True))


def test_a_table_of_numbers_is_written_and_hidden(show, put):
    page = show()
    table = page.locator(".lf-numbers")
    put(page, {"power": 2, "theta": [0, 0]})
    assert table.locator("tr").all_inner_texts() == ["loss at θ\t2", "power\t2.00"]
    put(page, {"extra": False})
    assert table.locator("tr:visible").count() == 0


TIMES = """
async states => {
    const figure = document.querySelector("figure"), times = [], drawn = new Set();
    for (const state of states) {
        const start = performance.now();
        figure.livefig.set(state);
        figure.getBoundingClientRect();
        times.push(performance.now() - start);
        drawn.add([...figure.querySelectorAll("path")].map(path => path.getAttribute("d")).join());
        await new Promise(requestAnimationFrame);
    }
    return [times, drawn.size];
}
"""


def test_all_views_together_are_drawn_at_once(show, record_property):
    """Ten plots, when the state has been set."""
    states = [{"theta": [-1 + k / 50, 1], "bend": k / 50, "power": 1 + k / 50} for k in range(100)]
    times, drawn = show().evaluate(TIMES, states)
    slowest = statistics.quantiles(times, n=20)[-1]
    record_property("ms from input to layout", f"median {statistics.median(times):.1f}, 95 % {slowest:.1f}")
    assert drawn == len(states)
