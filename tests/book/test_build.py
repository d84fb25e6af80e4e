"""The built book as files: no warning, light pages, nothing fetched from elsewhere; and what is around it."""

import re
import shutil
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.book.conftest import CHAPTERS, page_of

ROOT = Path(__file__).parents[2]
KB = 1024
# Elements and attributes that a browser fetches by itself; a link in the prose is not among them.
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "object": "data"}


class Fetches(HTMLParser):
    """Addresses that a page makes a browser fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        name = FETCHED.get(tag)
        if name and attributes.get(name):
            self.found.append(attributes[name])
        if tag == "link" and attributes.get("rel") not in ("canonical", "author", "license"):
            self.found.append(attributes["href"])


def pages(book) -> list[Path]:
    return [page for page in book.html.rglob("*.html") if "_static" not in page.parts]


def test_builds_without_a_warning(book) -> None:
    assert book.returncode == 0, book.log
    assert "WARNING" not in book.log


def test_pages_fetch_only_the_books_own_files(book) -> None:
    for page in pages(book):
        for address in Fetches(page.read_text()).found:
            if address.startswith(("data:", "#")):
                continue
            assert not re.match(r"([a-z]+:)?//", address), f"{page.name} fetches {address}"
            assert (page.parent / address.split("?")[0]).exists(), f"{page.name} fetches {address}: missing"


def test_style_sheets_fetch_only_the_books_own_files(book) -> None:
    for sheet in book.html.rglob("*.css"):
        remote = re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')]+)", sheet.read_text())
        assert not remote, f"{sheet.name} fetches {remote}"


def test_pages_are_light(book, page_name: str, record_property) -> None:
    size = (book.html / f"{page_name}.html").stat().st_size
    record_property("KB of html", round(size / KB))
    assert size <= 250 * KB


def test_programs_and_front_end_are_light(book, record_property) -> None:
    sizes = {
        script.name: script.stat().st_size for script in (book.html / "_static" / "livefig").glob("*.js")
    }
    record_property("KB of scripts", {name: round(size / KB) for name, size in sizes.items()})
    front_end = sizes.pop("livefig.js")
    assert front_end <= 160 * KB
    assert sizes and max(sizes.values()) <= 60 * KB


def test_internal_links_lead_somewhere(book) -> None:
    texts = {page: page.read_text() for page in pages(book)}
    for page, text in texts.items():
        for path, anchor in re.findall(r'<a [^>]*href="([^":#?]*)(?:#([^"]*))?"', text):
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), f"{page.name} links to {path}, which is missing"
            if anchor and target.suffix == ".html":
                assert f'id="{anchor}"' in texts[target], (
                    f"{page.name} links to {path}#{anchor}: no such place"
                )


def test_launch_buttons_lead_to_the_books_own_repository(book, notebook: Path) -> None:
    text = (book.html / f"{page_of(notebook)}.html").read_text()
    path = notebook.relative_to(ROOT).as_posix()
    assert f"https://mybinder.org/v2/gh/reader/book/main?urlpath=lab/tree/{path}" in text
    assert f"https://colab.research.google.com/github/reader/book/blob/main/{path}" in text
    assert "executablebooks/jupyter-book" not in text


def test_the_map_leads_to_every_chapter(book) -> None:
    """And to the summary."""
    text = (book.html / "intro.html").read_text()
    drawn = re.search(r'<svg class="map".*?</svg>', text, re.DOTALL)[0]
    links = [*map(page_of, CHAPTERS), "summary"]
    assert sorted(re.findall(r'<a href="(.*?)\.html"', drawn)) == links
    assert drawn.count("<rect") == len(links)


@pytest.fixture
def repository_url(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "_ext"))
    from repository import repository_url

    return repository_url


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://github.com/reader/book", "https://github.com/reader/book"),
        ("https://github.com/reader/book.git", "https://github.com/reader/book"),
        ("git@github.com:reader/book.git", "https://github.com/reader/book"),
        ("ssh://git@gitlab.com/reader/book/", "https://gitlab.com/reader/book"),
        ("https://reader:secret@github.com/reader/book.git", "https://github.com/reader/book"),
        ("https://example.org/reader/book", None),
        ("https://github.com.example.org/reader/book", None),
        ("/home/reader/book", None),
        ("", None),
    ],
)
def test_repository_address(monkeypatch, repository_url, address: str, expected: str | None) -> None:
    monkeypatch.setenv("BOOK_REPOSITORY_URL", address)
    assert repository_url(str(ROOT)) == expected


def test_repository_address_from_git(monkeypatch, tmp_path: Path, repository_url) -> None:
    monkeypatch.delenv("BOOK_REPOSITORY_URL", raising=False)
    assert repository_url(str(tmp_path)) is None
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(
        ["git", "-C", tmp_path, "remote", "add", "origin", "git@github.com:reader/book.git"], check=True
    )
    assert repository_url(str(tmp_path)) == "https://github.com/reader/book"


def pins(path: Path) -> dict[str, str]:
    lines = [line.split("#")[0].split(";")[0].strip() for line in path.read_text().splitlines()]
    return dict(line.split("==") for line in lines if line)


def test_binder_has_the_books_versions() -> None:
    ours, binder = pins(ROOT / "requirements.txt"), pins(ROOT / "binder" / "requirements.txt")
    assert binder.items() <= ours.items()


def test_curvlib_is_packaged_with_its_scripts_and_types(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    source = tmp_path / "source"  # a copy, so that setuptools leaves no build folder in the repository
    shutil.copytree(
        ROOT / "curvlib", source / "curvlib", ignore=shutil.ignore_patterns("__pycache__", "ruff.toml")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    files = {str(path.relative_to(source)) for path in (source / "curvlib").rglob("*") if path.is_file()}
    subprocess.run([*command, "--wheel-dir", tmp_path, source], check=True)
    packed = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    assert packed >= files
    assert "curvlib/py.typed" in packed
