"""The chapters in JupyterLab: pictures before anything runs, live figures after, a kernel that moves them."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
IN_A_KERNEL = ROOT / "intro.ipynb"  # the quickest notebook
SECONDS = 1000
# Every cell drawn, also off screen, so that a test finds them.
SETTINGS = '{"windowingMode": "none"}'

OWN_LOSS = """
import curvlib as cl
import jax.numpy as jnp

def own(start):
    problem = cl.Objective(lambda params: jnp.sum(jnp.cosh(params) + 0.1 * params**4))
    trace = cl.minimize(problem, cl.GradientDescent(0.3), start, steps=40, path=True)
    return {"path": trace.path, "loss": trace.losses}

live.figure(
    own,
    controls=[live.point("start", (1.0, -1.5), bounds=((-2, 2), (-2, 2)))],
    views=[
        live.plane(xlim=(-2, 2), ylim=(-2, 2), layers=[live.path("path")], drag=["start"]),
        live.curves([live.line("loss")], xlabel="step", ylabel="loss"),
    ],
    summary="A loss of the reader's own.",
)
"""
BOX = """
import ipywidgets

def sine(name):
    wave = lambda a: {"y": jnp.sin(a * jnp.arange(9.0))}
    return live.figure(wave, [live.slider("a", 1, 5)], [live.curves([live.line("y")])], name=name)

ipywidgets.HBox([ipywidgets.IntSlider(description="beside"), sine("one"), sine("two")])
"""
# The widths of a slider and two figures in a box, and whether one stands outside of it or on another.
BOXES = """
() => {
    const box = document.querySelector(".widget-hbox:has(.livefig)"), own = box.getBoundingClientRect();
    const parts = [...box.children].map(part => part.getBoundingClientRect());
    const apart = (a, b) => a.right + 16 <= b.left || a.bottom <= b.top;
    return {
        widths: parts.map(part => part.width),
        outside: parts.some(part => part.right > own.right + 1 || part.bottom > own.bottom + 1),
        apart: parts.slice(1).every((part, k) => apart(parts[k], part)),
    };
}
"""
FIND = """
from livefig.widget import LiveFigure
figures = [value for value in list(globals().values()) if isinstance(value, LiveFigure)]
figure = next(value for value in figures if hasattr(value, "kappa"))
"""

# What stands in a notebook until its cells have run.
PICTURES = ".jp-OutputArea-output figure img, .jp-RenderedHTMLCommon figure img"

OPENED = "() => window.jupyterapp.shell.currentWidget?.content?.widgets?.length > 1"

# The state of every mounted figure, wherever the widget manager has put it.
STATES = "() => [...document.querySelectorAll('*')].filter(e => e.livefig).map(e => e.livefig.state)"


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab on a copy of the chapters."""

    url: str
    token: str

    def address(self, path: str) -> str:
        return f"{self.url}/{path}?token={self.token}"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "chapters", home / "book" / "chapters")
    shutil.copy(ROOT / "intro.ipynb", home / "book")
    (home / "book" / "benchmarks").mkdir()
    shutil.copy(ROOT / "benchmarks" / "results.json", home / "book" / "benchmarks")  # where timings come from
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text(SETTINGS)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lab = Lab(f"http://127.0.0.1:{port}", secrets.token_hex(16))
    folders = {f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    folders |= {f"JUPYTERLAB_{kind}_DIR": str(home / kind.lower()) for kind in ("SETTINGS", "WORKSPACES")}
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser",
                f"--port={port}", f"--IdentityProvider.token={lab.token}",
                f"--ServerApp.root_dir={home / 'book'}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **folders},
        )  # fmt: skip
        try:
            _wait_for(lab, server, home / "log")
            yield lab
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_for(lab: Lab, server: subprocess.Popen, log: Path) -> None:
    for _ in range(120):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(lab.address("api"), timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"JupyterLab did not start: {log.read_text()}")


