"""The built book as a reader meets it: from disk, without network, by mouse and keys, wide, narrow, dark."""

import io
import os
import re
import statistics
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from PIL import Image, ImageChops
from playwright.sync_api import ElementHandle, Page

from tests.book.conftest import CHAPTERS, FIGURE, Visit, page_of
from tests.livefig.reader import operate
from tests.livefig.screens import LAPTOP, in_view, room, span

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "_build" / "screenshots"
WIDE, NARROW = LAPTOP, {"width": 360, "height": 740}
# What the theme itself needs inline, and nothing that makes code from text.
POLICY = "<meta http-equiv=\"Content-Security-Policy\" content=\"script-src 'self' 'unsafe-inline'\">"
PROBE = "<script>try { new Function(''); policy = 'permits' } catch { policy = 'refuses' }</script>"
# Told to report violations alone it need not say of each other element what it looked at: half the time.
RUN_AXE = """
async options => (
    await axe.run(options.context, { preload: false, resultTypes: ["violations"], ...options })
).violations
"""
# Formulas are half of a chapter's elements and more, and have the colour of the text around them. axe, which
# asks the style of each, gets a page with something as large in their places.
HOLLOW_FORMULAS = """
() => {
    const formulas = [...document.querySelectorAll("mjx-container")].filter(e => e.firstElementChild);
    const boxes = formulas.map(formula => formula.firstElementChild.getBoundingClientRect());
    formulas.forEach((formula, i) => {
        const hollow = document.createElement("span");
        const { width, height } = boxes[i];
        hollow.style = `display: inline-block; width: ${width}px; height: ${height}px`;
        formula.replaceChildren(hollow);
    });
}
"""
TEXT = {"context": {"exclude": [["mjx-container"]]}}
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
# What can differ between a light and a dark page. Of what looks alike, a few are enough.
COLOURS = {
    "context": {"include": [["[data-look]"]]},
    "runOnly": {"type": "rule", "values": COLOUR_RULES},
}
# The rest looks at all.
BUT_COLOURS = TEXT | {"rules": {rule: {"enabled": False} for rule in COLOUR_RULES}}
# Mark two texts of each look: the same kind of element and the same letters on the same grounds, in the same
# figure if in one.
MARK_LOOKS = """
() => {
    const seen = new Map();
    for (const marked of document.querySelectorAll("[data-look]")) marked.removeAttribute("data-look");
    for (const element of document.querySelectorAll("body *")) {
        const hasText = [...element.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim());
        if (!hasText || element.closest("mjx-container") || !element.checkVisibility()) continue;
        const style = getComputedStyle(element), look = [element.tagName, style.color, style.fill];
        look.push(style.fontSize, style.fontWeight, style.textDecorationLine);
        look.push(element.closest("figure.livefig")?.dataset.name);
        for (let e = element; e; e = e.parentElement) {
            const { backgroundColor: ground, opacity } = getComputedStyle(e);
            if (ground !== "rgba(0, 0, 0, 0)" || opacity !== "1") look.push(ground, opacity);
        }
        const key = look.join();
        seen.set(key, (seen.get(key) ?? 0) + 1);
        if (seen.get(key) <= 2) element.setAttribute("data-look", "");
    }
    return document.querySelectorAll("[data-look]").length;
}
"""


def check_formulas(page: Page) -> None:
    """Every formula is set, by fonts that were found."""
    formulas = page.query_selector_all(".math")
    assert len(page.query_selector_all("mjx-container")) >= len(formulas)
    assert page.query_selector_all("mjx-merror, [data-mjx-error]") == []
    if formulas:
        assert page.query_selector("article mjx-container").bounding_box()["width"] > 0
    loaded = page.evaluate("() => document.fonts.ready.then(f => [...f].map(font => font.status))")
    assert "error" not in loaded


def check_fit(page: Page, figures: list[ElementHandle]) -> None:
    """Nothing sticks out, neither of the page nor of a figure."""
    window = page.evaluate("() => document.documentElement.clientWidth")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= window, "the page scrolls sideways"
    for figure in figures:
        outside = figure.evaluate(
            """figure => [...figure.querySelectorAll("*")].filter(e => {
                const box = e.getBoundingClientRect();
                const drawn = Boolean(e.ownerSVGElement);  // and clipped by its svg
                return !drawn && box.width > 0 && box.right > figure.getBoundingClientRect().right + 1;
            }).map(e => e.outerHTML.slice(0, 120))"""
        )
        assert outside == []


