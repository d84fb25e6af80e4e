"""The source that chapters show is the source; tables; a verdict is one of four."""

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


def test_an_excerpt_begins_and_ends_where_it_is_told():
    text = show.source(cl.GradientDescent.step, "gradient", "step_size *").data
    assert text.startswith("```python\n") and text.endswith("\n```")
    lines = text.split("\n")[1:-1]
    assert "gradient" in lines[0] and not lines[0].startswith(" ") and "step_size *" in lines[-1]
    with pytest.raises(ValueError, match="step has the text 'eigen'"):
        show.source(cl.GradientDescent.step, "eigen")


def test_a_column_of_numbers_stands_to_the_right():
    rows = show.table(["a", "b", "c"], ["x", "1,200", 3], ["y", "–", "three"]).data.split("\n")
    assert rows[1] == "|---|---:|---|"
    with pytest.raises(ValueError, match="a row of 3 entries"):
        show.table(["a", "b", "c"], ["x", 1])
