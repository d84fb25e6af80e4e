"""What chapter 9 replays: the record has what it should, and a cell of it comes out again."""

import json

import numpy as np
import pytest

from benchmarks import minibatches, practice, sizes
from benchmarks.practice import RACERS

RECORD = json.loads(practice.RECORD.read_text())
METHODS = set(RACERS)


def test_the_record_has_every_method_and_size():
    part = RECORD["sizes"]
    assert practice.RECORD.stat().st_size < 80_000
    for task, found in part["tasks"].items():
        assert [one["width"] for one in found] == list(sizes.WIDTHS[task])
        for one in found:
            assert set(one["methods"]) == METHODS == set(part["settings"])
            for told in one["methods"].values():
                assert told["setting"] in part["settings"][_name(one, told)]
                assert np.shape(told["gradients"]) == (sizes.STARTS, len(sizes.LEVELS))
                assert len(told["final"]) == len(told["held_out"]) == sizes.STARTS
            # The least loss is one that a method found.
            for k, least in enumerate(one["least"]):
                assert least == min(told["final"][k] for told in one["methods"].values())


def _name(one, told):
    return next(name for name, other in one["methods"].items() if other is told)


def test_the_nearer_a_task_the_smaller_the_gap_at_its_start():
    cells = RECORD["finetuning"]["cells"]
    gaps = [np.median(one["gap"]) for one in cells if one["from"] == "solution"]
    assert gaps == sorted(gaps) and np.median(cells[-1]["gap"]) > gaps[0]
    for one in cells:
        for told in one["methods"].values():
            for row in told["grid"]:  # nearer costs more; None is never
                costs = [np.inf if cost is None else cost for cost in row]
                assert costs == sorted(costs)


def test_a_run_costs_what_the_record_says():
    found = RECORD["sizes"]["tasks"]["classification"][0]
    told = found["methods"]["SGD"]
    assert found["n"] == 330
    one = sizes.raced("classification", found["width"], "SGD", told["setting"], 1, RECORD["sizes"]["budget"])
    assert one.losses.min() == pytest.approx(told["final"][0], rel=1e-3)
    assert sizes.to_levels(one, found["least"][0])[0] == pytest.approx(told["gradients"][0][0], abs=1)


def test_an_excess_is_what_the_record_says():
    part = RECORD["minibatches"]
    place = len(part["batches"]) - 1
    told = part["excess"]["Newton, all rows"][place]
    setting = part["settings"]["Newton, all rows"][told["setting"]]
    found = minibatches.excess("Newton, all rows", part["batches"][place], setting, 1)
    assert found[:4] == pytest.approx(told["orders"][0][:4], rel=1e-2) if "orders" in told else True


def test_the_softmax_hessian_is_the_one_that_is_derived():
    import jax
    import jax.numpy as jnp

    problem = minibatches.softmax()
    theta = 0.1 * jax.random.normal(jax.random.key(0), (17, 10))
    rows = jnp.arange(40)
    derived = jax.hessian(lambda t: problem.take(rows).loss(t.reshape(17, 10)))(theta.ravel())
    np.testing.assert_allclose(minibatches.hessian(problem, theta, rows), derived, atol=1e-12)