def check_colours(page: Page, look: str) -> None:
    """Letters stand out from their ground, links from the text around them."""
    assert page.evaluate(MARK_LOOKS) > 20
    check_access(page, look, COLOURS)


def check_access(page: Page, look: str, options: dict[str, Any]) -> None:
    """axe finds nothing serious."""
    # After a change of size the theme lets what scrolls take the focus, a moment later.
    page.wait_for_function(
        "() => [...document.querySelectorAll('pre')]"
        ".every(e => e.scrollWidth <= e.clientWidth || e.tabIndex >= 0)"
    )
    found = page.evaluate(RUN_AXE, options)
    bad = [entry for entry in found if entry["impact"] in ("serious", "critical")]
    assert [(entry["id"], [node["html"] for node in entry["nodes"]]) for entry in bad] == [], look


# The heights of the blocks of code and of printed text that are in sight, and of the page's text.
CODE_AND_PAGE = """
() => {
    const article = document.querySelector("article");
    const blocks = [...article.querySelectorAll("div.cell_input, div.highlight, div.cell_output pre")];
    const outer = blocks.filter(b => !blocks.some(other => other !== b && other.contains(b)));
    const heights = outer.filter(b => b.checkVisibility() && !b.closest("figure.livefig"))
        .map(b => b.getBoundingClientRect().height);
    return [heights.reduce((a, b) => a + b, 0), article.getBoundingClientRect().height];
}
"""


def check_code(page: Page, record_property) -> None:
    """Code that carries the idea is in sight, the rest is folded; tables are tables, not printed columns."""
    code, height = page.evaluate(CODE_AND_PAGE)
    record_property("share of code and printouts", f"{code / height:.0%}")
    assert code <= 0.2 * height, f"{code / height:.0%} of the page is code and printouts"
    cut = "all => all.filter(pre => pre.scrollWidth > pre.clientWidth).map(pre => pre.textContent)"
    assert page.eval_on_selector_all("div.output.stream pre", cut) == [], "printed, and cut at the edge"


# With nothing else on it a page is short: drawn, packed and unpacked in a fraction of the time.
ONLY_FORMULAS = """
article { visibility: hidden }
article :not(:has(div.math), div.math, div.math *) { display: none !important }
div.math { visibility: visible }
"""
UNCUT = "div.math, div.math mjx-container { overflow: visible !important }"


def check_formulas_are_whole(page: Page) -> None:
    """By pixels, one to a point of the page: nothing of a formula is cut off by a box around it."""
    added = [page.add_style_tag(content=ONLY_FORMULAS)]
    boxes = [formula.bounding_box() for formula in page.query_selector_all("div.math")]
    assert boxes

    def picture() -> Image.Image:
        return Image.open(io.BytesIO(page.screenshot(full_page=True, animations="disabled"))).convert("L")

    shown = picture()
    added.append(page.add_style_tag(content=UNCUT))
    whole = picture()
    for box in boxes:
        left, top, right, bottom = (
            box["x"],
            box["y"] - 8,
            box["x"] + box["width"],
            box["y"] + box["height"] + 8,
        )
        area = tuple(map(int, (left, top, right, bottom)))
        assert shown.crop(area).getextrema()[0] < shown.crop(area).getextrema()[1], f"nothing drawn in {box}"
        assert ImageChops.difference(shown.crop(area), whole.crop(area)).getbbox() is None, f"cut off: {box}"
    for style in added:
        style.evaluate("style => style.remove()")


def check_formulas_begin_in_their_boxes(page: Page) -> None:
    """What begins left of its box cannot be scrolled to."""
    lefts = page.evaluate(
        "() => [...document.querySelectorAll('div.math')].map(box => "
        "box.querySelector('mjx-container').getBoundingClientRect().left - box.getBoundingClientRect().left)"
    )
    assert lefts and min(lefts) >= 0, "a formula begins left of its box"


def images(pdf: bytes) -> int:
    """How many images there are in a PDF."""
    return len(re.findall(rb"/Subtype\s*/Image", pdf))


def check_printing(opened: Visit) -> None:
    """Printed, a figure not yet scrolled to is there as any other."""
    page = opened.page
    printed = images(page.pdf())
    figures = opened.figures()  # which scrolls to each
    assert printed >= len(figures) > 0, "a figure is missing in print"
    page.emulate_media(media="print")
    assert page.locator("figure.livefig > img:visible").count() == 0, "it is printed as it stands"
    assert page.locator("figure.livefig:has(svg:visible)").count() == len(figures)
    page.emulate_media(media="screen")


