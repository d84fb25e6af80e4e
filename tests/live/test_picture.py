"""The static picture: right in what it draws, small, and untouched by a reader's own style."""

import io

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from curvlib import live, plot
from curvlib.live import picture


def pixels(image: picture.Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(image.png)).convert("RGB")).astype(int)


def share(image: picture.Picture, color: str) -> float:
    """The share of pixels that have nearly a colour of the palette."""
    wanted = np.array([round(255 * part) for part in mpl.colors.to_rgb(plot.COLORS[color][0])])
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


def test_a_plane_of_equal_units_is_widened_to_its_shape():
    assert picture.widen((0, 10), (0, 2)) == ((0, 10), (-3, 5))
    assert picture.widen((0, 2), (0, 8)) == ((-4, 6), (0, 8))
