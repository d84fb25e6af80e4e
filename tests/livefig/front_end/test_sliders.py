"""Where sliders of every kind can stand: at each position another value, from which every key leads on."""

import itertools
import json
from typing import Any

import pytest

from tests.livefig.javascript import Engine


@pytest.fixture(scope="module")
def walk():
    """`walk(control)`: at each position of its slider the value, and the position that shows it."""
    engine = Engine("d3.js", "controls.js")

    def call(control: dict[str, Any]) -> list[tuple[float, int]]:
        shown = "[cleanValue(control, scale.value(k)), scale.position(cleanValue(control, scale.value(k)))]"
        body = f"const scale = sliderScale(control); return d3.range(scale.last + 1).map((k) => {shown});"
        return json.loads(engine.eval(f"JSON.stringify(((control) => {{ {body} }})({json.dumps(control)}))"))

    return call


def slider(low: float, high: float, **options: Any) -> dict[str, Any]:
    plain = {"kind": "slider", "name": "a", "log": False, "integer": False, "step": None}
    return {**plain, "min": low, "max": high, **options}


KINDS = {
    "even": slider(-2, 3),
    "even, ends of many digits": slider(0, 3.14159265358979),
    "even, tiny": slider(0, 1e-22),
    "even, tinier": slider(-1e-150, 1e-150),
    "even, far from zero": slider(1e6, 1e6 + 1e-3),
    "logarithmic": slider(1, 1000, log=True),
    "logarithmic, ends of many digits": slider(1.2345678, 1234.5678, log=True),
    "logarithmic, narrow": slider(1, 1.001, log=True),
    "logarithmic, tiny": slider(1e-40, 1e-22, log=True),
    "whole": slider(-3, 40, integer=True),
    "whole, logarithmic": slider(1, 1000, log=True, integer=True),
    "whole, logarithmic, narrow": slider(3, 12, log=True, integer=True),
    "whole, logarithmic, wide": slider(1, 10**9, log=True, integer=True),
    "steps": slider(0, 1, step=0.1),
    "stops": slider(0.1, 100, stops=[0.1, 1, 10, 100]),
}


@pytest.mark.parametrize("control", KINDS.values(), ids=KINDS.keys())
def test_every_key_leads_on_from_every_position(walk, control) -> None:
    values, positions = zip(*walk(control), strict=True)
    assert (values[0], values[-1]) == (control["min"], control["max"])
    assert all(before < after for before, after in itertools.pairwise(values))
    assert positions == tuple(range(len(values))), "shown where the key has put it"


def test_whole_numbers_on_a_logarithmic_slider_leave_none_out_where_they_are_few(walk) -> None:
    values = [value for value, _ in walk(KINDS["whole, logarithmic"])]
    assert values[:45] == list(range(1, 46))
    assert max(after / before for before, after in itertools.pairwise(values[50:])) < 1.04
    assert [value for value, _ in walk(KINDS["whole, logarithmic, narrow"])] == list(range(3, 13))


def test_steps_that_do_not_reach_the_end_stay_below_it(walk) -> None:
    assert walk(slider(0, 10, step=4)) == [[0, 0], [4, 1], [8, 2]]


def test_arrow_keys_move_a_whole_logarithmic_slider(show, spec, state) -> None:
    spec["controls"][0].update(integer=True, value=1)
    page = show(spec)
    input_ = page.get_by_role("slider", name="condition κ")
    seen = []
    for key in 4 * ["ArrowRight"] + 2 * ["ArrowLeft"] + ["End", "ArrowLeft"]:
        input_.press(key)
        seen.append(state(page)["kappa"])
    assert seen[:-1] == [2, 3, 4, 5, 4, 3, 1000]
    assert seen[-1] == 981  # 1000 / 1000^(1/360)
