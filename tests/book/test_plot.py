"""The helpers draw what they say."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from curvlib import plot


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
