"""The saved state of a notebook's widgets, less what a built page has no use for.

A notebook saves the state of every widget, which for a live figure is the whole front end and its program. A
page shows the figure without its widget, so that this is dead weight, unless another widget holds the figure
or is linked to it.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

FIGURE = "livefig.widget.LiveFigure"
# What a figure's widget brings along, and what only connects it: nothing of these is seen by itself.
COMPANIONS = ("LayoutModel", "LinkModel", "DirectionalLinkModel")
REFERENCE = re.compile(r'IPY_MODEL_([\w-]+)|"model_id": "([\w-]+)"')


def without_figures(models: Mapping[str, Any]) -> dict[str, Any]:
    """The models, by their ids, but for live figures that stand by themselves."""
    dead: set[str] = set()
    for group in _groups(models):
        if any(map(_is_figure, group.values())) and all(
            _is_figure(model) or model["model_name"] in COMPANIONS for model in group.values()
        ):
            dead |= group.keys()
    return {name: model for name, model in models.items() if name not in dead}


def _is_figure(model: Mapping[str, Any]) -> bool:
    return model["state"].get("_anywidget_id") == FIGURE


def _groups(models: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The models in groups, each of which refers to no other."""
    groups: list[set[str]] = []
    for name, model in models.items():
        named = {first or second for first, second in REFERENCE.findall(json.dumps(model))}
        group = {name, *(named & models.keys())}
        touched = [other for other in groups if other & group]
        groups = [other for other in groups if not other & group] + [group.union(*touched)]
    return [{name: models[name] for name in group} for group in groups]
