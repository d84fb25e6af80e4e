"""What a reader does with a live figure in a browser, whichever page it stands in."""

from playwright.sync_api import ElementHandle

STATE = "figure => JSON.parse(JSON.stringify(figure.livefig.state))"


def operate(figure: ElementHandle) -> set[str]:
    """Press keys on everything in a figure that takes the focus; the names of the controls that answered."""
    elements = figure.query_selector_all("input, select, [tabindex='0']")
    answers = {element: _press(figure, element) for element in elements}
    for silent in [element for element, names in answers.items() if not names]:
        for other in elements:  # one whose state may enable it
            _press(figure, other)
            answers[silent] = _press(figure, silent)
            if answers[silent]:
                break
    return set().union(*answers.values())


def _press(figure: ElementHandle, element: ElementHandle) -> set[str]:
    """Press keys on an element until the figure's state changes; the names of the controls that changed."""
    for key in ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "Space"):
        before = figure.evaluate(STATE)
        element.focus()
        if not element.evaluate("element => element === document.activeElement"):
            return set()
        element.press(key)
        after = figure.evaluate(STATE)
        if after != before:
            return {name for name in after if after[name] != before[name]}
    return set()
