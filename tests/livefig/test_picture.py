"""The static picture: right in what it draws, small, and untouched by a reader's own style."""

import io

import jax.numpy as jnp
import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

import livefig as live
from livefig import palette, picture
from livefig.picture import heatmap, plane, scene
from livefig.views.curves import LAYERS
from tests.livefig.gallery import gallery


def pixels(image: picture.Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(image.png)).convert("RGB")).astype(int)


def share(image: picture.Picture, color: str, strength: float = 1) -> float:
    """The share of pixels that have nearly a colour of the palette, of this strength on white."""
    pure = np.array(mpl.colors.to_rgb(palette.COLORS[color][0]))
    wanted = np.round(255 * (1 - strength * (1 - pure)))
    return float(np.mean(np.all(np.abs(pixels(image) - wanted) < 24, axis=-1)))


def draw(figure: live.figure) -> picture.Picture:
    return picture.draw(figure.definition, figure.state)


def test_it_is_a_small_png_of_the_stated_size(make):
    image = draw(make(title="A title"))
    assert len(image.png) < 80_000
    height, width, _ = pixels(image).shape
    assert width / image.width == pytest.approx(picture.SHARPNESS, rel=0.01)
    assert height / image.height == pytest.approx(picture.SHARPNESS, rel=0.01)


def test_it_shows_what_the_toggles_show(make):
    figure = make()
    shown = share(draw(figure), "orange")
    figure.show_newton = False
    hidden = share(draw(figure), "orange")
    assert shown > 5e-4
    assert hidden < shown / 20


def test_it_moves_with_the_state(make):
    figure = make()
    before = pixels(draw(figure))
    figure.start = (2.0, -1.0)
    assert np.mean(np.any(before != pixels(draw(figure)), axis=-1)) > 0.005


def test_a_readers_style_leaves_it_alone(make):
    figure = make()
    backend, plain = mpl.get_backend(), draw(figure).png
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black", "savefig.dpi": 10}):
        assert draw(figure).png == plain
        assert mpl.rcParams["font.size"] == 30
    assert mpl.get_backend() == backend


def test_it_is_the_same_picture_every_time(make, monkeypatch):
    def every_bit(canvas):
        canvas.draw()
        return bytes(canvas.buffer_rgba())

    monkeypatch.setattr(picture, "_png", every_bit)
    figure = make()
    assert len({draw(figure).png for _ in range(15)}) == 1


def test_no_pyplot_figure_is_left_open(make):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    draw(make())
    assert plt.get_fignums() == before


def test_levels_lie_between_the_extremes():
    values = np.array([[1.0, 5.0], [np.nan, 11.0]])
    np.testing.assert_allclose(picture.levels(values, 4, "linear"), [3, 5, 7, 9])
    logarithmic = picture.levels(values, 3, "log")
    np.testing.assert_allclose(logarithmic, 1 + 10 * 10.0 ** np.array([-3, -2, -1]))
    assert picture.levels(np.ones((2, 2)), 3, "linear").size == 0
    np.testing.assert_array_equal(picture.levels(values, (2.0, 4.0), "log"), [2, 4])


@pytest.mark.parametrize(
    ("given", "values", "log", "fitted"),
    [
        ((1.0, 2.0), [0.0, 9.0], False, (1, 2)),
        (None, [0.0, 10.0], False, (-0.4, 10.4)),
        (None, [3.0, 3.0], False, (1.92, 4.08)),
        (None, [np.nan, 0.0, 1.0, 100.0], True, (10**-0.08, 10**2.08)),
        ((10.0, None), [1.0, 100.0], True, (10, 10**2.08)),
        ((1e-16, None), [1.0, 100.0], True, (10**-0.08, 10**2.08)),
        (None, [], False, (-0.04, 1.04)),
    ],
)
def test_limits_fit_what_is_drawn(given, values, log, fitted):
    assert picture.limits(given, [np.array(values)], log, 0.04) == pytest.approx(fitted)


@pytest.mark.parametrize("values", [[1e17] * 2, [-1e17] * 2, [-1.7e308, 1.7e308], [1e-300, 1.7e308]])
@pytest.mark.filterwarnings("error")
def test_limits_are_a_span_however_large_the_numbers(values):
    def function(a):
        return {"y": 1.0 * jnp.array(values) + 0 * a, "p": jnp.array([values, values]).T + 0 * a}

    views = [live.curves([live.line("y")], ylog=log) for log in (False, min(values) > 0)]
    figure = live.figure(function, [live.slider("a", 0, 1)], [*views, live.plane([live.path("p")])])
    assert len(draw(figure).png) > 5_000
    for log in (False, True):
        low, high = picture.limits(None, [np.array(values)], log, 0.04)
        assert low < high
        assert np.isfinite(high - low)


