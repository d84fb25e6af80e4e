"""Path data of lines that leave the picture by any distance, arrows, conics, cells; without a browser."""

import json
import math
import re

import numpy as np
import pytest

from livefig import palette
from tests.livefig.javascript import Engine


@pytest.fixture(scope="module")
def polyline():
    engine = Engine("dom.js", "geometry.js")

    def call(xs: list[float], ys: list[float]) -> list[tuple[float, float]]:
        data = engine.eval(f"polyline({json.dumps(xs)}, {json.dumps(ys)})")  # which reads NaN too
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


def test_a_dense_line_is_drawn_by_the_points_that_show(polyline) -> None:
    generator = np.random.default_rng(0)
    xs, ys = np.linspace(0, 100, 20_001), generator.normal(size=20_001) * 50
    xs[7], ys[10_050] = np.nan, 1000.0  # a gap, and a peak that must not go
    drawn = np.array(polyline(xs.tolist(), ys.tolist()))
    assert len(drawn) < 20_001 / 20
    assert drawn[0] == pytest.approx([0, ys[0]], abs=0.06) and drawn[-1] == pytest.approx(
        [100, ys[-1]], abs=0.06
    )
    for left in range(100):  # in every pixel it reaches as far up and down as all points do
        inside = ys[(xs >= left) & (xs < left + 1)]
        shown = drawn[(drawn[:, 0] >= left - 0.05) & (drawn[:, 0] <= left + 1.05), 1]
        assert shown.min() <= inside.min() + 0.06 and shown.max() >= inside.max() - 0.06


def test_a_dense_line_keeps_its_gaps(javascript) -> None:
    xs = "Array.from({ length: 3000 }, (_, i) => i / 100)"
    ys = "Array.from({ length: 3000 }, (_, i) => (i > 1000 && i < 2000 ? NaN : 5))"
    data = javascript(f"polyline({xs}, {ys})")
    assert re.findall(r"M([^L]*)", data) == ["0,5", "20,5"] and "L10,5" in data and "L30,5" in data
    assert javascript(f"polyline({xs.replace('3000', '9')}, {xs.replace('3000', '9')})").count("L") == 8


def test_dense_dots_cover_what_all_of_them_would(javascript) -> None:
    turn = "Array.from({ length: 50000 }, (_, i) => 100 + 90 * Math.%s(i))"
    data = javascript(f"dots({turn % 'sin'}, {turn % 'cos'})")
    places = {tuple(map(float, pair.split(","))) for pair in re.findall(r"M([-\d.]+,[-\d.]+)h0", data)}
    assert 200 < len(places) < 1500
    for angle in range(0, 50_000, 97):
        point = (100 + 90 * math.sin(angle), 100 + 90 * math.cos(angle))
        assert min(math.dist(point, place) for place in places) < 3
    assert javascript("dots([1, 1, 1], [2, 2, 2])") == 3 * "M1,2h0"


@pytest.fixture(scope="module")
def javascript():
    engine = Engine("dom.js", "geometry.js", "cells.js")
    return lambda source: json.loads(engine.eval(f"JSON.stringify({source})"))


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
    [(0, "1) 0%, var(--lf-x-0)"), (0.3, "2) 20%, var(--lf-x-1)"), (1, "4) 100%, var(--lf-x-3)")],
)
def test_a_ramps_colour_is_between_two_stops(javascript, share, mixed) -> None:
    assert javascript(f"rampColor('x', {share})") == f"color-mix(in srgb, var(--lf-x-{mixed})"


def test_the_ramps_have_as_many_stops_as_the_front_end_takes(javascript) -> None:
    stops = javascript("RAMP_STOPS")
    assert all(len(page) == stops for ramp in palette.RAMPS.values() for page in ramp)
