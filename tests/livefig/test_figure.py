"""A live figure in Python: its traits, its sentences about bad input, its output in four forms, its texts."""

import html
import importlib
import itertools
import json
import re

import ipywidgets
import jax
import jax.numpy as jnp
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import livefig as live
from livefig import template
from tests.livefig.javascript import Engine

PAYLOAD = re.compile(r'<script type="application/json">([^<]*)</script>')


def test_a_control_is_a_trait(make):
    figure = make()
    seen = []
    figure.observe(lambda change: seen.append((change.name, change.new)), names=["kappa", "rate"])
    figure.kappa = 50
    figure.rate = "half"
    assert seen == [("kappa", 50.0), ("rate", 1)]
    assert figure.state == {"kappa": 50.0, "rate": 1, "show_newton": True, "start": (-2.0, 1.0)}


def test_it_composes_with_ipywidgets(make):
    figure = make()
    slider = ipywidgets.FloatSlider(min=1, max=1000, value=5)
    ipywidgets.link((slider, "value"), (figure, "kappa"))
    assert figure.kappa == 5
    figure.kappa = 7
    assert slider.value == 7
    assert ipywidgets.HBox([figure, slider]).children[0] is figure


def test_two_figures_do_not_share_controls(make):
    first, second = make(), make(name="other")
    first.kappa = 3
    assert second.kappa == 20


@pytest.mark.parametrize(
    ("given", "kept"),
    [(5000, 1000.0), (-1, 1.0), (float("inf"), 1000.0), (np.float32(2), 2.0), (jnp.ones(()), 1.0)],
)
def test_a_slider_clips_as_ipywidgets_do(make, given, kept):
    figure = make()
    figure.kappa = given
    assert figure.kappa == kept
    assert type(figure.kappa) is float


def test_a_point_takes_any_pair_and_clips_it(make):
    figure = make()
    figure.start = jnp.array([1.0, 9.0])
    assert figure.start == (1.0, 2.0)


def test_a_player_stands_in_for_an_integer_slider():
    def iterate(k):
        return {"x": jnp.arange(9.0) * k, "steps": 4}

    view = live.curves([live.line("x", count="steps")])
    figure = live.figure(iterate, live.player("k", 1, 8, until="steps"), view)
    assert figure.k == 1
    figure.k = 3.4
    assert figure.k == 3 and type(figure.k) is int
    plain = live.figure(iterate, live.slider("k", 1, 8, 1, integer=True), view)
    (played,), (slid,) = (made.definition.spec(plain.state)["controls"] for made in (figure, plain))
    assert played == {**slid, "kind": "player", "until": "steps", "cursor": False, "grow": False}
    with pytest.raises(ValueError, match="player 'k' needs 'x' to be a whole number"):
        live.figure(iterate, live.player("k", 1, 8, until="x"), view)


def test_a_player_that_leads_the_cursor_need_not_be_taken_by_the_function():
    def run(kappa):
        return {"path": kappa * jnp.ones((9, 2)), "steps": 8}

    view = live.plane([live.path("path", count="steps")])
    kappa = live.slider("kappa", 1, 9)
    assert live.figure(run, [kappa, live.player("k", 0, 8, cursor=True)], view).state["k"] == 0
    with pytest.raises(ValueError, match="control 'k' moves nothing"):
        live.figure(run, [kappa, live.player("k", 0, 8)], view)
    players = [live.player(name, 0, 8, cursor=True) for name in "kl"]
    with pytest.raises(ValueError, match="one player can lead the cursor, not 'k', 'l'"):
        live.figure(run, [kappa, *players], view)


def fit_parts():
    """The arguments of a figure that fits a straight line to data which can be dragged."""

    def fit(points):
        design = jnp.stack([jnp.ones(len(points)), points[:, 0]], axis=1)
        weights = jnp.linalg.solve(design.T @ design, design.T @ points[:, 1])
        return {"weights": weights, "residuals": points[:, 1] - design @ weights}

    points = live.data("points", np.array([[0, 0], [1, 2], [2, 1]]), ((0, 2), (-3, 3)), axis="y")
    view = live.plane([live.points("points")], drag="points")
    return fit, points, view


