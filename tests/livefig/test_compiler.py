"""What a compiled program looks like: fields, names, text, errors."""

import builtins
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from livefig import assets, lines
from livefig.compiler import CompileError, Leaf, compile, compile_field
from tests.livefig.javascript import check, engine, race, run

RANDOM = np.random.default_rng(1)
START = np.array([-1.2, 1.0])

# Fields


def value_of(program, arguments, point):
    values = ", ".join(
        f"Float64Array.of({', '.join(map(str, a))})" if np.ndim(a) else str(a) for a in arguments
    )
    return engine().eval(f"({program.source})(runtime)({values})({', '.join(map(str, point))})")


def test_field():
    def field(point, kappa, angle):
        turned = point[0] * jnp.cos(angle) + point[1] * jnp.sin(angle)
        return jnp.log1p(jnp.sum(point**2) + (kappa - 1) * turned**2)

    program = compile_field(field, START, 100.0, 0.5)
    assert program.inputs == (Leaf("kappa", (), "float64"), Leaf("angle", (), "float64"))
    for kappa, point in [(100.0, (0.3, -0.7)), (7.0, (2.0, 0.0))]:
        np.testing.assert_allclose(
            value_of(program, (kappa, 0.5), point), field(jnp.array(point), kappa, 0.5), rtol=1e-12
        )
    prepare, at_point = program.source.split("return function (x0, x1)")
    assert "cos(" in prepare and "cos(" not in at_point


def test_field_with_arrays():
    def field(point, centres, weights):
        distances = jnp.sum((centres - point) ** 2, axis=1)
        return jnp.sum(weights * jnp.exp(-distances)) + jnp.linalg.norm(jnp.sort(weights))

    centres, weights = RANDOM.normal(size=(20, 2)), RANDOM.normal(size=20)
    program = compile_field(field, START, centres, weights)
    source = (
        f"{{const prepare = ({program.source})(runtime), c = Float64Array.from({centres.ravel().tolist()});"
        f"const one = prepare(c, Float64Array.from({weights.tolist()}));"
        "const two = prepare(c, new Float64Array(20));"
        "JSON.stringify([one(0.5, 1), two(0.5, 1), one(-1, 0)])}"
    )
    expected = [
        field(jnp.array(p), centres, w)
        for p, w in [((0.5, 1), weights), ((0.5, 1), 0 * weights), ((-1, 0), weights)]
    ]
    np.testing.assert_allclose(eval(engine().eval(source)), expected, rtol=1e-12)


def test_what_a_field_does_with_its_arguments_alone_is_done_once():
    program = compile_field(
        lambda point, rate, x: jnp.sum(jnp.exp(-rate * x) * jnp.cos(point[0] * x)),
        START,
        2.0,
        np.arange(50.0),
    )
    prepare, at_point = program.source.split("return function (x0, x1)")
    assert "exp(" in prepare and "exp(" not in at_point and "cos(" in at_point


def test_field_of_two_numbers_and_constant_field():
    program = compile_field(lambda p: p["x"] * 2 + p["y"][1], {"x": 1.0, "y": np.zeros(2)})
    assert value_of(program, (), (1, 2, 3)) == 5
    assert value_of(compile_field(lambda p: jnp.float64(4.0), START), (), (1, 2)) == 4
    assert value_of(compile_field(lambda p: p[0] > 1, START), (), (3, 2)) == 1


def test_field_must_be_scalar():
    with pytest.raises(ValueError, match=r"one scalar.*\(2,\)"):
        compile_field(lambda p: p, START)


# Names and text


@jax.tree_util.register_pytree_node_class
class Status:
    """A node without names, whose only leaf takes its place."""

    def __init__(self, code):
        self.code = code

    def tree_flatten(self):
        return (self.code,), None

    @classmethod
    def tree_unflatten(cls, _, leaves):
        return cls(*leaves)


def test_names_of_inputs_and_outputs():
    def function(new, params, *rest):
        return {
            "a": {"b": new, "c": [rest[0], rest[1]]},
            "with-dash": params["w"],
            "status": Status(jnp.int32(1)),
        }

    program = check(function, 1.0, {"w": START, "delete": 2.0}, 3, True)
    assert [leaf.name for leaf in program.inputs] == ["new", "params.delete", "params.w", "rest0", "rest1"]
    assert [leaf.name for leaf in program.outputs] == ["a.b", "a.c.0", "a.c.1", "status", "with-dash"]
    assert [leaf.dtype for leaf in program.inputs] == ["float64", "float64", "float64", "int64", "bool"]
    assert compile(lambda x: x, 1.0).outputs == (Leaf("value", (), "float64"),)
    check(
        lambda t1, b1, i, exp: (jnp.exp(t1) * b1, jnp.sum(jnp.exp(exp) * i)),
        1.0,
        2.0,
        np.ones(30),
        np.ones(30),
    )


def test_outputs_are_new_arrays():
    program = compile(lambda x: {"a": 2 * x, "b": 2 * x, "c": x, "d": jnp.zeros(20)}, np.ones(20))
    source = (
        f"{{const f = ({program.source})(runtime), x = new Float64Array(20).fill(1);"
        "const first = f(x), second = f(x);"
        "const all = [x, ...Object.values(first), ...Object.values(second)]; new Set(all).size}"
    )
    assert engine().eval(source) == 9


