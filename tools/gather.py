"""Gather in pages what the chapters hold: `python tools/gather.py`, which `make run` calls.

The pages are written by hand, but for what stands between two comments, `% gathered: NAME` and `% end`: that
is made here from the committed notebooks, so that it cannot drift. A test gathers anew and compares.
"""

import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.chapters import Chapter, Claim, chapters  # noqa: E402

PAGES = ("summary", "course", "figures-and-exercises")
BLOCK = re.compile(r"(?<=^% gathered: )(\w+)\n.*?(?=^% end$)", re.DOTALL | re.MULTILINE)
# By the words that a verdict begins with, the longest first: a sign for each, and its name in CSS.
VERDICTS = {
    "holds when": ("◐", "when"),
    "holds": ("✓", "holds"),
    "misleading": ("≈", "misleading"),
    "fails": ("✗", "fails"),
}
# The claims by the sections of the article.
SECTIONS = {
    1: "Why go beyond first order",
    2: "Newton's method",
    3: "Gauss–Newton and Levenberg–Marquardt",
    4: "The Fisher information",
    5: "Natural gradient",
    6: "K-FAC",
    7: "Hessian-free optimization",
    8: "The comparison of methods",
    9: "In practice",
    10: "Why it matters",
}
KINDS = ("By hand", "With the figure", "Change the code", "Spot the bug")
EXERCISE_MINUTES = 10


def word(verdict: str) -> str:
    """Which of the four verdicts it is.

    >>> word("holds, in natural parameters"), word("holds when η is small")
    ('holds', 'holds when')
    """
    return next(begin for begin in VERDICTS if verdict.startswith(begin))


def order(number: str) -> tuple[int, ...]:
    """By what claims are sorted: C9.8 before C10.1."""
    return tuple(map(int, number[1:].split(".")))


def sentence(text: str, which: int = 0) -> str:
    """One sentence of a text. A full stop within a number ends none.

    >>> sentence("At λ = 0.1 it does. Elsewhere not.")
    'At λ = 0.1 it does.'
    """
    return re.split(r"(?<=\.) (?=[A-Z])", text)[which]


def ledger() -> list[Claim]:
    """All claims that are judged: the chapters' rows, and two that follow from them."""
    # Claims of the field, H1 and so on, are no claims of the article: chapter 11 has its own table.
    rows = {c.number: c for chapter in chapters() for c in chapter.claims if c.number.startswith("C")}
    likeness, robustness, regression = rows["C5.5"], rows["C5.7"], rows["C3.6"]
    if {word(likeness.verdict), word(robustness.verdict)} != {"misleading"}:
        raise ValueError("C10.1 was judged by C5.5 and C5.7, whose verdicts are no longer 'misleading'")
    rows["C10.1"] = Claim(
        "C10.1",
        "Adam, as a diagonal natural gradient, shows why it adapts well.",
        f"C5.5: {sentence(likeness.measured)} C5.7: {sentence(robustness.measured)}",
        "misleading: it is another matrix under another power (C5.5), and natural gradient is not more "
        "robust than Adam (C5.7)",
        likeness.page,
    )
    rows["C10.5"] = Claim(
        "C10.5",
        "Gauss–Newton ties optimization to generalized linear models.",
        f"C3.6: {regression.measured}",
        regression.verdict,
        regression.page,
    )
    return sorted(rows.values(), key=lambda claim: order(claim.number))


def counts() -> str:
    """How many claims have which verdict, in a sentence."""
    claims = ledger()
    found = [word(claim.verdict) for claim in claims]
    bare = sum(claim.verdict == "holds" for claim in claims)
    text = (
        f"All {len(claims)} claims of the article are judged. "
        f"**{found.count('holds')} hold**, {bare} of them without a word added. "
        f"**{found.count('holds when')} hold under a condition** that the claim leaves out. "
        f"**{found.count('misleading')} are misleading**: one would conclude from them what is not so. "
        + (
            f"**{found.count('fails')} fail**."
            if "fails" in found
            else f"None fails as a whole; {sum('fails' in claim.verdict for claim in claims)} do in part."
        )
    )
    return text


def anchor(number: str) -> str:
    """Where a claim stands in the page."""
    return number.lower().replace(".", "-")


def glance() -> str:
    """All verdicts in a picture: a row for each section of the article, a link for each claim."""
    claims = ledger()
    lines = ['<div class="verdicts" role="group" aria-label="The verdicts at a glance">']
    for section, title in SECTIONS.items():
        links = "".join(
            f'<a class="{VERDICTS[word(claim.verdict)][1]}" href="#{anchor(claim.number)}" '
            f'title="{word(claim.verdict)}">{VERDICTS[word(claim.verdict)][0]} {claim.number[1:]}</a>'
            for claim in claims
            if order(claim.number)[0] == section
        )
        lines.append(f"<p><span>{section}. {title}</span>{links}</p>")
    return "\n".join([*lines, "</div>"])


