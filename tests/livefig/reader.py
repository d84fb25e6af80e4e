"""What a reader does with a live figure in a browser, whichever page it stands in."""

from playwright.sync_api import ElementHandle

AMONG_FEW = "e => !e.matches('.lf-datum') || [...e.parentNode.querySelectorAll('.lf-datum')].indexOf(e) < 3"
FOCUS = """
(figure, element) => {
    element.focus();
    figure.before = JSON.parse(JSON.stringify(figure.livefig.state));
    return element === document.activeElement;
}
"""
CHANGED = """
figure => {
    const { before, livefig: { state } } = figure;
    return Object.keys(state).filter(name => JSON.stringify(before[name]) !== JSON.stringify(state[name]));
}
"""


def operate(figure: ElementHandle) -> set[str]:
    """Press keys on what takes the focus in a figure, of many data on three; the controls that answered."""
    elements = [
        element
        for element in figure.query_selector_all("input, select, [tabindex='0']")
        if element.evaluate(AMONG_FEW)
    ]
    controls = set(figure.evaluate("figure => figure.livefig.spec.controls.map(control => control.name)"))
    answers = {element: _press(figure, element) for element in elements}
    answered = set().union(*answers.values())
    for silent in [element for element, names in answers.items() if not names]:
        for other in elements:  # one whose state may enable it
            if controls <= answered:
                return answered
            _press(figure, other)
            names = _press(figure, silent)
            answered |= names
            if names:
                break
    return answered


def _press(figure: ElementHandle, element: ElementHandle) -> set[str]:
    """Press keys on an element until the figure's state changes; the names of the controls that changed."""
    for key in ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "Space"):
        if not figure.evaluate(FOCUS, element):
            return set()
        element.press(key)
        changed = figure.evaluate(CHANGED)
        if changed:
            return set(changed)
    return set()
