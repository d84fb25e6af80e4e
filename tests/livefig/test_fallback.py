"""A figure in a kernel: what cannot be compiled is computed there; widgets link to it and drive it."""

import functools
import json
import random
import re
import warnings

import ipywidgets
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import livefig as live
from livefig import CompileError, assets, fallback
from tests.livefig.javascript import Engine


@pytest.fixture
def in_kernel(monkeypatch):
    """As if in a notebook."""
    monkeypatch.setattr(fallback, "is_there", lambda: True)


def untranslated(kappa):
    return {"y": jnp.abs(jnp.fft.fft(jnp.arange(4.0) * kappa)), "n": 3}


def eager(kappa):
    if kappa > 2:
        return {"y": np.arange(4.0) * kappa, "n": 3}
    return {"y": np.array([0.0, 1.0, 2.0, kappa]), "n": 1}


def total(values):
    return np.asarray(values).sum()


def origin(kappa):
    return {"at": jnp.zeros(2) * kappa, "n": 0}


SLIDER = live.slider("kappa", 1, 9, 3)
CURVES = live.curves([live.line("y", count="n")])


def make(function, views=CURVES, **options):
    return live.figure(function, SLIDER, views, summary="{n} at {kappa}", **options)


def numbers(answer, name):
    return np.frombuffer(answer["outputs"][name])


@pytest.mark.parametrize("function", [untranslated, eager], ids=["traces", "does not trace"])
def test_without_a_kernel_it_is_an_error(function):
    with pytest.raises((CompileError, TypeError)):
        make(function)


def test_what_is_not_translated_is_computed_by_jax_at_each_change(in_kernel):
    with pytest.warns(
        UserWarning, match="figure 'untranslated' is computed by this kernel.*no JavaScript for.*complex"
    ) as seen:
        figure = make(untranslated)
    assert len(seen) == 1 and seen[0].filename == __file__
    assert "complex" in figure.definition.reason
    figure.kappa = 5
    assert figure._answer["state"] == {"kappa": 5.0}
    np.testing.assert_allclose(numbers(figure._answer, "y"), np.abs(np.fft.fft(np.arange(4) * 5.0)))
    assert numbers(figure._answer, "n") == 3
    assert figure.describe() == "3 at 5"


def test_what_does_not_trace_is_run_as_it_is(in_kernel):
    with pytest.warns(UserWarning, match=r"test_fallback\.py:\d+"):
        figure = make(eager)
    for kappa, n in [(2, 1), (4, 3)]:
        figure.kappa = kappa
        assert numbers(figure._answer, "y")[3] == (kappa if n == 1 else 3 * kappa)
        assert figure.outputs["n"] == n


@functools.lru_cache
def remembered(n):
    return 2.0 * n


SUMS = {}


def looked_up(n):
    if n not in SUMS:
        SUMS[n] = 2.0 * n
    return SUMS[n]


# What no tracer gives, each with its value at n = 6: JAX, NumPy and Python refuse it in as many ways.
UNTRACED = {
    "a length": (lambda n: jnp.zeros(n).size, 6),
    "a matrix's size": (lambda n: jnp.eye(n).sum(), 6),
    "a random shape": (lambda n: jax.random.key_data(jax.random.split(jax.random.key(0), n)).size, 12),
    "a slice": (lambda n: jnp.arange(10.0)[:n].sum(), 15),
    "a mask": (lambda n: jnp.arange(10.0)[jnp.arange(10) >= n].sum(), 30),
    "a cache": (remembered, 12),
    "a dict": (looked_up, 12),
    "NumPy's generator": (lambda n: float(np.random.default_rng(n).integers(7, 8)), 7),
    "Python's generator": (lambda n: random.Random(n).randint(7, 7), 7),
    "a format": (lambda n: float(f"{n:d}"), 6),
    "a method of int": (lambda n: n.bit_length(), 3),
    "a static argument": (lambda n: jax.jit(jnp.ones, static_argnums=0)(n).sum(), 6),
}


