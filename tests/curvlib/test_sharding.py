"""Data divided among devices: the same numbers, less work for each, and what they send each other."""

import json
import os
import subprocess
import sys
from math import prod
from pathlib import Path
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl
from curvlib.costs import COSTED, step_costs
from curvlib.likelihoods.base import known
from curvlib.shares import share, share_of
from tests.curvlib import on_devices

WIDE = on_devices.WIDE
SHAPES = [(a + 1, b) for a, b in zip(on_devices.WIDTHS, on_devices.WIDTHS[1:], strict=False)]
SIZE = sum(map(prod, SHAPES))
SQUARES = sum(a**2 + b**2 for a, b in SHAPES)


@pytest.fixture(scope="module")
def found():
    """What ``on_devices`` prints, with eight simulated devices."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=8"
    ran = subprocess.run(
        [sys.executable, on_devices.__file__],
        env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        cwd=Path(cl.__file__).parents[1],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout)


def test_results_do_not_depend_on_how_many_devices_there_are(found):
    assert found["devices"] == 8
    assert len(found["differences"]) == 16
    for name, by_size in found["differences"].items():
        for size, difference in by_size.items():
            assert difference < 1e-10, f"{name} on {size} devices is {difference:.1e} away"


def test_labels_are_drawn_by_datum_and_not_by_device(found):
    assert found["differences"]["labels"] == {"1": 0.0, "2": 0.0, "4": 0.0, "8": 0.0}
    assert found["labels_by_shard"] > 10  # of 48: these would be others


@pytest.mark.parametrize("name", ["gradient", "hvp", "ggn", "factors", "batch"])
def test_work_over_the_data_is_divided(found, name):
    one, eight = (found["shares"][size][name] for size in ("1", "8"))
    assert one["operations"] > 3000
    assert eight["operations"] == one["operations"] / 8
    assert one["calls"] == {}


def test_a_step_of_kfac_divides_but_for_its_inverses(found):
    one, eight = (found["shares"][size]["kfac"]["operations"] for size in ("1", "8"))
    inverses = sum(a**3 + b**3 for a, b in SHAPES) * (1 / 3 + 1 + 1)
    applied = sum(a * b * (a + b) for a, b in SHAPES)
    np.testing.assert_allclose(eight, (one - inverses - applied) / 8 + inverses + applied)


def test_each_product_is_summed_over_the_devices_once(found):
    """A number for each parameter, and the loss; for the factors Σ d². In a Hessian product XLA sums two
    parts of all layers but the first before it adds them."""
    inner = sum(prod(shape) - shape[1] for shape in SHAPES[1:])
    numbers = {"gradient": SIZE + 1, "hvp": SIZE + inner, "ggn": SIZE, "factors": SQUARES}
    for name, count in numbers.items():
        told = found["shares"]["8"][name]
        assert told["calls"] == {"all-reduce": 1} and told["numbers"] == {"all-reduce": count}, name
    told = found["shares"]["8"]["kfac"]
    assert set(told["calls"]) == {"all-reduce"} and told["calls"]["all-reduce"] <= 3
    # Beside gradient and factors the loss, before and after, and three scalar products of the model.
    assert told["numbers"]["all-reduce"] == SIZE + SQUARES + 5


def test_a_batch_is_sent_and_then_divided(found):
    told = found["shares"]["8"]["batch"]
    # The inputs of 16 data: the curvature in the outputs does not look at their labels.
    assert told["numbers"] == {"all-reduce": SIZE + 16 * on_devices.WIDTHS[0]}
    assert told["calls"] == {"all-reduce": 2}
    divided, whole = found["on each"]
    assert whole and not divided


def test_misuse_gets_a_sentence(found):
    said = found["sentences"]
    for what in ("data", "params", "residuals", "objective"):
        assert "on a mesh with explicit axes" in said[f"explicit {what}"], what
    assert "partitioned 8 times, but the dimension size is 44" in said["uneven"]
    assert "incompatible devices" in said["elsewhere"] and "params[0]" in said["elsewhere"]


def test_targets_on_other_machines_are_not_looked_at():
    assert known(SimpleNamespace(is_fully_addressable=False)) is None
    assert known(jnp.ones(2)).tolist() == [1, 1]


def test_a_share_on_one_device_is_all_there_is():
    a = jnp.eye(6) + jnp.ones((6, 6))
    assert share(lambda a, b: a @ (a @ b), a, jnp.ones((6, 4))).operations == 2 * 6 * 6 * 4
    assert share(jnp.linalg.cholesky, a).operations == 6**3 / 3


def test_what_a_program_says_is_read():
    """Loops, branches, fusions and what devices send, in a program written by hand."""
    text = """HloModule jit_f, entry_computation_layout={(f64[4,5]{1,0})->f64[4,3]{1,0}}

%inside (a: f64[4,5], b: f64[5,3]) -> f64[4,3] {
  %a = f64[4,5]{1,0} parameter(0)
  %b = f64[5,3]{1,0} parameter(1)
  ROOT %dot.1 = f64[4,3]{1,0} dot(%a, %b), lhs_contracting_dims={1}, rhs_contracting_dims={0}
}

%body (t: (f64[4,5], f64[5,3])) -> (f64[4,5], f64[5,3]) {
  %t = (f64[4,5]{1,0}, f64[5,3]{1,0}) parameter(0)
  %x = f64[4,5]{1,0} get-tuple-element(%t), index=0
  %y = f64[5,3]{1,0} get-tuple-element(%t), index=1
  %f = f64[4,3]{1,0} fusion(%x, %y), kind=kLoop, calls=%inside
  %r = (f64[4,3]{1,0}, f64[]) all-reduce(%f, %s), to_apply=%sum
}

%little (q: f64[4,5]) -> f64[4,5] {
  ROOT %q = f64[4,5]{1,0} parameter(0)
}

ENTRY %main (p: f64[4,5]) -> f64[4,3] {
  %p = f64[4,5]{1,0} parameter(0)
  %w = (f64[4,5]{1,0}, f64[5,3]{1,0}) while(%p), condition=%little, body=%body
  %k = (f64[4,5]{1,0}) while(%p), condition=%little, body=%body, backend_config={"known_trip_count":{"n":"2"}}
  %c = f64[4,5]{1,0} conditional(%p, %p, %p), branch_computations={%little, %body}
  ROOT %g = f64[8,5]{1,0} all-gather(%p), dimensions={0}
}
"""
    told = share_of(text, rounds=7)
    assert told.operations == 60 * (7 + 2 + 1)
    assert told.calls == {"all-reduce": 10, "all-gather": 1}
    assert told.numbers == {"all-reduce": 130, "all-gather": 40}
    assert share_of(text, rounds=0).calls == {"all-reduce": 3, "all-gather": 1}


def test_the_model_of_costs_knows_what_is_sent(found):
    """On networks whose layers are all of one width; the biases make the rest."""
    costs = step_costs(float(WIDE * WIDE * 2), float(WIDE), rounds=2)
    sent = dict(zip(COSTED, costs.sent, strict=True))
    meetings = dict(zip(COSTED, costs.meetings, strict=True))
    for name, told in found["wide"].items():
        np.testing.assert_allclose(told["numbers"]["all-reduce"], sent[name], rtol=0.1)
        assert told["calls"] == {"all-reduce": meetings[name]}, name