def take_screenshot(page: Page, name: str, look: str) -> None:
    """With BOOK_SCREENSHOTS set, _build/screenshots has what is for looking at."""
    if os.environ.get("BOOK_SCREENSHOTS"):
        page.add_style_tag(content="* { transition: none !important; animation: none !important }")
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name.replace('/', '-')}-{look}.png", full_page=True)


def theme(page: Page) -> tuple[str, str]:
    """Light or dark, by its name and by the page's colour."""
    return (
        page.evaluate("() => document.documentElement.dataset.theme"),
        page.evaluate("() => getComputedStyle(document.body).backgroundColor"),
    )


def test_opens_offline(visit, page_name: str, record_property) -> None:
    """One visit on a wide screen: formulas are set and drawn whole, nothing sticks out, nothing is logged or
    asked for elsewhere; figures fit their screen and are printed; there is not too much code; in light and
    dark, between which a button switches, axe finds nothing serious.
    """
    opened = visit(page_name, formulas=True, viewport=WIDE, reduced_motion="reduce")
    page, is_chapter = opened.page, page_name in map(page_of, CHAPTERS)
    page.wait_for_load_state("load")
    check_formulas(page)
    if page_name == page_of(CHAPTERS[0]):  # a property of figures, not of chapters
        check_printing(opened)
    figures = opened.figures()
    take_screenshot(page, page_name, "wide")
    check_fit(page, figures)
    for figure in figures:
        name = figure.get_attribute("data-name")
        assert span(page, figure) <= room(page), f"{name}: plots, controls and player on one screen"
    if is_chapter:
        check_code(page, record_property)
        check_formulas_are_whole(page)
    page.evaluate(AXE_SCRIPT)
    page.evaluate(HOLLOW_FORMULAS)
    assert theme(page)[0] == "light"
    check_access(page, "light", BUT_COLOURS)
    check_colours(page, "light")
    themes = {theme(page)}
    page.add_style_tag(content="* { transition: none !important }")  # axe looks at once
    for _ in range(3):
        page.click(".theme-switch-button:visible")
        if theme(page) not in themes and theme(page)[0] == "dark":
            take_screenshot(page, page_name, "dark")
            check_colours(page, "dark")
        themes.add(theme(page))
    assert {name for name, _ in themes} == {"light", "dark"} and len({colour for _, colour in themes}) == 2
    assert opened.errors == []
    assert opened.remote == []


def test_opens_offline_on_a_phone_under_a_strict_policy(visit, page_name: str) -> None:
    """One visit on a phone that is dark, under a Content-Security-Policy that forbids making code from text:
    formulas are set and can be scrolled to, nothing sticks out, figures run and stay in view."""
    phone = {"viewport": NARROW, "has_touch": True, "is_mobile": True, "color_scheme": "dark"}
    opened = visit(page_name, formulas=True, head=POLICY + PROBE, **phone)
    page = opened.page
    assert page.evaluate("() => window.policy") == "refuses"
    assert theme(page)[0] == "dark"
    page.wait_for_load_state("load")
    check_formulas(page)
    if page_name in map(page_of, CHAPTERS):
        check_formulas_begin_in_their_boxes(page)
    figures = opened.figures()
    take_screenshot(page, page_name, "narrow")
    check_fit(page, figures)
    for figure in figures:
        name = figure.get_attribute("data-name")
        assert in_view(page, figure) > 0.95, f"{name}: the main plot stays in view"
    assert opened.errors == []
    assert opened.remote == []


# Move each slider, and what can be dragged, as a reader does and wait for nothing: the times from the event
# to a finished layout, for each control that moved.
MILLISECONDS_PER_INPUT = """
figure => {
    const live = figure.livefig, times = {};
    const keys = ["ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"];

    function time(element, event) {
        const before = live.state, start = performance.now();
        element.dispatchEvent(event);
        figure.getBoundingClientRect();
        const took = performance.now() - start, after = live.state;
        const moved = Object.keys(after).find(n => JSON.stringify(before[n]) !== JSON.stringify(after[n]));
        if (moved) (times[moved] ??= []).push(took);
    }
    for (const slider of figure.querySelectorAll("input[type=range]")) {
        const home = slider.value, low = Number(slider.min), high = Number(slider.max);
        for (const value of [...Array.from({ length: 9 }, (_, i) => low + (high - low) * i / 8), home]) {
            slider.value = value;
            time(slider, new Event("input", { bubbles: true }));
        }
    }
    const data = [...figure.querySelectorAll(".lf-datum")].slice(0, 3);  // one is as quick as another
    const grips = [...figure.querySelectorAll(".lf-handle"), ...data];
    for (let i = 0; i < 12 * grips.length; i++) {
        const key = keys[Math.floor(i / grips.length / 3) % 4];
        time(grips[i % grips.length], new KeyboardEvent("keydown", { key, shiftKey: true, bubbles: true }));
    }
    return times;
}
"""