def test_awkward_constants_survive():
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-300, 1 / 3, 1e22])
    check(
        lambda x: (x * special[:8], jnp.asarray(np.resize(special, 40)) + 0 * x[0]),
        np.ones(8),
        rtol=0,
        zeros=True,
    )


def test_what_is_not_needed_is_not_computed():
    def function(x):
        def body(carry, _):
            x, unused = carry
            return (x * 0.9, jnp.exp(unused)), (x, jnp.sin(x))

        (x, _), (path, _) = lax.scan(body, (x, x), None, length=30)
        return path

    source = compile(function, START).source
    assert "exp" not in source and "sin" not in source


def test_nothing_is_evaluated_from_text():
    text = "".join((assets.STATIC / name).read_text() for name in assets.RUNTIME)
    text += compile(race, 100.0, 0.5, START).source
    assert not re.search(r"\beval\b|new Function|import\(", text)


def test_one_statement_a_line():
    for line in compile(race, 100.0, 0.5, START).source.splitlines():
        assert len(line) < 200
        assert line.count(";") <= (3 if line.lstrip().startswith("for") else 1)


def test_errors_name_the_primitive_and_the_line():
    refused = {
        "the JAX primitive 'igamma_grad_a'": (jax.jit(lambda x: jax.lax.igamma_grad_a(x, x)), 1.0),
        "the JAX primitive 'qr' with pivoting": (lambda a: jax.scipy.linalg.qr(a, pivoting=True), np.eye(2)),
        "values of type bfloat16": (lambda x: x.astype(jnp.bfloat16) + 1, 3.0),
        "values of type complex128": (lambda x: jnp.abs(x * 1j), 3.0),
        "values of type uint64": (lambda x: jnp.sum(x), np.ones(3, np.uint8)),
        "random keys that depend on an argument": (lambda x: x + jax.random.normal(jax.random.key(x)), 3),
    }
    for what, (function, argument) in refused.items():
        with pytest.raises(
            CompileError, match=rf"no JavaScript for {what}.*, used at .*test_compiler\.py:\d+\."
        ):
            compile(function, argument)
    assert issubclass(CompileError, NotImplementedError)


def test_error_in_a_notebook_names_the_cell():
    cell = {}
    code = "import jax\n\ndef loss(x):\n    return jax.lax.igamma_grad_a(x, x)"
    exec(builtins.compile(code, "/tmp/ipykernel_4321/1234.py", "exec"), cell)
    with pytest.raises(CompileError, match="'igamma_grad_a', used at line 4 of a notebook cell, in loss"):
        compile(cell["loss"], 1.0)


def test_error_within_an_installed_package_names_the_users_line(tmp_path, monkeypatch):
    """Also where it is edited; where there is no other line, its author's."""
    folder = tmp_path / "optimizers"
    folder.mkdir()
    code = "import jax\n\ndef step(x):\n    return jax.lax.igamma_grad_a(x, x)\n"
    (folder / "__init__.py").write_text(code)
    cell = {}
    exec(builtins.compile(code, str(folder / "__init__.py"), "exec"), cell)
    with pytest.raises(CompileError, match=r"optimizers.__init__\.py:4\."):
        compile(cell["step"], 1.0)
    (tmp_path / "optimizers-1.0.dist-info").mkdir()
    (tmp_path / "optimizers-1.0.dist-info" / "METADATA").write_text("Name: optimizers\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    lines._is_installed.cache_clear()
    with pytest.raises(CompileError, match=r"test_compiler\.py:\d+\."):
        compile(lambda x: cell["step"](x), 1.0)


def test_names_must_differ():
    with pytest.raises(ValueError, match=r"two arrays are both called 'a\.b'"):
        compile(lambda x: {"a.b": x, "a": {"b": x}}, 1.0)


def test_run_is_checked_by_a_wrong_program():
    """The comparison itself can fail."""
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(run(compile(lambda x: x + 1e-9, 1.0), 1.0)["value"], 1.0, rtol=1e-12)


@pytest.mark.parametrize("name", ["R²", "x½", "__proto__", "é", "数", "a b", "class", "constructor"])
def test_any_text_names_an_output(name):
    got = run(compile(lambda a: {name: jnp.sin(a), "zz": jnp.cumsum(a)}, np.ones(3)), np.ones(3))
    np.testing.assert_allclose(got[name], np.sin(np.ones(3)))


def test_what_a_field_reads_twice_is_worked_out_once():
    def field(rounds):
        def at(point, a):
            v = point[0] * jnp.outer(a, a)
            for _ in range(rounds):
                v = jnp.sin(v) + 0.1 * v.T + 0.2 * jnp.roll(v, 1, 1)
            return jnp.sum(v)

        return at

    sizes = [len(compile_field(field(n), np.zeros(2), np.ones(20)).source) for n in (2, 4, 8)]
    assert sizes[2] - sizes[1] < 2.5 * (sizes[1] - sizes[0])
