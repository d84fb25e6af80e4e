"""What a reader does with a live figure in a browser, whichever page it stands in."""

from playwright.sync_api import ElementHandle

STATE = "figure => JSON.parse(JSON.stringify(figure.livefig.state))"


def operate(figure: ElementHandle) -> set[str]:
    """Press keys on everything in a figure that takes the focus; the names of the controls that answered."""
    answered: set[str] = set()
    for element in figure.query_selector_all("input, select, [tabindex='0']"):
        for key in ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "Space"):
            before = figure.evaluate(STATE)
            element.focus()
            if not element.evaluate("element => element === document.activeElement"):
                continue
            element.press(key)
            after = figure.evaluate(STATE)
            answered |= {name for name in after if after[name] != before[name]}
            if after != before:
                break
    return answered
