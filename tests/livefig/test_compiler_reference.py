"""The table of primitives: its page is what the rules say, and no primitive is in it untested."""

import functools
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from livefig.compiler.graph import versions
from livefig.compiler.reference import markdown, replaced
from livefig.compiler.registry import TABLE
from tests.livefig import test_compiler_elementwise as elementwise
from tests.livefig.javascript import check, primitives
from tests.livefig.table_examples import EXAMPLES, USED

X = np.random.default_rng(0).normal(size=(24, 3))
PAGE = Path(__file__).parents[2] / "docs" / "primitives.md"
ABSENT = set() if hasattr(jax.lax, "polynomial") else {versions.HIGH}  # from this JAX


def named_in(text):
    """The functions that a cell of the page names: dotted names, and short ones that follow them."""
    module = ""
    for item in re.split("[,;:] ", text):
        name = re.match(r"(?:jnp|jax)(?:\.\w+)+|\w+(?=$|\()", item)
        if name is None:
            continue
        if "." in name[0]:
            module = name[0].rpartition(".")[0]
            yield name[0]
        elif module:
            yield f"{module}.{name[0]}"


def function_called(name):
    """The function of that name, of an array and a whole number."""
    start, *path = name.split(".")
    found = functools.reduce(getattr, path, {"jnp": jnp, "jax": jax}[start])
    return USED.get(name, lambda x, i: found(x))


CELLS = {name: rule.functions for name, rule in TABLE.items()} | replaced()
CALLED = {name: found for name, text in CELLS.items() if (found := list(named_in(text)))}


@pytest.mark.parametrize("primitive", CALLED)
def test_functions_that_the_page_names_are_compiled(primitive):
    functions = {name: function_called(name) for name in CALLED[primitive]}
    check(lambda x, i: {n: f(x, i) for n, f in functions.items()}, X, 3, rtol=1e-9, atol=1e-12)


def test_page_is_what_the_rules_say():
    assert PAGE.read_text() == markdown(), "run: python -m livefig.compiler.reference > docs/primitives.md"


def test_every_primitive_has_an_example():
    listed = TABLE.keys() | replaced().keys()
    assert listed == EXAMPLES.keys() | elementwise.PRIMITIVES


@pytest.mark.parametrize("primitive", EXAMPLES)
def test_primitive(primitive):
    assert primitive in primitives(EXAMPLES[primitive], X, 3) | ABSENT
    check(EXAMPLES[primitive], X, 3, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("primitive", sorted(elementwise.PRIMITIVES))
def test_elementwise_primitive_is_in_its_test(primitive):
    function, arguments = elementwise.example(primitive)
    assert primitive in primitives(function, *arguments)
