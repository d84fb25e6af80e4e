"""Operations, counted on a jaxpr, against counts by hand."""

import jax
import jax.numpy as jnp
import pytest

from curvlib.counting import operations, relative_costs


def test_products_count_their_multiplications_in_loops_and_branches_too():
    a, x = jnp.ones((4, 5)), jnp.ones(5)
    assert operations(lambda x: a @ x, x) == 20
    assert operations(lambda x: jax.lax.fori_loop(0, 3, lambda _, x: a.T @ (a @ x), x), x) == 3 * 40
    assert operations(lambda x: jax.lax.cond(x[0] > 0, lambda: a @ x, lambda: jnp.ones(4)), x) == 20
    assert operations(lambda x: (a @ x, x)[1], x) == 0  # what is not needed


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


def test_a_factorization_without_a_price_is_named():
    with pytest.raises(NotImplementedError, match="svd"):
        operations(jnp.linalg.svd, jnp.ones((3, 3)))
