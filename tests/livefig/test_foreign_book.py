"""A book of another author's: six kinds of figures on another subject, set up as README.md says.

livefig stands alone on its path, curvlib cannot be imported. Those marked `fresh` install this folder and a
newer or older Sphinx into an environment of their own; `pytest -m fresh` runs them, once a week in CI.
"""

import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ElementHandle, Page

from tests.livefig.reader import operate

ROOT = Path(__file__).parents[2]
WAVES = Path(__file__).parent / "foreign" / "waves.md"
INDEX = "# Index\n\nNo figure here.\n\n```{toctree}\nwaves\n```\n"
FIGURES = ["hunt", "beat", "interference", "epidemic", "regression", "string"]
VALUES = (
    "figure => JSON.stringify(Object.values(figure.livefig.outputs).map(v => v.length ? Array.from(v) : v))"
)


def lines_of_the_readme(language: str) -> str:
    """What README.md tells an author to write: its block in `language` about books."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Live figures in your own book")[1]
    [block] = re.findall(rf"```{language}\n(.*?)```", section.split("\n## ")[0], re.DOTALL)
    return block


def run(command: list[object], **environment: str) -> None:
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def write_source(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    shutil.copy(WAVES, folder)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to import from: a copy of livefig, and a curvlib that cannot be imported."""
    folder = tmp_path_factory.mktemp("alone")
    shutil.copytree(ROOT / "livefig", folder / "livefig", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "curvlib.py").write_text("raise ImportError('there is no curvlib here')\n")
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where MyST-NB keeps what it has run, so that the second site runs nothing."""
    return tmp_path_factory.mktemp("cache")


def installed_here(theme: str, folder: Path, request: pytest.FixtureRequest) -> Path:
    """A Sphinx site with what is installed here, its page run by the build."""
    options = {"html_theme": theme, "nb_execution_mode": "cache"}
    options["nb_execution_cache_path"] = str(request.getfixturevalue("cache"))
    settings = "".join(f"{name} = {value!r}\n" for name, value in options.items())
    source = write_source(
        folder / "source", conf__py=lines_of_the_readme("python") + settings, index__md=INDEX
    )
    alone = request.getfixturevalue("alone")
    run([sys.executable, "-m", "sphinx", "-W", "-q", source, folder / "html"], PYTHONPATH=str(alone))
    return folder / "html"


def environment(folder: Path, *requirements: str) -> Path:
    """An environment with this folder installed, as a reader installs it; its programs."""
    copy = folder / "copy"  # setuptools leaves files beside what it builds
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("curvlib", "livefig"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / "bin"
    run(
        [programs / "python", "-m", "pip", "install", "--quiet", f"{copy}[live]", *requirements],
        PYTHONPATH="",
    )
    return programs


def newest_sphinx(theme: str, folder: Path, request: pytest.FixtureRequest) -> Path:
    """A Sphinx site with the newest of all, its two lines those of README.md."""
    programs = environment(folder, "sphinx", "myst-nb", theme)
    settings = f"html_theme = {theme!r}\n"
    source = write_source(
        folder / "source", conf__py=lines_of_the_readme("python") + settings, index__md=INDEX
    )
    run([programs / "python", "-m", "sphinx", "-W", "-q", source, folder / "html"], PYTHONPATH="")
    return folder / "html"


def jupyter_book(version: str, folder: Path, request: pytest.FixtureRequest) -> Path:
    """A Jupyter Book, its three lines those of README.md."""
    programs = environment(folder, f"jupyter-book{version}")
    source = write_source(
        folder / "source",
        _config__yml=lines_of_the_readme("yaml"),
        _toc__yml="format: jb-book\nroot: index\nchapters:\n  - file: waves\n",
        index__md="# Index\n\nNo figure here.\n",
    )
    run([programs / "jupyter-book", "build", "-W", "--quiet", source], PYTHONPATH="")
    return source / "_build" / "html"


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((installed_here, "alabaster"), id="alabaster"),
        pytest.param((installed_here, "pydata_sphinx_theme"), id="pydata_sphinx_theme"),
        pytest.param((newest_sphinx, "furo"), id="newest-sphinx", marks=pytest.mark.fresh),
        pytest.param((jupyter_book, "<2"), id="jupyter-book-1", marks=pytest.mark.fresh),
    ],
)
def book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a book that was set up and built in one of several ways."""
    make, what = request.param
    return make(what, tmp_path_factory.mktemp("foreign"), request)


