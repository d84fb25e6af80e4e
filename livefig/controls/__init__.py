"""The controls of a live figure: what a reader can move, and what the figure's function then receives.

A control is a frozen description. `clean` turns whatever a reader, a script or the browser hands over into
the control's own value (or says in one sentence why it cannot), `argument` turns that value into what the
figure's function is called with, and `spec` describes the control to the front end.
"""

from livefig.controls.common import Value
from livefig.controls.points import Data, Point, data, point
from livefig.controls.slider import Player, Slider, player, slider
from livefig.controls.switches import Choice, Toggle, choice, toggle

Control = Slider | Choice | Toggle | Point | Data

__all__ = [
    "Choice", "Control", "Data", "Player", "Point", "Slider", "Toggle", "Value",
    "choice", "data", "player", "point", "slider", "toggle",
]  # fmt: skip
