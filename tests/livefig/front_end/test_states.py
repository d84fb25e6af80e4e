"""States that are not the whole: paths that grow, controls without effect, no controls."""

import itertools
import json

import jax.numpy as jnp
import pytest

import livefig as live

STEPS = 40


def spiral(turns, method, damping):
    """A path of so many steps, and a loss that falls along it."""
    index = jnp.arange(STEPS + 1.0)
    angle = turns * index / 4
    radius = 2 * jnp.exp(-index * jnp.where(method == 1, 1 / (1 + damping), 1.0) / 8)
    steps = 30 + jnp.int32(turns)
    path = jnp.stack([radius * jnp.cos(angle), radius * jnp.sin(angle)], 1)
    return {"path": path, "loss": radius**2, "steps": steps, "last": radius[steps]}


def make(**player):
    return live.figure(
        spiral,
        [
            live.slider("turns", 0, 10, 2, integer=True),
            live.choice("method", ["plain", "damped"], label="step"),
            live.slider("damping", 0, 10, 2, label="damping λ", when={"method": "damped"}),
            live.player("step", 0, STEPS, until="steps", cursor=True, label="step", **player),
        ],
        [
            live.plane([live.path("path", count="steps", label="spiral")], xlim=(-2, 2), ylim=(-2, 2)),
            live.curves([live.line("loss", count="steps", label="loss")], xlabel="step"),
            live.readout("It ends at {last:.2f}."),
        ],
        summary="{steps} steps[, damped by λ = {damping}].",
        name="spiral",
    )


@pytest.fixture
def open_figure(show):
    """`open_figure(figure)`: the page of a figure that Python has made."""

    def opened(figure, **options):
        content = json.loads(figure.definition.payload(figure.state))
        return show(content["spec"], content["program"], fields=",".join(content["fields"]), **options)

    return opened


def drawn(page):
    """How many points of the path, and of the curve, are drawn."""
    count = "nodes => nodes.map(node => (node.getAttribute('d').match(/[ML]/g) || []).length)"
    return page.locator(".lf-line").evaluate_all(count)


def texts(page):
    return [page.locator(name).text_content() for name in (".lf-summary", ".lf-readout")]


def test_paths_and_curves_grow_and_the_rest_is_not_said_before(open_figure, put) -> None:
    page = open_figure(make(grow=True))
    swatches = 0 * drawn(page)[0]
    before = drawn(page)
    put(page, {"step": 10})
    middle = drawn(page)
    assert texts(page) == ["Up to step 10.", "…"]
    put(page, {"step": 40})
    after = drawn(page)
    assert max(after) == 33 and max(middle) == 11 and max(before) <= 2 and swatches == 0
    assert texts(page)[0] == "32 steps." and texts(page)[1].startswith("It ends at 0.")
    put(page, {"step": 0})
    assert texts(page) == ["Make a guess, then press play.", "…"]


def test_the_axes_do_not_grow(open_figure, put) -> None:
    page = open_figure(make(grow=True))
    ticks = "() => Array.from(document.querySelectorAll('figure svg text'), text => text.textContent).join()"
    before = page.evaluate(ticks)
    put(page, {"step": 40})
    assert page.evaluate(ticks) == before


def test_what_is_grown_stays_so_when_the_steps_become_more(open_figure, put, state) -> None:
    page = open_figure(make(grow=True))
    put(page, {"step": 32})
    put(page, {"turns": 5})
    assert state(page)["step"] == 35 and max(drawn(page)) == 36
    put(page, {"turns": 1})
    assert state(page)["step"] == 31 and texts(page)[0] == "31 steps."
    put(page, {"step": 10})
    put(page, {"turns": 5})
    assert state(page)["step"] == 10, "what is not, does not"
    page.get_by_role("button", name="Reset").click()
    assert state(page)["step"] == 0 and max(drawn(page)) <= 2


def test_the_cursor_finds_nothing_where_nothing_is_drawn(open_figure, put) -> None:
    page = open_figure(make(grow=True))
    put(page, {"step": 10})
    pad = page.locator(".lf-cursor-pad").bounding_box()
    page.mouse.move(pad["x"] + 0.9 * pad["width"], pad["y"] + 30)
    page.wait_for_timeout(100)
    assert page.locator(".lf-tip:visible").count() == 0
    page.mouse.move(pad["x"] + 0.1 * pad["width"], pad["y"] + 30)
    page.locator(".lf-tip:visible").wait_for()


def test_without_grow_all_of_it_is_there(open_figure) -> None:
    page = open_figure(make())
    assert max(drawn(page)) == 33 and texts(page)[0] == "32 steps."


def test_a_control_without_effect_is_disabled_and_says_why(open_figure, put) -> None:
    page = open_figure(make())
    slider = page.get_by_role("slider", name="damping λ")
    assert slider.is_disabled()
    assert slider.get_attribute("aria-description") == "only when step is damped"
    why = "node => getComputedStyle(node.parentElement, '::after').content"
    assert slider.evaluate(why) == '"only when step is damped"'
    assert page.locator("output:visible").count() == 2, "the number that has no effect is not shown"
    put(page, {"method": 1})
    assert slider.is_enabled() and slider.get_attribute("aria-description") is None
    assert slider.evaluate(why) == "none" and page.locator("output:visible").count() == 3
    assert texts(page)[0] == "32 steps, damped by λ = 2."
    put(page, {"method": 0})
    assert slider.is_disabled() and texts(page)[0] == "32 steps."


def test_a_figure_without_controls_is_a_plot_and_no_more(open_figure) -> None:
    parabola = lambda: {"y": jnp.linspace(-1, 1, 21) ** 2}  # noqa: E731
    figure = live.figure(parabola, [], live.curves([live.line("y")]), summary="A parabola.", name="parabola")
    page = open_figure(figure)
    assert page.locator(".lf-line").first.get_attribute("d").startswith("M")
    assert page.locator("figure :is(button, input, select)").count() == 0
    assert page.locator(".lf-summary").text_content() == "A parabola."


def test_labels_of_slopes_that_end_together_stand_apart(open_figure) -> None:
    """Where the steep ones leave the plot in one corner, and a sentence takes the other."""

    def orders(order):
        error = jnp.append(10.0 ** -jnp.arange(1.0, 9.0), 0.0)
        return {"error": error, "next": error**order}

    slopes = [live.slope(k, (1.0, 1.0), color="grey") for k in (1, 2, 3)]
    limits = {"xlim": (1e-8, 20), "ylim": (1e-16, 10), "xlog": True, "ylog": True}
    views = [
        live.curves([live.line("next")], ylog=True),
        live.curves([*slopes, live.line("next", x="error")], xlabel="error", ylabel="next", **limits),
    ]
    page = open_figure(live.figure(orders, [live.slider("order", 1, 3, 2)], views, name="orders"))
    boxes = [label.bounding_box() for label in page.locator(".lf-rule-label:visible").all()]
    assert len(boxes) == 3
    for one, other in itertools.combinations(boxes, 2):
        across = one["x"] + one["width"] < other["x"] or other["x"] + other["width"] < one["x"]
        assert across or abs(one["y"] - other["y"]) > 10, "no label stands on another"
