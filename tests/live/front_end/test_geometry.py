"""Path data of lines that leave the picture by any distance, arrows, conics, cells; without a browser."""

import json
import re
from pathlib import Path

import pytest
from py_mini_racer import MiniRacer

from curvlib import plot

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


@pytest.fixture(scope="module")
def javascript():
    context = MiniRacer()
    context.eval("".join((STATIC / name).read_text() for name in ("dom.js", "geometry.js", "cells.js")))
    return lambda source: json.loads(context.eval(f"JSON.stringify({source})"))


@pytest.mark.parametrize(
    ("matrix", "branches"),
    [
        ([2, 1, 1, 1], 1),
        ([1, 2, 0, 1 + 1e-9], 1),
        ([1, 0, 0, -3], 2),
        ([-1, 0, 0, 1e-3], 2),
        ([0, 0, 0, 5], 1),
        ([-1, 0, 0, -2], 0),
        ([0, 0, 0, 0], 0),
    ],
)
def test_a_conic_lies_where_its_form_has_the_value(javascript, matrix, branches) -> None:
    a, b, c, d = matrix
    found = javascript(f"conic({matrix}, 0.5)")
    assert len(found) == branches
    near = [point for branch in found for point in branch if max(map(abs, point)) < 1e3]
    assert len(near) >= 2 * branches
    for x, y in near:
        size = abs(a) * x * x + abs(b + c) * abs(x * y) + abs(d) * y * y
        assert a * x * x + (b + c) * x * y + d * y * y == pytest.approx(0.25, abs=1e-9 + 1e-12 * size)


def test_an_arrow_has_a_head_at_its_end_unless_that_is_far(javascript) -> None:
    assert javascript("arrowPath(0, 0, 100, 0)") == "M0,0L100,0M93,-3.5L100,0L93,3.5"
    assert javascript("arrowPath(0, 0, 1e9, 0)") == "M0,0L10000,0"
    assert javascript("arrowPath(5, 5, 5, 5)") == "M5,5L5,5"


def test_cells_of_a_class_are_one_path_of_runs(javascript) -> None:
    paths = javascript("cellPaths(Int16Array.from([0, 0, 1, 2, -1, 0]), 3, 2, (i) => 10 * i, (j) => 5 * j)")
    assert paths == ["M0,0H20V5H0zM20,5H30V10H20z", "M20,0H30V5H20z"]


@pytest.mark.parametrize(
    ("share", "mixed"),
    [(0, "1) 0%, var(--cl-x-0)"), (0.3, "2) 20%, var(--cl-x-1)"), (1, "4) 100%, var(--cl-x-3)")],
)
def test_a_ramps_colour_is_between_two_stops(javascript, share, mixed) -> None:
    assert javascript(f"rampColor('x', {share})") == f"color-mix(in srgb, var(--cl-x-{mixed})"


def test_the_ramps_have_as_many_stops_as_the_front_end_takes(javascript) -> None:
    stops = javascript("RAMP_STOPS")
    assert all(len(page) == stops for ramp in plot.RAMPS.values() for page in ramp)
