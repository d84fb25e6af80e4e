"""What chapter 9 replays: the record has what it should, and a cell of it comes out again."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import minibatches, practice, sizes

RECORD = json.loads(practice.RECORD.read_text())


def test_the_record_has_every_method_and_size():
    part = RECORD["sizes"]
    assert practice.RECORD.stat().st_size < 80_000
    for task, found in part["tasks"].items():
        assert [one["width"] for one in found] == list(sizes.WIDTHS[task])
        for one in found:
            assert set(one["methods"]) == set(practice.METHODS) == set(part["settings"])
            for method, told in one["methods"].items():
                assert told["setting"] in part["settings"][method]
                assert np.shape(told["gradients"]) == (sizes.STARTS, len(sizes.LEVELS))
                assert len(told["final"]) == len(told["held_out"]) == sizes.STARTS
            # The least loss is one that a method found.
            for k, least in enumerate(one["least"]):
                assert least == min(told["final"][k] for told in one["methods"].values())


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
    one = sizes.raced("classification", found["width"], "SGD", told["setting"], 1, 300)
    assert one.losses[0] == pytest.approx(found["start"][0], rel=1e-3)
    assert told["gradients"][0][0] < 300
    assert sizes.to_levels(one, found["least"][0])[0] == pytest.approx(told["gradients"][0][0], abs=2)


def test_an_excess_is_what_the_record_says():
    part = RECORD["minibatches"]
    for method in ("SGD", "Newton, same batch"):
        told = part["excess"][method][-1]  # in few steps, of all rows
        setting = part["settings"][method][told["setting"]]
        found = minibatches.excess(method, part["batches"][-1], setting, 1)
        assert found[:4] == pytest.approx(told["passes"][:4], rel=1e-2)


def test_with_all_rows_in_each_step_it_is_the_same_wherever_curvature_is_from():
    excess = RECORD["minibatches"]["excess"]
    newton = [excess[method][-1]["excess"] for method in minibatches.CURVATURES]
    assert newton[0] == newton[1] == newton[2]
    assert max(newton[0]) < 1e-5 * min(excess["SGD"][-1]["excess"])


def test_the_softmax_hessian_is_the_one_that_is_derived():
    problem = minibatches.softmax()
    theta = 0.1 * jax.random.normal(jax.random.key(0), (17, 10))
    rows = jnp.arange(40)
    derived = jax.hessian(lambda t: problem.take(rows).loss(t.reshape(17, 10)))(theta.ravel())
    np.testing.assert_allclose(minibatches.hessian(problem, theta, rows), derived, atol=1e-12)
