"""The source that chapters show is the source; a verdict is one of four."""

import pytest

import curvlib as cl
from curvlib import show


def test_source_is_the_method_itself_dedented():
    text = show.source(cl.Newton.step).data
    assert text.startswith("```python\ndef step(") and "= hessian_map(" in text and text.endswith("```")


def test_claims_become_one_row_each():
    rows = show.claims(("C1.1", "a | b", "two\nlines", "holds when κ > 1")).data.split("\n")
    assert rows[2] == r"| C1.1 | a \| b | two lines | holds when κ > 1 |" and len(rows) == 3


def test_a_verdict_is_one_of_four_words():
    with pytest.raises(ValueError, match="begins with one of holds"):
        show.claims(("C1.1", "a", "b", "maybe"))
