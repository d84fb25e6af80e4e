"""The live figure as an ipywidget, and as the output of a notebook's cell."""

import base64
import contextlib
import html
from collections.abc import Iterator
from typing import Any

import anywidget
import numpy as np
import traitlets

from livefig import assets, picture
from livefig.controls import Control, Value
from livefig.definition import Definition

NEEDS_KERNEL = "This figure is computed by a kernel: open its notebook to play with it."


class ControlTrait(traitlets.TraitType):
    """The trait of one control: whatever is set passes through the control's `clean`."""

    def __init__(self, control: Control) -> None:
        super().__init__(default_value=control.value)
        self.control = control

    def validate(self, obj: Any, value: Any) -> Value:
        return self.control.clean(value)


class LiveFigure(anywidget.AnyWidget):
    """A live figure in a kernel; made by `livefig.figure`, with a trait for each control."""

    _payload = traitlets.Unicode().tag(sync=True)
    _answer = traitlets.Dict().tag(sync=True)  # where this kernel computes what the page cannot
    _definition: Definition
    _failure: Exception | None = None

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        if self._definition.reason is not None:
            self._compute()
            self._fail()
            self.observe(self._compute, names=list(self._definition.controls))

    def _compute(self, change: Any = None) -> None:
        """Send the outputs in the present state to the page, or what went wrong, which is raised when every
        observer has been told of the change."""
        try:
            self._answer = self._definition.answer(self.state)
            self._failure = None
        except Exception as error:
            self._answer = {**self._answer, "error": f"{type(error).__name__}: {error}"}
            self._failure = error

    def _fail(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    @contextlib.contextmanager
    def hold_trait_notifications(self) -> Iterator[None]:
        """As of any widget; what its figure's function raises in the new state is raised at the end."""
        try:
            with super().hold_trait_notifications():
                yield
        except BaseException:
            self._failure = None
            raise
        self._fail()

    def set_trait(self, name: str, value: Any) -> None:
        """As of any widget; what its figure's function raises in the new state is raised."""
        super().set_trait(name, value)
        self._fail()

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            controls = ", ".join(f"'{control}'" for control in self._definition.controls)
            raise AttributeError(
                f"figure '{self._definition.name}' has no control '{name}';"
                f" its controls are {controls or 'none'}"
            )
        super().__setattr__(name, value)
        if name in self._definition.controls:
            self._fail()

    def __repr__(self) -> str:
        return self.describe()

    @property
    def definition(self) -> Definition:
        """The figure without its widget: controls, views, programs."""
        return self._definition

    @property
    def state(self) -> dict[str, Value]:
        """The value of each control."""
        return {name: getattr(self, name) for name in self._definition.controls}

    @property
    def outputs(self) -> dict[str, np.ndarray]:
        """What the figure's function returns in the present state, computed by JAX."""
        return self._definition.evaluate(self.state)

    def describe(self) -> str:
        """The summary in the present state."""
        return self._definition.write(self._definition.summary, self.state, self.outputs)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        state, summary = self.state, self.describe()
        image = picture.draw(self._definition, state)
        encoded = base64.b64encode(image.png).decode("ascii")
        img = (
            f'<img src="data:image/png;base64,{encoded}" alt="{html.escape(summary)}"'
            f' width="{image.width}" height="{image.height}">'
        )
        if self._definition.reason is None:
            live = (
                f'<figure class="livefig" data-name="{self._definition.name}">'
                f'<script type="application/json">{self._definition.payload(state)}</script>{img}</figure>'
            )
        else:
            live = (
                f'<figure class="livefig-still" data-name="{self._definition.name}"'
                f' data-reason="{html.escape(self._definition.reason)}">{img}'
                f"<figcaption>{NEEDS_KERNEL}</figcaption></figure>"
            )
        data = {
            **data,
            "text/html": live,
            "image/png": encoded,
            "text/plain": summary,
        }
        return data, {**metadata, "image/png": {"width": image.width}}


def widget(definition: Definition) -> LiveFigure:
    """The widget of a definition: a subclass of LiveFigure with the controls as its traits."""
    for name in definition.controls:
        if hasattr(LiveFigure, name):
            raise ValueError(
                f"a control cannot be called '{name}', which every widget has already: rename it"
            )
    traits = {name: ControlTrait(control).tag(sync=True) for name, control in definition.controls.items()}
    shared = {"_esm": assets.module(), "_css": assets.style(), "_definition": definition}
    shared |= {"__module__": __name__}  # by which its saved state is known, see livefig.saved_widgets
    kind = type("LiveFigure", (LiveFigure,), {**shared, **traits, "__doc__": LiveFigure.__doc__})
    return kind(_payload=definition.payload(definition.start()))