def test_every_control_answers_and_says_how_soon(shown, record_property) -> None:
    """A frame of the screen is 16 ms. The times are told, not asserted: others may use the processor."""
    for figure in shown.page.query_selector_all(FIGURE):
        figure.scroll_into_view_if_needed()
        spec = figure.evaluate("figure => figure.livefig.spec")
        if not spec["controls"]:
            continue
        times = figure.evaluate(MILLISECONDS_PER_INPUT)
        kinds = ("slider", "player", "point", "data")
        assert times.keys() == {control["name"] for control in spec["controls"] if control["kind"] in kinds}
        assert all(len(moves) >= 5 for moves in times.values())
        slowest = {name: sorted(moves)[-3] for name, moves in times.items()}  # but two
        for name in times:
            said = f"median {statistics.median(times[name]):.1f}, all but two {slowest[name]:.1f}"
            record_property(f"{spec['name']}, {name}: ms from input to layout", said)


def test_every_control_has_a_name_and_answers_the_keyboard(shown) -> None:
    """What a screen reader says of it is a label, or an aria-label; the summary is read out as it changes."""
    for figure in shown.page.query_selector_all(FIGURE):
        for element in figure.query_selector_all("input, select, button, [tabindex='0']"):
            name = element.evaluate(
                "e => e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent"
            )
            assert name.strip(), element.evaluate("e => e.outerHTML")
        assert figure.query_selector("[aria-live]")
        spec = figure.evaluate("figure => figure.livefig.spec")
        assert operate(figure) == {control["name"] for control in spec["controls"]}, spec["name"]
    assert shown.errors == []


def test_search_finds_from_disk(visit) -> None:
    page = visit("search").page
    page.goto(page.url + "?q=newton")
    page.wait_for_selector("#search-results li a")
    assert any(
        "01-beyond" in a.get_attribute("href") for a in page.query_selector_all("#search-results li a")
    )


def test_what_is_around_the_figures(shown, notebook: Path) -> None:
    """Equations and figures have numbers and links, code is copied, solutions open."""
    if notebook not in CHAPTERS:
        pytest.skip("the landing page has neither equations nor exercises")
    shown.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    check_numbers(shown.page)
    check_copying(shown.page)
    check_solutions(shown.page)


def check_numbers(page: Page) -> None:
    """Equations and figures are numbered by chapter, and links say the numbers."""
    numbers = [e.inner_text() for e in page.query_selector_all(".eqno")]
    assert numbers and all(re.match(r"\(\d+\.\d+\)", number) for number in numbers)
    for link in page.query_selector_all("a.reference.internal[href^='#equation-']"):
        assert re.match(r"\(\d+\.\d+\)", link.text_content())  # it may stand in a folded solution
    for caption in page.query_selector_all("figure figcaption .caption-number"):
        assert re.match(r"Fig\. \d+\.\d+", caption.inner_text())


def check_copying(page: Page) -> None:
    """The button at a block of code copies it."""
    blocks = page.query_selector_all("div.highlight:has(button.copybtn)")
    block = next(block for block in blocks if block.is_visible())
    block.hover()
    block.query_selector("button.copybtn").click()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied.strip() == block.query_selector("pre").inner_text().strip()


def check_solutions(page: Page) -> None:
    """At least three, folded until their titles are clicked."""
    solutions = page.query_selector_all(".solution.dropdown")
    assert len(solutions) >= 3
    for solution in solutions:
        content = solution.query_selector(".admonition-title ~ *")
        assert not content.is_visible()
        # At the title's edge: in its middle may stand the link to the exercise.
        solution.query_selector(".admonition-title").click(position={"x": 6, "y": 6})
        page.wait_for_timeout(50)
        assert content.is_visible()
