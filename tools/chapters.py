"""What the committed notebooks hold, for the pages that gather it: claims, exercises, figures, sections."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# A reader stays about as long with a figure that has controls as with so many words.
WORDS_A_FIGURE = 300
HEADING = re.compile(r"^(?:\((?P<label>\S+)\)=\n)?## (?P<title>.+)$", re.MULTILINE)
# What follows these headings is not part of a chapter's stated minutes.
AFTER_THE_TEXT = ("Exercises", "Can you answer?", "Further reading")


@dataclass(frozen=True)
class Claim:
    """A row of a chapter's table of claims, as its notebook holds it."""

    number: str
    text: str
    measured: str
    verdict: str
    page: str


@dataclass(frozen=True)
class Exercise:
    """An exercise by its label, with its kind ("By hand", …) and its title."""

    label: str
    kind: str
    title: str


@dataclass(frozen=True)
class Figure:
    """A live figure by its label, with its caption's first sentence and the question before it, or none."""

    label: str
    shows: str
    question: str
    has_controls: bool


@dataclass(frozen=True)
class Section:
    """A section by its label, or by its heading in small letters with hyphens if it has none."""

    label: str
    minutes: float
    has_label: bool


@dataclass(frozen=True)
class Chapter:
    """A chapter as its notebook is committed."""

    path: Path

    @property
    def page(self) -> str:
        """Its page, as links name it."""
        return self.path.relative_to(ROOT).with_suffix("").as_posix()

    @property
    def number(self) -> int:
        """Its number, with which its file's name begins."""
        return int(self.path.name.split("-")[0])

    @cached_property
    def cells(self) -> list[dict[str, Any]]:
        return json.loads(self.path.read_text(encoding="utf-8"))["cells"]

    @cached_property
    def text(self) -> str:
        """All its Markdown."""
        return "\n\n".join(source(cell) for cell in self.cells if cell["cell_type"] == "markdown")

    @property
    def title(self) -> str:
        return re.search(r"^# (.+)$", self.text, re.MULTILINE)[1]

    @property
    def minutes(self) -> int:
        """The reading time that it states."""
        return int(re.search(r"\{admonition\} About (\d+) minutes", self.text)[1])

    @cached_property
    def claims(self) -> list[Claim]:
        """The rows of its table of claims, from the cell's output."""
        rows = []
        for cell in self.cells:
            if cell["cell_type"] == "code" and "show.claims(" in source(cell):
                for output in cell["outputs"]:
                    lines = "".join(output["data"]["text/markdown"]).split("\n")[2:]
                    rows += [Claim(*_entries(line), self.page) for line in lines]
        return rows

    @cached_property
    def exercises(self) -> list[Exercise]:
        found = re.findall(r"^`{3,}\{exercise\} (.+?): (.+)\n:label: (\S+)$", self.text, re.MULTILINE)
        return [Exercise(label, kind, title[0].upper() + title[1:]) for kind, title, label in found]

    @cached_property
    def figures(self) -> list[Figure]:
        """Its live figures. A question belongs to the first one after it."""
        found, above = [], ""
        for cell in self.cells:
            text = source(cell)
            if cell["cell_type"] == "markdown":
                above = text
            elif call := _figure_call(text):
                figure = cell["metadata"]["mystnb"]["figure"]
                shows = re.split(r"(?<=\.)\s", figure["caption"])[0]
                found.append(Figure(figure["name"], shows, _question(above), _has_controls(call)))
                above = ""
        return found

    @cached_property
    def sections(self) -> list[Section]:
        """The sections of its text, with the chapter's minutes shared out by words and figures."""
        weights: dict[str, int] = {}
        labels, label = set(), ""
        for cell in self.cells:
            text = source(cell)
            if cell["cell_type"] == "code":
                call = _figure_call(text)
                weights[label] += WORDS_A_FIGURE if call and _has_controls(call) else 0
                if "show.claims(" in text:
                    weights[label] += sum(len(f"{c.text} {c.measured}".split()) for c in self.claims)
                continue
            begins = [*HEADING.finditer(text)]
            ends = [*(heading.start() for heading in begins), len(text)]
            weights[label] = weights.get(label, 0) + len(text[: ends[0]].split())
            for heading, end in zip(begins, ends[1:], strict=True):
                if heading["title"] in AFTER_THE_TEXT:
                    del weights[""]  # what stands before the first section
                    total = sum(weights.values())
                    return [
                        Section(name, self.minutes * weight / total, name in labels)
                        for name, weight in weights.items()
                    ]
                labels.add(heading["label"])
                label = heading["label"] or heading["title"].lower().replace(" ", "-")
                weights[label] = len(text[heading.end() : end].split())
        raise ValueError(f"{self.path.name} has no section '{AFTER_THE_TEXT[0]}'")


def chapters() -> list[Chapter]:
    """All chapters, in order."""
    return [Chapter(path) for path in sorted((ROOT / "chapters").glob("*.ipynb"))]


def source(cell: dict[str, Any]) -> str:
    """The text of a cell."""
    return "".join(cell["source"])


def _entries(row: str) -> Iterator[str]:
    """The entries of a row of a Markdown table."""
    return (entry.strip() for entry in re.split(r"(?<!\\)\|", row)[1:-1])


def _figure_call(code: str) -> ast.Call | None:
    """The call of `live.figure` in a cell, if there is one."""
    if "live.figure(" not in code:
        return None
    calls = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))
    return next(call for call in calls if ast.unparse(call.func) == "live.figure")


def _has_controls(call: ast.Call) -> bool:
    return not any(word.arg == "controls" and ast.unparse(word.value) == "[]" for word in call.keywords)


def _question(text: str) -> str:
    """The last question in bold, without the call to guess before it."""
    bold = [" ".join(found.split()) for found in re.findall(r"\*\*(.+?)\*\*", text, re.DOTALL)]
    asked = [found for found in bold if "?" in found]
    if not asked:
        return ""
    question = re.sub(r"^Guess[^:]*: ", "", asked[-1])
    return question[0].upper() + question[1:]
