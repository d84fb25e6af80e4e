"""Fold in JupyterLab what the page folds: `python tools/hide_sources.py NOTEBOOK…`, which `make run` calls.

MyST-NB folds the source of a cell by its tags, `hide-input` or `remove-input`, which mean nothing to
JupyterLab: there a live figure would stand below all the code that makes it. JupyterLab goes by
`jupyter.source_hidden` in the cell's metadata.
"""

import sys
from pathlib import Path
from typing import Any

import nbformat

TAGS = {"hide-input", "remove-input"}


def is_folded_in_page(cell: dict[str, Any]) -> bool:
    """Whether the page folds the source of a cell, or leaves it out."""
    return bool(TAGS & set(cell["metadata"].get("tags", ())))


def is_folded_in_lab(cell: dict[str, Any]) -> bool:
    """Whether JupyterLab folds the source of a cell."""
    return cell["metadata"].get("jupyter", {}).get("source_hidden", False)


def fold(notebook: dict[str, Any]) -> bool:
    """Fold in JupyterLab the sources that the page folds, and no others; whether that changed anything."""
    changed = [cell for cell in notebook["cells"] if is_folded_in_page(cell) != is_folded_in_lab(cell)]
    for cell in changed:
        options = cell["metadata"].setdefault("jupyter", {})
        if is_folded_in_page(cell):
            options["source_hidden"] = True
        else:
            del options["source_hidden"]
            if not options:
                del cell["metadata"]["jupyter"]
    return bool(changed)


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        notebook = nbformat.read(path, as_version=4)
        if fold(notebook):
            nbformat.write(notebook, path)
