"""Controls that have an effect in some states only: what their `when` says, and whether it is so."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from livefig.controls import Choice, Control, Data, Point, Toggle
from livefig.description import is_number, listed


def resolved(controls: Mapping[str, Control], outputs: Mapping[str, tuple[int, ...]]) -> dict[str, Control]:
    """The controls, whose conditions name other controls or whole numbers among the `outputs` (given by their
    shapes), and hold numbers."""
    return {name: _resolved(control, controls, outputs) for name, control in controls.items()}


def _resolved(control: Control, controls: Mapping[str, Control], outputs: Mapping[str, Any]) -> Control:
    if not control.when:
        return control
    label = f"control '{control.name}'"
    numbers: dict[str, tuple[Any, ...]] = {}
    for other, values in control.when.items():
        about = controls.get(other)
        if (
            other == control.name
            or isinstance(about, Point | Data)
            or (about is None and other not in outputs)
        ):
            known = [name for name, each in controls.items() if not isinstance(each, Point | Data)]
            raise ValueError(
                f"{label} acts when '{other}', which is neither another control with one value nor an integer"
                f" output; there are {listed({*known, *outputs} - {control.name})}"
            )
        if not values or not all(is_number(value) or isinstance(value, str | bool) for value in values):
            raise ValueError(f"{label} acts when '{other}' is one of {values!r}: give numbers or options")
        numbers[other] = tuple(about.clean(value) if about else value for value in values)
    return replace(control, when=numbers)


def acts(control: Control, values: Mapping[str, Any]) -> bool:
    """Whether a control has an effect where controls and outputs have these values."""
    return all(values[other] in wanted for other, wanted in control.when.items())


def reason(control: Control, controls: Mapping[str, Control], words: Mapping[str, Any]) -> str:
    """Why a control has no effect where its condition does not hold: "only when step is damped"."""
    parts = []
    for other, wanted in control.when.items():
        about = controls.get(other)
        texts = words.get(other, ())
        if isinstance(about, Choice):
            texts = about.options
        elif isinstance(about, Toggle):
            texts = ("off", "on")
        names = [texts[int(value)] if int(value) < len(texts) else f"{value:g}" for value in wanted]
        parts.append(f"{about.label if about else other} is {' or '.join(names)}")
    return f"only when {' and '.join(parts)}"
