"""What a reader does with a live figure in a browser, whichever page it stands in."""

from playwright.sync_api import ElementHandle

AMONG_FEW = "e => !e.matches('.lf-datum') || [...e.parentNode.querySelectorAll('.lf-datum')].indexOf(e) < 3"
STATE = "figure => JSON.parse(JSON.stringify(figure.livefig.state))"


def operate(figure: ElementHandle) -> set[str]:
    """Press keys on what takes the focus in a figure, of many data on three; the controls that answered."""
    elements = [
        element
        for element in figure.query_selector_all("input, select, [tabindex='0']")
        if element.evaluate(AMONG_FEW)
    ]
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
