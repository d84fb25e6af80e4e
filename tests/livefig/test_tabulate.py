"""Tables: computed over the stops of controls, quantised as promised, looked up alike everywhere."""

import json
import math
import re

import jax.numpy as jnp
import numpy as np
import pytest

import livefig as live
from livefig import assets
from tests.livefig.javascript import Engine

RUNS: list[tuple] = []


def train(lam: float, rank: int) -> dict:
    """As if it were heavy, and not JAX."""
    RUNS.append((lam, rank))
    steps = np.arange(50)
    losses = np.exp(-0.1 * rank * steps) + lam
    return {"losses": losses, "last": losses[-1], "steps": 40 + rank, "status": lam > 1}


def spectrum(rank: int, wide: bool) -> dict:
    return {"nested": {"values": np.arange(4.0) * rank * (10 if wide else 1)}}


def controls() -> list:
    return [
        live.slider("lam", 1e-4, 10, 1e-2, log=True, stops=11, label="damping λ"),
        live.slider("rank", 1, 5, integer=True),
        live.toggle("wide", False),
    ]


def views() -> list:
    return [
        live.curves([live.line("losses", count="steps", label="loss")], ylog=True),
        live.curves([live.line("nested.values")]),
    ]


@pytest.fixture
def table():
    RUNS.clear()
    return live.tabulate(
        [train, spectrum], controls(), views(), summary="{steps} steps at λ = {lam}.", name="table"
    )


def test_functions_run_once_for_each_combination_of_the_controls_they_take(table):
    assert len(RUNS) == len(set(RUNS)) == 11 * 5
    assert table.state == {"lam": 0.01, "rank": 3, "wide": False}
    table.lam = 0.03
    assert table.lam == RUNS[5 * 5][0] == pytest.approx(math.sqrt(1e-4 * 10), rel=0.01)
    assert table.describe() == f"43 steps at λ = {table.lam}."
    assert len(RUNS) == 55, "a change computes nothing"
    outputs = table.outputs
    assert outputs["steps"] == 43 and outputs["steps"].dtype == int
    assert outputs["status"].dtype == bool and not outputs["status"]
    exact = train(table.lam, 3)
    np.testing.assert_allclose(outputs["losses"], exact["losses"], atol=8e-6)


def test_groups_add_and_do_not_multiply(table):
    # 55 states of 52 numbers of 16 bits and one of 64, 10 states of 4, and 16 bytes for the range of each.
    size = (55 * (52 + 4) + 10 * 4) * 8 / 3 + (55 + 10) * 16 * 4 / 3
    assert len(table.definition.program.source) == pytest.approx(size, abs=1000)


@pytest.mark.parametrize("state", [(1e-4, 1, False), (10.0, 5, True), (0.01, 2, True), (0.02, 4, False)])
def test_the_page_looks_up_what_the_kernel_does(table, state):
    lam, table.rank, table.wide = state
    table.lam = lam
    engine = Engine("d3.js", *assets.RUNTIME, "controls.js", "table.js", code=LOOK)
    found = json.loads(
        engine.eval(f"look({table.definition.program.source}, {json.dumps([lam, *state[1:]])})")
    )
    assert found.keys() == table.outputs.keys()
    for name, values in table.outputs.items():
        np.testing.assert_allclose(
            np.array(found[name], float), values.astype(float), rtol=1e-13, err_msg=name
        )


LOOK = """
const plain = (_, value) => ArrayBuffer.isView(value) ? Array.from(value, String) : value;
const look = (program, values) => JSON.stringify(program(runtime)(...values), plain);
"""


def test_a_table_that_is_too_large_is_refused_before_it_is_computed():
    RUNS.clear()
    says = (
        "the tables of figure 'table' would take 8 KB, more than 7 KB: 'train' returns 53 numbers for 55"
        " states (lam 11 × rank 5); 'spectrum' returns 4 numbers for 10 states (rank 5 × wide 2); give"
    )
    with pytest.raises(ValueError, match=re.escape(says)):
        live.tabulate([train, spectrum], controls(), views(), name="table", limit=7000)
    assert len(RUNS) == 1


