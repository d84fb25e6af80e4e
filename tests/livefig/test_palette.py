"""The palette is readable on both pages, and ramps are told apart by lightness alone."""

import matplotlib
import numpy as np
import pytest

from livefig import palette


def luminance(hex_color):
    channels = np.array([int(hex_color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("name", palette.COLORS)
def test_every_colour_has_contrast_three_on_its_page(name):
    light, dark = map(luminance, palette.COLORS[name])
    assert 1.05 / (light + 0.05) >= 3
    assert (dark + 0.05) / (luminance("#121212") + 0.05) >= 3


@pytest.mark.parametrize("name", palette.RAMPS)
@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
def test_lightness_alone_orders_a_ramp(name, page):
    lightness = np.array([luminance(stop) for stop in palette.RAMPS[name][page]])
    steps = np.diff(lightness) * (1 if page else -1)
    if name == "sequential":
        assert np.all(steps > 0.01)
    else:  # both halves alike
        half = len(steps) // 2
        assert np.all(steps[half:] > 0) and np.all(steps[:half] < 0)
        np.testing.assert_allclose(lightness, lightness[::-1], atol=0.13)


def test_a_ramp_is_a_colormap_through_its_stops():
    assert matplotlib.colors.to_hex(palette.ramp("sequential")(1.0)) == palette.RAMPS["sequential"][0][-1]
    with pytest.raises(ValueError, match="no ramp named 'rainbow': choose one of sequential, diverging"):
        palette.ramp("rainbow")


def test_bad_names_get_a_sentence():
    with pytest.raises(ValueError, match="no colour named 'pink'"):
        palette.color("pink")
