"""What has no value, or no place on a logarithmic axis, is a gap; rules outside stand at the border."""

import re

import jax.numpy as jnp
import pytest

import livefig as live

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def show_view(show_figure):
    """`show_view(view, y=…)`: a page with this view of these outputs, which `page.factor` multiplies."""

    def open_page(view, **outputs):
        arrays = {name: jnp.array(values) for name, values in outputs.items()}
        function = lambda a: {name: a * values for name, values in arrays.items()}  # noqa: E731
        slider = live.slider("a", 0.5, 4, value=1)
        return show_figure(live.figure(function, slider, view, name="gaps"))

    return open_page


def pieces(page, selector: str = ".lf-frame .lf-line") -> list[list[tuple[float, float]]]:
    """The points of each piece of a path, in pixels."""
    data = page.locator(selector).first.get_attribute("d")
    parts = [part for part in data.split("M") if part]
    return [
        [tuple(map(float, pair.split(","))) for pair in re.split("L", part.rstrip("z"))] for part in parts
    ]


def note(page) -> str:
    return page.locator(".lf-note").inner_text()


def test_a_value_that_is_nan_is_a_gap_in_a_line(show_view) -> None:
    page = show_view(live.curves([live.line("y", label="y")]), y=[1, 2, NAN, 3, 2, 1, NAN, 4, NAN, 5, 6])
    assert [len(piece) for piece in pieces(page)] == [2, 3, 2]
    assert page.locator(".lf-frame .lf-dots").get_attribute("d").count("h0") == 1  # the 4 between two gaps
    assert note(page) == "" and page.locator(".lf-sayings").inner_text() == ""


@pytest.mark.parametrize("ending", [[NAN], [NAN, NAN]])
def test_a_run_that_ends_without_a_value_says_so(show_view, ending) -> None:
    page = show_view(live.curves([live.line("y", label="loss")]), y=[1.0, 2.0, *ending])
    assert note(page) == "Drawn only as far as its numbers are finite: loss."
    assert [len(piece) for piece in pieces(page)] == [2]


def test_what_becomes_infinite_is_said_to(show_figure, put) -> None:
    def function(a):
        inverse = 1 / jnp.array([2.0, 1.0, a, -1.0])
        return {"y": inverse, "p": jnp.stack([jnp.arange(4.0), inverse], axis=1)}

    views = [live.curves([live.line("y", label="curve")]), live.plane([live.path("p", label="run")])]
    page = show_figure(live.figure(function, live.slider("a", 0, 4, value=1), views))
    assert note(page) == ""
    put(page, {"a": 0})
    assert note(page) == "Drawn only as far as its numbers are finite: curve, run."
    assert [len(piece) for piece in pieces(page)] == [2]
    assert [len(piece) for piece in pieces(page, ".lf-frame >> nth=1 >> .lf-line")] == [2]  # and no further


def test_the_cursor_tells_nothing_in_a_gap(show_view) -> None:
    lines = [live.line("y", label="gappy"), live.line("z", label="whole")]
    page = show_view(live.curves(lines, xlabel="step"), y=[1, 2, NAN, 4, NAN], z=[0.0, 1, 2, 3, 4])
    pad = page.get_by_role("slider", name="cursor")
    told = []
    for _ in range(5):
        pad.press("ArrowRight" if told else "Home")
        told.append(pad.get_attribute("aria-valuetext"))
    assert told[1] == "step 1, gappy 2, whole 1" and told[3] == "step 3, gappy 4, whole 3"
    assert told[2] == "step 2, whole 2" and told[4] == "step 4, whole 4"


def test_a_band_has_gaps_too(show_view) -> None:
    low, high = [0.0, 0, NAN, 0, 0, 0, 0], [1.0, 1, 1, 1, 1, NAN, 1]
    page = show_view(live.curves([live.band("low", "high", label="band")]), low=low, high=high)
    rings = pieces(page, ".lf-frame .lf-band")
    assert [len(ring) for ring in rings] == [4, 4, 4]
    widths = [max(x for x, _ in ring) - min(x for x, _ in ring) for ring in rings]
    assert widths[0] == pytest.approx(widths[1], abs=0.2) and widths[2] == pytest.approx(2, abs=0.2)
    assert note(page) == ""


def test_a_point_without_a_place_is_left_out(show_view) -> None:
    page = show_view(live.curves([live.points("p", label="data")]), p=[[0, 1], [NAN, 50], [90, NAN], [2, 3]])
    assert page.locator(".lf-frame .lf-dots").get_attribute("d").count("h0") == 2
    assert note(page) == ""
    ticks = page.locator(".lf-frame svg > g text").all_text_contents()
    assert max(float(text) for text in ticks if text) <= 3  # axes are not fitted to half a point


def test_gaps_in_a_path_and_its_step_there(show_figure, put) -> None:
    def function(k):
        path = jnp.array([[0, 0], [1, 1], [NAN, 2], [3, 3], [4, 0]])
        return {"p": path, "last": k}

    views = live.plane([live.path("p", count="last", label="run")])
    page = show_figure(live.figure(function, live.player("k", 0, 4, value=4, cursor=True), views))
    assert [len(piece) for piece in pieces(page)] == [2, 2]
    put(page, {"k": 2})
    assert note(page) == "Drawn only as far as its numbers are finite: run."