def test_a_table_that_turns_out_to_be_too_large_is_refused_too():
    def diverges(lam, rank):
        return {"path": np.array([1.5, -(10.0 ** (30 * rank))])}

    views = live.curves([live.line("path")])
    size = 2 * 11 * 5 * 8 * 4 / 3
    live.tabulate(diverges, controls()[:2], views, limit=math.ceil(size))
    with pytest.raises(ValueError, match="would take 1 KB, more than 1 KB: 'diverges' returns 2 numbers"):
        live.tabulate(diverges, controls()[:2], views, limit=math.floor(size - 1))


def test_complex_numbers_are_refused():
    with pytest.raises(TypeError, match="returned complex numbers as 'z': return two real parts"):
        live.tabulate(
            lambda rank: {"z": np.ones(2) * 1j}, controls()[1], live.curves([live.line("z")]), name="c"
        )


def test_what_cannot_be_tabulated_is_refused_in_a_sentence():
    def ragged(rank):
        return {"losses": np.ones(rank)}

    view = live.curves([live.line("losses")])
    rank = live.slider("rank", 1, 3, integer=True)
    for make, says in [
        (lambda: live.tabulate(lambda x: {}, live.slider("x", 0, 1), view), "give it stops= or step="),
        (
            lambda: live.tabulate(lambda x: {}, live.point("x", (0, 0), ((-1, 1), (-1, 1))), view),
            "control 'x' moves freely",
        ),
        (
            lambda: live.tabulate(ragged, rank, view),
            "returned 'losses' of shape (2,) at rank=2, but before 'losses' of shape (1,)",
        ),
        (lambda: live.tabulate([ragged, ragged], rank, view, name="x"), "return 'losses'"),
        (lambda: live.slider("x", 0, 1, stops=1), "two or more stops"),
        (lambda: live.slider("x", 0, 1, stops=3, step=0.1), "and no step"),
        (lambda: live.slider("x", 0, 3, integer=True, stops=9), "fewer than 9 whole numbers"),
    ]:
        with pytest.raises(ValueError, match=re.escape(says)):
            make()


def test_stops_have_few_digits_and_reach_the_ends():
    stops = live.slider("x", 1e-4, 100, log=True, stops=7).stops
    assert stops == (1e-4, 1e-3, 0.01, 0.1, 1.0, 10.0, 100.0)
    stops = np.array(live.slider("x", 1, 3, stops=7).stops)
    assert np.abs(np.diff(stops) - 1 / 3).max() < 0.02
    figure = live.figure(
        lambda x: {"y": x * jnp.ones(2)}, live.slider("x", 1, 3, stops=3), live.curves([live.line("y")])
    )
    figure.x = 1.6
    assert figure.x == 2


def test_a_function_may_use_its_arrays_again():
    buffer = np.zeros(3)

    def reusing(rank):
        buffer[:] = rank * np.array([0.1, 0.2, 0.3])
        return {"losses": buffer}

    figure = live.tabulate(reusing, controls()[1], live.curves([live.line("losses")]))
    for figure.rank in (1, 3, 5):
        np.testing.assert_allclose(
            figure.outputs["losses"], figure.rank * np.array([0.1, 0.2, 0.3]), rtol=1e-5
        )


def test_large_whole_numbers_stay_whole():
    low = 1_700_000_000_000
    slider = live.slider("t", low, low + 5, integer=True)
    figure = live.tabulate(
        lambda t: {"t0": np.ones(2) * (t - low)}, slider, live.curves([live.line("t0")]), name="x"
    )
    for k in range(6):
        figure.t = low + k
        assert figure.t == low + k and figure.outputs["t0"][0] == k
