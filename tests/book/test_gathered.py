"""Pages that are gathered hold what the chapters hold; the glossary's words are where it leads."""

import doctest
import re
import tomllib

import pytest

import curvlib as cl
from tools import gather
from tools.chapters import ROOT, chapters
from tools.gather import BLOCK, BLOCKS, PAGES, gathered, paths

FENCE = "```"


def page(name: str) -> str:
    return (ROOT / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_gathered_pages_are_up_to_date(name: str) -> None:
    assert gathered(page(name)) == page(name), "run `python tools/gather.py`"


def test_the_examples_of_the_tool() -> None:
    tried = doctest.testmod(gather)
    assert tried.attempted and not tried.failed


def test_every_block_has_its_place() -> None:
    assert sorted(block for name in PAGES for block in BLOCK.findall(page(name))) == sorted(BLOCKS)


def test_every_exercise_and_every_figure_is_listed() -> None:
    text = page("figures-and-exercises")
    for chapter in chapters():
        labels = re.findall(r"^`{3,}\{exercise\}.*\n:label: (\S+)$", chapter.text, re.MULTILINE)
        assert labels and all(f"<{label}>`" in text for label in labels)
        names = [cell["metadata"].get("mystnb", {}).get("figure", {}).get("name") for cell in chapter.cells]
        assert all(f"`{name}`" in text for name in names if name)


def test_paths_take_the_hours_that_they_say() -> None:
    """Up to half an hour may be left for questions."""
    told = re.findall(r"^Together (\d+):(\d+) hours of (\d+)\.", paths(), re.MULTILINE)
    assert [int(hours) for _, _, hours in told] == [4, 8, 12]
    for spent, minutes, hours in told:
        assert 0 <= 60 * int(hours) - 60 * int(spent) - int(minutes) <= 30, f"the path of {hours} hours"


def test_the_longest_path_reads_every_chapter() -> None:
    longest = tomllib.loads((ROOT / "tools" / "course.toml").read_text(encoding="utf-8"))["path"][-1]
    assert [part["chapter"] for part in longest["part"]] == [chapter.path.stem for chapter in chapters()]


def test_a_chapters_sections_take_its_minutes() -> None:
    for chapter in chapters():
        assert sum(section.minutes for section in chapter.sections) == pytest.approx(chapter.minutes)


def test_the_map_has_every_method() -> None:
    methods = [name for name in cl.__all__ if hasattr(getattr(cl, name), "step") and name != "Method"]
    text = page("summary")
    assert len(methods) >= 9
    assert [name for name in methods if f"`cl.{name}`" not in text] == []


def section_texts() -> dict[str, str]:
    """What stands between each label and the next heading of its level or above."""
    texts = {}
    for chapter in chapters():
        for found in re.finditer(r"^\((\S+)\)=\n(#+) ", chapter.text, re.MULTILINE):
            rest = chapter.text[found.end() :]
            texts[found[1]] = re.split(rf"^#{{1,{len(found[2])}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    return texts


def entries() -> dict[str, str]:
    """The glossary's words and what stands at each."""
    body = page("glossary").split(f"{FENCE}{{glossary}}\n")[1].split(f"\n{FENCE}")[0]
    found = re.findall(r"^(\S.*)\n((?:  .*\n?)+)", body, re.MULTILINE)
    return dict(found)


def test_the_glossary_is_sorted_and_large() -> None:
    words = list(entries())
    assert len(words) >= 60
    assert words == sorted(words, key=str.lower)


@pytest.mark.parametrize("term", entries())
def test_a_word_of_the_glossary_stands_where_it_leads(term: str) -> None:
    texts, places = section_texts(), re.findall(r"\{ref\}`(\S+)`", entries()[term])
    assert places, "where is it defined?"
    stem = re.sub(r"( \(.*\)|, as .*)$", "", term).lower()
    for place in places:
        text = re.sub(r"[*\s]+", " ", texts[place].lower())
        found = stem.removesuffix("s") in text or stem.split()[0].removesuffix("'s") in text
        assert found, f"no {stem!r} in {place}"