SAID = "Not positive, so not drawn: loss."


@pytest.mark.parametrize("low", [0.0, -1.0])
def test_what_is_not_positive_is_left_out_of_a_logarithmic_axis(show_view, low) -> None:
    page = show_view(live.curves([live.line("y", label="loss")], ylog=True), y=[10.0, 1, low, 1, 0.1])
    found = pieces(page)
    assert [len(piece) for piece in found] == [2, 2]
    box = page.locator(".lf-background")
    bottom = float(box.get_attribute("y")) + float(box.get_attribute("height"))
    assert max(y for piece in found for _, y in piece) <= bottom  # nothing plunges through the floor
    assert page.locator(".lf-sayings").inner_text() == SAID
    assert page.evaluate("() => document.querySelector('figure').livefig.frozen") is None
    pad = page.get_by_role("slider", name="cursor")
    pad.press("Home")
    pad.press("ArrowRight")
    assert page.locator(".lf-frame .lf-ring").count() == 1
    pad.press("ArrowRight")
    assert pad.get_attribute("aria-valuetext") == f"x 2, loss {low:.0f}".replace("-", "−")
    assert page.locator(".lf-frame .lf-ring").count() == 0


ZERO = "Exactly 0 from step 2 on, below a logarithmic axis: loss."


def test_what_is_exactly_zero_to_its_end_has_no_fault(show_view) -> None:
    """A method that is done has a loss of zero; what is negative, or comes back, is another matter."""
    layers = [live.line(name, label=label) for name, label in (("y", "loss"), ("z", "slope"))]
    view = live.curves(layers, xlabel="step", ylog=True)
    page = show_view(view, y=[10.0, 1, 0, 0], z=[1.0, -1, 0, 0])
    assert page.locator(".lf-sayings p").all_inner_texts() == [ZERO, SAID.replace("loss", "slope")]


def test_a_curve_that_is_zero_throughout_says_so(show_view) -> None:
    lines = [live.line(name, x="x", label=name) for name in ("error", "loss")]
    page = show_view(live.curves(lines, ylog=True), x=[1.0, 2, 3], error=[3.0, 2, 1], loss=[0.0, 0, 0])
    assert page.locator(".lf-sayings p").all_inner_texts() == ["Exactly 0, below a logarithmic axis: loss."]


def test_a_closed_path_has_no_end_to_mark(show_view) -> None:
    view = live.plane(
        [live.path("open", marker=False), live.path("ring", marker=False)], xlim=(-2, 2), ylim=(-2, 2)
    )
    loop = [[1.0, 0], [0, 1], [-1, 0], [1, 0]]
    gapped = [[1.5, 1.5], [1.2, 1.5], [float("nan"), float("nan")], *loop]
    page = show_view(view, open=loop[:3], ring=gapped)
    assert [bool(end.get_attribute("d")) for end in page.locator(".lf-end").all()] == [True, False]


def test_a_zero_is_told_when_its_curve_has_grown_to_it(show_figure, put) -> None:
    player = live.player("k", 0, 3, value=0, cursor=True, grow=True)
    view = live.curves([live.line("y", label="loss")], xlabel="step", ylog=True)
    page = show_figure(live.figure(lambda k: {"y": jnp.array([10.0, 1, 0, 0]) + 0 * k}, player, view))
    for step, said in ((1, ""), (2, ZERO), (3, ZERO)):
        put(page, {"k": step})
        assert page.locator(".lf-sayings").inner_text() == said


def test_a_logarithmic_axis_that_shows_all_says_nothing(show_view) -> None:
    page = show_view(live.curves([live.line("y", label="loss")], ylog=True), y=[10.0, 1, NAN, 1, 0.1])
    assert page.locator(".lf-sayings").inner_text() == ""


@pytest.mark.parametrize(
    ("layer", "outputs"),
    [
        (live.line("y", x="x", label="loss"), {"x": [0.0, 1, 10], "y": [1.0, 2, 3]}),
        (live.points("p", label="loss"), {"p": [[1.0, 1], [2, -1], [10, 10]]}),
        (live.residuals("p", "f", label="loss"), {"p": [[1.0, 1], [2, 1], [10, 10]], "f": [1.0, 0, 2]}),
        (live.band("low", "high", label="loss"), {"low": [1.0, -2, 1], "high": [2.0, -1, 2]}),
        (live.line("y"), {"y": [1.0, 0, 1]}),
    ],
    ids=["x", "points", "residuals", "band", "unnamed"],
)
def test_each_layer_says_what_it_leaves_out(show_view, layer, outputs) -> None:
    over = not isinstance(layer, live.views.Band) and layer.label != ""
    page = show_view(live.curves([layer], xlog=over, ylog=True), **outputs)
    assert page.locator(".lf-sayings").inner_text() == SAID if layer.label else SAID.replace("loss", "y")


