"""Ways to run a JAX function in a web page: compiled by livefig, written in jax-js, and as ONNX.

Of each way is measured, in one browser: what a page has to load for it, how long a call takes, and how far
its results are from JAX's. The page comes from a server of this machine without special headers, as most
sites send none: so WebAssembly has one thread.
"""

import functools
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

import jax
import numpy as np
from playwright.sync_api import Page

import livefig as live
from benchmarks import pages_peer
from benchmarks.pages_peer import Work
from benchmarks.run import Group
from livefig import assets
from tests import browser

CALLS = 100  # that the runner has the page make at a time
ROUNDS = 7
TURNS = 101  # rounds in the page, which times single calls
ABOUT = (
    f"{CALLS} calls in a page, with one journey there, which is most of livefig's time and is shown alone; "
    f"facts and summary have a call's milliseconds by the page's own clock, the median of {TURNS} rounds"
)

OURS, JAX_JS, ONNX = "livefig", "jax-js", "jax2onnx and onnxruntime-web"
JOURNEY = "the journey alone"
MILLISECONDS, RATIO = "milliseconds a call", "ratio"
PEER_MODULES = ("@jax-js/jax", "onnxruntime-web")
FOLDERS = {OURS: "livefig", JAX_JS: "jax-js", ONNX: "onnx"}
ORT = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
PROGRAM = {"way.js", "program.js", "model.onnx"}  # of what is loaded; all else is runtime

HERE = Path(__file__).parent
SOURCES = HERE / "pages"
DOWNLOADS = HERE / "downloads" / "pages"
MODULES = DOWNLOADS / "node_modules"


def groups(quick: bool = False) -> Iterator[Group]:
    count, turns = (5, 11) if quick else (CALLS, TURNS)
    install_modules()
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as new_page:
        site = Path(folder)
        told = converted(site)
        versions = told["versions"] | {name: module_version(name) for name in PEER_MODULES}
        for name, work in pages_peer.works().items():
            programs = build(site, name, work)
            page = new_page()
            states = [[np.asarray(x).tolist() for x in state] for state in work.states]
            folders = {way: f"{folder}/{name}" for way, folder in FOLDERS.items()}
            loaded = call(page, "load", folders, states)
            calls = {way: functools.partial(call, page, "repeat", way, count) for way in loaded["names"]}
            facts = timed(page, turns)
            for way, deviation in deviations(page, work, loaded["names"]).items():
                facts[way]["largest relative deviation"] = deviation
            for way, path in folders.items():
                facts[way] |= payload(site, call(page, "loaded", path), programs.get(way))
            facts["cannot"] = [*loaded["cannot"], *told["cannot"].get(name, [])]
            facts["versions"] = versions | {"Chromium": page.context.browser.version}
            nothing = functools.partial(call, page, "repeat", OURS, 0)
            yield Group(f"{name}, {count} calls", calls | {JOURNEY: nothing}, facts)
            page.close()


