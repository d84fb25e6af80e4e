"""What nobody means: each is refused in one sentence when it is made, and not where it would be drawn."""

import functools
import math
from fractions import Fraction
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import livefig as live

BOUNDS = ((-1, 1), (-1, 1))
CURVES = live.curves([live.line("y")])


def outputs(n: Any) -> dict[str, Any]:
    return {"y": jnp.arange(3.0) * n, "M": jnp.eye(3) * n, "k": n, "p": jnp.ones((4, 2)) * n}


def figure(function: Any = outputs, controls: Any = None, views: Any = CURVES, **options: Any) -> Any:
    controls = live.slider("n", 1, 9, 3, integer=True) if controls is None else controls
    return live.figure(function, controls, views, **options)


CONTROLS = [
    (lambda: live.choice("c", "abc"), "two or more texts to choose from, but was given ('abc',)"),
    (lambda: live.choice("c", 3), "two or more texts"),
    (lambda: live.choice("c", ["a", "b"], math.inf), "an index from 0 to 1, but was given inf"),
    (lambda: live.choice("c", ["a", "b"], 0.5), "an index from 0 to 1, but was given 0.5"),
    (lambda: live.choice("c", ["a", "b"], None), "needs a number, but was given None"),
    (lambda: live.point("a", (0, 0), ((-math.inf, math.inf), (-1, 1))), "needs finite bounds"),
    (lambda: live.point("a", (0, 0), ((-1e308, 1e308), (-1, 1))), "needs finite bounds"),
    (
        lambda: live.point("a", (0, 0), None),
        "needs finite bounds ((xmin, xmax), (ymin, ymax))",
    ),
    (lambda: live.point("a", (0, 0), (("a", "b"), (-1, 1))), "needs a number, but was given 'a'"),
    (lambda: live.point("a", ("x", "y"), BOUNDS), "needs a number, but was given 'x'"),
    (lambda: live.point("a", 3, BOUNDS), "needs two numbers (x, y), but was given 3"),
    (lambda: live.data("a", [["x", "y"]], BOUNDS), "needs a number, but was given 'x'"),
    (lambda: live.data("a", [[math.nan, 0]], BOUNDS), "needs a number, but was given NaN"),
    (lambda: live.data("a", None, BOUNDS), "an array of shape (m, 2)"),
    (lambda: live.data("a", [[0, 0]], None), "needs finite bounds"),
    (lambda: live.slider("a", -1e308, 1e308), "a range that floating-point numbers divide into steps"),
    (lambda: live.slider("a", 0, 5e-324), "a range that floating-point numbers divide into steps"),
    (lambda: live.slider("a", 0, 1, format=3), "the number format 3"),
    (lambda: live.slider("a", 0, 1, unit=7), "this slider needs a text as its unit, but was given 7"),
    (lambda: live.slider("a", 0, 1, label=7), "this slider needs a text as its label"),
    (lambda: live.slider(3, 0, 1), "this slider needs a text as its name"),
    (lambda: live.slider("a", 1, 2, log="yes"), "this slider needs True or False as its log"),
    (lambda: live.toggle("a", label=3), "this toggle needs a text as its label"),
    (lambda: live.player("n", 1, 9, until=3), "this player needs a text as its until"),
]
VIEWS = [
    (lambda: live.heatmap("M", rows=[1, 2, 3]), "this heat map needs texts as its rows"),
    (lambda: live.heatmap("M", columns=3), "this heat map needs texts as its columns"),
    (lambda: live.heatmap("M", extent=[1]), "this heat map needs a finite number or a name as its extent"),
    (lambda: live.heatmap("M", extent=math.nan), "a finite number or a name as its extent"),
    (lambda: live.heatmap("M", decades="a"), "a finite number as its decades"),
    (lambda: live.heatmap("M", blocks="a"), "blocks of a heat map are positive whole numbers"),
    (lambda: live.curves([live.line("y")], xlabel=3), "this view of curves needs a text as its xlabel"),
    (lambda: live.curves([live.line("y")], xlog=1), "True or False as its xlog"),
    (lambda: live.curves([live.line("y")], xlim=("a", "b")), "xlim needs (low, high) with low < high"),
    (lambda: live.curves([live.line("y")], xlim=(-1e308, 1e308)), "xlim needs finite ends"),
    (lambda: live.plane([live.path("p")], title=3), "this plane needs a text as its title"),
    (lambda: live.plane([live.path("p")], drag=3), "this plane needs texts as its drag"),
    (lambda: live.plane([live.path("p")], drag=[3]), "this plane needs texts as its drag"),
    (lambda: live.line(5), "this line needs a text as its y, but was given 5"),
    (lambda: live.path("p", count=3), "this path needs a text as its count"),
    (lambda: live.rule(x=[1, 2]), "this rule needs a finite number or a name as its x"),
    (lambda: live.rule(x=10**400), "this rule needs a finite number or a name as its x"),
    (lambda: live.curves([live.line("y")], xlim=(0, 10**400)), "xlim needs finite ends"),
    (lambda: live.curves([live.line("y")], xlim=3, xlog=True), "xlim needs (low, high) with low < high"),
    (lambda: live.curves([live.line("y")], xlim=[(1, 2), 3]), "xlim needs (low, high) with low < high"),
    (lambda: live.slope(1, [1, [2]]), "a slope needs two positive numbers to go through"),
    (lambda: live.contours(outputs, levels=np.array(0)), "a positive whole number of levels"),
    (lambda: live.contours(outputs, levels=[10**400]), "levels that are finite numbers"),
    (lambda: live.regions(outputs, ["a"], colors=5), "regions need a colour for each of 1 labels"),
    (lambda: live.rule(y=math.inf), "this rule needs a finite number or a name as its y"),
    (lambda: live.slope([1], (1, 1)), "a slope needs a finite number as its order, or a name"),
    (lambda: live.slope(math.inf, (1, 1)), "a slope needs a finite number as its order, or a name"),
    (lambda: live.slope(2, ("a", "b")), "a slope needs two positive numbers to go through"),
    (lambda: live.ellipse("a", "b", radius=[1]), "a finite number or a name as its radius"),
    (lambda: live.model("a", "b", "c", value=[1]), "a finite number or a name as its value"),
    (lambda: live.regions(outputs, 3), "regions need a text for each number"),
    (lambda: live.contours(outputs, levels=["a"]), "levels that are finite numbers"),
    (lambda: live.contours(outputs, levels=[0, math.nan]), "levels that are finite numbers"),
    (lambda: live.readout(3), "this readout needs a text as its text"),
    (lambda: live.readout("a", show=3), "this readout needs a text as its show"),
    (lambda: live.numbers({1: "x"}), "a dict from labels to texts with fields"),
    (lambda: live.numbers({"a": 3}), "a dict from labels to texts with fields"),
]
FIGURES = [
    (lambda: figure(lambda *args: outputs(args[0])), "takes arguments without names: name the controls"),
    (lambda: figure(lambda *n: outputs(n[0])), "takes arguments without names: name the controls"),
    (lambda: figure(lambda n, /: outputs(n)), "takes 'n' by place: let it take its controls by name"),
    (lambda: figure(max), "does not say what arguments it takes: wrap it"),
    (lambda: figure(words=["a"]), "words need a dict from names to texts, but are ['a']"),
    (lambda: figure(words={"k": 3}), "words for 'k' need a sequence of texts, but are 3"),
    (lambda: figure(title=3), "the title needs to be a text, but is 3"),
    (lambda: figure(name=3), "a figure's name needs letters"),
    (lambda: figure(controls=3), "controls are made by slider, player, choice, toggle, point or data"),
    (lambda: figure(views=3), "views are made by plane, curves, heatmap, readout or numbers, but one is 3"),
    (lambda: figure(views=None), "views are made by plane, curves, heatmap, readout or numbers"),
    (lambda: figure(views=[]), "at least one view"),
    (lambda: live.tabulate(3, [], CURVES), "needs a function from controls to a dict of arrays"),
    (lambda: live.tabulate([outputs, 3], live.player("n", 1, 9), CURVES), "but was given 3"),
    (lambda: live.tabulate([], [], CURVES), "needs a function from controls to a dict of arrays"),
    (
        lambda: live.tabulate(outputs, live.player("n", 1, 9), CURVES, limit="a"),
        "a number of characters as its limit",
    ),
    (lambda: setattr(figure(), "n", math.nan), "needs a number, but was given NaN"),
    (lambda: figure(lambda n: {"y": jnp.ones(3) * n, 1: 2.0}), "a dict whose keys are not all texts"),
    (lambda: figure(controls=live.slider("ϵ", 0, 1)), "'ϵ' is what Python reads as 'ε'"),
    (
        lambda: figure(views=live.plane([live.contours(lambda *, p: p), live.points("p")])),
        "must take the point of the plane as its first argument",
    ),
]


