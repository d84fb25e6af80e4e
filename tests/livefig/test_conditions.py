"""Controls that act in some states only: what their `when` may say, and what texts make of it."""

import jax.numpy as jnp
import numpy as np
import pytest

import livefig as live


def step(method, damping, extra, theta):
    """A step that only one of three methods damps."""
    rate = jnp.where(method == 1, 1 / (1 + damping), 1.0)
    path = theta * (1 - rate * jnp.linspace(0, 1, 5))[:, None]
    return {"path": path, "arrived": jnp.sum(path[-1] ** 2) < 1e-6, "loss": jnp.sum(path**2, 1)}


def make(when, *, summary="By {method}[ at λ = {damping:.1f}].", **options):
    return live.figure(
        step,
        [
            live.choice("method", ["plain", "damped", "searched"], label="step"),
            live.slider("damping", 0, 10, 2, label="damping λ", when=when, **options),
            live.toggle("extra", False, label="more"),
            live.point("theta", (1.0, 0.5), bounds=((-2, 2), (-2, 2))),
        ],
        [live.plane([live.path("path")], drag=["theta"])],
        summary=summary,
    )


def control(figure):
    return figure.definition.spec(figure.state)["controls"][1]


def test_an_option_may_be_named_by_its_text_or_its_index():
    for when in ({"method": "damped"}, {"method": 1}, {"method": np.int64(1)}, {"method": ["damped"]}):
        spec = control(make(when))
        assert spec["when"] == {"method": [1.0]} and spec["why"] == "only when step is damped"
    several = control(make({"method": ["damped", "searched"], "extra": True}))
    assert several["when"] == {"method": [1.0, 2.0], "extra": [1.0]}
    assert several["why"] == "only when step is damped or searched and more is on"
    assert "when" not in control(make(None))


def test_the_summary_leaves_out_what_has_no_effect():
    figure = make({"method": "damped"})
    assert figure.describe() == "By plain."
    figure.method = "damped"
    assert figure.describe() == "By damped at λ = 2.0."


def test_brackets_that_name_nothing_of_the_kind_stay():
    figure = make({"method": "damped"}, summary="In [0, 1], by [{method}]: [λ = {damping}].")
    assert figure.describe() == "In [0, 1], by [plain]: ."
    assert make(None, summary="[λ = {damping}]").describe() == "[λ = 2]"


def test_an_output_may_decide():
    figure = make({"arrived": True})
    assert figure.describe() == "By plain at λ = 2.0."
    figure.method = "damped"
    assert figure.describe() == "By damped."
    assert control(figure)["why"] == "only when arrived is 1"


@pytest.mark.parametrize(
    "when, error, says",
    [
        ("method", TypeError, "needs a dict from names to values as its when, but was given 'method'"),
        ({}, TypeError, "needs a dict from names to values as its when"),
        ({"methd": 1}, ValueError, "'methd', which is neither another control .* integer output; there are"),
        ({"theta": 1}, ValueError, "'theta', which is neither another control with one value"),
        ({"damping": 1}, ValueError, "'damping', which is neither another control"),
        ({"loss": 1}, ValueError, "'loss', which is neither"),
        ({"method": "newton"}, ValueError, "no option 'newton'"),
        ({"method": ()}, ValueError, r"is one of \(\): give numbers or options"),
        ({"method": None}, ValueError, "give numbers or options"),
    ],
)
def test_what_it_cannot_say_is_refused_in_a_sentence(when, error, says):
    with pytest.raises(error, match=says):
        make(when)


def test_every_kind_of_control_may_have_one():
    when = {"method": "damped"}
    for made in (live.slider("a", 0, 1, when=when), live.player("a", 0, 3, when=when),
                 live.choice("a", ["b", "c"], when=when), live.toggle("a", when=when)):  # fmt: skip
        assert made.when == {"method": ("damped",)}


def test_what_grows_needs_a_cursor():
    with pytest.raises(ValueError, match="player 'k' grows what its cursor marks: give it cursor=True too"):
        live.player("k", 0, 9, grow=True)
