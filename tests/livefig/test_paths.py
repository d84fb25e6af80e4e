"""Paths that leave their plane or have gaps: the same pieces in the page's JavaScript and in the picture."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

import livefig as live
from livefig.picture import paths, scene
from tests.livefig.javascript import Engine
from tests.livefig.test_picture import on_a_plane, share

LOW, HIGH = np.array([0.0, 0.0]), np.array([100.0, 50.0])
ZIGZAG = [[50 + k, 25 + (-1.3) ** k * 10] for k in range(60)]
CASES = {
    "inside": [[10, 10], [90, 40]],
    "leaves": [[10, 10], [50, 10], [150, 10], [250, 10]],
    "leaves and comes back": [[10, 10], [150, 10], [150, 40], [10, 40]],
    "diverges to and fro": ZIGZAG,
    "crosses once from outside": [[-50, 25], [150, 25]],
    "crosses again and again": [[-50, 25], [150, 25], [-50, 26], [150, 27]],
    "never seen": [[-50, 25], [-50, 60], [200, 60]],
    "a gap": [[10, 10], [20, 10], [np.nan, 10], [30, 30], [40, 30]],
    "leaves in a gap": [[10, 10], [np.nan, np.nan], [150, 10], [50, 30]],
}


@pytest.fixture(scope="module")
def javascript():
    engine = Engine("d3.js", "dom.js", "geometry.js")

    def call(source: str):
        text = engine.eval(f"JSON.stringify({source}, (_, v) => (Number.isNaN(v) ? 'gap' : v))")
        return json.loads(text.replace('"gap"', "NaN"))

    return call


def pieces(points: np.ndarray) -> list[np.ndarray]:
    """The pieces between gaps."""
    there = np.isfinite(points).all(axis=1)
    return [
        part[np.isfinite(part).all(axis=1)] for part in np.split(points, np.flatnonzero(~there)) if len(part)
    ]


def cut(rows) -> tuple[list[np.ndarray], np.ndarray]:
    """The picture's pieces and the points where they leave the box."""
    line, exits = paths.cut_at_border(np.array(rows, dtype=float), LOW, HIGH)
    found = [piece for piece in pieces(line) if len(piece)]
    return found, np.reshape([end for _, end in exits], (-1, 2))


@pytest.mark.parametrize("rows", CASES.values(), ids=CASES)
def test_page_and_picture_cut_a_path_alike(javascript, rows) -> None:
    xs, ys = np.transpose(np.array(rows, dtype=float))
    box = "{ x: 0, y: 0, width: 100, height: 50 }"
    page = javascript(f"cutAtBorder({json.dumps(xs.tolist())}, {json.dumps(ys.tolist())}, {box})")
    drawn, exits = cut(rows)
    line = np.reshape(np.transpose([page["xs"], page["ys"]]), (-1, 2))
    found = [piece for piece in pieces(line) if len(piece)]
    assert len(found) == len(drawn)
    for one, other in zip(found, drawn, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)
    np.testing.assert_allclose(np.reshape([[e["x"], e["y"]] for e in page["exits"]], (-1, 2)), exits)


@pytest.mark.parametrize(
    ("case", "lengths", "exits"),
    [
        ("inside", [2], []),
        ("leaves", [3], [[100, 10]]),
        ("leaves and comes back", [2, 2], [[100, 10]]),
        ("crosses once from outside", [2], [[100, 25]]),
        ("crosses again and again", [2], [[100, 25]]),
        ("never seen", [], []),
        ("a gap", [2, 2], []),
        ("leaves in a gap", [2], []),
    ],
)
def test_a_path_ends_at_the_border(case, lengths, exits) -> None:
    drawn, left = cut(CASES[case])
    assert [len(piece) for piece in drawn] == lengths
    np.testing.assert_allclose(left, np.reshape(exits, (-1, 2)))


def test_a_run_that_diverges_to_and_fro_does_not_fill_the_plane() -> None:
    drawn, exits = cut(ZIGZAG)
    last = max(k for k, (_, y) in enumerate(ZIGZAG) if 0 <= y <= 50)
    assert len(exits) == 1 and drawn[0][-1][0] <= ZIGZAG[last + 1][0]
    assert sum(map(len, drawn)) == last + 2


def test_an_exit_points_where_the_path_goes(javascript) -> None:
    box = "{ x: 0, y: 0, width: 100, height: 50 }"
    [exit] = javascript(f"cutAtBorder([50, 50], [25, 1e300], {box})")["exits"]
    assert exit == pytest.approx({"x": 50, "y": 50, "angle": np.pi / 2})


@pytest.mark.parametrize(
    ("numbers", "end"),
    [
        ([1, 2, 3], 3),
        ([1, np.nan, 3], 3),
        ([np.nan, 2, 3, np.nan, np.nan], 3),
        ([1, np.inf, 3], 1),
        ([1, np.nan, np.inf, 3], 1),
        ([np.nan, np.nan], 0),
        ([], 0),
    ],
)
def test_a_run_ends_where_it_is_infinite_or_without_a_value_from_there_on(javascript, numbers, end) -> None:
    zeros = [0.0] * len(numbers)
    assert scene.finite_end(np.array(numbers, dtype=float), np.array(zeros)) == end
    assert javascript(f"finiteEnd({json.dumps(zeros)}, {json.dumps(numbers)})") == end


def test_a_point_between_two_gaps_is_a_dot(javascript) -> None:
    numbers = [1.0, np.nan, 2.0, np.nan, 3.0, 4.0]
    places = np.arange(6.0)
    assert np.flatnonzero(scene.lonely(places, np.array(numbers))).tolist() == [0, 2]
    data = javascript(f"lonelyDots({json.dumps(places.tolist())}, {json.dumps(numbers)})")
    assert data == "M0,1h0M2,2h0"


def test_a_picture_of_a_diverging_run_is_not_filled_by_it() -> None:
    k = jnp.arange(200.0)
    run = jnp.stack([-0.9 + k / 110, 0.1 * (-1.2) ** k], axis=1)
    seen, whole = (
        share(on_a_plane(live.path("p", color="orange", marker=False), p=rows), "orange")
        for rows in (run[:14], run)
    )
    assert 1e-3 < seen == pytest.approx(whole, rel=0.1)


def test_a_dashed_path_shows_less_of_its_colour() -> None:
    rows = jnp.array([[-0.8, 0.3], [0.8, 0.3]])
    dashed, whole = (
        share(on_a_plane(live.path("p", color="orange", marker=False, dash=dash), p=rows), "orange")
        for dash in (True, False)
    )
    assert 0.4 * whole < dashed < 0.9 * whole