def test_data_are_an_array_for_the_function_and_pairs_for_the_trait():
    figure = live.figure(*fit_parts())
    assert figure.points == ((0.0, 0.0), (1.0, 2.0), (2.0, 1.0))
    figure.points = jnp.array([[0.0, 1.0], [1.0, 9.0], [2.0, 5.0]])
    assert figure.points == ((0.0, 1.0), (1.0, 3.0), (2.0, 3.0))
    np.testing.assert_allclose(figure.outputs["weights"], [4 / 3, 1])
    spec = figure.definition.spec(figure.state)["controls"][0]
    assert spec["axis"] == "y" and spec["value"][1] == [1.0, 3.0]
    assert figure.definition.program.inputs[0].shape == (3, 2)
    with pytest.raises(
        TypeError, match=re.escape("needs an array of shape (3, 2), but was given one of shape (2, 2)")
    ):
        figure.points = np.zeros((2, 2))


@pytest.mark.parametrize(
    ("name", "value", "error", "says"),
    [
        ("kapa", 3, AttributeError, "no control 'kapa'; its controls are 'kappa', 'rate'"),
        ("kappa", "3", TypeError, "needs a number, but was given '3'"),
        ("kappa", float("nan"), ValueError, "but was given NaN"),
        ("rate", 2, ValueError, "an index from 0 to 1, but was given 2"),
        ("rate", "worst", ValueError, "no option 'worst'; it has 'best', 'half'"),
        ("show_newton", 3, TypeError, "needs True or False, but was given 3"),
        ("start", (1, 2, 3), TypeError, "needs two numbers"),
        ("start", (1, float("nan")), ValueError, "but was given NaN"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(make, name, value, error, says):
    figure = make()
    with pytest.raises(error, match=re.escape(says)):
        setattr(figure, name, value)
    assert figure.state == make().state


def test_outputs_are_jax_at_the_present_state(make):
    figure = make()
    figure.kappa = 3
    figure.rate = 1
    step = 0.5 * 2 / 4
    assert figure.outputs["gd.path"].dtype == np.float64
    np.testing.assert_allclose(figure.outputs["gd.path"][1], [-2 * (1 - step), 1 - 3 * step], rtol=1e-14)
    assert set(figure.outputs) == {"gd.path", "gd.losses", "gd.steps", "newton", "status"}


def test_dtypes_are_those_of_jax(make):
    with jax.enable_x64(False):
        figure = make()
        assert figure.outputs["gd.path"].dtype == np.float32
        spec = figure.definition.spec(figure.state)
    assert {"name": "gd.path", "shape": [21, 2], "dtype": "float32"} in spec["outputs"]


BAD = [
    ({"controls": [live.slider("kappa", 1, 9)]}, ValueError, "takes 'rate', which is no control ('kappa')"),
    (
        {"function": lambda kappa: {"x": kappa}},
        ValueError,
        "draws 'gd.path', which the function does not return",
    ),
    ({"function": 3}, TypeError, "needs a function from controls to a dict"),
    ({"views": []}, ValueError, "at least one view"),
    ({"views": [live.plane([live.path("gd.losses")])]}, ValueError, "the shape (k, 2), but it has (21,)"),
    ({"views": [live.plane([live.points("gd.losses")])]}, ValueError, "the shape (2,) or (k, 2)"),
    ({"views": [live.curves([live.line("gd.path")])]}, ValueError, "the shape (k,), but it has (21, 2)"),
    ({"views": [live.curves([live.line("gd.losses", x="newton")])]}, ValueError, "(21,) like 'gd.losses'"),
    ({"views": [live.curves([live.line("gd.losses", count="gd.losses")])]}, ValueError, "a whole number"),
    ({"views": [live.curves([live.line("gd.losses", color="pink")])]}, ValueError, "the palette has 'blue'"),
    (
        {"views": [live.curves([live.line("gd.losses", show="rate")])]},
        ValueError,
        "no toggle; there are 'show_newton'",
    ),
    ({"views": [live.curves([live.rule(x="start")])]}, ValueError, "a point and not a number"),
    (
        {"views": [live.plane([live.path("gd.path")], drag="kappa")]},
        ValueError,
        "no point or data control; there are 'start'",
    ),
    ({"views": [live.plane([live.path("gd.path")])]}, ValueError, "control 'show_newton' moves nothing"),
    ({"summary": "{kapa} steps"}, ValueError, "names 'kapa', which is no number of the figure"),
    ({"summary": "{start} first"}, ValueError, "names 'start', which is no number of the figure"),
    ({"summary": "{kappa:3d}"}, ValueError, "the number format '3d'"),
    (
        {"summary": r"\(\frac{1}{2}\)"},
        ValueError,
        "names '1', which is no number of the figure; there are 'gd.steps', 'kappa', 'rate', 'show_newton',"
        " 'status'; braces stand for fields and nothing else",
    ),
    (
        {"function": lambda kappa: {"z": "hello"}},
        TypeError,
        "the function of figure 'lambda' returned 'hello' as 'z': return arrays and numbers",
    ),
    (
        {"function": lambda kappa: {"z": [jnp.ones(2), print]}},
        TypeError,
        "returned <built-in function print> as 'z.1'",
    ),
    (
        {"function": lambda kappa: kappa * jnp.ones(3)},
        TypeError,
        "returned an array of shape (3,): return a dict of named arrays",
    ),
    ({"function": lambda kappa: None}, TypeError, "returned None: return a dict of named arrays"),
    ({"summary": "kappa}"}, ValueError, "a brace that opens or closes no field"),
    ({"words": {"gd.losses": ["a"]}}, ValueError, "neither an integer output nor a control"),
    ({"summary": 3}, TypeError, "the summary needs to be a text"),
    (
        {"controls": ["kappa"]},
        TypeError,
        "controls are made by slider, player, choice, toggle, point or data",
    ),
    ({"name": "the race"}, ValueError, "letters, digits, '-' and '_' only"),
]


@pytest.mark.parametrize(("changes", "error", "says"), BAD, ids=[says for *_, says in BAD])
def test_a_misfit_is_said_in_one_sentence(make, changes, error, says):
    with pytest.raises(error, match=re.escape(says)) as raised:
        make(**changes)
    assert "\n" not in str(raised.value)


def test_controls_that_cannot_be_are_refused(make, parts):
    for make_control, says in [
        (lambda: live.slider("a", 2, 1), "a finite min below max"),
        (lambda: live.slider("a", 0, 1, log=True), "needs min > 0"),
        (lambda: live.slider("a", 0, 1, value=2), "outside its range"),
        (lambda: live.slider("a", 0, 1, step=0), "a positive step"),
        (lambda: live.slider("a", 0, 1, value=0.5, integer=True), "whole numbers"),
        (lambda: live.slider("a", 0, 1, format="x"), "the number format 'x'"),
        (lambda: live.choice("a", ["one"]), "two or more texts"),
        (lambda: live.choice("a", ["one", "one"]), "the same option twice"),
        (lambda: live.point("a", (0, 5), ((-1, 1), (-1, 1))), "outside its bounds"),
        (lambda: live.point("a", (0, 0), ((-1, 1), (-1,))), "needs finite bounds"),
        (lambda: live.data("a", [[0, 5]], ((-1, 1), (-1, 1))), "outside its bounds"),
        (
            lambda: live.data("a", [0, 0], ((-1, 1), (-1, 1))),
            "an array of shape (m, 2), but was given one of shape (2,)",
        ),
        (lambda: live.data("a", [[0, 0]], ((-1, 1), (-1, 1)), axis="z"), "not 'z'"),
        (lambda: live.figure(*fit_parts()[:2], live.plane([live.points("points")])), "in no view's drag="),
        (lambda: live.plane([live.path("a")], xlim=(2, 1)), "low < high"),
        (lambda: live.plane([live.path("a")], xlim=3), "low < high"),
        (lambda: live.plane([live.path("a")], xlim=(0, np.inf)), "xlim needs finite ends"),
        (lambda: live.plane([live.path("a")], ylim=(None, np.nan)), "ylim needs finite ends"),
        (lambda: live.curves([live.line("a")], ylog=True, ylim=(0, 1)), "must be positive"),
        (lambda: live.rule(), "either x or y"),
        (lambda: live.contours(print, levels=0), "a positive whole number of levels"),
        (lambda: live.contours(print, levels=[2, 1]), "levels in increasing order"),
        (
            lambda: make(controls=[*parts["controls"], live.slider("kappa", 0, 1)]),
            "two controls are called 'kappa'",
        ),
        (lambda: make(controls=[*parts["controls"], live.slider("a b", 0, 1)]), "name an argument"),
        (
            lambda: live.figure(
                lambda layout: {"x": layout[None]},
                [live.slider("layout", 0, 1)],
                live.curves([live.line("x")]),
            ),
            "every widget has already",
        ),
    ]:
        with pytest.raises(ValueError, match=re.escape(says)):
            make_control()


def test_a_field_that_is_no_scalar_is_refused(make):
    vector = live.plane([live.contours(lambda point, kappa: kappa * point)], xlim=(0, 1), ylim=(0, 1))
    with pytest.raises(
        ValueError, match=re.escape("must return a scalar for a point, but returned an array")
    ):
        make(views=[vector])


@pytest.mark.parametrize("decide", [bool, float, np.asarray, range], ids=["if", "float", "numpy", "range"])
def test_python_deciding_on_a_control_is_said_with_its_line(make, decide):
    def stubborn(kappa):
        decide(jnp.asarray(kappa).astype(int))
        return {"loss": kappa * jnp.ones(3)}

    line = stubborn.__code__.co_firstlineno + 1
    curves = live.curves([live.line("loss")])
    with pytest.raises(
        TypeError, match=rf"figure 'stubborn' needs a value .* at .*test_figure\.py:{line}: decide"
    ):
        live.figure(stubborn, live.slider("kappa", 1, 2), curves)


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([jnp.nan, 1, -jnp.inf], "output 'loss' is -inf at index (2,) in the state"),
        ([jnp.nan] * 3, "output 'loss' is NaN throughout in the state"),
    ],
)
def test_a_figure_that_opens_with_infinity_or_nothing_but_nan_is_refused(make, losses, said):
    def broken(kappa):
        return {"loss": jnp.array(losses) * kappa}

    with pytest.raises(ValueError, match=re.escape(said)):
        make(function=broken, controls=[live.slider("kappa", 1, 2)], views=live.curves([live.line("loss")]),
             summary="", words={})  # fmt: skip


def test_what_lies_behind_the_count_may_be_anything(make):
    def stopped(kappa):
        return {"loss": jnp.array([1.0, 2.0, jnp.nan]) * kappa, "steps": 1}

    curves = live.curves([live.line("loss", count="steps")])
    figure = make(function=stopped, controls=[live.slider("kappa", 1, 2)], views=curves, summary="", words={})
    assert figure.outputs["steps"] == 1


def test_four_forms_agree_on_the_present_state(make):
    figure = make(summary='κ < {kappa:.3~g} & rate "{rate}"')
    figure.kappa = 50
    data, metadata = figure._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/html", "image/png", "text/plain"}
    assert data["text/plain"] == repr(figure) == 'κ < 50 & rate "best"'
    alt = re.search(r'alt="([^"]*)"', data["text/html"])[1]
    assert html.unescape(alt) == data["text/plain"]
    assert f'base64,{data["image/png"]}"' in data["text/html"]
    payload = json.loads(PAYLOAD.search(data["text/html"])[1])
    assert payload["spec"]["controls"][0]["value"] == 50
    assert payload["program"].startswith("function")
    assert len(payload["fields"]) == 1
    assert metadata["image/png"]["width"] > 300


def test_the_output_is_the_same_each_time(make):
    first, second = (make()._repr_mimebundle_()[0] for _ in range(2))
    for form in ("text/html", "image/png", "text/plain"):
        assert first[form] == second[form]


def test_a_text_cannot_end_the_script_element(make):
    figure = make(title="</script><script>alert(1)</script>")
    assert figure._repr_mimebundle_()[0]["text/html"].count("<script") == 1


@pytest.mark.parametrize("title", ["The set {1, 2}", "Loss }", "Level {kappa}"])
def test_braces_of_a_title_are_no_fields(make, title):
    figure = make(title=title, summary="")
    assert figure.describe() == f"Live figure: {title.replace('{', '(').replace('}', ')')}."


def test_whole_numbers_beyond_32_bits_need_them(make):
    def long(n):
        return {"y": jnp.ones(3) * n}

    def figure():
        return live.figure(long, live.slider("n", 0, 10**10, integer=True), live.curves([live.line("y")]))

    assert figure().outputs["y"][0] == 5e9
    with jax.enable_x64(False), pytest.raises(ValueError, match="set jax_enable_x64 before"):
        figure()


def test_nbval_sees_the_summary_alone(make):
    """The regular expressions of `livefig.figure` leave nothing that differs between processors."""
    module = importlib.import_module("livefig.figure")  # the name in the package is the function
    lines = [line.strip() for line in module.__doc__.splitlines()]
    rules = [
        (line.removeprefix("regex: "), following.removeprefix("replace: "))
        for line, following in itertools.pairwise(lines)
        if line.startswith("regex: ")
    ]
    text = make()._repr_mimebundle_()[0]["text/html"]
    for regex, replacement in rules:
        text, count = re.subn(regex, replacement, text)
        assert count == 1
    assert len(text) < 300
    assert 'alt="At κ = 20 gradient descent makes 20 steps."' in text


def test_texts_know_choices_toggles_and_words(make):
    figure = make()
    figure.show_newton = False
    readout = figure.definition.views[-1]
    text = figure.definition.write(readout.text, figure.state, figure.outputs)
    assert text == "Step size: best. Newton is off, gradient descent falling."


@pytest.mark.parametrize(
    "spec", [".3~g", ",d", "d", ".1%", ".2e", ".3f", ".2~f", "g", ".3~r", ",.3~r", "~e", ".0f", ",.2f"]
)
def test_numbers_are_written_as_d3_writes_them(spec):
    engine = Engine("d3.js")
    generator = np.random.default_rng(0)
    numbers = [0.0, -0.0, 0.5, 1.5, 2.5, 0.125, 999.5, 9.9995, 1e-7, 1e-6, 1.5e-6, 123456.0, -0.0004, 1e-300]
    numbers += [1e20, 1e21, -1.2345e25, 1.7e300]
    numbers += list(generator.standard_normal(200) * 10.0 ** generator.integers(-9, 12, 200))
    theirs = engine.eval(f"JSON.stringify({json.dumps(numbers)}.map(d3.format({json.dumps(spec)})))")
    assert [template.number(value, spec) for value in numbers] == json.loads(theirs)


def test_numbers_that_are_none_are_written_as_words():
    assert [template.number(value, ".3f") for value in (np.nan, np.inf, -np.inf)] == ["undefined", "∞", "−∞"]


def test_a_notebook_keeps_the_figure(tmp_path):
    """Run a notebook as a reader does: its output has the four forms, and a trait moves the summary."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(
                "import livefig as live\n"
                "figure = live.figure(lambda a: {'y': a * jnp.arange(3.0)}, [live.slider('a', 0, 4)],\n"
                "                     live.curves([live.line('y')]), summary='a = {a}', name='lines')\n"
                "figure.a = 3\n"
                "figure"
            )
        ]
    )
    notebook.cells[0].source = "import jax.numpy as jnp\n" + notebook.cells[0].source
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    [output] = notebook.cells[0].outputs
    assert output.output_type == "execute_result"
    assert output.data["text/plain"] == "a = 3"
    assert output.data["text/html"].startswith('<figure class="livefig" data-name="lines">')
    assert output.data["image/png"].startswith("iVBOR")
    assert "application/vnd.jupyter.widget-view+json" in output.data
