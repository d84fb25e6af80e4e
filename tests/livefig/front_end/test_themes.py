"""Figures on pages of other themes: readable, in the palette that the page's background needs, at once."""

import pytest
from playwright.sync_api import Page

from livefig import palette

# As furo names its colours, on its body.
LIGHT = "--color-foreground-primary: #000; --color-foreground-secondary: #5a5c63; "
LIGHT += "--color-background-primary: #fff"
DARK = LIGHT.replace("#000", "#cfd0d0").replace("#5a5c63", "#9ca0a5").replace("#fff", "#131416")
FURO = f"""
body {{ {LIGHT} }}
body[data-theme="dark"] {{ {DARK} }}
@media (prefers-color-scheme: dark) {{ body[data-theme="auto"] {{ {DARK} }} }}
body {{ color: var(--color-foreground-primary); background: var(--color-background-primary); padding: 16px }}
"""
# The contrast of every text in the figure with the page, by WCAG 2's formula; colours as they are painted.
CONTRASTS = """
() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    const luminance = colours => {
        for (const colour of colours) [pen.fillStyle] = [colour], pen.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map(byte => byte / 255)
            .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const page = getComputedStyle(document.body).backgroundColor;
    const texts = [...document.querySelectorAll("figure *")].filter(node => node.checkVisibility()
        && [...node.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim()));
    return texts.map(node => {
        const style = getComputedStyle(node);
        const painted = node.closest("svg") ? style.fill : style.color;
        const [low, high] = [luminance([page]), luminance([page, painted])].sort((a, b) => a - b);
        return [node.textContent, (high + 0.05) / (low + 0.05)];
    });
}
"""


def is_dark(page: Page) -> bool:
    """Whether the figure has the dark palette, and not the light one."""
    read = "(figure, name) => getComputedStyle(figure).getPropertyValue(`--lf-${name}`)"
    colors = {name: shades for name, shades in palette.COLORS.items() if name != "ink"}  # the texts' colour
    found = [page.locator("figure").evaluate(read, name) for name in colors]
    light, dark = (list(shades) for shades in zip(*colors.values(), strict=True))
    assert found in (light, dark)
    return found == dark


def unreadable(page: Page) -> list:
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 30
    # A button that is disabled may be fainter, says WCAG 2.
    return [pair for pair in contrasts if pair[1] < 4.5 and pair[0] != "Reset"]


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
@pytest.mark.parametrize("tag", ["body", "html"])
def test_the_figure_is_as_dark_as_the_page(show, tag, theme, system) -> None:
    style = FURO if tag == "body" else FURO.replace("body[", "html[").replace("] {", "] body {")
    page = show(style=style, color_scheme=system)
    page.evaluate(f"theme => {{ document.querySelector('{tag}').dataset.theme = theme; }}", theme)
    assert is_dark(page) == (theme == "dark" or (theme == "auto" and system == "dark"))
    assert unreadable(page) == []


def test_the_readers_system_is_followed_at_once_where_the_page_follows_it(show) -> None:
    page = show(style=FURO, color_scheme="light")
    page.evaluate("() => { document.body.dataset.theme = 'auto'; }")
    assert not is_dark(page)
    page.emulate_media(color_scheme="dark")
    assert is_dark(page) and unreadable(page) == []


@pytest.mark.parametrize("colours", ["color: #222; background: #fdf6e3", "color: #eee; background: #1c1c28"])
@pytest.mark.parametrize("system", ["light", "dark"])
def test_a_theme_that_says_nothing_lends_its_texts_colour(show, colours, system) -> None:
    page = show(style=f"body {{ padding: 16px; {colours} }}", color_scheme=system)
    assert unreadable(page) == []
