"""What figures cost: at load, while they are played with, at rest. The times stand in the log of a run, and
are not asserted: others may use this processor."""

import statistics

import pytest
from playwright.sync_api import Page

FIGURES = 10
PICTURE = '<img src="picture.svg" alt="" width="720" height="400">'
MORE = (FIGURES - 1) * f'<figure class="livefig" data-live="shrink">{PICTURE}</figure>'
# Every way to come back later that a script has, counted.
COUNT = """
window.timers = 0;
for (const name of ["setTimeout", "setInterval", "requestAnimationFrame", "requestIdleCallback"]) {
    const real = window[name].bind(window);
    window[name] = (...given) => { window.timers += 1; return real(...given); };
}
"""
# Move a slider as a reader does and wait for nothing: the time from the event to a finished layout, in which
# each move has drawn something else.
TIMES = """
async () => {
    const figure = document.querySelector('figure'), times = [], drawn = new Set();
    const slider = figure.querySelector('input[type=range]');
    for (let i = 1; i <= 100; i++) {
        slider.value = 3 * i;
        const start = performance.now();
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        figure.getBoundingClientRect();
        times.push(performance.now() - start);
        drawn.add([...figure.querySelectorAll('path')].map(path => path.getAttribute('d')).join());
        await new Promise(requestAnimationFrame);
    }
    return [times, drawn.size];
}
"""


class Meter:
    """Chromium's own counters of a page, in milliseconds from when the meter was made."""

    def __init__(self, page: Page) -> None:
        self.client = page.context.new_cdp_session(page)
        self.client.send("Performance.enable")

    def read(self, name: str) -> float:
        metrics = self.client.send("Performance.getMetrics")["metrics"]
        return 1000 * next(entry["value"] for entry in metrics if entry["name"] == name)


def test_a_move_is_drawn_at_once(show, record_property) -> None:
    """4 paths and 4 curves of 200 points, all contours anew: all is drawn when the event has been handled."""
    times, drawn = show().evaluate(TIMES)
    slowest = statistics.quantiles(times, n=20)[-1]
    record_property("ms from input to layout", f"median {statistics.median(times):.1f}, 95 % {slowest:.1f}")
    assert drawn == len(times)


MANY = """
function () {
    return kappa => {
        const noisy = i => kappa * Math.exp(-i / 8000 + Math.sin(i * i));
        return { crowd: Float64Array.from({ length: 50000 }, (_, i) => noisy(i)) };
    };
}
"""
CURSOR = """
() => {
    const pad = document.querySelector('.lf-cursor-pad');
    return Array.from({ length: 20 }, () => {
        const start = performance.now();
        pad.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
        pad.getBoundingClientRect();
        return performance.now() - start;
    });
}
"""


def test_a_curve_of_many_points_is_drawn_thinly_and_its_cursor_moves_freely(
    show, spec, record_property
) -> None:
    view = spec["views"][1]
    view["layers"] = [{**view["layers"][1], "y": "crowd", "count": None}]
    spec.update(views=[view], outputs=[], summary="", words={})
    spec["inputs"] = ["kappa"]
    page = show(spec, MANY)
    letters = len(page.locator(".lf-frame .lf-line").get_attribute("d"))
    assert 1000 < letters < 100_000, "not half a million"
    moves = page.evaluate(CURSOR)
    assert page.locator(".lf-cursor-pad").get_attribute("aria-valuenow") == "20"
    record_property("ms of a cursor's move over 50,000 points", f"median {statistics.median(moves):.1f}")


def test_ten_figures_are_all_there(show, record_property) -> None:
    page = show(before=MORE, viewport={"width": 1000, "height": 12_000})
    meter = Meter(page)
    page.reload()
    page.wait_for_function(f"() => document.querySelectorAll('.lf-main').length === {FIGURES}")
    page.wait_for_timeout(200)
    script, all_work = (meter.read(name) for name in ("ScriptDuration", "TaskDuration"))
    record_property(f"ms of script for {FIGURES} figures, of all work", f"{script:.0f}, {all_work:.0f}")
    assert page.locator(".lf-main .lf-line").count() >= FIGURES


def test_only_what_is_seen_is_computed(show) -> None:
    page = show(before=MORE, program=COUNTED)
    page.locator("figure svg[role=img]").first.wait_for()
    page.wait_for_timeout(200)
    entered = page.locator(".lf-main").count()
    assert 0 < entered < FIGURES
    assert page.evaluate("() => window.computed") == entered


COUNTED = """
function () {
    return (kappa, start) => {
        window.computed = (window.computed || 0) + 1;
        const one = { path: start, loss: [kappa], steps: 0 };
        const outputs = { origin: [0, 0], best: 1 };
        for (const name of ["first", "second", "third", "fourth"]) {
            for (const part in one) outputs[`${name}.${part}`] = one[part];
        }
        return outputs;
    };
}
"""


@pytest.mark.parametrize("played", [False, True], ids=["untouched", "after it was played with"])
def test_nothing_runs_at_rest(show, spec, played, record_property) -> None:
    player = next(control for control in spec["controls"] if control["name"] == "count")
    player.update(kind="player", label="iteration", min=1, max=4, until=None, cursor=True)
    page = show(spec)
    page.locator(".lf-main").wait_for()
    if played:
        page.get_by_role("slider", name="condition κ").press("ArrowRight")
        page.get_by_role("button", name="iteration: play").click()
        page.wait_for_timeout(100)
        page.get_by_role("button", name="Copy link").click()
        page.mouse.move(0, 0)
        # The summary is read out, the player has ended, the button says its name again.
        page.get_by_role("button", name="iteration: play").wait_for()
        page.wait_for_timeout(2500)
    page.evaluate(f"() => {{ {COUNT} }}")
    meter = Meter(page)
    before = meter.read("TaskDuration")
    changes = page.evaluate(
        """() => new Promise(resolve => {
            let count = 0;
            const watch = new MutationObserver(list => { count += list.length; });
            const all = { subtree: true, childList: true, attributes: true, characterData: true };
            watch.observe(document.body, all);
            const timers = window.timers;
            setTimeout(() => resolve([count, window.timers - timers - 1]), 1000);
        })"""
    )
    assert changes == [0, 0], "no element changed, no timer and no frame was asked for"
    busy = meter.read("TaskDuration") - before
    record_property("ms of work in a second of rest", f"{busy:.1f}")