def test_a_band_from_below_zero_reaches_through_the_floor_of_a_logarithmic_axis(show_view) -> None:
    page = show_view(
        live.curves([live.band("low", "high")], ylog=True), low=[0.1, -1.0, 0.1], high=[1.0, 1, 1]
    )
    [ring] = pieces(page, ".lf-frame .lf-band")
    box = page.locator(".lf-background")
    assert max(y for _, y in ring) > float(box.get_attribute("y")) + float(box.get_attribute("height"))
    assert page.locator(".lf-sayings").inner_text() == ""


def test_bars_that_are_not_positive_are_left_out(show_view) -> None:
    page = show_view(live.curves([live.bars("y", label="loss")], ylog=True), y=[1.0, 0, NAN, 2])
    assert page.locator(".lf-frame .lf-bars").get_attribute("d").count("M") == 2
    assert page.locator(".lf-sayings").inner_text() == SAID


def rules(page) -> list[tuple[str, bool]]:
    """What the label of each rule says, and whether its line is drawn."""
    drawn = page.locator(".lf-frame .lf-rule").all()
    labels = page.locator(".lf-frame .lf-rule-label").all()
    return [
        (label.text_content() if label.is_visible() else "", line.get_attribute("hidden") is None)
        for line, label in zip(drawn, labels, strict=True)
    ]


@pytest.mark.parametrize(
    ("options", "label", "drawn"),
    [
        ({"y": 5.0}, "at", True),
        ({"y": 19.0}, "at", True),  # as far above as the curve is high: the axis reaches to it
        ({"y": -9.0}, "at", True),
        ({"y": 30.0}, "↑ at 30", False),
        ({"y": -1e6}, "at −1·10⁶ ↓", False),
        ({"x": 7.0}, "at", True),
        ({"x": 100.0}, "at 100 →", False),
        ({"x": -55.5}, "← at −55.5", False),
    ],
)
def test_a_rule_widens_the_axes_or_stands_at_the_border(show_view, options, label, drawn) -> None:
    view = live.curves([live.line("y"), live.rule(label="at", **options)])
    page = show_view(view, y=[0.0, 2, 5, 10, 5])
    assert rules(page) == [(label, drawn)]
    text = page.locator(".lf-rule-label").bounding_box()
    box = page.locator(".lf-background").bounding_box()
    assert box["x"] <= text["x"] and text["x"] + text["width"] <= box["x"] + box["width"]
    assert box["y"] <= text["y"] + 4 and text["y"] + text["height"] <= box["y"] + box["height"] + 2
    if not drawn:
        gap = {
            "↑": text["y"] - box["y"],
            "↓": box["y"] + box["height"] - text["y"] - text["height"],
            "→": box["x"] + box["width"] - text["x"] - text["width"],
            "←": text["x"] - box["x"],
        }
        assert gap[next(arrow for arrow in gap if arrow in label)] < 8


@pytest.mark.parametrize(
    ("value", "label", "drawn"),
    [(1e-3, "tolerance", True), (1e-9, "tolerance 1·10⁻⁹ ↓", False), (0.0, "tolerance 0 ↓", False)],
)
def test_a_rule_on_a_logarithmic_axis(show_view, value, label, drawn) -> None:
    view = live.curves([live.line("y"), live.rule(y=value, label="tolerance")], ylog=True)
    assert rules(show_view(view, y=[10.0, 1, 0.1])) == [(label, drawn)]


def test_given_limits_stay_and_the_rule_stands_at_the_border(show_view) -> None:
    view = live.curves([live.line("y"), live.rule(y=1.5), live.rule(y=0.5)], ylim=(0, 1))
    page = show_view(view, y=[0.0, 1, 0])
    assert rules(page) == [("↑ 1.5", False), ("", True)]


def test_a_rule_follows_its_control_to_the_border_and_back(show_figure, put) -> None:
    view = live.curves([live.line("y"), live.rule(x="a", label="now")])
    page = show_figure(live.figure(lambda a: {"y": jnp.arange(5.0) + 0 * a}, live.slider("a", 0, 40), view))
    for value, said in ((2, ("now", True)), (40, ("now 40 →", False)), (3, ("now", True))):
        put(page, {"a": value})
        assert rules(page) == [said]


def test_labels_at_the_border_stand_clear_of_each_other_and_of_the_sentence(show_view) -> None:
    below = [live.rule(y=10.0**-k, label=f"tolerance {k}") for k in (9, 12, 15)]
    page = show_view(live.curves([live.line("y", label="loss"), *below], ylog=True), y=[10.0, 1, 0, 1])
    marks = [*page.locator(".lf-rule-label").all(), page.locator(".lf-sayings p")]
    boxes = [mark.bounding_box() for mark in marks]
    for index, one in enumerate(boxes):
        for other in boxes[:index]:
            apart = one["y"] >= other["y"] + 11 or other["y"] >= one["y"] + 11
            beside = one["x"] >= other["x"] + other["width"] or other["x"] >= one["x"] + one["width"]
            assert apart or beside
