"""What layers and views refuse, each misfit in one sentence."""

import json
import re

import jax.numpy as jnp
import numpy as np
import pytest

import livefig as live

ARRAYS = {
    "scalar": (),
    "pair": (2,),
    "triple": (3,),
    "rows": (5, 2),
    "fewer": (4, 2),
    "five": (5,),
    "none": (0, 2),
    "square": (2, 2),
    "matrix": (3, 4),
    "cube": (2, 2, 2),
}


def make(layer, **options):
    """A figure with one layer in the view that draws it."""

    def function(a):
        arrays = {name: a * jnp.ones(shape) for name, shape in ARRAYS.items()}
        return {**arrays, "count": jnp.asarray(a, int)}

    view = live.curves if type(layer).__name__ in ("Band", "Bars", "Residuals", "Slope") else live.plane
    return live.figure(
        function,
        [live.slider("a", 1, 2), live.point("at", (0, 0), ((-1, 1), (-1, 1)))],
        [
            view([layer], **options),
            live.plane([live.points("at")]),
        ],
    )


LAYERS = [
    (
        live.arrow("rows", "fewer"),
        "needs 'fewer' to have the shape (2,) or (5, 2) like 'rows', but it has (4, 2)",
    ),
    (live.arrow("five", "pair"), "needs 'five' to have the shape (2,) or (k, 2), but it has (5,)"),
    (live.arrow("pair", "wherever"), "draws 'wherever', which the function does not return"),
    (live.arrow("pair", "pair", color="pink"), "has the colour 'pink'; the palette has"),
    (live.arrow("rows", "rows", count="scalar"), "needs 'scalar' to be a whole number"),
    (live.arrow("rows", "rows", count="nowhere"), "counts by 'nowhere', which the function does not return"),
    (live.ellipse("pair", "matrix"), "needs 'matrix' to have the shape (2, 2), but it has (3, 4)"),
    (live.ellipse("pair", "square", radius="five"), "needs 'five' to have the shape (), but it has (5,)"),
    (live.model("pair", "triple", "square"), "needs 'triple' to have the shape (2,), but it has (3,)"),
    (live.path("none"), "draws 'none', which has the shape (0, 2): there is nothing to draw"),
    (live.band("five", "triple"), "needs 'triple' to have the shape (5,) like 'five', but it has (3,)"),
    (live.bars("rows"), "needs 'rows' to have the shape (k,), but it has (5, 2)"),
    (live.residuals("rows", "triple"), "needs 'triple' to have the shape (5,) like 'rows', but it has (3,)"),
    (live.vectors(lambda point: point[0]), "must return an array of shape (2,) for a point"),
    (
        live.regions(lambda point: point[0], ["a"]),
        "must return an integer for a point",
    ),
    (live.regions(lambda point: 0, ["a"], colors=["pink"]), "has the colour 'pink'"),
]


@pytest.mark.parametrize(("layer", "says"), LAYERS, ids=[says for _, says in LAYERS])
def test_a_layer_that_does_not_fit_is_refused(layer, says):
    with pytest.raises(ValueError, match=re.escape(says)) as raised:
        make(layer)
    assert "\n" not in str(raised.value)


MAPS = [
    (live.heatmap("five"), "needs 'five' to have the shape (r, c), but it has (5,)"),
    (live.heatmap("matrix", extent="five"), "needs 'five' to have the shape (), but it has (5,)"),
    (live.heatmap("matrix", rows=["a"]), "has 3 rows, but labels for 1"),
    (live.heatmap("matrix", columns=["a"]), "has 4 columns, but labels for 1"),
    (live.heatmap("square", blocks=[1, 2]), "has blocks of 3 rows in all, but 'square' has the shape (2, 2)"),
    (live.heatmap("matrix", blocks=[1, 2]), "has blocks of 3 rows in all, but 'matrix' has the shape (3, 4)"),
    (live.heatmap("large"), "draws 1 to 128 rows and columns, but 'large' has (129, 2)"),
]


