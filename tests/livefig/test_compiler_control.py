"""Control flow, compiled, against JAX: loops, branches, arrays updated in place or copied."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from livefig.compiler import compile
from tests.livefig.javascript import bowl, check, engine, rosenbrock, run

RANDOM = np.random.default_rng(1)
START = np.array([-1.2, 1.0])
LINE = np.linspace(1, 2, 20)


def test_scan():
    def run_up(x, rates):
        def body(carry, rate):
            x, total = carry
            x = x - rate * jax.grad(rosenbrock)(x)
            return (x, total + rate), {"x": x, "loss": rosenbrock(x)}

        return lax.scan(body, (x, 0.0), rates)

    rates = np.linspace(1e-3, 2e-3, 30)
    check(run_up, START, rates)
    check(lambda x, r: lax.scan(lambda c, r: (c * r + 1, c), x, r, reverse=True), START, rates)
    check(lambda x: lax.scan(lambda c, _: (c[::-1] * 0.9, c), x, None, length=3), START)
    rows = RANDOM.normal(size=(5, 4, 9))
    check(lambda x: lax.scan(lambda c, row: (c + row @ row.T, row.sum()), x, rows), np.eye(4))
    big = RANDOM.normal(size=30)
    check(lambda x: lax.scan(lambda c, _: (c[::-1] * 0.9 + c.sum(), c[:2]), x, None, length=7), big)
    check(lambda x, y: lax.scan(lambda c, _: ((c[1], c[0] + 1), None), (x, y), None, length=5), big, -big)
    check(lambda x, y: lax.scan(lambda c, _: ((c[1], c[0] + 1), None), (x, y), None, length=5), START, -START)


def test_fori_loop_counts():
    program = check(lambda x: lax.fori_loop(2, 7, lambda i, x: x.at[i].set(x[i - 1] + i), x), np.arange(20.0))
    assert "c1" not in program.source, "the counter is the loop's index"
    check(
        lambda x, n: lax.fori_loop(0, n, lambda i, x: x * 1.1 + i, x),
        START,
        5,
        others=[(START, 0), (START, 9)],
    )


def test_a_carried_number_may_become_an_argument_or_the_index():
    check(lambda a: lax.scan(lambda c, _: (a, c), 0.0, None, length=3), 2.0)
    check(lambda a: lax.scan(lambda c, k: ((k, c[0] * a), c), (7, 1.0), jnp.arange(4)), 2.0)


def test_only_what_counts_is_a_counter():
    # Each second entry is whole, starts from a known number, and is one added to something.
    for following in (lambda k, j: 1 + j, lambda k, j: j + 1, lambda k, j: k + j, lambda k, j: k + 2):
        check(
            lambda x, step=following: lax.scan(lambda c, _: ((step(*c), 3 * c[1]), c[0]), (4, 1), x),
            np.zeros(5),
        )
    for counter in (lambda k: 1 + k, lambda k: k + 1):
        program = check(lambda x, step=counter: lax.scan(lambda k, y: (step(k), k * y), 4, x), LINE)
        assert "let" not in program.source.replace("for (let", ""), "the counter is the loop's index"


def test_while():
    def collatz(n):
        def body(state):
            n, k, seen = state
            return jnp.where(n % 2 == 0, n // 2, 3 * n + 1), k + 1, seen.at[k].set(n)

        return lax.while_loop(lambda state: state[0] > 1, body, (n, 0, jnp.zeros(150, int)))

    check(collatz, 27, others=[(1,), (97,), (6,)])


def test_while_within_scan_within_vmap():
    def root(a):
        return lax.while_loop(lambda x: jnp.abs(x * x - a) > 1e-12, lambda x: 0.5 * (x + a / x), a)

    check(lambda a: lax.map(root, a), np.linspace(1, 5, 30), rtol=1e-11)
    check(jax.vmap(root), np.linspace(1, 5, 5), rtol=1e-11)
    check(jax.vmap(root), np.linspace(1, 5, 30), rtol=1e-11)

    def doublings(limit):
        return lax.while_loop(
            lambda s: s[0] < limit, lambda s: (2 * s[0], s[1] + s[0] * jnp.ones(3)), (1.0, np.zeros(3))
        )

    check(jax.vmap(doublings), np.array([1.0, 5.0, 100.0]))
    check(jax.vmap(doublings), np.linspace(1, 100, 30))


def test_a_carried_value_that_only_another_one_needs():
    def heavy(carry):
        x, velocity, unused = carry
        velocity = 0.9 * velocity - 0.01 * jax.grad(rosenbrock)(x)
        return x + velocity, velocity, unused + 1

    check(lambda x: lax.fori_loop(0, 9, lambda k, c: heavy(c), (x, 0 * x, 0.0))[0], START)
    going = lambda carry: carry[2] < 9  # noqa: E731
    check(lambda x: lax.while_loop(going, heavy, (x, 0 * x, 0.0))[0], START)


def test_branches():
    def sides(p, x):
        one = lax.cond(p > 0, lambda x: (x + 1, x[0]), lambda x: (x * x, x.sum()), x)
        two = lax.switch(p, [jnp.sin, jnp.cos, lambda x: x[::-1]], x)
        three = lax.cond(p > 5, lambda: jnp.linalg.solve(jnp.diag(x[:2]), x[:2]), lambda: x[:2])
        return (
            one,
            two,
            three,
            lax.cond(p > 1, lambda: 1, lambda: p),
            lax.cond(p > 1, lambda: True, lambda: x[0] > 0),
        )

    for x in (START, np.linspace(-1, 1, 30)):
        check(sides, 1, x, others=[(-3, x), (0, x), (2, x), (9, x)])
    check(jax.vmap(lambda p, x: sides(p, x)[0][0]), np.array([1, -1, 2]), RANDOM.normal(size=(3, 2)))


def test_a_branch_that_folding_decides():
    def function(x):
        always = lax.cond(jnp.float64(jnp.arange(3.0)[2]) > 1, lambda: x.at[0].set(9.0), lambda: x)
        y = jnp.sin(x)
        never = lax.cond(jnp.sum(jnp.arange(3)) > 5, lambda: y, lambda: y.at[3].set(7.0))
        return always, never, y + x

    check(function, LINE)
    check(lambda x: lax.fori_loop(0, 5, lambda k, x: function(x)[1] + x, x), LINE)


def test_branches_on_one_condition():
    def function(p, x):
        first = lax.cond(p, lambda: x[0], lambda: x[1] * 2)
        between = jnp.sin(first)  # the second needs the first's result, by way of what is not in a branch
        second = lax.cond(p, lambda: between + x[1], lambda: between * first)
        after = lax.cond(p, lambda: first - x[0], lambda: x[0] * 3)
        return first, second, after, lax.cond(p, lambda: second, lambda: after + jnp.cos(x[0]))

    check(function, True, START, others=[(False, START)])


def test_branches_are_lazy():
    program = compile(lambda p, x: lax.cond(p, lambda: jnp.exp(x), lambda: jnp.sin(x)), True, 1.0)
    then, otherwise = re.search(r"if \(.*?\) \{(.*?)\} else \{(.*?)\}", program.source, re.DOTALL).groups()
    assert "exp" in then and "sin" not in then and "sin" in otherwise and "exp" not in otherwise


def test_an_array_in_a_loop_and_a_branch_is_updated_in_place():
    def record(x, keep):
        def body(k, carry):
            x, path, seen = carry
            x = x - 0.01 * jax.grad(rosenbrock)(x)
            path = lax.cond(keep, lambda: path.at[k].set(x), lambda: path)
            return x, path, seen.at[k].add(path[jnp.maximum(k - 1, 0), 0])

        return lax.fori_loop(0, 50, body, (x, jnp.zeros((50, 2)), jnp.ones(50)))

    program = check(record, START, True, others=[(START, False)], rtol=1e-9)
    assert ".set(" not in program.source


def test_an_array_still_needed_is_copied():
    def compare(x):
        def body(k, carry):
            old, total = carry
            new = old.at[k].set(2.0 * k)
            return new, total + jnp.sum(new * old)  # after the update, and the old one too

        first = lax.fori_loop(0, 20, body, (x, 0.0))
        return first, x.at[0].set(1.0), x, lax.fori_loop(0, 20, body, (first[0][::-1], 0.0))

    check(compare, LINE)

    def outer(x):
        y = jnp.sin(x)
        return lax.fori_loop(0, 20, lambda k, total: total + k * jnp.sum(y.at[k].set(0.0)), 0.0)

    check(outer, LINE)

    def condition(x):
        going = lambda s: (s[1] < 5) & (jnp.sum(s[0].at[1].set(100.0)) > 0)  # noqa: E731
        return lax.while_loop(going, lambda s: (s[0] * s[0][1], s[1] + 1), (x, 0))

    check(condition, LINE)


def test_an_update_by_the_array_itself():
    check(lambda x: lax.fori_loop(0, 3, lambda k, x: x.at[:18].set(0.5 * x[::-1][:18]), x), LINE)

    def lazily(x):
        double = 2 * x  # a rule that reads x, used once, after x has been overwritten
        return lax.fori_loop(0, 3, lambda k, v: (2 * v).at[k].set(v[k + 1]) + (v * v)[::-1], x), double

    check(lazily, np.linspace(0, 0.1, 20))


def test_an_element_is_read_anew_after_an_update():
    def body(k, carry):
        x, before, after = carry
        before += x[3]
        x = x.at[3].multiply(1.5)
        return x, before, after + x[3]

    check(lambda x: lax.fori_loop(0, 4, body, (x, 0.0, 0.0)), LINE)


def test_carried_values_change_places():
    swap = lambda carry, k: ((carry[1], carry[0]), carry[0])  # noqa: E731
    for x, y in ((1.0, 2.0), (START, -START), (LINE, -LINE)):
        check(lambda x, y: lax.scan(swap, (x, y), None, length=3), x, y)

    def swap_and_update(carry, k):
        x, y = carry
        return (y.at[k].set(k), x.at[k].add(1.0)), x[k] + y[0]

    check(lambda x, y: lax.scan(swap_and_update, (x, y), jnp.arange(20)), LINE, -LINE)
    check(lambda x: lax.scan(swap_and_update, (x, x), jnp.arange(20)), LINE)


def test_what_does_not_change_leaves_the_loop():
    def repeat(x, kappa):
        def body(x, _):
            hessian = bowl(jnp.exp(kappa), dim=10)
            return x - 0.1 * hessian @ x / jnp.linalg.norm(hessian), None

        return lax.scan(body, x, None, length=20)[0]

    program = check(repeat, np.linspace(-1, 1, 10), 1.0, rtol=1e-11)
    before, loop = program.source.split("i < 20")
    assert "exp(" in before and "exp(" not in loop and "sqrt(" not in loop


def test_derivatives_through_a_switch():
    def surface(which, x):
        return lax.switch(which, [lambda x: jnp.sum(x**4), rosenbrock, lambda x: x[0] * jnp.exp(x[1])], x)

    for which in range(3):
        check(lambda k, x: jax.grad(lambda x: surface(k, x))(x), which, START)
        check(lambda k, x: jax.hessian(lambda x: surface(k, x))(x), which, START)


def test_a_generator_of_random_numbers_in_int64_is_right_or_not_a_number():
    def drawn(seed):
        return lax.scan(lambda s, _: ((s * 1103515245 + 12345) % 2**31,) * 2, seed, None, length=6)[1]

    program, want = compile(drawn, 1), np.asarray(drawn(1))
    got = np.array(
        engine().eval(f"Array.from(({program.source})(runtime)(1).value).join()").split(","), float
    )
    assert np.all((got == want) | np.isnan(got))
    assert np.isnan(got[-1])


@pytest.mark.parametrize(("dtype", "start"), [(np.int8, 100), (np.int16, 32_750), (np.int32, 2**31 - 9)])
def test_counters_wrap_as_their_type_does(dtype, start):
    def signs(x):
        count, rows = lax.scan(lambda c, r: (c + dtype(1), jnp.where(c < 0, -r, r)), dtype(start), x)
        return rows, count * 1.0

    check(signs, np.ones(60))


def grown(a):
    """Endless for a ≤ 1."""
    return lax.while_loop(lambda x: x < 10, lambda x: x * a, 1.0)


def test_a_loop_that_may_not_run_keeps_what_may_not_end():
    def sometimes(a, n):
        counted = lax.fori_loop(0, n, lambda k, c: c + grown(a), 0.0)
        guarded = lax.while_loop(lambda c: (c < 1) & (a > 1), lambda c: c + grown(a + 1), 0.0)
        return counted, guarded

    got = run(compile(sometimes, 2.0, 3), 0.5, 0)
    assert [float(value) for value in got.values()] == [0.0, 0.0]
    check(sometimes, 2.0, 3)
    surely = compile(
        lambda a, x: lax.scan(lambda c, r: (c + r * grown(a), None), 0.0, x)[0], 2.0, np.ones(30)
    )
    assert surely.source.index("while") < surely.source.index("for (")


def test_many_branches_compile_and_are_found():
    branches = [lambda a, k=k: a * k + k for k in range(200)]
    program = compile(lambda i, a: lax.switch(i, branches, a), 1, np.ones(20))
    for i in (-3, 0, 1, 99, 100, 198, 199, 500):
        got = run(program, i, np.ones(20))["value"]
        np.testing.assert_array_equal(got, np.full(20, 2.0 * min(max(i, 0), 199)))