@dataclass
class Visit:
    """A page opened from disk without a network: what it logged, and what it asked for elsewhere."""

    page: Page
    errors: list[str] = field(default_factory=list)
    remote: list[str] = field(default_factory=list)


def visit(context: BrowserContext, path: Path, fragment: str = "") -> Visit:
    opened = Visit(context.new_page())
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on("console", lambda m: opened.errors.append(m.text) if m.type == "error" else None)
    opened.page.on(
        "request",
        lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else opened.remote.append(r.url),
    )
    opened.page.goto(path.as_uri() + fragment)
    opened.page.wait_for_load_state("load")
    return opened


def drag(page: Page, figure: ElementHandle) -> None:
    """Take the first point of a figure by the mouse, and let it go elsewhere."""
    box = figure.query_selector(".lf-handle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y - 15, steps=4)
    page.mouse.up()


def test_every_figure_is_live_from_disk(book: Path, chromium: Browser) -> None:
    context = chromium.new_context(offline=True, viewport={"width": 1000, "height": 1400})
    opened = visit(context, book / "waves.html")
    page = opened.page
    figures = page.query_selector_all("figure.livefig")
    assert [figure.get_attribute("data-name") for figure in figures] == FIGURES
    for figure in figures:
        figure.scroll_into_view_if_needed()
        figure.wait_for_selector(".lf-main svg")
        spec = figure.evaluate("figure => figure.livefig.spec")
        before, said = figure.evaluate(VALUES), figure.query_selector(".lf-summary").inner_text()
        assert operate(figure) == {control["name"] for control in spec["controls"]}, spec["name"]
        assert figure.evaluate(VALUES) != before, spec["name"]
        if figure.query_selector(".lf-handle"):
            before = figure.evaluate(VALUES)
            drag(page, figure)
            assert figure.evaluate(VALUES) != before, spec["name"]
        assert figure.query_selector(".lf-summary").inner_text() != said
        assert "NaN" not in figure.inner_html()
    page.get_by_role("button", name="frame: play").click()
    page.wait_for_function("() => document.querySelector('#live-string').livefig.state.frame > 3")

    context.close()

    # A page without figures is as it would be without livefig: what its theme does is no matter here.
    context = chromium.new_context(offline=True)
    without = visit(context, book / "index.html")
    assert without.page.evaluate("() => typeof livefig") == "undefined"
    assert set(opened.errors) <= set(without.errors)
    assert set(opened.remote) <= set(without.remote)
    context.close()


# As the theme furo does: scrolling is smooth, and a call of `scroll` ends what scrolls as the page is ready.
SMOOTH = """
document.addEventListener("readystatechange", () => {
    document.documentElement.style.scrollBehavior = "smooth";
}, { once: true });
addEventListener("DOMContentLoaded", () => scroll());
"""


def test_a_link_to_a_state_opens_it(book: Path, chromium: Browser) -> None:
    context = chromium.new_context(offline=True)
    context.add_init_script(SMOOTH)
    page = visit(context, book / "waves.html", "#live-epidemic?reproduction=4&lockdown=1").page
    page.locator("#live-epidemic svg").first.wait_for()
    state = page.evaluate("() => document.querySelector('#live-epidemic').livefig.state")
    assert state["reproduction"] == 4
    context.close()


def test_pages_are_light_though_the_build_ran_them(book: Path) -> None:
    page = (book / "waves.html").read_text(encoding="utf-8")
    assert "vnd.jupyter.widget" not in page
    assert "base64" not in page
    assert "html-manager" not in page
