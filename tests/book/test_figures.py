"""Every live figure of every chapter, as committed and built, over the whole range of its controls."""

import dataclasses
import math
import os
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import curvlib
from curvlib.hyperparameters import hyperparameters
from tests.book.conftest import FIGURE

STATES = int(os.environ.get("BOOK_STATES", "60"))  # each week 300
COMPARED = STATES // 10
# Compared are the entries of JAX's own answer that move by less than STABLE, relative to their size, when the
# state moves by a few units in the last place, or every iterate of a method does: many iterated maps are
# chaotic, a status may hang on a rounding, and so does what is left where a method has converged, whatever
# the start was. They have to agree to AGREE relative to their size, or to ROUNDING relative to the largest
# before them: far down a falling curve, entries are what cancelling terms leave.
STABLE = 1e-11
AGREE = 1e-9
ROUNDING = 64 * 2.0**-52
NUDGES = (-7, -2, 1, 3, 8)  # in units in the last place

# Set each state, have the browser lay it out, and say what a reader would see that is wrong: an attribute or
# a text that is no number, or a plot with nothing in it, nor a word why, though a layer is switched on.
TRY = """
([figure, states]) => {
    const plots = figure.livefig.spec.views.filter(view => view.kind !== "readout");
    const views = [...figure.querySelectorAll(".lf-view")];
    const marks = ".lf-line, .lf-dots, .lf-rule, .lf-area, .lf-contours path, .lf-cells path, .lf-sayings p";

    function isSeen(mark, view) {
        const plot = view.querySelector("svg:not(.lf-swatch)");  // which a legend has, too
        const box = mark.getBoundingClientRect(), frame = plot.getBoundingClientRect();
        return (mark.getAttribute("d") || mark.textContent) && mark.checkVisibility()
            && !mark.closest(".lf-swatch") && box.right >= frame.left && box.left <= frame.right
            && box.bottom >= frame.top && box.top <= frame.bottom;
    }

    function isEmpty(view, index, state) {
        const on = plots[index].layers.some(layer => !layer.show || state[layer.show]);
        return on && ![...view.querySelectorAll(marks)].some(mark => isSeen(mark, view));
    }

    return states.map(state => {
        figure.livefig.set(state);
        const seen = figure.innerHTML + figure.textContent;
        const wrong = seen.search(/NaN|Infinity|undefined/);
        if (wrong >= 0) return seen.slice(Math.max(wrong - 40, 0), wrong + 40);
        const empty = views.findIndex((view, index) => isEmpty(view, index, state));
        return empty < 0 ? null : `nothing in plot ${empty + 1}`;
    });
}
"""
OUTPUTS = """
([figure, state]) => {
    figure.livefig.set(state);
    const outputs = figure.livefig.outputs;
    return Object.fromEntries(Object.entries(outputs).map(([name, value]) =>
        [name, typeof value === "object" ? Array.from(value) : Number(value)]));
}
"""


def draw(control: dict[str, Any], generator: np.random.Generator) -> Any:
    """A random value that a reader can set, now and then an end of the range."""
    if control["kind"] == "toggle":
        return bool(generator.integers(2))
    if control["kind"] == "choice":
        return int(generator.integers(len(control["options"])))
    if control["kind"] == "point":
        return [_between(low, high, generator) for low, high in control["bounds"]]
    if control["kind"] == "data":
        return [[_between(low, high, generator) for low, high in control["bounds"]] for _ in control["value"]]
    if control.get("stops"):
        return control["stops"][generator.integers(len(control["stops"]))]
    low, high, step = control["min"], control["max"], control["step"]
    if control["log"]:
        return min(max(math.exp(_between(math.log(low), math.log(high), generator)), low), high)
    value = _between(low, high, generator)
    if step:
        value = min(low + step * round((value - low) / step), high)
    return round(value) if control["integer"] else value


def _between(low: float, high: float, generator: np.random.Generator) -> float:
    return (
        float(generator.choice([low, high]))
        if generator.random() < 0.1
        else float(generator.uniform(low, high))
    )


def random_states(spec: dict[str, Any], count: int) -> list[dict[str, Any]]:
    generator = np.random.default_rng(0)
    return [{c["name"]: draw(c, generator) for c in spec["controls"]} for _ in range(count)]


