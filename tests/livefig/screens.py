"""Whether a figure fits the screens of its readers, measured in a page."""

from playwright.sync_api import Page

LAPTOP = {"width": 1366, "height": 650}
PHONE = {"width": 390, "height": 750}
# From the top of the first plot to the bottom of the last control that acts on it, players among them.
SPAN = """
figure => {
    const parts = [...figure.querySelectorAll(".lf-stage .lf-frame, .lf-main .lf-controls > .lf-control")];
    const boxes = parts.filter(part => part.offsetParent).map(part => part.getBoundingClientRect());
    return Math.max(...boxes.map(box => box.bottom)) - Math.min(...boxes.map(box => box.top));
}
"""
# How much of the first plot is on the screen when each control is brought to its middle, as a finger would.
IN_VIEW = """
figure => {
    const [frame] = figure.querySelectorAll(".lf-stage .lf-frame");
    const bar = document.querySelector(".bd-header-article")?.getBoundingClientRect().bottom ?? 0;
    return [...figure.querySelectorAll(".lf-controls > .lf-control")].map(control => {
        control.scrollIntoView({ block: "center", behavior: "instant" });
        const box = frame.getBoundingClientRect();
        return (Math.min(box.bottom, innerHeight) - Math.max(box.top, bar)) / box.height;
    });
}
"""
BAR = "() => document.querySelector('.bd-header-article')?.getBoundingClientRect().height ?? 0"


def room(page: Page) -> float:
    """The height that the page leaves to a figure."""
    return page.viewport_size["height"] - page.evaluate(BAR)


def span(page: Page, figure) -> float:
    """The height of the main plots, the controls that act on them, and the player."""
    return figure.evaluate(SPAN)


def in_view(page: Page, figure) -> float:
    """The part of the main plot that stays on the screen while a control is used, at the least."""
    return min(figure.evaluate(IN_VIEW), default=1.0)
