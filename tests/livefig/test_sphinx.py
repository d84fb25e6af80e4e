"""The Sphinx extension on a site that knows nothing of this book: light pages, files beside them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.livefig.javascript import Engine

CONF = 'project = "A foreign site"\nextensions = ["myst_nb", "livefig.sphinx"]\nnb_execution_mode = "off"\n'
INDEX = "# Index\n\nNo figure here.\n\n```{toctree}\nparts/page\n```\n"


def build(source: Path, builder: str, *options: str) -> tuple[Path, subprocess.CompletedProcess]:
    out = source.parent / builder
    command = [sys.executable, "-m", "sphinx", "-q", "-b", builder, *options, str(source), str(out)]
    return out, subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory, make) -> Path:
    """A site of two pages; the second, in a folder, is a notebook that shows a figure twice."""
    data, metadata = make(name="descent")._repr_mimebundle_()
    v4 = nbformat.v4
    captioned = {"mystnb": {"figure": {"name": "descent", "caption": "A caption."}}}
    notebook = v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# A page\n\nSee {numref}`descent`."),
            v4.new_code_cell("figure", outputs=[v4.new_output("execute_result", data, metadata=metadata)]),
            v4.new_code_cell(
                "figure", metadata=captioned, outputs=[v4.new_output("display_data", data, metadata=metadata)]
            ),
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python", "pygments_lexer": "ipython3"},
        },
    )
    source = tmp_path_factory.mktemp("site") / "source"
    (source / "parts").mkdir(parents=True)
    (source / "conf.py").write_text(CONF + "numfig = True\n")
    (source / "index.md").write_text(INDEX)
    nbformat.write(notebook, source / "parts" / "page.ipynb")
    return source


@pytest.fixture(scope="module")
def pages(site) -> Path:
    """The site as html, built with warnings as errors."""
    out, run = build(site, "html", "-W", "-n", "-j", "2")
    assert run.returncode == 0, run.stderr
    return out


def test_pages_are_light_and_files_stand_beside_them(pages):
    page = (pages / "parts" / "page.html").read_text()
    figures = re.findall(r'<figure class="livefig" id="([\w-]+)" data-live="([\w-]+)"', page)
    assert [element for element, _ in figures] == ["live-descent", "live-descent-2"]
    [identity] = {identity for _, identity in figures}
    assert "application/json" not in page
    assert "base64" not in page
    assert "widget-view" not in page
    assert page.count("<noscript>") == 2
    assert 'alt="At κ = 20 gradient descent makes 20 steps."' in page
    assert sorted(path.name for path in (pages / "_static" / "livefig").iterdir()) == sorted(
        ["livefig.css", "livefig.js", f"{identity}.js", f"{identity}.png"]
    )
    scripts = re.findall(r'src="([^"?]+livefig/[^"?]+\.js)', page)
    assert scripts == ["../_static/livefig/livefig.js", f"../_static/livefig/{identity}.js"]
    for path in [
        *scripts,
        *re.findall(r'<img src="([^"]+)"', page),
        *re.findall(r'href="([^"?]+live\.css)', page),
    ]:
        assert (pages / "parts" / path).resolve().is_file()
    assert (pages / "_static" / "livefig" / f"{identity}.png").read_bytes().startswith(b"\x89PNG")


def test_a_page_without_figures_loads_nothing(pages):
    assert "livefig/" not in (pages / "index.html").read_text()


def test_the_program_is_a_function_and_the_spec_is_kept(pages, make):
    [path] = (pages / "_static" / "livefig").glob("descent-*.js")
    engine = Engine(
        code="var defined = {}; var livefig = {define: (id, content) => { defined[id] = content; }};"
    )
    engine.eval(path.read_text())
    kinds, spec = json.loads(
        engine.eval(
            f"var one = defined[{json.dumps(path.stem)}];"
            "JSON.stringify([[typeof one.program, ...one.fields.map((field) => typeof field)], one.spec])"
        )
    )
    assert kinds == ["function", "function"]
    figure = make(name="descent")
    assert spec == json.loads(json.dumps(figure.definition.spec(figure.state)))


def test_builders_without_scripts_show_the_picture(site):
    out, _ = build(site, "epub")
    page = (out / "parts" / "page.xhtml").read_text()
    assert page.count("<img") == 2
    assert 'alt="At κ = 20 gradient descent makes 20 steps."' in page
    assert "<script" not in page


def test_each_figure_of_a_page_has_an_id_of_its_own(tmp_path, make):
    v4 = nbformat.v4
    outputs = [make(name=name)._repr_mimebundle_()[0] for name in ("lines-2", "lines", "lines", "lines")]
    cells = [v4.new_code_cell("figure", outputs=[v4.new_output("display_data", data)]) for data in outputs]
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# Page"), *cells])
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "conf.py").write_text(CONF)
    nbformat.write(notebook, tmp_path / "source" / "index.ipynb")
    out, run = build(tmp_path / "source", "html")
    assert run.returncode == 0, run.stderr
    ids = re.findall(r'<figure class="livefig" id="([^"]+)"', (out / "index.html").read_text())
    assert ids == ["live-lines-2", "live-lines", "live-lines-3", "live-lines-4"]


def test_files_of_figures_that_are_gone_go_too(tmp_path, make):
    v4, source = nbformat.v4, tmp_path / "source"

    def write(name, *figures):
        outputs = [v4.new_output("display_data", figure._repr_mimebundle_()[0]) for figure in figures]
        cells = [v4.new_markdown_cell("# Page"), v4.new_code_cell("figures", outputs=outputs)]
        nbformat.write(v4.new_notebook(cells=cells), source / name)

    def names():
        return sorted(path.stem[:-13] for path in (out / "_static" / "livefig").glob("*-*.js"))

    source.mkdir()
    (source / "conf.py").write_text(CONF)
    write("index.ipynb", make(name="one"), make(name="two"))
    write("other.ipynb", make(name="three"))
    out, _ = build(source, "html")
    assert names() == ["one", "three", "two"]
    write("index.ipynb", make(name="two", title="A new version"))
    _, run = build(source, "html")
    assert run.returncode == 0, run.stderr
    assert names() == ["three", "two"]


def test_a_figure_that_cannot_be_read_is_a_located_warning(tmp_path):
    broken = '<figure class="livefig" data-name="broken"><script type="application/json">{</script></figure>'
    source = tmp_path / "source"
    source.mkdir()
    (source / "conf.py").write_text(CONF)
    (source / "index.md").write_text(f"# Index\n\n```{{raw}} html\n{broken}\n```\n")
    out, run = build(source, "html")
    assert re.search(
        r"index\.md:\d+: WARNING: live figure 'broken' stays as it is, since its program", run.stderr
    )
    assert broken in (out / "index.html").read_text()


KERNEL_ONLY = """\
import warnings, numpy as np, livefig as live
warnings.simplefilter("ignore")
live.figure(
    lambda a: {"y": np.full(3, float(a))}, live.slider("a", 1, 9, 2), live.curves([live.line("y")]),
    summary="Only a kernel.", name="still",
)
"""


@pytest.fixture(scope="module")
def kernel_only(tmp_path_factory) -> Path:
    """A site with a figure that only a kernel can compute."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# Page"), nbformat.v4.new_code_cell(KERNEL_ONLY)]
    )
    NotebookClient(notebook, timeout=120).execute()
    source = tmp_path_factory.mktemp("kernel") / "source"
    source.mkdir()
    (source / "conf.py").write_text(CONF)
    nbformat.write(notebook, source / "index.ipynb")
    return source


def test_a_figure_that_needs_a_kernel_is_a_located_warning(kernel_only):
    out, run = build(kernel_only, "html", "-E", "-W", "--keep-going")
    assert run.returncode != 0
    [warning] = run.stderr.splitlines()[:1]
    assert re.search(
        r"index\.ipynb:\d+: WARNING: live figure 'still' is a still picture in this page", warning
    )
    assert "since only a kernel can compute it: the function of figure 'still' needs a value that" in warning
    assert "at line 4 of a notebook cell, in <lambda>: decide with jnp.where" in warning
    page = (out / "index.html").read_text()
    assert 'alt="Only a kernel."' in page
    assert "<figcaption>This figure is computed by a kernel" in page
    assert "ipykernel" not in page, "alike in every run"


def test_the_warning_can_be_switched_off(kernel_only):
    _, run = build(kernel_only, "html", "-E", "-W", "-D", "suppress_warnings=livefig.kernel")
    assert run.returncode == 0, run.stderr


def test_where_every_figure_is_a_picture_none_is_a_warning(kernel_only):
    _, run = build(kernel_only, "epub", "-E")
    assert "still picture" not in run.stderr