def nudged(spec: dict[str, Any], state: dict[str, Any], units: int) -> dict[str, Any]:
    """The state with every real number moved by so many units in the last place, within its range.

    A number smaller than a reader's smallest move, as a start exactly at the minimum, moves like that one.
    """

    def moved(value: float, low: float, high: float, finest: float) -> float:
        return float(np.clip(value + units * np.spacing(max(abs(value), finest)), low, high))

    def moved_point(point: list[float], bounds: list[list[float]]) -> list[float]:
        return [moved(x, *ends, np.ptp(ends) / 1000) for x, ends in zip(point, bounds, strict=True)]

    moves = {
        "slider": lambda value, c: moved(value, c["min"], c["max"], 0.0 if c["log"] else c["step"] or 0.0),
        "point": lambda value, c: moved_point(value, c["bounds"]),
        "data": lambda value, c: [moved_point(point, c["bounds"]) for point in value],
    }
    return state | {
        c["name"]: moves[c["kind"]](state[c["name"]], c)
        for c in spec["controls"]
        if c["kind"] in moves and not isinstance(state[c["name"]], int)
    }


@hyperparameters
class Rounded:
    """A method whose iterates come out two units in the last place larger."""

    method: Any

    def init(self, problem: Any, params: Any, key: Any = None) -> Any:
        return self.method.init(problem, params, key)

    def step(self, problem: Any, params: Any, state: Any, curvature: Any = None) -> tuple[Any, Any, Any]:
        params, state, info = self.method.step(problem, params, state, curvature)
        return jax.tree.map(lambda leaf: leaf * (1 + 2.0**-51), params), state, info


def with_iterates_rounded(definition: Any) -> Any:
    """A figure's definition with every iterate of its methods rounded otherwise."""

    def function(*arguments: Any) -> Any:
        minimize = curvlib.minimize

        def otherwise(problem: Any, method: Any, *rest: Any, **options: Any) -> Any:
            return minimize(problem, Rounded(method), *rest, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(curvlib, "minimize", otherwise)
            jitted = definition.function.__wrapped__
            return jitted.__wrapped__(*arguments)

    return dataclasses.replace(definition, function=jax.jit(function))


@pytest.fixture
def figures(shown) -> list[tuple[Any, dict[str, Any]]]:
    """Each figure of a chapter's page and its spec."""
    found = shown.page.query_selector_all(FIGURE)
    return [(figure, figure.evaluate("figure => figure.livefig.spec")) for figure in found]


def test_page_shows_every_figure(figures, notebook: Path, run_figures) -> None:
    names = [spec["name"] for _, spec in figures if spec["controls"]]
    assert sorted(names) == sorted(run_figures(notebook))
    for name, made in run_figures(notebook).items():
        reason = made.figure.definition.reason
        assert reason is None, f"{name} needs a kernel: {reason}"


def test_how_long_compiling_takes(notebook: Path, run_figures, record_property) -> None:
    """The first time in its process, JAX's tracing included, by the processor's clock: others work too."""
    for name, made in run_figures(notebook).items():
        record_property(f"{name}: compiled in s", round(made.compile_seconds, 2))
        assert made.compile_seconds > 0


def test_every_state_shows_something_finite(shown, figures) -> None:
    for figure, spec in figures:
        states = random_states(spec, STATES)
        for state, bad in zip(states, shown.page.evaluate(TRY, [figure, states]), strict=True):
            assert bad is None, f"{spec['name']} at {state} shows {bad}"
    assert not shown.errors


def test_numbers_are_jaxs(figures, notebook: Path, run_figures, record_property) -> None:
    live = run_figures(notebook)
    for element, spec in figures:
        if spec["name"] not in live:
            continue  # without controls it shows what was measured
        figure = live[spec["name"]].figure
        rounded = with_iterates_rounded(figure.definition)
        compared = total = 0
        for state in random_states(spec, COMPARED):
            page = element.evaluate("(figure, state) => (" + OUTPUTS + ")([figure, state])", state)
            answer = figure.definition.evaluate(state)
            others = [figure.definition.evaluate(nudged(spec, state, units)) for units in NUDGES]
            others.append(rounded.evaluate(state))
            assert page.keys() == answer.keys()
            for name, value in answer.items():
                ours, theirs = np.ravel(value).astype(float), np.ravel(page[name]).astype(float)
                assert ours.shape == theirs.shape, f"{spec['name']}.{name}"
                moves = [np.abs(np.ravel(other[name]).astype(float) - ours) for other in others]
                stable = np.max(moves, axis=0) <= STABLE * np.abs(ours)
                before = np.fmax.accumulate(np.abs(ours))  # where NaN is a gap
                allowed = AGREE * np.abs(ours) + ROUNDING * before
                differ = np.flatnonzero(stable & ~(np.abs(theirs - ours) <= allowed))
                assert not differ.size, (
                    f"{spec['name']}.{name}, entries {differ[:5]} at {state}: "
                    f"{theirs[differ[:5]]} in the page, {ours[differ[:5]]} by JAX"
                )
                compared, total = compared + int(stable.sum()), total + stable.size
        record_property(f"{spec['name']}: share of numbers compared", round(compared / total, 3))
        assert compared > total / 4, f"{spec['name']}: hardly any number is stable enough to compare"