def tables() -> str:
    """The ledger: a table for each section of the article."""
    claims = ledger()
    parts = []
    for section, title in SECTIONS.items():
        rows = [claim for claim in claims if order(claim.number)[0] == section]
        lines = [f"### {title}", "", ":::{div} ledger", ""]
        lines += ["| no. | claim | ch. | what was measured | verdict |", "|---|---|---|---|---|"]
        for claim in rows:
            number = re.search(r"/(\d+)-", claim.page)[1]
            verdict = re.sub(f"^{word(claim.verdict)}", r"**\g<0>**", claim.verdict)
            lines.append(
                f'| <span id="{anchor(claim.number)}">{claim.number}</span> | {claim.text} '
                f"| [{int(number)}]({claim.page}.ipynb#claims) | {claim.measured} | {verdict} |"
            )
        if rows:
            parts.append("\n".join([*lines, "", ":::"]))
    return "\n\n".join(parts)


def link(chapter: Chapter, anchor: str = "", text: str = "") -> str:
    """A link to a chapter, or a place in it."""
    return f"[{text or chapter.title}]({chapter.page}.ipynb{anchor})"


def overview() -> str:
    """The chapters with what each takes."""
    lines = ["| chapter | minutes | figures | exercises | questions | claims |", "|---|--:|--:|--:|---|---|"]
    for c in chapters():
        lines.append(
            f"| {link(c, text=f'{c.number}. {c.title}')} | {c.minutes} | {len(c.figures)} "
            f"| {link(c, '#exercises', str(len(c.exercises)))} | {link(c, '#can-you-answer', 'ten')} "
            f"| {link(c, '#claims', str(len(c.claims)))} |"
        )
    read, solve = sum(c.minutes for c in chapters()), sum(len(c.exercises) for c in chapters())
    lines.append(f"| together | {read} | {sum(len(c.figures) for c in chapters())} | {solve} | | |")
    return "\n".join(lines)


def exercises() -> str:
    """All exercises, by chapter and kind."""
    lines = ["| chapter | " + " | ".join(kind.lower() for kind in KINDS) + " |", "|---" * 5 + "|"]
    for c in chapters():
        cells = (
            "<br>".join(f"· {{ref}}`{e.title} <{e.label}>`" for e in c.exercises if e.kind.startswith(kind))
            for kind in KINDS
        )
        lines.append(f"| {link(c, '#exercises', f'{c.number}. {c.title}')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def figures() -> str:
    """All live figures, each with what it shows and the question that is asked before it."""
    parts = []
    for c in chapters():
        lines = [f"### {c.number}. {c.title}", "", "| figure | what it shows | the question before it |"]
        lines.append("|---|---|---|")
        for figure in c.figures:
            still = "" if figure.has_controls else " *Without controls.*"
            lines.append(f"| {{numref}}`{figure.label}` | {figure.shows}{still} | {figure.question} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def clock(minutes: float) -> str:
    """Hours and minutes, to five minutes.

    >>> clock(93.1)
    '1:35'
    """
    near = 5 * round(minutes / 5)
    return f"{near // 60}:{near % 60:02}"


def paths() -> str:
    """The paths of `course.toml`, with the minutes that the chapters' own add up to."""
    known = {c.path.stem: c for c in chapters()}
    parts = []
    for path in tomllib.loads((ROOT / "tools" / "course.toml").read_text(encoding="utf-8"))["path"]:
        lines = [f"### {path['title']}", "", path["aim"], ""]
        lines += ["| from | read | show | exercises |", "|---|---|---|---|"]
        spent = 0.0
        for part in path["part"]:
            chapter = known[part["chapter"]]
            by_label = {section.label: section for section in chapter.sections}
            chosen = [by_label[label] for label in part.get("sections", by_label)]
            read = ", ".join(
                f"{{ref}}`{section.label}`"
                if section.has_label
                else link(chapter, f"#{section.label}", section.label.capitalize())
                for section in chosen
            )
            if len(chosen) == len(by_label):
                read = "all of it"
            shown = f"{{numref}}`{part['figure']}`: {part['why']}"
            tasks = [exercise for exercise in chapter.exercises if exercise.label in part["exercises"]]
            if len(tasks) != len(part["exercises"]):
                raise ValueError(f"{chapter.path.name} has no such exercise: {part['exercises']}")
            solved = "<br>".join(f"· {{ref}}`{task.title} <{task.label}>`" for task in tasks) or "–"
            lines.append(
                f"| {clock(spent)} | **{link(chapter, text=f'Chapter {chapter.number}')}**: {read} "
                f"| {shown} | {solved} |"
            )
            spent += sum(section.minutes for section in chosen) + EXERCISE_MINUTES * len(tasks)
        lines += ["", f"Together {clock(spent)} hours of {path['hours']}."]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


BLOCKS: dict[str, Callable[[], str]] = {
    block.__name__: block for block in (counts, glance, tables, overview, exercises, figures, paths)
}


def gathered(page: str) -> str:
    """A page with its blocks made anew.

    Raises:
        KeyError: if it names a block that there is not.
    """
    return BLOCK.sub(lambda found: f"{found[1]}\n\n{BLOCKS[found[1]]()}\n\n", page)


if __name__ == "__main__":
    for name in PAGES:
        file = ROOT / f"{name}.md"
        file.write_text(gathered(file.read_text(encoding="utf-8")), encoding="utf-8")