@pytest.mark.parametrize(
    ("call", "says"), CONTROLS + VIEWS + FIGURES, ids=[says for _, says in CONTROLS + VIEWS + FIGURES]
)
def test_misuse_is_refused_in_a_sentence(call, says):
    with pytest.raises((TypeError, ValueError)) as raised:
        call()
    text = str(raised.value)
    assert says in text
    assert "\n" not in text


def test_what_somebody_may_mean_is_taken():
    """Scalars of NumPy and JAX, numbers beyond floats, functions of other kinds, ranges up to their ends."""

    class Callable:
        def __call__(self, n: Any) -> dict[str, Any]:
            return outputs(n)

    views = [
        live.curves(
            [
                live.line("y"),
                live.rule(x=np.int64(1)),
                live.rule(y=jnp.asarray(0.5)),
                live.rule(y=Fraction(1, 2)),
            ],
            xlim=jnp.array([0.0, 2.0]),
        ),
        live.heatmap("M", blocks=np.array([1, 2]), extent=np.float32(2)),
        live.plane([live.contours(lambda point: point @ point, levels=np.int64(3)), live.points("p")]),
    ]
    for levels in ([0.1, jnp.array(1.0)], jnp.linspace(0.1, 1, 4), (level for level in (0.1, 1))):
        assert live.contours(outputs, levels=levels).levels[-1] == 1
    assert live.tabulate(outputs, live.player("n", 1, 9), CURVES, limit=math.inf)
    assert live.slider("a", 0, 1, stops=np.int64(3)).stops == (0, 0.5, 1)
    assert live.slider("a", 0, 1, step=Fraction(1, 4)).step == 0.25
    for function in (functools.partial(outputs), Callable()):
        made = figure(function, views=views, name="taken")
        assert made._repr_mimebundle_()[0]["image/png"]
    for given, kept in [(math.inf, 9), (-math.inf, 1), (10**400, 9), (-(10**400), 1), (np.float32(4), 4)]:
        made.n = given
        assert made.n == kept
    for low, high in [(5e-324, 1e308), (1e-200, 1e-190), (1e200, 1e300)]:
        slider = live.slider("a", low, high, log=True)
        assert slider.value == pytest.approx(math.exp((math.log(low) + math.log(high)) / 2))
        stops = live.slider("a", low, high, log=True, stops=9).stops
        assert len(set(stops)) == 9 and stops[0] == low and stops[-1] == high