@pytest.mark.parametrize(("view", "says"), MAPS, ids=[says for _, says in MAPS])
def test_a_heat_map_that_does_not_fit_is_refused(view, says):
    shapes = {**ARRAYS, "large": (129, 2)}
    function = lambda a: {name: a * jnp.ones(shape) for name, shape in shapes.items()}  # noqa: E731
    with pytest.raises(ValueError, match=re.escape(says)) as raised:
        live.figure(function, [live.slider("a", 1, 2)], view)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: live.ellipse("c", "m", radius=0), ValueError, "a positive radius, but was given radius=0"),
        (
            lambda: live.slope(1, (0, 1)),
            ValueError,
            "two positive numbers to go through",
        ),
        (lambda: live.slope(1, (1, 1, 1)), ValueError, "two positive numbers to go through"),
        (
            lambda: live.curves([live.slope(1, (1, 1))], ylog=True),
            ValueError,
            "a slope needs log–log axes, but the view has xlog=False, ylog=True",
        ),
        (lambda: live.curves([live.bars("y")], xlog=True), ValueError, "bars stand over 0, 1, 2, …"),
        (lambda: live.curves([live.path("y")]), TypeError, "layers made by line, band, points, bars"),
        (lambda: live.plane([live.bars("y")]), TypeError, "layers made by contours, path, points, arrow"),
        (lambda: live.vectors(3), TypeError, "need a function field(point, ...) -> array of shape (2,)"),
        (lambda: live.vectors(print, cells=1), ValueError, "a whole number from 2 to 40"),
        (lambda: live.regions(print, "ab"), ValueError, "a text for each number that the field gives"),
        (lambda: live.regions(print, ["a"], colors=[]), ValueError, "a colour for each of 1 labels"),
        (
            lambda: live.regions(print, ["a"], cells=500),
            ValueError,
            "a whole number from 2 to 120",
        ),
        (lambda: live.model("c", "g", "m", levels=0), ValueError, "a positive whole number of levels"),
        (lambda: live.heatmap("m", extent=-1), ValueError, "a positive extent, but was given extent=-1"),
        (lambda: live.heatmap("m", decades=0), ValueError, "a positive number of decades, but was given 0"),
        (
            lambda: live.heatmap("m", blocks=[2.5]),
            ValueError,
            "positive whole numbers, but were given",
        ),
        (lambda: live.heatmap(None), TypeError, "this heat map needs a text as its matrix"),
        (lambda: live.numbers({}), TypeError, "a dict from labels to texts with fields, but were given {}"),
    ],
)
def test_what_cannot_be_is_refused(call, error, says):
    with pytest.raises(error, match=re.escape(says)) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_a_table_names_numbers_that_there_are():
    function = lambda a: {"y": a * jnp.ones(3)}  # noqa: E731
    views = [live.curves([live.bars("y")]), live.numbers({"size": "{length}"})]
    with pytest.raises(ValueError, match="names 'length', which is no number of the figure; there are 'a'"):
        live.figure(function, [live.slider("a", 1, 2)], views)


def test_controls_can_be_drawn_as_arrays_are():
    make(live.arrow("at", "pair"))
    make(live.ellipse("at", "square", radius="a"))


def test_both_components_of_a_vector_field_travel_and_are_jaxs():
    layer = live.vectors(lambda point, a: jnp.stack([a * point[1], -point[0]]))
    definition = make(layer).definition
    assert definition.spec(definition.start())["views"][0]["layers"][0]["field"] == 0
    assert len(json.loads(definition.payload(definition.start()))["fields"]) == 2
    points = np.array([[1.0, 2.0], [3.0, 4.0]])
    values = definition.field_values(definition.views[0].layers[0], {"a": 2.0, "at": (0, 0)}, points)
    np.testing.assert_allclose(values, [[4, -1], [8, -3]])
