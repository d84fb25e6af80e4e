"""The built book, its notebooks and pages, for every test here. A new chapter is covered as it stands."""

import contextlib
import dis
import json
import linecache
import os
import re
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any

import matplotlib
import pytest
from filelock import FileLock
from playwright.sync_api import Browser, ElementHandle, Page

import livefig
from livefig import tracing
from livefig.widget import LiveFigure

matplotlib.use("Agg")

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
NOTEBOOKS = [ROOT / "intro.ipynb", *CHAPTERS]


def page_of(notebook: Path) -> str:
    """Where its page is in the built book, without the ending."""
    return notebook.relative_to(ROOT).with_suffix("").as_posix()


PAGES = ["intro", *re.findall(r"file: (\S+)", (ROOT / "_toc.yml").read_text())]
FIGURE = "figure.livefig"
CONTROLS = {"choice", "data", "player", "point", "slider", "toggle"}  # what makes them
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with an argument `chapter` runs for each chapter, with `notebook` for the landing page too, with
    `page_name` for every page."""
    if "chapter" in metafunc.fixturenames:
        metafunc.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem, scope="session")
    if "notebook" in metafunc.fixturenames:
        metafunc.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem, scope="session")
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", PAGES, scope="session")


@dataclass(frozen=True)
class Book:
    """The book as built: the folder of its pages, and what the build said."""

    html: Path
    returncode: int
    log: str


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """The book, built as `make book` does, elsewhere, by the first of a run's processes that needs it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    out, said = folder / "book", folder / "book.json"
    with FileLock(folder / "book.lock"):
        if not said.exists():
            shutil.rmtree(out, ignore_errors=True)  # what one left that died
            built = _build(out)
            said.write_text(json.dumps([built.returncode, built.stdout]))
    returncode, log = json.loads(said.read_text())
    html = out / "_build" / "html"
    assert (html / "index.html").exists(), log
    return Book(html, returncode, log)


def _build(out: Path) -> subprocess.CompletedProcess[str]:
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    return subprocess.run(
        [jupyter_book, "build", "-W", "-n", "--keep-going", "--quiet", "--path-output", out, ROOT],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, "BOOK_REPOSITORY_URL": "https://github.com/reader/book"},
    )


@dataclass
class Visit:
    """A page opened from disk with the network cut: the errors it logged, and what it asked for elsewhere."""

    page: Page
    errors: list[str] = field(default_factory=list)
    remote: list[str] = field(default_factory=list)

    def figures(self) -> list[ElementHandle]:
        """The page's live figures, each scrolled to as a reader would: until then it is a picture."""
        found = self.page.query_selector_all(FIGURE)
        for figure in found:
            figure.scroll_into_view_if_needed()
            figure.wait_for_selector("svg")
            self.page.evaluate(TWO_FRAMES)  # in which it hears of another width
            self.page.wait_for_function("figure => figure.livefig.fits", arg=figure)
        self.page.evaluate("() => scrollTo(0, 0)")
        return found


