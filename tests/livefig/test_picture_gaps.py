"""Gaps, logarithmic axes and rules outside the axes, in the picture as in the page."""

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

import livefig as live
from livefig import picture
from livefig.picture.curves import draw_curves
from livefig.picture.plane import draw_plane
from livefig.picture.scene import Scene

NAN, INF = np.nan, np.inf


def axes_of(view, **outputs):
    """The axes on which a view of these outputs is drawn."""
    function = lambda a: {name: a * jnp.array(values) for name, values in outputs.items()}  # noqa: E731
    figure = live.figure(function, live.slider("a", 0.5, 2, value=1), view, name="gaps")
    definition, state = figure.definition, figure.state
    axes = Figure(figsize=(5, 4)).add_subplot()
    drawer = draw_curves if isinstance(view, live.views.Curves) else draw_plane
    drawer(axes, view, Scene(definition, state, definition.evaluate(state)))
    return axes


def texts(axes) -> list[str]:
    return [text.get_text().replace("\n", " ") for text in axes.texts]


@pytest.mark.filterwarnings("error")
def test_a_line_has_gaps_and_a_dot_between_two_of_them() -> None:
    y = [1.0, 2, NAN, 4, NAN, 5, 6]
    dots, line = axes_of(live.curves([live.line("y")]), y=y).lines
    np.testing.assert_array_equal(line.get_ydata(), y)
    assert dots.get_xdata().tolist() == [3] and dots.get_ydata().tolist() == [4]


@pytest.mark.filterwarnings("error")
def test_a_band_is_in_pieces() -> None:
    low, high = np.zeros(8), np.ones(8)
    low[3] = high[5] = NAN
    [band] = axes_of(live.curves([live.band("low", "high")]), low=low, high=high).collections
    assert isinstance(band, PolyCollection)
    spans = [(path.vertices[:, 0].min(), path.vertices[:, 0].max()) for path in band.get_paths()]
    assert spans == [(0, 2), (4, 4), (6, 7)]


def test_half_a_point_is_none() -> None:
    axes = axes_of(live.curves([live.points("p")]), p=[[0.0, 1], [NAN, 50], [90, NAN], [2, 3]])
    assert axes.get_xlim()[1] < 3 and axes.get_ylim()[1] < 4


def test_a_path_has_gaps() -> None:
    path = [[0.0, 0], [1, 1], [NAN, 2], [3, 3], [4, 0]]
    line = axes_of(live.plane([live.path("p")]), p=path).lines[0]
    assert np.flatnonzero(np.isnan(line.get_xdata())).size >= 1
    assert [4.0, 0.0] in line.get_xydata().tolist()


@pytest.mark.parametrize(
    ("layer", "outputs", "name"),
    [
        (live.line("y", label="loss"), {"y": [10.0, 0, 1]}, "loss"),
        (live.line("y", label="loss"), {"y": [10.0, -1, 1]}, "loss"),
        (live.line("y"), {"y": [10.0, -1, NAN, 1]}, "y"),
        (live.line("y", x="x"), {"x": [0.0, 1, 2], "y": [1.0, 2, 3]}, "y"),
        (live.points("p"), {"p": [[1.0, 1], [2, -1]]}, "p"),
        (live.residuals("p", "f"), {"p": [[1.0, 1], [2, 1]], "f": [1.0, 0]}, "p"),
        (live.band("low", "high"), {"low": [1.0, -2], "high": [2.0, -1]}, "low"),
        (live.band("low", "high"), {"low": [1.0, -2], "high": [2.0, 1]}, None),
        (live.line("y"), {"y": [10.0, NAN, 1]}, None),
    ],
)
def test_what_is_not_positive_is_left_out_and_said(layer, outputs, name) -> None:
    axes = axes_of(live.curves([layer], xlog=bool(getattr(layer, "x", None)), ylog=True), **outputs)
    assert texts(axes) == ([f"Not positive, so not drawn: {name}."] if name else [])
    heights = np.concatenate([line.get_ydata() for line in axes.lines] or [np.ones(1)])
    assert not np.any(heights <= 0)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ([10.0, 1, 0, 0], "Exactly 0 from step 2 on, below a logarithmic axis: loss."),
        ([10.0, 0, 1, 0], "Not positive, so not drawn: loss."),
        ([10.0, -1, 0, 0], "Not positive, so not drawn: loss."),
    ],
)
def test_what_is_exactly_zero_to_its_end_has_no_fault(y, said) -> None:
    axes = axes_of(live.curves([live.line("y", label="loss")], xlabel="step", ylog=True), y=y)
    assert " ".join(texts(axes)).split() == said.split()


def test_a_curve_that_is_zero_throughout_says_so() -> None:
    lines = [live.line(name, x="x", label=name) for name in ("error", "loss")]
    axes = axes_of(live.curves(lines, ylog=True), x=[1.0, 2, 3], error=[3.0, 2, 1], loss=[0.0, 0, 0])
    assert " ".join(" ".join(texts(axes)).split()) == "Exactly 0, below a logarithmic axis: loss."


@pytest.mark.filterwarnings("error")
def test_bars_that_are_not_positive_are_left_out() -> None:
    axes = axes_of(live.curves([live.bars("y", label="bars")], ylog=True), y=[1.0, 0, NAN, 2])
    tops = np.array([bar.get_y() + bar.get_height() for bar in axes.patches])
    np.testing.assert_allclose(tops[np.isfinite(tops)], [1, 2])
    assert texts(axes) == ["Not positive, so not drawn: bars."]


@pytest.mark.parametrize(
    ("options", "label", "lines"),
    [
        ({"y": 5.0}, "at", 1),
        ({"y": 19.0}, "at", 1),
        ({"y": 30.0}, "↑ at 30", 0),
        ({"y": -1e6}, "at −1·10⁶ ↓", 0),
        ({"x": 7.0}, "at", 1),
        ({"x": 100.0}, "at 100 →", 0),
        ({"x": -55.5}, "← at −55.5", 0),
    ],
)
def test_a_rule_widens_the_axes_or_stands_at_the_border(options, label, lines) -> None:
    axes = axes_of(live.curves([live.line("y"), live.rule(label="at", **options)]), y=[0.0, 2, 5, 10, 5])
    assert texts(axes) == [label]
    assert sum(line.get_linestyle() == ":" for line in axes.lines) == lines
    x, y = axes.texts[0].xy
    assert 0 <= x <= 1 and 0 <= y <= 1


@pytest.mark.parametrize(
    ("value", "label"), [(1e-3, "tolerance"), (1e-9, "tolerance 1·10⁻⁹ ↓"), (0.0, "tolerance 0 ↓")]
)
def test_a_rule_on_a_logarithmic_axis(value, label) -> None:
    view = live.curves([live.line("y"), live.rule(y=value, label="tolerance")], ylog=True)
    assert texts(axes_of(view, y=[10.0, 1, 0.1])) == [label]


@pytest.mark.parametrize(
    ("guests", "log", "fitted"),
    [
        ([20.0], False, (0, 20)),
        ([20.1], False, (0, 10)),
        ([-10.0, 15.0], False, (-10, 15)),
        ([NAN, INF], False, (0, 10)),
        ([0.011], True, (0.011, 10)),
        ([0.0, -1.0], True, (0.1, 10)),
    ],
)
def test_guests_widen_limits_where_they_are_near(guests, log, fitted) -> None:
    values = [np.array([0.1 if log else 0.0, 10.0])]
    assert picture.limits(None, values, log, 0.0, guests) == pytest.approx(fitted)
