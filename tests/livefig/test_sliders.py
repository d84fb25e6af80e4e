"""Sliders: where they stand, and that their readout says so."""

import itertools
import json
import math
import re

import jax.numpy as jnp
import pytest

import livefig as live
from livefig import template
from tests.livefig.javascript import Engine

RUN = 1000  # positions in a row
RUNS = 30


@pytest.fixture(scope="module")
def runs():
    """The values of the positions that a slider has in the page, in a row; where there are millions, several
    rows, of both ends and of places all over the range."""
    code = """const runs = (control, length, most) => {
        const scale = sliderScale(control), count = scale.last + 1;
        const row = (from, to) => d3.range(from, to).map((k) => scale.value(k));
        if (count <= length * most) return [row(0, count)];
        const room = count - length; // a golden ratio's multiples fall evenly, and on no step of their own
        const starts = d3.range(most - 2).map((i) => Math.floor(((i * 0.6180339887498949) % 1) * room));
        return [...starts, 0, room].map((from) => row(from, from + length));
    }"""
    engine = Engine("d3.js", "controls.js", code=code)

    def call(slider):
        spec = json.dumps(slider.spec(slider.value))
        return json.loads(engine.eval(f"JSON.stringify(runs({spec}, {RUN}, {RUNS}))"))

    return call


@pytest.fixture(scope="module")
def positions(runs):
    """The values of all positions that a slider has in the page."""

    def call(slider):
        [values] = runs(slider)
        return values

    return call


def test_of_millions_of_positions_both_ends_and_the_middle_are_looked_at(runs):
    rows = runs(live.slider("a", 0, 1e7, step=1))
    assert len(rows) == RUNS and all(len(row) == RUN for row in rows)
    assert all(after == before + 1 for row in rows for before, after in itertools.pairwise(row))
    starts = sorted(row[0] for row in rows)
    assert (starts[0], starts[-1]) == (0, 1e7 + 1 - RUN)
    assert max(after - before for before, after in itertools.pairwise(starts)) < 1e6


def read(text: str) -> float:
    """The number that a reader reads."""
    return float(text.replace(",", "").replace("−", "-"))


EXACT = [
    ((1900, 2000, 1955), {"step": 1}),
    ((1000, 1001), {}),
    ((1, 1.1), {}),
    ((-1e-9, 1e-9), {}),
    ((0, 1), {}),
    ((-3, 3), {}),
    ((0, 1e6), {}),
    ((1, 1000), {"log": True}),
    ((1, 1.01), {"log": True}),
    ((1e-4, 1e4), {"log": True}),
    ((1e-12, 1e-3), {"log": True}),
    ((0, 10), {"step": 0.25}),
    ((0.125, 1.125), {"step": 0.1}),
    ((0, 3e6), {"step": 1000}),
    ((1e6, 1e6 + 1), {"step": 0.001}),
    ((1.7e9, 1.7e9 + 1), {"step": 0.001}),
    ((1e5, 1e5 + 1), {"step": 1e-7}),
    ((1, 3), {"stops": 7}),
    ((1e-4, 100), {"log": True, "stops": 7}),
    ((0, 1e-20), {"step": 1e-21}),
    ((1_700_000_000_000, 1_700_000_000_100), {"step": 1, "integer": True}),
]


@pytest.mark.parametrize(("numbers", "options"), EXACT, ids=str)
def test_a_readout_says_where_its_slider_stands(runs, numbers, options):
    slider = live.slider("a", *numbers, **options)
    for value in itertools.chain(*runs(slider)):
        assert read(template.number(value, slider.format)) == value


@pytest.mark.parametrize(
    ("numbers", "options"), [*EXACT, ((0, 1), {"step": 1 / 3}), ((0, 1e9), {}), ((1e15, 2e15), {})], ids=str
)
def test_a_readout_changes_with_every_position(runs, numbers, options):
    slider = live.slider("a", *numbers, **options)
    for values in runs(slider):
        texts = [template.number(value, slider.format) for value in values]
        assert all(one != next_one for one, next_one in itertools.pairwise(texts))
    assert slider.integer or int(re.search(r"\.(\d+)", slider.format)[1]) >= 3


def test_a_slider_with_steps_stands_only_where_they_lead(positions):
    slider = live.slider("a", -0.5, 1, 0.1, step=0.1)
    assert {slider.clean(place) for place in positions(slider)} == set(positions(slider))
    figure = live.figure(lambda a: {"y": a * jnp.ones(2)}, slider, live.curves([live.line("y")]))
    assert figure.a == 0.1
    for given, kept in [(0.26, 0.3), (-9, -0.5), (9, 1), (0.3 + 1e-12, 0.3)]:
        figure.a = given
        assert figure.a == kept
    assert live.slider("a", 0, 10, step=2, integer=True).clean(6.9) == 6
    assert live.slider("a", 0, 1, step=1 / 3).clean(1) == 1


@pytest.mark.parametrize(
    ("low", "high", "step"),
    [(-math.pi, math.pi, math.pi / 16), (0, 2 * math.pi, math.pi / 12), (1 / 3, 4 / 3, 1 / 6)],
)
def test_the_ends_are_what_they_were_given_as(positions, low, high, step):
    for value in (low, high):
        slider = live.slider("a", low, high, value, step=step)
        assert slider.value == slider.clean(value) == value
        places = positions(slider)
        assert (places[0], places[-1]) == (low, high)
        assert [slider.clean(place) for place in places] == places


def test_a_slider_starts_where_its_steps_lead():
    assert live.slider("a", 0, 0.3, step=0.1).value in (0.1, 0.2)
    assert live.slider("a", 0, 10, step=2, integer=True).value in (4, 6)
    assert live.slider("a", 0, 1, step=0.05).value == 0.5


@pytest.mark.parametrize(
    ("numbers", "step", "says"),
    [
        ((0, 1), 5, "cannot go from 0 to 1 in steps of 5: let max be 5 or 10, or choose another step"),
        ((0, 1, 1), 0.3, "cannot go from 0 to 1 in steps of 0.3: let max be 0.9 or 1.2, or"),
        ((0, 1, 0.25), 0.1, "starts at 0.25, where steps of 0.1 from 0 do not lead"),
        ((0, 1), float("inf"), "needs a positive step"),
    ],
)
def test_steps_that_lead_past_the_end_or_the_start_are_refused(numbers, step, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        live.slider("a", *numbers, step=step)