@pytest.fixture
def visit(book: Book, chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """`visit(page_name, **context_options)` opens a page of the book, all its live figures mounted.

    Its formulas are set with `formulas=True` only: setting them takes longer than all else of a chapter.
    `head` is put at the beginning of its head.
    """
    with _visits(book, chromium) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def shown(book: Book, chromium: Browser, notebook: Path) -> Iterator[Visit]:
    """A notebook's page with all its figures drawn: one visit for all tests of a file."""
    with _visits(book, chromium) as open_page:
        opened = open_page(page_of(notebook))
        opened.figures()
        yield opened


@contextlib.contextmanager
def _visits(book: Book, chromium: Browser) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def open_page(name: str, *, formulas: bool = False, head: str = "", **options: Any) -> Visit:
        path = book.html / f"{name}.html"
        context = chromium.new_context(offline=True, **options)
        contexts.append(context)
        if not formulas:
            context.route("**/mathjax/*.js", lambda r: r.fulfill(body="", content_type="text/javascript"))
        if head:
            text = path.read_text().replace("<head>", f"<head>{head}", 1)
            context.route(path.as_uri(), lambda r: r.fulfill(body=text, content_type="text/html"))
        visit = Visit(context.new_page())
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on(
            "console", lambda m: visit.errors.append(m.text) if m.type in ("error", "warning") else None
        )
        visit.page.on("request", lambda r: _note_remote(visit, r.url))
        visit.page.goto(path.as_uri())
        visit.page.wait_for_function(
            "selector => [...document.querySelectorAll(selector)].every(figure => figure.livefig)",
            arg=FIGURE,
        )
        if formulas and visit.page.query_selector("script[src*='mathjax']"):
            visit.page.wait_for_function("() => window.MathJax?.startup?.promise")
            visit.page.evaluate("() => MathJax.startup.promise.then(() => null)")
        return visit

    try:
        yield open_page
    finally:
        for context in contexts:
            context.close()


def _note_remote(visit: Visit, url: str) -> None:
    if not url.startswith(("file:", "data:", "blob:")):
        visit.remote.append(url)


@dataclass(frozen=True)
class Made:
    """A live figure that a notebook made, and how long it took to compile."""

    figure: LiveFigure
    compile_seconds: float


@pytest.fixture(scope="session")
def run_figures() -> Callable[[Path], dict[str, Made]]:
    """`run_figures(notebook)`: the figures with controls, by name, that its code makes when it is run now."""
    known: dict[Path, dict[str, Made]] = {}

    def run(notebook: Path) -> dict[str, Made]:
        if notebook not in known:
            known[notebook] = _run(notebook)
        return known[notebook]

    return run


def _run(notebook: Path) -> dict[str, Made]:
    made: dict[str, Made] = {}
    make_figure = livefig.figure

    def recorded(*args: Any, **kwargs: Any) -> Any:
        with _compiling_timed() as seconds:
            figure = make_figure(*args, **kwargs)
        made[figure.definition.name] = Made(figure, sum(seconds))
        return figure

    namespace: dict[str, Any] = {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")
        patch.setattr(livefig, "figure", recorded)
        patch.chdir(notebook.parent)
        for code in _needed_for_figures(_compiled_cells(notebook)):
            exec(code, namespace)
    return made


@contextlib.contextmanager
def _compiling_timed() -> Iterator[list[float]]:
    """The seconds of each compilation to JavaScript meanwhile, what JAX traces for it included."""
    seconds: list[float] = []

    def timed(compile_: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            start = time.process_time()
            program = compile_(*args)
            seconds.append(time.process_time() - start)
            return program

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("record", "compile", "compile_field"):
            patch.setattr(tracing, name, timed(getattr(tracing, name)))
        yield seconds


def _compiled_cells(notebook: Path) -> list[CodeType]:
    compiled = []
    for number, cell in enumerate(json.loads(notebook.read_text())["cells"]):
        if cell["cell_type"] == "code":
            source, name = "".join(cell["source"]), f"{notebook.name}[{number}]"
            linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
            compiled.append(compile(source, name, "exec"))
    return compiled


def _needed_for_figures(cells: list[CodeType]) -> list[CodeType]:
    """The cells that make figures with controls, and those that define a name that one of these needs.

    What a chapter measures besides may take a minute; nbval runs all of it.
    """
    wanted: set[str] = set()
    needed = []
    for cell in reversed(cells):
        needs, defines = _names(cell)
        if defines & wanted or _makes_a_figure(cell):
            wanted = wanted - defines | needs
            needed.append(cell)
    return needed[::-1]


def _names(cell: CodeType) -> tuple[set[str], set[str]]:
    """Names of the notebook that a cell needs from cells before it, and those that it defines."""
    needs: set[str] = set()
    defines: set[str] = set()
    for instruction in dis.get_instructions(cell):
        if instruction.opname in ("STORE_NAME", "STORE_GLOBAL"):
            defines.add(instruction.argval)
        elif instruction.opname in ("LOAD_NAME", "LOAD_GLOBAL") and instruction.argval not in defines:
            needs.add(instruction.argval)
    for part in _parts(cell):  # functions, which look for a name when they are called
        loads = (i.argval for i in dis.get_instructions(part) if i.opname in ("LOAD_NAME", "LOAD_GLOBAL"))
        needs |= set(loads) - defines
    return needs, defines


def _parts(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _parts(constant)


def _makes_a_figure(cell: CodeType) -> bool:
    """One with controls: without, it shows what was measured when the notebook ran."""
    names = {name for code in (cell, *_parts(cell)) for name in code.co_names}
    return "figure" in names and not names.isdisjoint(CONTROLS)
