"""The palette is readable on both pages, and the helpers draw what they say."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pytest

from curvlib import plot


def luminance(hex_color):
    channels = np.array([int(hex_color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("name", plot.COLORS)
def test_every_colour_has_contrast_three_on_its_page(name):
    light, dark = map(luminance, plot.COLORS[name])
    assert 1.05 / (light + 0.05) >= 3
    assert (dark + 0.05) / (luminance("#121212") + 0.05) >= 3


def test_a_reference_slope_has_that_slope():
    _, ax = plt.subplots()
    plot.slope(ax, 2.0, (1.0, 100.0), 3.0)
    x, y = ax.lines[0].get_data()
    assert np.log(y[1] / y[0]) / np.log(x[1] / x[0]) == pytest.approx(2.0) and y[0] == 3.0
    plt.close("all")


def test_bad_names_and_numbers_get_a_sentence():
    with pytest.raises(ValueError, match="no colour named 'pink'"):
        plot.color("pink")
    with pytest.raises(ValueError, match="positive x and y"):
        plot.slope(None, 1.0, (0.0, 1.0), 1.0)


def test_the_style_is_undone_after_its_context():
    before = plt.rcParams["axes.grid"]
    with plot.style():
        assert plt.rcParams["axes.grid"] is True
    assert plt.rcParams["axes.grid"] == before


@pytest.mark.parametrize("name", plot.RAMPS)
@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
def test_lightness_alone_orders_a_ramp(name, page):
    lightness = np.array([luminance(stop) for stop in plot.RAMPS[name][page]])
    steps = np.diff(lightness) * (1 if page else -1)
    if name == "sequential":
        assert np.all(steps > 0.01)
    else:  # both halves alike
        half = len(steps) // 2
        assert np.all(steps[half:] > 0) and np.all(steps[:half] < 0)
        np.testing.assert_allclose(lightness, lightness[::-1], atol=0.13)


def test_a_ramp_is_a_colormap_through_its_stops():
    assert matplotlib.colors.to_hex(plot.ramp("sequential")(1.0)) == plot.RAMPS["sequential"][0][-1]
    with pytest.raises(ValueError, match="no ramp named 'rainbow': choose one of sequential, diverging"):
        plot.ramp("rainbow")
