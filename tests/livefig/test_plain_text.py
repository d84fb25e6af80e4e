"""Texts are shown as they stand: LaTeX is refused where it is written, dollars are not."""

import re

import jax.numpy as jnp
import pytest

import livefig as live

KAPPA = r"condition $\kappa$"
CURVES = live.curves([live.line("y")])


def figure(**options):
    options = {"views": CURVES, **options}
    return live.figure(
        lambda n: {"y": jnp.arange(3.0) * n, "k": n}, live.slider("n", 1, 9, 3, integer=True), **options
    )


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda text: live.slider("n", 1, 9, label=text), "the label of this slider"),
        (lambda text: live.slider("n", 1, 9, unit=text), "the unit of this slider"),
        (lambda text: live.choice("c", ["plain", text]), "the options of this choice"),
        (lambda text: live.toggle("t", label=text), "the label of this toggle"),
        (lambda text: live.line("y", label=text), "the label of this line"),
        (lambda text: live.curves([live.line("y")], xlabel=text), "the xlabel of this view of curves"),
        (lambda text: live.heatmap("M", rows=[text, "b"]), "the rows of this heat map"),
        (lambda text: live.plane([live.path("p")], title=text), "the title of this plane"),
        (lambda text: live.readout(f"{text} is {{k}}"), "the text of this readout"),
        (lambda text: live.numbers({text: "{k}"}), "the rows of this numbers"),
        (lambda text: figure(title=text), "the title"),
        (lambda text: figure(summary=f"{text} is {{k}}."), "the summary"),
        (lambda text: figure(words={"k": ["a", text]}), "a word for 'k'"),
    ],
)
def test_latex_is_refused_where_it_is_written(make, where):
    says = (
        rf"{where} is shown as plain text, but has LaTeX in it, $\kappa$: write Unicode, such as κ, θ² or ½"
    )
    with pytest.raises(ValueError, match="^" + re.escape(says) + "$"):
        make(KAPPA)
    make("condition κ")


@pytest.mark.parametrize(
    "text", ["$x$-axis", "loss $f(θ_t)$", "$$x^2$$", "($\\theta_1$, $\\theta_2$)", "$1/2$"]
)
def test_what_latex_looks_like(text):
    with pytest.raises(ValueError, match="has LaTeX in it"):
        live.slider("n", 1, 9, label=text)


@pytest.mark.parametrize(
    "text",
    [
        "price in $", "$5 to $10", "$5–$10", "cost ($) and profit ($)", "US$ against A$", "US$/A$ rate",
        "$, € and $", "$/€, or €/$",
    ],
)  # fmt: skip
def test_prices_are_no_latex(text):
    assert live.slider("n", 1, 9, label=text).label == text


@pytest.mark.parametrize("text", ["{k}$ and {n}$", "${k}–${n}", "from ${k} (or {n}$)", "{k}$–{n}$"])
def test_prices_with_numbers_in_them_are_no_latex(text):
    assert "$" in figure(summary=text).describe()
