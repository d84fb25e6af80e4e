"""Operations, counted on a jaxpr, against counts by hand."""

import jax
import jax.numpy as jnp
import pytest

from curvlib.counting import numbers_held, operations, relative_costs


def repeated(matrix, times):
    return jax.lax.scan(lambda total, _: (total @ matrix, None), matrix, None, length=times)[0]


@pytest.mark.parametrize(
    ("function", "shapes", "expected"),
    [
        (lambda a, b: a @ b, [(4, 5), (5, 6)], 4 * 5 * 6),
        (lambda a, b: jnp.einsum("bij,bkj->bik", a, b), [(7, 4, 5), (7, 6, 5)], 7 * 4 * 5 * 6),
        (lambda a, x: 3 * jnp.tanh(a) @ x, [(4, 5), (5,)], 20),
        (lambda a: repeated(a, 9), [(4, 4)], 9 * 64),
        (jax.jit(lambda a: jax.jit(repeated, static_argnums=1)(a @ a, 9)), [(4, 4)], 10 * 64),
        (jax.vmap(lambda a: repeated(a, 2)), [(3, 4, 4)], 3 * 2 * 64),
        (lambda a: jax.lax.fori_loop(0, 5, lambda _, b: a @ b, a), [(4, 4)], 5 * 64),
        (lambda a: jax.lax.while_loop(lambda b: b[0, 0] < 1, lambda b: a @ b, a), [(4, 4)], 64),
        (lambda a: jax.lax.cond(a[0, 0] > 0, lambda: a @ a @ a, lambda: a @ a), [(4, 4)], 2 * 64),
        (jax.checkpoint(lambda a: a @ a), [(4, 4)], 64),
        (jnp.linalg.cholesky, [(6, 6)], 72),
        (jnp.linalg.cholesky, [(5, 6, 6)], 5 * 72),
        (lambda a, b: jax.scipy.linalg.cho_solve((a, True), b), [(6, 6), (6,)], 2 * 36),
        (lambda a, b: jax.scipy.linalg.solve_triangular(a, b, lower=True), [(6, 6), (6, 5)], 5 * 36),
        (jnp.linalg.solve, [(6, 6), (6,)], 144 + 2 * 36),
        (jnp.linalg.eigh, [(6, 6)], 9 * 216),
        (jnp.linalg.svd, [(3, 8, 6)], 3 * (14 * 8 * 36 + 8 * 216)),
        (lambda a: jax.scipy.linalg.lu_factor(a)[0], [(8, 6)], 36 * 6),
        (lambda a: jnp.sum(a * a + jnp.exp(a)), [(6, 6)], 0),
        (lambda a, b: (a @ b, jnp.linalg.svd(a))[0], [(4, 5), (5, 6)], 4 * 5 * 6),
    ],
)
def test_what_is_known_is_counted(function, shapes, expected):
    arguments = [jnp.ones(shape) for shape in shapes]
    assert operations(function, *arguments) == pytest.approx(expected, rel=1e-14)


def test_functions_with_rules_of_their_own_count_once():
    square, other = jax.custom_vjp(lambda a: a @ a), jax.custom_jvp(lambda a: a @ a)
    square.defvjp(lambda a: (a @ a @ a @ a, a), lambda a, v: (v @ a,))
    other.defjvp(lambda primals, tangents: (other(*primals), 2 * primals[0] @ tangents[0]))
    assert operations(square, jnp.ones((4, 4))) == operations(other, jnp.ones((4, 4))) == 64


def test_entries_count_where_there_are_no_products():
    x = jnp.ones(5)
    assert operations(lambda x: jnp.sum(x * x), x) == 0
    assert operations(lambda x: jnp.sum(x * x), x, entries=True) == 5 + 1
    assert operations(lambda x: jnp.reshape(x, (5, 1)), x, entries=True) == 0