@pytest.mark.parametrize("part", UNTRACED)
@pytest.mark.parametrize("inside", [False, True], ids=["outside", "in a kernel"])
def test_whatever_tracing_refuses_a_kernel_computes(part, inside, monkeypatch):
    compute, value = UNTRACED[part]

    def figure(n):
        return {"y": jnp.arange(3.0) + compute(n)}

    n = live.slider("n", 1, 9, 3, integer=True)
    says = r"figure 'figure' needs a value .* at .*test_fallback\.py:\d+: decide with"
    monkeypatch.setattr(fallback, "is_there", lambda: inside)
    if not inside:
        with pytest.raises(TypeError, match=says):
            live.figure(figure, n, live.curves([live.line("y")]))
        return
    with pytest.warns(UserWarning, match=says):
        made = live.figure(figure, n, live.curves([live.line("y")]))
    made.n = 6
    assert numbers(made._answer, "y")[0] == value


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (lambda n: {"y": np.ones(n)}, "returned 'y' of shape (6,) at n=6, but before 'y' of shape (3,)"),
        (
            lambda n: {"y": np.ones(3), **({"z": 1} if n > 5 else {})},
            "returned 'y' of shape (3,), 'z' of shape () at n=6, but before 'y' of shape (3,): names",
        ),
        (
            lambda n: {"y": np.ones(3), "k": 1 if n < 5 else 1.5},
            "returned 'k' as float64 at n=6, but before as int64: return the same kind",
        ),
    ],
    ids=["shape", "name", "kind"],
)
def test_outputs_keep_their_places(in_kernel, given, says):
    n = live.slider("n", 1, 9, 3, integer=True)
    with pytest.warns(UserWarning):
        figure = live.figure(given, n, live.curves([live.line("y")]), name="places")
    with pytest.raises(ValueError, match=re.escape(says)):
        figure.n = 6
    assert says in figure._answer["error"]
    figure.n = 3
    assert "error" not in figure._answer


def test_an_error_in_the_function_is_raised_and_sent(in_kernel):
    def fragile(kappa):
        if kappa > 5:
            raise ZeroDivisionError("too far")
        return {"y": np.ones(4) * float(kappa), "n": 3}

    with pytest.warns(UserWarning):
        figure = make(fragile)
    with pytest.raises(ZeroDivisionError):
        figure.kappa = 6
    assert figure._answer["error"] == "ZeroDivisionError: too far"
    assert figure._answer["state"] == {"kappa": 3.0}, "the last good numbers stay"
    figure.kappa = 4
    assert "error" not in figure._answer


@pytest.mark.parametrize(
    "field",
    [
        lambda point, kappa: jnp.real(jnp.fft.fft(point))[0] * kappa,
        lambda point, kappa: float(point[0] + point[1]) * float(kappa),
        lambda point, kappa: np.sum(point[np.isfinite(point)]) * kappa,
        lambda point, kappa: jax.pure_callback(
            total, jax.ShapeDtypeStruct((), jnp.zeros(()).dtype), point * kappa
        ),
    ],
    ids=["traces", "does not trace", "mask", "does not map"],
)
def test_a_field_is_sampled_in_the_limits_of_its_plane(in_kernel, field):
    plane = live.plane([live.contours(field), live.points("at")], xlim=(-1, 2), ylim=(0, 1))
    with pytest.warns(UserWarning, match="'origin' is computed by this kernel"):
        figure = make(origin, plane)
    [grid] = figure._answer["fields"]
    nodes = grid["nodes"]
    values = np.frombuffer(grid["values"]).reshape(nodes, nodes)
    x, y = np.linspace(-1, 2, nodes), np.linspace(0, 1, nodes)
    np.testing.assert_allclose(values, 3 * (x[None] + y[:, None]), atol=1e-12)
    assert figure._repr_mimebundle_()[0]["image/png"]
    fitted = live.plane([live.contours(field), live.points("at")])
    with pytest.raises(ValueError, match="if its plane has xlim and ylim"):
        make(origin, fitted)


def test_its_html_is_the_picture_and_a_sentence(in_kernel):
    with pytest.warns(UserWarning):
        figure = make(eager)
    data, _ = figure._repr_mimebundle_()
    assert re.fullmatch(
        r'<figure class="livefig-still" data-name="eager" data-reason="the function of figure [^"]*">'
        r'<img src="data:image/png;base64,[^"]*" alt="3 at 3" width="\d+"'
        r' height="\d+"><figcaption>This figure is computed by a kernel: .*</figcaption></figure>',
        data["text/html"],
    )
    assert data["text/plain"] == "3 at 3"


def test_what_compiles_needs_no_kernel(in_kernel):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = make(lambda kappa: {"y": jnp.arange(4.0) * kappa, "n": 3}, name="plain")
    assert figure.definition.reason is None
    assert figure._answer == {}


def test_a_mistake_in_a_function_stays_an_error(in_kernel):
    with pytest.raises(TypeError, match="dot_general"):
        make(lambda kappa: {"y": jnp.dot(jnp.ones(3), jnp.ones(4)) * kappa, "n": 3})


def test_a_mistake_beside_an_untraced_line_stays_an_error(in_kernel):
    def mistaken(kappa):
        return {"y": np.ones(int(kappa)), "n": str(kappa)}

    with pytest.raises(TypeError, match=r"returned '3\.0' as 'n': return arrays and numbers"):
        make(mistaken)