@dataclass
class Session:
    """A notebook open in JupyterLab."""

    page: Page

    def wait(self, expression: str, seconds: float = 60) -> None:
        self.page.wait_for_function(expression, timeout=seconds * SECONDS)

    def open_alone(self, notebook: Path) -> None:
        """Open a notebook, and close all others; no kernel is started."""
        self.page.evaluate(
            """async path => {
                const { commands, shell } = window.jupyterapp;
                await commands.execute("application:close-all");
                await commands.execute("docmanager:open", { path, kernelPreference: { shouldStart: false } });
            }""",
            str(notebook.relative_to(ROOT)),
        )
        self.wait(OPENED)

    def restart_and_run_all(self) -> None:
        # The command's promise waits for its dialog: returned from evaluate, it would be waited for here.
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:restart-run-all'); }")
        self.page.click(".jp-Dialog .jp-mod-accept")
        self.page.wait_for_timeout(500)
        self.wait_until_idle(seconds=240)

    def wait_until_idle(self, seconds: float = 60) -> None:
        """Until no code cell is waiting or running, be its source folded or not."""
        self.wait(
            "() => window.jupyterapp.shell.currentWidget.content.widgets"
            ".every(cell => cell.model.type !== 'code' || cell.model.executionState === 'idle')",
            seconds,
        )

    def run_new_cell(self, source: str) -> None:
        self.page.evaluate(
            """async source => {
                const { commands, shell } = window.jupyterapp, notebook = shell.currentWidget.content;
                notebook.activeCellIndex = notebook.widgets.length - 1;
                await commands.execute("notebook:insert-cell-below");
                notebook.activeCell.model.sharedModel.setSource(source);
                await commands.execute("notebook:run-cell");
            }""",
            source.strip(),
        )
        self.wait_until_idle()
        assert not self.page.query_selector_all(".jp-RenderedText[data-mime-type*='stderr']"), self.errors()

    def errors(self) -> list[str]:
        return [e.inner_text() for e in self.page.query_selector_all("[data-mime-type*='stderr']")]


@pytest.fixture(scope="module")
def open_page(lab: Lab, chromium: Browser) -> Iterator[Callable[[str], Session]]:
    """`open_page(workspace, path)`: JupyterLab in a page of its own, when it has started."""
    contexts = []

    def open_(workspace: str, path: str = "") -> Session:
        context = chromium.new_context(viewport={"width": 1300, "height": 1000})
        contexts.append(context)
        context.route("**/*", lambda r: r.continue_() if r.request.url.startswith(lab.url) else r.abort())
        page = context.new_page()
        # A workspace of its own: another's tabs would be opened again.
        page.goto(lab.address(f"lab/workspaces/{workspace}{path}"))
        session = Session(page)
        session.wait("() => window.jupyterapp?.shell")
        page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        return session

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def tabs(open_page: Callable[[str], Session]) -> Session:
    """JupyterLab, to open one notebook after the other."""
    return open_page("tabs")


def committed_figures(notebook: Path) -> int:
    """How many outputs of a notebook, as it is committed, are live figures."""
    cells = json.loads(notebook.read_text())["cells"]
    pages = (
        "".join(output.get("data", {}).get("text/html", ""))
        for cell in cells
        for output in cell.get("outputs", ())
    )
    return sum('class="livefig"' in page for page in pages)


def test_before_any_run_the_pictures_stand_there(tabs: Session, notebook: Path) -> None:
    tabs.open_alone(notebook)
    page = tabs.page
    count = committed_figures(notebook)
    assert count > 0
    page.wait_for_function(f"() => document.querySelectorAll('{PICTURES}').length >= {count}")
    widths = [
        picture.evaluate("image => image.naturalWidth") for picture in page.query_selector_all(PICTURES)
    ]
    assert len(widths) == count and min(widths) > 100
    assert page.evaluate(STATES) == []


def test_figures_in_a_kernel(open_page) -> None:
    """One notebook, run as a whole. That the cells of all run, and what they give, is nbval's part; that what
    they give is drawn by the same scripts in a kernel's page, this one shows for all."""
    notebook = IN_A_KERNEL
    count = committed_figures(notebook)
    session = open_page("kernel", f"/tree/{notebook.relative_to(ROOT)}")
    page = session.page
    session.wait(OPENED)
    session.wait(
        "() => window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'"
    )
    session.restart_and_run_all()
    assert session.errors() == []
    session.wait(f"() => ({STATES})().length === {count}")

    session.run_new_cell(OWN_LOSS)
    session.wait(f"() => ({STATES})().length === {count + 1}")

    session.run_new_cell(BOX)
    session.wait(f"() => ({STATES})().length === {count + 3}")
    boxes = page.evaluate(BOXES)
    assert boxes["widths"][0] >= 290 and min(boxes["widths"][1:]) >= 300, "each has room in an HBox"
    assert boxes["apart"] and not boxes["outside"]

    session.run_new_cell(FIND)
    before = page.evaluate(STATES)
    session.run_new_cell("figure.kappa = 50")
    session.wait(f"() => ({STATES})().some(state => state.kappa === 50)")
    moved = [old != new for old, new in zip(before, page.evaluate(STATES), strict=True)]
    assert sum(moved) == 1, "one figure moves, the others stay"
    assert session.errors() == []
