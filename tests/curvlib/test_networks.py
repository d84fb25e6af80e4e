"""Networks: what they compute, what their taps see, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl

KEY = jax.random.key(0)


def test_a_layers_matrix_holds_weights_and_in_its_last_row_the_bias():
    network = cl.MLP((2, 3, 1))
    first, last = network.init(KEY)
    first = first.at[-1].set(0.3)
    x = jax.random.normal(KEY, (5, 2))
    hidden = jnp.tanh(x @ first[:-1] + first[-1])
    np.testing.assert_allclose(network((first, last), x), hidden @ last[:-1] + last[-1], rtol=1e-12)


@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid", "softplus", "linear"])
def test_activations_by_name_and_by_function(name):
    x, function = jax.random.normal(KEY, (4, 3)), cl.networks.ACTIVATIONS[name]
    named, given = cl.MLP((3, 4, 2), name), cl.MLP((3, 4, 2), function)
    params = named.init(KEY)
    np.testing.assert_array_equal(named(params, x), given(params, x))


def test_the_first_weights_are_drawn_with_variance_one_over_the_inputs():
    (matrix,) = cl.MLP((400, 300)).init(KEY)
    assert abs(float(jnp.var(matrix[:-1])) * 400 - 1) < 0.02
    assert jnp.all(matrix[-1] == 0)
    assert cl.MLP((2, 2)).init(KEY, jnp.float32)[0].dtype == jnp.float32


def test_gradients_in_taps_and_layer_inputs_make_the_gradient():
    network, x = cl.MLP((3, 4, 2)), jax.random.normal(KEY, (6, 3))
    params = network.init(KEY)
    loss = lambda outputs: jnp.sum(jnp.sin(outputs))  # noqa: E731
    _, inputs = network.apply(params, x)
    taps = jax.grad(lambda taps: loss(network.apply(params, x, taps)[0]))(network.taps(x))
    expected = jax.grad(lambda params: loss(network(params, x)))(params)
    for a, g, matrix in zip(inputs, taps, expected, strict=True):
        np.testing.assert_allclose(a.T @ g, matrix, rtol=1e-10, atol=1e-12)


def test_an_autoencoder_mirrors_and_is_hashable():
    network = cl.autoencoder(8, 4, 2, activation="relu")
    assert network == cl.MLP((8, 4, 2, 4, 8), "relu") and hash(network) == hash(
        cl.MLP([8, 4, 2, 4, 8], "relu")
    )


def test_misuse_gets_a_sentence():
    network = cl.MLP((3, 2))
    params = network.init(KEY)
    with pytest.raises(ValueError, match="widths of its inputs and outputs"):
        cl.MLP((3,))
    with pytest.raises(ValueError, match="a width must be a Python integer"):
        cl.MLP((3, 0))
    with pytest.raises(ValueError, match="got 'gelu'"):
        cl.MLP((3, 2), "gelu")
    with pytest.raises(ValueError, match=r"inputs of shape \(N, 3\).*shared along further axes"):
        network(params, jnp.ones((2, 5, 3)))
    with pytest.raises(ValueError, match=r"parameters of the shapes \[\(4, 2\)\]"):
        network((jnp.ones((3, 2)),), jnp.ones((2, 3)))