def test_every_kind_of_control_links_to_ipywidgets():
    def everything(kappa, k, kind, on, start, points):
        return {"y": jnp.arange(3.0) * kappa + k + kind + on + start[0] + points[0, 0]}

    bounds = ((-1, 1), (-1, 1))
    controls = [
        live.slider("kappa", 1, 9, 3),
        live.player("k", 0, 9),
        live.choice("kind", ["one", "two"]),
        live.toggle("on"),
        live.point("start", (0, 0), bounds),
        live.data("points", [[0, 0], [1, 1]], bounds),
    ]
    views = [live.plane([live.points("points")], drag=["start", "points"]), live.curves([live.line("y")])]
    figure = live.figure(everything, controls, views)
    slider, player = ipywidgets.FloatSlider(min=1, max=9, value=5), ipywidgets.Play(max=9)
    choice, box = ipywidgets.Dropdown(options=[("one", 0), ("two", 1)]), ipywidgets.Checkbox(False)
    linked = [
        (slider, "value", "kappa"),
        (player, "value", "k"),
        (choice, "index", "kind"),
        (box, "value", "on"),
    ]
    for widget, trait, name in linked:
        ipywidgets.link((widget, trait), (figure, name))
        ipywidgets.jslink((widget, trait), (figure, name))
    assert figure.state["kappa"] == 5 and figure.on is False
    player.value, choice.value, box.value = 4, 1, True
    assert figure.state == {
        "kappa": 5, "k": 4, "kind": 1, "on": True, "start": (0, 0), "points": ((0, 0), (1, 1)),
    }  # fmt: skip
    figure.k = 7
    assert player.value == 7
    seen = []
    figure.observe(lambda change: seen.append(change.new), names="points")
    figure.points = np.full((2, 2), 0.5)
    assert seen == [((0.5, 0.5), (0.5, 0.5))]
    other = live.figure(everything, controls, views, name="other")
    ipywidgets.link((figure, "points"), (other, "points"))
    assert other.points == figure.points
    assert all(name in figure.keys for name in figure.state), "each control is sent to the page"
    for container in (ipywidgets.VBox([figure, slider]), ipywidgets.HBox([other])):
        assert isinstance(container.children[0], live.figure.__globals__["LiveFigure"])


def test_jax_is_traced_once_for_all_values(in_kernel):
    traces = []

    def counted(kappa):
        traces.append(1)
        return {"y": jnp.abs(jnp.fft.fft(jnp.arange(4.0) * kappa)), "n": 3}

    with pytest.warns(UserWarning):
        figure = make(counted)
    before = len(traces)
    for kappa in (2, 4, 6):
        figure.kappa = kappa
    assert len(traces) == before
    assert isinstance(jax.tree.leaves(figure.outputs)[0], np.ndarray)


def on_a_plane(layers, **limits):
    limits = {"xlim": (-1, 1), "ylim": (-1, 1), **limits}
    return live.plane([*layers, live.points("at")], **limits)


def test_a_layer_of_two_planes_is_sampled_in_the_limits_of_each(in_kernel):
    layer = live.contours(lambda point, kappa: float(point[0]) * float(kappa))
    planes = [on_a_plane([layer]), on_a_plane([layer], xlim=(10, 20))]
    with pytest.warns(UserWarning):
        figure = make(origin, planes)
    assert [grid["box"][0] for grid in figure._answer["fields"]] == [(-1, 1), (10, 20)]
    assert [view["layers"][0]["field"] for view in figure.definition.spec(figure.state)["views"]] == [0, 1]


@pytest.mark.parametrize(
    ("field", "later", "says"),
    [
        (live.vectors, np.ones(3), "must return an array of shape (2,) for a point, but returned an array"),
        (live.vectors, 1.0, "must return an array of shape (2,) for a point"),
        (live.contours, np.ones(2), "must return a scalar for a point, but returned an array of shape (2,)"),
        (live.contours, 1j, "must return real numbers, but returned complex128"),
        (live.contours, "a text", "must return real numbers"),
        (lambda field: live.regions(field, ["one"]), 0.5, "must return an integer for a point"),
    ],
)
def test_a_field_is_checked_at_every_point(in_kernel, field, later, says):
    first = np.ones(2) if field is live.vectors else 1

    def fickle(point, kappa):
        return first if float(kappa) < 5 or point[0] < 0 else later

    with pytest.warns(UserWarning):
        figure = make(origin, on_a_plane([field(fickle)]))
    with pytest.raises((TypeError, ValueError), match=re.escape(f"the field 'fickle' {says}")):
        figure.kappa = 7


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (lambda point, kappa: "x", "must return real numbers"),
        (lambda point, kappa: {"a": point[0]}, "must return a scalar for a point, but returned a dict of 1"),
        (lambda point, kappa: jnp.exp(1j * point[0]), "must return real numbers, but returned complex"),
    ],
)
def test_a_field_that_cannot_be_drawn_is_refused_everywhere(value, says):
    with pytest.raises((TypeError, ValueError), match=re.escape(says)):
        make(origin, on_a_plane([live.contours(value)]))


