"""Equations as other versions of JAX, and libraries, make them: read where known, else one sentence."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.extend.core import Primitive

from livefig.compiler import CompileError, compile
from livefig.compiler.graph import versions
from livefig.compiler.graph.versions import Parameters
from tests.livefig import stand_ins
from tests.livefig.javascript import check, run

X = np.linspace(-1, 2, 20)
HERE = r"used at .*test_compiler_versions\.py:\d+"


def test_the_parameters_of_a_scan_by_either_name():
    older = Parameters("scan", {"num_consts": 2, "num_carry": 1})
    newer = Parameters("scan", {"ft_in": SimpleNamespace(unpack=lambda: ([0, 0], [0], [0, 0, 0]))})
    assert versions.scan_counts(older) == versions.scan_counts(newer) == (2, 1)


def test_a_primitive_that_says_what_it_is_made_of():
    made = Primitive(versions.HIGH)
    made.def_abstract_eval(lambda x, **_: jax.core.ShapedArray(x.shape, x.dtype))
    made.to_lojax = lambda x, *, factor: jnp.sin(factor * x)
    program = compile(lambda x: made.bind(x, factor=3.0), X)
    np.testing.assert_allclose(run(program, X)["value"], np.sin(3 * X), rtol=1e-12)
    made.to_lojax = lambda x, *, factor: lax.fft(x, "FFT", x.shape).real
    with pytest.raises(CompileError, match=f"complex128, {HERE}"):
        compile(lambda x: made.bind(x, factor=3.0), X)


ANY = stand_ins.primitive("unvmap_any", lambda x: jnp.any(x))  # what Equinox's do
FORBIDS = stand_ins.primitive("nondifferentiable_backward", lambda x, *, msg: x)


def test_the_primitives_of_a_library_are_what_it_makes_them_of():
    def doubled(x):
        """As Equinox's loops go on while any of a batch does."""
        return lax.while_loop(lambda x: ANY.bind(x < 50), lambda x: FORBIDS.bind(2 * x, msg="no"), x)

    check(lambda x: (doubled(x), doubled(x[3:9])), np.abs(X) + 1)


def test_a_primitive_of_a_library_that_is_made_of_what_has_no_javascript():
    made = stand_ins.primitive("spectrum", lambda x: jnp.abs(jnp.fft.fft(x)))
    with pytest.raises(CompileError, match=f"complex128, {HERE}"):
        compile(lambda x: made.bind(x), X)


def test_a_primitive_of_a_library_that_works_on_numbers_alone():
    made = stand_ins.primitive("counted", lambda x: x)
    made.def_impl(lambda x: jnp.full_like(x, float(x[0])))
    with pytest.raises(CompileError, match=f"the JAX primitive 'counted', {HERE}"):
        compile(lambda x: made.bind(x), X)


def test_what_only_python_can_compute_is_not_called():
    def heard(x):
        raise AssertionError("called")

    with pytest.raises(CompileError, match=f"'pure_callback', {HERE}"):
        compile(lambda x: jax.pure_callback(heard, x, x), X)


@pytest.mark.parametrize(
    ("primitive", "parameter"),
    [
        ("scan", "jaxpr"),
        ("while", "cond_nconsts"),
        ("cond", "branches"),
        ("jit", "jaxpr"),
        ("cumsum", "axis"),
    ],
)
def test_a_parameter_that_is_missing_is_named_with_the_line(primitive, parameter):
    made = stand_ins.primitive(primitive, lambda x, *more, **_: x)
    counts = {"num_consts": 0, "num_carry": 1} if primitive == "scan" else {}
    with pytest.raises(CompileError, match=f"'{primitive}' without its parameter '{parameter}'.*{HERE}"):
        compile(lambda x: made.bind(x, **counts), X)


def test_an_attribute_that_is_missing_is_named_with_the_line():
    made = stand_ins.primitive("gather", lambda x, *more, **_: x)
    numbers = type("GatherDimensionNumbers", (), {"start_index_map": (0,)})()
    with pytest.raises(CompileError, match=f"'gather' whose parameter has no 'start_indices_b.*{HERE}"):
        compile(lambda x: made.bind(x, X[:, None], dimension_numbers=numbers, slice_sizes=(1,)), X)


def test_a_mistake_of_the_compiler_is_no_news_of_jax(monkeypatch):
    monkeypatch.setattr(versions, "scan_counts", lambda parameters: versions.nothing)
    with pytest.raises(AttributeError, match="nothing"):
        compile(lambda x: lax.scan(lambda total, row: (total + row, total), x[0], x), X)
