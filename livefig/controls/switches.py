"""Controls that choose: among options, or on and off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from livefig.controls.common import Value, condition, listed, number
from livefig.description import Described, plain, several


@dataclass(frozen=True)
class Choice(Described):
    """One of several options; see `choice`."""

    name: str
    options: tuple[str, ...]
    value: int
    label: str
    when: Mapping[str, tuple[Any, ...]]

    def clean(self, value: Any) -> int:
        """The option's index; an option's text is accepted too. Anything else is refused."""
        if isinstance(value, str):
            if value not in self.options:
                raise ValueError(
                    f"control '{self.name}' has no option {value!r}; it has {listed(self.options)}"
                )
            return self.options.index(value)
        index = number(value, self.name)
        if index not in range(len(self.options)):
            raise ValueError(
                f"control '{self.name}' needs an index from 0 to {len(self.options) - 1},"
                f" but was given {value!r}"
            )
        return int(index)

    def argument(self, value: Value) -> Value:
        """The index, an int."""
        return value

    def spec(self, value: Value) -> dict[str, Any]:
        """The choice for the front end, standing at `value`."""
        return {
            "kind": "choice",
            "name": self.name,
            "label": self.label,
            "options": list(self.options),
            "value": value,
        }


@dataclass(frozen=True)
class Toggle(Described):
    """On or off; see `toggle`."""

    name: str
    value: bool
    label: str
    when: Mapping[str, tuple[Any, ...]]

    def clean(self, value: Any) -> bool:
        """True or False; 1 and 0 count as such."""
        value = plain(value)
        if not isinstance(value, Real) or value not in (0, 1):
            raise TypeError(f"control '{self.name}' needs True or False, but was given {value!r}")
        return bool(value)

    def argument(self, value: Value) -> Value:
        """A bool."""
        return value

    def spec(self, value: Value) -> dict[str, Any]:
        """The toggle for the front end, standing at `value`."""
        return {"kind": "toggle", "name": self.name, "label": self.label, "value": value}


def choice(
    name: str,
    options: Sequence[str],
    value: int | str = 0,
    *,
    label: str | None = None,
    when: Mapping[str, Any] | None = None,
) -> Choice:
    """A choice among `options`: the figure's function receives the chosen one's index, an int called `name`.

    `value` is the first choice, by index or text, and so is what is set from Python (`fig.method = "Adam"`).
    `when` names the states in which it has an effect, as for `slider`.

    Raises:
        ValueError: if there are fewer than two options, two with the same text, or `value` is none of them.
    """
    options = several(options)
    if len(options) < 2 or not all(isinstance(text, str) for text in options):
        raise ValueError(f"choice '{name}' needs two or more texts to choose from, but was given {options!r}")
    if len(set(options)) < len(options):
        raise ValueError(f"choice '{name}' has the same option twice: {listed(options)}")
    where = condition(when, name)
    start = Choice(name, options, 0, label or name, where).clean(value)
    return Choice(name, options, start, label or name, where)


def toggle(
    name: str, value: bool = True, *, label: str | None = None, when: Mapping[str, Any] | None = None
) -> Toggle:
    """A switch: the figure's function, if it takes an argument called `name`, receives a bool.

    A toggle may also only show and hide layers (their `show=name`); then the function need not take it.
    `when` names the states in which it has an effect, as for `slider`.
    """
    where = condition(when, name)
    return Toggle(name, Toggle(name, True, "", where).clean(value), label or name, where)