def test_a_plane_of_equal_units_is_widened_to_its_shape():
    assert picture.widen((0, 10), (0, 2)) == ((0, 10), (-3, 5))
    assert picture.widen((0, 2), (0, 8)) == ((-4, 6), (0, 8))


STATES = [
    {},
    {"power": 0, "bend": 0},
    {"bend": -2, "theta": (1, 1), "power": 10},
    {"data": [(0, 0)] * 5, "spectrum": [(0, 0)] * 6, "extra": False},
]


@pytest.fixture(scope="module")
def everything():
    return gallery()


@pytest.mark.parametrize("state", STATES, ids=["start", "zero", "far", "hidden"])
@pytest.mark.filterwarnings("error")
def test_every_view_and_layer_is_drawn_in_states_that_are_degenerate(everything, state):
    definition = everything.definition
    given = {
        name: control.clean(state.get(name, control.value)) for name, control in definition.controls.items()
    }
    assert len(picture.draw(definition, given).png) > 30_000


def drawn(a):
    """What one layer after another draws below."""
    return {
        "origin": jnp.zeros(2), "across": a * jnp.ones(2), "matrix": jnp.eye(2), "fitted": jnp.zeros(2),
        "y": a * jnp.arange(1.0, 5.0), "above": a * jnp.arange(3.0, 7.0), "data": a * jnp.ones((2, 2)),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "strength"),
    [
        (live.arrow("origin", "across", color="green"), 1),
        (live.ellipse("origin", "matrix", radius=0.5, color="green"), 1),
        (live.model("origin", "across", "matrix", color="green"), 1),
        (live.vectors(lambda point: point, color="green"), 1),
        (live.regions(lambda point: jnp.where(point[0] > 0, 0, -1), ["right"], colors=["green"]), 0.3),
        (live.bars("y", color="green"), 0.78),
        (live.band("y", "above", color="green"), 0.2),
        (live.residuals("data", "fitted", color="green"), 1),
        (live.points("data", color="green"), 1),
        (live.slope(1, (1.0, 1.0), color="green"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, live.views.Layer) else "",
)
def test_each_layer_shows_in_its_colour(layer, strength):
    if isinstance(layer, LAYERS) and not isinstance(layer, live.views.Points):
        log = isinstance(layer, live.views.Slope)
        view = live.curves([live.line("y", color="ink"), layer], xlog=log, ylog=log, xlim=(0.5, 5))
    else:
        view = live.plane([live.points("origin"), layer], xlim=(-1, 1), ylim=(-1, 1))
    assert share(draw(live.figure(drawn, [live.slider("a", 0.1, 1)], view)), "green", strength) > 5e-5


@pytest.mark.parametrize(
    ("matrix", "branches"),
    [
        ([[2, 1], [1, 1]], 1),
        ([[1, 1], [1, 1]], 1),
        ([[1, 0], [0, -1]], 2),
        ([[-1, 0], [0, -1]], 0),
        ([[0, 0], [0, 0]], 0),
        ([[np.nan, 0], [0, 1]], 0),
    ],
)
def test_a_conic_lies_where_its_form_has_the_value(matrix, branches):
    matrix = np.array(matrix, dtype=float)
    found = plane.conic(matrix, 0.5)
    assert len(found) == branches
    for branch in found:
        near = branch[np.linalg.norm(branch, axis=1) < 100]
        np.testing.assert_allclose(np.einsum("ni,ij,nj->n", near, matrix, near), 0.25, rtol=1e-9)


@pytest.mark.filterwarnings("error")
def test_long_names_leave_room_for_a_heat_map():
    names = [f"{k} a very long name of a row or a column of this map, {60 * 'x'}" for k in range(6)]
    maps = [live.heatmap("m", rows=names, columns=names) for _ in range(3)]
    image = draw(live.figure(lambda a: {"m": a + jnp.ones((6, 6))}, [live.slider("a", 0, 1)], maps))
    end = 255 * np.array(palette.ramp("diverging")(1.0)[:3])
    assert np.mean(np.all(np.abs(pixels(image) - end) < 24, axis=-1)) > 0.02


@pytest.mark.parametrize(
    ("options", "values", "shares", "ends"),
    [
        ({}, [[-1, 0, 2]], [[0.25, 0.5, 1]], (-2, 2)),
        ({"extent": 1.0}, [[-4, 0, 0.5]], [[0, 0.5, 0.75]], (-1, 1)),
        ({"log": True, "decades": 2}, [[-1, 0, 0.1]], [[0, 0.5, 0.75]], (-1, 1)),
        ({"diverging": False}, [[1, 2, 3]], [[0, 0.5, 1]], (1, 3)),
        ({"diverging": False, "log": True, "decades": 2}, [[0.1, -1, 1]], [[0.5, 0, 1]], (0.01, 1)),
        ({"diverging": False}, [[2, 2, np.nan]], [[1, 1, np.nan]], (0, 2)),
        ({"diverging": False}, [[-1e17]], [[1]], (-1.001e17, -1e17)),
    ],
)
def test_a_heat_maps_scale(options, values, shares, ends):
    [layer] = live.heatmap("m", **options).layers
    found, limits = heatmap.scale(layer, np.array(values, dtype=float), scene.Scene(None, {}, {}))
    np.testing.assert_allclose(found, shares)
    assert limits == pytest.approx(ends)


def on_a_plane(layer, **outputs):
    """The picture of a layer on a plane, beside a point."""
    arrays = {"at": jnp.zeros(2), **outputs}
    function = lambda kappa: {name: value + 0 * kappa for name, value in arrays.items()}  # noqa: E731
    view = live.plane([layer, live.points("at", color="purple")], xlim=(-1, 1), ylim=(-1, 1), equal=False)
    return draw(live.figure(function, live.slider("kappa", 0, 9, 3), view, name="drawn"))


def bowl(scale):
    return lambda point: scale * (point @ point)


@pytest.mark.parametrize(
    ("field", "levels", "spacing"),
    [
        (bowl(1e5), [1e4, 1e5, 1e6], "linear"),
        (bowl(1e8), [1e7, 1e9], "log"),
        (bowl(1.0), [5.0, 6.0], "log"),
        (bowl(1.0), [-6.0, -5.0], "linear"),
        (lambda point: 1e5 + 0 * point[0], [1e5], "linear"),
        (lambda point: 1e5 + 0 * point[0], [1e4], "log"),
        (lambda point: point[0] > 0, [0.5], "linear"),
        (lambda point: point[0] > 0, 3, "log"),
    ],
)
def test_listed_levels_may_lie_anywhere(field, levels, spacing):
    assert on_a_plane(live.contours(field, levels=levels, spacing=spacing, fill=True)).png


def test_a_level_below_the_field_shades_all_of_it_and_draws_no_line():
    """As in the page: what is above more levels is darker, everywhere."""
    flat = lambda point: jnp.maximum(point @ point - 0.3, 0)  # noqa: E731
    above = pixels(on_a_plane(live.contours(flat, levels=[0.2], spacing="log")))
    below = pixels(on_a_plane(live.contours(flat, levels=[-5.0, 0.2], spacing="log")))
    height, width, _ = above.shape
    inside = (slice(int(0.42 * height), int(0.46 * height)), slice(int(0.5 * width), int(0.54 * width)))
    assert np.ptp(below[inside], axis=(0, 1)).max() == 0, "no line in the flat part"
    assert np.all(below[inside] < above[inside]), "and a shade darker"


def test_a_path_ends_where_it_is_no_longer_finite():
    rows = jnp.array([[-0.8, 0.0], [-0.2, 0.0], [jnp.nan, 0.0], [0.8, 0.8]])
    path = live.path("p", color="orange", count="n")
    shown = share(on_a_plane(live.path("p", color="orange"), p=rows[:2]), "orange")
    assert shown > 0
    function = lambda k: {"p": rows, "n": k - 1, "at": jnp.zeros(2)}  # noqa: E731
    view = live.plane([path, live.points("at", color="purple")], xlim=(-1, 1), ylim=(-1, 1), equal=False)
    figure = live.figure(function, live.player("k", 0, 4, 1), view, name="broken")
    figure.k = 4
    assert share(draw(figure), "orange") == pytest.approx(shown, rel=0.2)
    figure.k = 0
    assert share(draw(figure), "orange") == 0, "nothing yet"


@pytest.mark.parametrize("n", [-1, -2, -9])
def test_a_count_below_zero_counts_nothing(n):
    function = lambda k: {"y": jnp.arange(5.0) + k, "n": jnp.int64(n) + 0 * k}  # noqa: E731
    lines = live.curves([live.line("y", count="n", color="orange")])
    player = live.player("k", 0, 4, 1)
    assert share(draw(live.figure(function, player, lines, name="nothing")), "orange") == 0


def test_equal_bars_stand_side_by_side():
    function = lambda k: {"y": jnp.arange(1.0, 4.0) + k}  # noqa: E731
    both = [live.bars("y", color="orange"), live.bars("y", color="orange")]
    player = live.player("k", 0, 4, 1)
    one, two = (
        share(draw(live.figure(function, player, live.curves(bars), name="bars")), "orange", 0.78)
        for bars in (both[:1], both)
    )
    assert two == pytest.approx(one, rel=0.1)