def test_page_picture_and_texts_are_of_one_run(in_kernel):
    runs = []

    def counted(kappa):
        runs.append(float(kappa))
        return {"y": np.ones(4) * float(kappa), "n": len(runs)}

    with pytest.warns(UserWarning):
        figure = make(counted)
    figure.kappa = 5
    before = len(runs)
    data, _ = figure._repr_mimebundle_()
    assert data["text/plain"] == f"{before} at 5"
    assert figure.outputs["n"] == numbers(figure._answer, "n") == before == len(runs)


def test_outputs_are_copies(in_kernel):
    buffer = np.zeros(4)

    def reusing(kappa):
        buffer[:] = float(kappa)
        return {"y": buffer, "n": 3}

    with pytest.warns(UserWarning):
        figure = make(reusing)
    outputs = figure.outputs["y"]
    figure.kappa = 7
    assert (outputs == 3).all() and (figure.outputs["y"] == 7).all()
    outputs[:] = 0
    assert (figure.outputs["y"] == 7).all()


def test_arrays_of_one_name_are_refused(in_kernel):
    def twins(kappa):
        return {"y": np.ones(3) * float(kappa), "u.b": 1.0, "u": {"b": 2.0}}

    with pytest.raises(ValueError, match=r"two arrays are both called 'u\.b'"):
        live.figure(twins, SLIDER, live.curves([live.line("y")]))


def test_an_error_keeps_no_observer_from_its_news(in_kernel):
    def ordered(a, b):
        if float(a) > float(b):
            raise ValueError("a above b")
        return {"y": np.ones(3) * float(a) * float(b)}

    controls = [live.slider("a", 1, 9, 2), live.slider("b", 1, 9, 5)]
    with pytest.warns(UserWarning):
        figure = live.figure(ordered, controls, live.curves([live.line("y")]))
    linked = [ipywidgets.FloatSlider(min=1, max=9) for _ in "ab"]
    for name, slider in zip("ab", linked, strict=True):
        ipywidgets.link((figure, name), (slider, "value"))
    with pytest.raises(ValueError, match="a above b"), figure.hold_trait_notifications():
        figure.a, figure.b = 8, 7
    assert [slider.value for slider in linked] == [8, 7]
    with pytest.raises(ValueError, match="a above b"):
        figure.b = 3
    assert linked[1].value == 3
    figure.a = 3
    assert "error" not in figure._answer and figure.outputs["y"][0] == 9


def test_an_error_is_raised_by_what_changed_the_control_alone(in_kernel):
    def limited(kappa):
        if float(kappa) > 8:
            raise RuntimeError("too far")
        return {"y": np.ones(4) * float(kappa), "n": 3}

    with pytest.warns(UserWarning):
        figure = make(limited)
    with pytest.raises(RuntimeError, match="too far"):
        figure.set_trait("kappa", 9)
    figure.kappa = 3
    with pytest.raises(KeyError), figure.hold_trait_notifications():
        figure.kappa = 9
        raise KeyError
    figure.layout = ipywidgets.Layout()
    assert figure._answer["error"] == "RuntimeError: too far"


def test_the_page_and_python_have_one_trace():
    """What depends on no control is what it was when the figure was made."""
    here = {"shift": -0.8, "draws": 0}

    def noisy(kappa):
        here["draws"] += 1
        return {"at": kappa * jnp.asarray(np.random.default_rng().normal(size=2))}

    def field(point, kappa):
        return (point[0] - here["shift"]) ** 2 + point[1] ** 2

    figure = make_noisy(noisy, field)
    here["shift"] = 0.8
    assert here["draws"] == 1
    engine = Engine("d3.js", *assets.RUNTIME)
    program = figure.definition.program.source
    page = json.loads(engine.eval(f"JSON.stringify(Array.from(({program})(runtime)(3).at))"))
    np.testing.assert_allclose(figure.outputs["at"], page, rtol=1e-14)
    layer = figure.definition.views[0].layers[0]
    values = figure.definition.field_values(layer, figure.state, np.array([[-0.8, 0.0], [0.8, 0.0]]))
    np.testing.assert_allclose(values, [0, 1.6**2], atol=1e-6)


def make_noisy(function, field):
    return live.figure(function, SLIDER, on_a_plane([live.contours(field)]))