def test_costs_are_relative_to_the_unit_by_products_if_it_has_any():
    a, x = jnp.ones((4, 4)), jnp.ones(4)
    assert relative_costs((lambda x: a @ x, x), (lambda x: a @ (a @ x), x), (lambda x: x * x, x)) == [2, 0]
    assert relative_costs((lambda x: x * x, x), (lambda x: x * x * x, x)) == [2]
    assert relative_costs((lambda x: x, x), (lambda x: x, x)) == [0]  # nothing in units of nothing


@pytest.mark.parametrize("groups", [1, 2])
def test_a_convolution_counts_a_window_for_each_output(groups):
    image, kernel = jnp.ones((5, 4, 8, 8)), jnp.ones((6, 4 // groups, 3, 3))

    def convolved(image, kernel):
        return jax.lax.conv_general_dilated(image, kernel, (1, 1), "VALID", feature_group_count=groups)

    assert operations(convolved, image, kernel) == 5 * 6 * 6 * 6 * (4 // groups) * 9


def test_of_a_condition_the_branch_asked_for_counts():
    either = lambda a: jax.lax.cond(a[0, 0] > 0, lambda: a @ a @ a, lambda: a @ a)  # noqa: E731
    assert [operations(either, jnp.ones((4, 4)), branches=one) for one in (max, min)] == [128, 64]


def turned(a, inner):
    """Three loops whose length is not known: one, another in it, and one after them."""

    def twice(b):
        return jax.lax.while_loop(lambda c: c[0, 0] < inner, lambda c: a @ c, a @ b)

    first = jax.lax.while_loop(lambda b: b[0, 0] < 1, twice, a)
    return jax.lax.while_loop(lambda b: b[0, 0] < 2, lambda b: a @ b, first)


@pytest.mark.parametrize(
    ("rounds", "products"),
    [(1, 1 + 1 + 1), (3, 3 * (1 + 3) + 3), ((5, 2, 7), 5 * (1 + 2) + 7), ((0, 9, 4), 4)],
)
def test_rounds_of_loops_are_those_given(rounds, products):
    assert operations(turned, jnp.ones((4, 4)), 1.0, rounds=rounds) == 64 * products


@pytest.mark.parametrize(("rounds", "word"), [((1, 2), "there are more"), ((1, 2, 3, 4), "there are 3")])
def test_rounds_of_other_loops_are_refused(rounds, word):
    with pytest.raises(ValueError, match=rf"rounds of {len(rounds)} loops are given, and {word}"):
        operations(turned, jnp.ones((4, 4)), 1.0, rounds=rounds)


x, matrix = jnp.ones(10), jnp.ones((10, 10))


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        (lambda a: a, [x], 10),
        (lambda a: a + 1, [x], 20),
        (lambda a: jnp.sin(jnp.cos(jnp.tan(a))), [x], 20),  # tan is given up when cos is there
        (lambda a, b: a @ b, [matrix, x], 120),
        (lambda a: jnp.cumsum(a)[0] * 0 + jnp.exp(a), [x], 22),  # of the sums the first is left
        (jax.jit(lambda a: jnp.sin(jnp.cos(a))), [x], 20),
        (jax.jit(lambda a: jnp.sum(a[:, None] * a)), [x], 120),  # within what is compiled apart
        (lambda a: jax.lax.fori_loop(0, 5, lambda _, b: jnp.sin(jnp.cos(b)), a), [x], 30),
        (lambda a: jax.lax.scan(lambda b, _: (2 * b, 3 * b), a, None, length=7), [x], 10 + 10 + 70 + 20),
        (lambda a: jax.lax.cond(a[0] > 0, lambda: a @ matrix, lambda: a), [x], 122),
        (lambda a: jnp.sum(a[:, None, None] * a[:, None] * a), [x], 1000 + 10 + 100),
    ],
)
def test_the_most_numbers_held_at_a_time(function, arguments, expected):
    assert numbers_held(function, *arguments) == pytest.approx(expected, abs=3)