def summary(groups: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """What the page's clock says of each function's ways: a call's milliseconds, and how many of ours."""
    found = {}
    for group, told in facts.items():
        name = group.split(",")[0]
        for way in groups[group]:
            if way != JOURNEY:
                found[f"{name}, {way}"] = {key: told[way][key] for key in (MILLISECONDS, RATIO)}
    return found


def timed(page: Page, turns: int) -> dict[str, dict[str, Any]]:
    """What a warm call takes, from new controls to the arrays: of rounds in which the ways take turns."""
    times = call(page, "times", turns)
    return {
        way: {
            MILLISECONDS: float(f"{median(rounds):.3g}"),
            "range": [float(f"{end:.3g}") for end in (min(rounds), max(rounds))],
            RATIO: float(f"{median(a / b for a, b in zip(rounds, times[OURS], strict=True)):.3g}"),
        }
        for way, rounds in times.items()
    }


def deviations(page: Page, work: Work, ways: list[str]) -> dict[str, float]:
    """How far each way's arrays are from JAX's at most, relative to an array's largest element."""
    function = jax.jit(work.function)
    expected = [[np.ravel(array) for array in function(*state)] for state in work.states]

    def deviation(got: list[np.ndarray], wanted: list[np.ndarray]) -> float:
        pairs = zip(got, wanted, strict=True)
        return max(float(np.max(np.abs(a - b)) / np.max(np.abs(b))) for a, b in pairs)

    found = {}
    for way in ways:
        pairs = zip(call(page, "results", way), expected, strict=True)
        worst = max(deviation([np.array(a) for a in got], wanted) for got, wanted in pairs)
        assert worst < 1e-3, f"{way} computes something else: it is off by {worst:.1e}"
        found[way] = float(f"{worst:.2g}")
    return found


def payload(site: Path, paths: list[str], program: bytes | None) -> dict[str, int]:
    """Bytes that the page has loaded, each file by gzip: what computes, since drawing is no way's own.

    A bundle has runtime and program in it; `program` is then the program without the runtime.
    """
    sizes = {Path(path).name: zipped((site / path).read_bytes()) for path in paths}
    own = sum(size for name, size in sizes.items() if name in PROGRAM) if program is None else zipped(program)
    return {"program's bytes": own, "runtime's bytes": sum(sizes.values()) - own}


def zipped(data: bytes) -> int:
    return len(gzip.compress(data, 9, mtime=0))


def build(site: Path, name: str, work: Work) -> dict[str, bytes]:
    """Write what the page loads for a function; of ways that are bundled, return the program alone."""
    ours, jax_js, onnx = (site / folder / name for folder in FOLDERS.values())
    for folder in (ours, jax_js, onnx):
        folder.mkdir(parents=True)
    runtime = "\n".join(assets.lean(assets.plain(file)) for file in assets.RUNTIME)
    program = live.compile(work.function, *work.states[0])
    (ours / "runtime.js").write_text(runtime + "export { runtime };\n")
    (ours / "program.js").write_text(f"export const program = {program.source};\n")
    shutil.copy(SOURCES / "livefig.js", ours / "way.js")
    bundle(SOURCES / f"{name}.js", f"--outdir={jax_js}", "--entry-names=way", "--splitting")
    for file in ORT:
        shutil.copy(MODULES / "onnxruntime-web" / "dist" / file, onnx)
    shutil.copy(site / f"{name}.onnx", onnx / "model.onnx")
    shutil.copy(SOURCES / "onnx.js", onnx / "way.js")
    return {JAX_JS: bundle(SOURCES / f"{name}.js", "--packages=external")}


def bundle(file: Path, *options: str) -> bytes:
    """What esbuild makes of a module: minified, with what it uses of its packages."""
    copy = shutil.copy(file, DOWNLOADS)  # beside the packages that it imports
    command = [str(MODULES / ".bin" / "esbuild"), copy, "--bundle", "--minify", "--format=esm", *options]
    return subprocess.run(command, check=True, capture_output=True).stdout


def converted(folder: Path) -> dict[str, Any]:
    """Write the functions as ONNX, in jax2onnx's environment; what was used and what it refuses."""
    command = [str(peer_python()), "-P", str(HERE / "pages_peer.py"), str(folder)]
    output = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
    return json.loads(output.splitlines()[-1])


def install_modules() -> None:
    """Fetch the packages that `pages/package-lock.json` pins, if they are not there."""
    pins = ("package.json", "package-lock.json")
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    same = all((DOWNLOADS / f).exists() and same_text(DOWNLOADS / f, SOURCES / f) for f in pins)
    if not (same and (DOWNLOADS / "ready").exists()):
        (DOWNLOADS / "ready").unlink(missing_ok=True)
        for file in pins:
            shutil.copy(SOURCES / file, DOWNLOADS)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit"], cwd=DOWNLOADS, check=True)
        (DOWNLOADS / "ready").touch()


def same_text(one: Path, other: Path) -> bool:
    return one.read_text() == other.read_text()


def module_version(name: str) -> str:
    return json.loads((MODULES / name / "package.json").read_text())["version"]


def peer_python() -> Path:
    """The interpreter of jax2onnx's environment, which is made at the first call."""
    folder = HERE / "downloads" / "jax2onnx"
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "-r", str(HERE / "jax2onnx.txt")], check=True)
        ready.touch()
    return python


@contextmanager
def opened(site: Path) -> Iterator[Callable[[], Page]]:
    """A browser with what opens a new page of a site, which is served meanwhile."""
    shutil.copy(SOURCES / "page.js", site)
    (site / "index.html").write_text('<!doctype html><script type="module" src="page.js"></script>\n')
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def new_page() -> Page:
        page = chromium.new_page()
        page.on("pageerror", lambda error: print(f"    the page says: {error}"))
        page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
        page.wait_for_function("globalThis.pages")
        return page

    try:
        with browser.launched() as chromium:
            yield new_page
    finally:
        server.shutdown()
        server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and logs nothing."""

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def call(page: Page, name: str, *arguments: Any) -> Any:
    """What a function of `pages/page.js` returns."""
    return page.evaluate("([name, given]) => pages[name](...given)", [name, list(arguments)])
