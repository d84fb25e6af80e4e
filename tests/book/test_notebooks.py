"""What a committed notebook holds. That its outputs are reproduced is nbval's part, over the same files."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tools.hide_sources import fold, is_folded_in_lab, is_folded_in_page

# curvlib, livefig, what they stand on, and Python itself.
IMPORTS = {
    "curvlib",
    "livefig",
    "numpy",
    "jax",
    "optax",
    "matplotlib",
    "scipy",
    "IPython",
    *sys.stdlib_module_names,
}


def cells(notebook: Path, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == kind]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def test_is_a_valid_notebook(notebook: Path) -> None:
    nbformat.validate(nbformat.read(notebook, as_version=4))


def test_was_run_once_from_top_to_bottom(notebook: Path) -> None:
    counts = [cell["execution_count"] for cell in cells(notebook, "code") if source(cell).strip()]
    assert counts == list(range(1, len(counts) + 1)), "run `make run`"


def test_holds_no_widget_state_and_no_timestamps(notebook: Path) -> None:
    content = json.loads(notebook.read_text())
    assert "widgets" not in content["metadata"], "run `make run`: the figures need no saved widget state"
    timed = [cell["id"] for cell in content["cells"] if "execution" in cell["metadata"]]
    assert not timed, f"cells {timed} hold timestamps: run `make run`"


def test_jupyterlab_folds_what_the_page_folds(notebook: Path) -> None:
    """Or the figure that a chapter opens with would stand below all the code that makes it."""
    apart = [
        cell["id"] for cell in cells(notebook, "code") if is_folded_in_page(cell) != is_folded_in_lab(cell)
    ]
    assert not apart, f"cells {apart} are folded in the page or in JupyterLab alone: run `make run`"


def test_make_run_folds_what_is_tagged_and_no_more() -> None:
    new = nbformat.v4.new_code_cell
    tagged = [new("a", metadata={"tags": [tag]}) for tag in ("hide-input", "remove-input")]
    others = [
        new("b"),
        new("c", metadata={"tags": ["hide-output"], "jupyter": {"outputs_hidden": False}}),
        new("d", metadata={"jupyter": {"source_hidden": True}}),
        nbformat.v4.new_markdown_cell("e"),
    ]
    notebook = nbformat.v4.new_notebook(cells=[*tagged, *others])
    assert fold(notebook)
    assert all(cell["metadata"]["jupyter"] == {"source_hidden": True} for cell in tagged)
    assert [cell["metadata"].get("jupyter") for cell in others] == [
        None,
        {"outputs_hidden": False},
        None,
        None,
    ]
    assert not fold(notebook), "twice does what once does"


def test_raises_nothing(notebook: Path) -> None:
    failed = [
        f"{output['ename']} in: {source(cell)[:60]}"
        for cell in cells(notebook, "code")
        for output in cell["outputs"]
        if output["output_type"] == "error"
    ]
    assert not failed


def test_warns_of_nothing(notebook: Path) -> None:
    """A warning names files of the machine that ran it, and is no part of the text."""
    warned = [
        source(cell)[:60]
        for cell in cells(notebook, "code")
        for output in cell["outputs"]
        if output.get("name") == "stderr"
    ]
    assert not warned


def test_is_plain_python(notebook: Path) -> None:
    """No `interact` (when its callback raises the book still builds), no magics, nothing skipped."""
    for cell in cells(notebook, "code"):
        text = source(cell)
        assert not re.search(r"\binteract(ive|_manual)?\s*\(", text), f"make it a live figure: {text[:60]}"
        assert not re.search(r"^\s*[%!]", text, re.MULTILINE), f"plain Python only: {text[:60]}"
        assert "NBVAL_" not in text.upper(), f"every output is compared: {text[:60]}"
        tags = cell["metadata"].get("tags", [])
        assert not [tag for tag in tags if tag.startswith("nbval") or tag == "raises-exception"]


def test_every_picture_has_a_text_alternative(notebook: Path) -> None:
    """A plot's is `mystnb.image.alt` in its cell's metadata; a live figure's is its summary."""
    for cell in cells(notebook, "code"):
        for output in cell["outputs"]:
            data = output.get("data", {})
            if "image/png" not in data:
                continue
            if "text/html" in data:
                alternatives = re.findall(r'<img [^>]*alt="([^"]*)"', "".join(data["text/html"]))
            else:
                alternatives = [cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")]
            assert alternatives and all(len(a) > 20 for a in alternatives), (
                f"describe it: {source(cell)[:60]}"
            )


def test_imports_only_what_a_reader_has(notebook: Path) -> None:
    for cell in cells(notebook, "code"):
        for name in re.findall(r"^\s*(?:from|import)\s+(\w+)", source(cell), re.MULTILINE):
            assert name in IMPORTS, f"a chapter does not import {name}"
        private = re.search(r"\bcurvlib\S*\._\w+|\bcl(\.\w+)*\._[a-z]\w*", source(cell))
        assert private is None, f"a chapter uses nothing private: {private[0]}"


def test_has_the_parts_of_a_chapter(chapter: Path) -> None:
    """Claims judged, at least three exercises with folded solutions, further reading."""
    text = "\n".join(source(cell) for cell in cells(chapter, "markdown"))
    assert re.match(r"(\(\S+\)=\n)?# ", text), "it begins with its title"
    exercises = re.findall(r"^`{3,}\{exercise(?:-start)?\}", text, re.MULTILINE)
    solutions = re.findall(r"^`{3,}\{solution(?:-start)?\}\s+\S+\n:class: .*dropdown", text, re.MULTILINE)
    assert len(exercises) >= 3
    assert len(solutions) >= len(exercises), "each exercise has a folded solution (:class: dropdown)"
    for heading in ("Claims", "Exercises", "Can you answer?", "Further reading"):
        assert re.search(rf"^#+ .*{re.escape(heading)}", text, re.MULTILINE | re.IGNORECASE), (
            f"a section '{heading}' is missing"
        )


def test_asks_ten_questions_and_says_where_the_answer_stands(chapter: Path) -> None:
    """A chapter ends in ten questions that its page answers; each folded answer links to the place."""
    text = "\n".join(source(cell) for cell in cells(chapter, "markdown"))
    section = re.split(r"^## ", text.split("\n## Can you answer?")[1], flags=re.MULTILINE)[0]
    folded = re.findall(r"^:::\{dropdown\} \d+\. ([^\n]+\?)\n(.+?)\n:::$", section, re.MULTILINE | re.DOTALL)
    assert len(folded) == 10
    for question, answer in folded:
        assert re.search(r"\{(ref|eq|numref)\}`", answer), f"where does the page answer it: {question}"


def test_figures_show_their_function_and_fold_what_wires_them(chapter: Path) -> None:
    """The JAX function of a figure is in sight; the call that wires controls and views is folded."""
    for cell in cells(chapter, "code"):
        text = source(cell)
        if re.search(r"\blive\.(figure|tabulate)\(", text):
            assert is_folded_in_page(cell), f"fold it: {text[:60]}"
            assert not re.search(r"^def \w+\(", text, re.MULTILINE), f"its function in sight: {text[:60]}"


@pytest.mark.parametrize("kind", ["code", "markdown"])
def test_ids_are_unique(notebook: Path, kind: str) -> None:
    ids = [cell["id"] for cell in cells(notebook, kind)]
    assert len(ids) == len(set(ids))
