"""Path data of lines that leave the picture by any distance, run without a browser."""

import json
import re
from pathlib import Path

import pytest
from py_mini_racer import MiniRacer

STATIC = Path(__file__).parents[3] / "curvlib" / "live" / "static"


@pytest.fixture(scope="module")
def polyline():
    context = MiniRacer()
    context.eval("".join((STATIC / name).read_text() for name in ("dom.js", "geometry.js")))

    def call(xs: list[float], ys: list[float]) -> list[tuple[float, float]]:
        data = context.eval(f"polyline({json.dumps(xs)}, {json.dumps(ys)})")
        return [(float(x), float(y)) for x, y in re.findall(r"([-\d.e+]+),([-\d.e+]+)", data)]

    return call


def test_what_is_near_is_kept(polyline) -> None:
    assert polyline([0, 10, 20], [5, 15, 5]) == [(0, 5), (10, 15), (20, 5)]


@pytest.mark.parametrize("far", [1e5, 1e20, 1e300])
def test_a_line_to_far_away_ends_out_of_sight_in_its_direction(polyline, far: float) -> None:
    assert polyline([100, far], [0, far]) == polyline([far, 100], [far, 0])[::-1]
    start, end = polyline([100, far], [0, far])
    assert start == (100, 0)
    assert end == pytest.approx((1e4, 1e4), abs=101)


def test_a_line_through_the_picture_is_kept(polyline) -> None:
    assert polyline([-1e9, 1e9], [50, 50]) == [(-1e4, 50), (1e4, 50)]


@pytest.mark.parametrize(("a", "b"), [(1e25, -1e49), (-1e61, 1e63), (1e13, -1e13)])
def test_a_line_between_points_too_far_to_tell_is_left_out(polyline, a: float, b: float) -> None:
    assert polyline([a, b], [a / 2, b / 2]) == []
