"""What a kernel saves of widgets: the figures' go, all that another widget needs stays, and works."""

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from livefig.saved_widgets import FIGURE, without_figures

CELLS = [
    "import jax.numpy as jnp, ipywidgets\nimport livefig as live\n"
    "def make(name):\n"
    "    return live.figure(lambda a: {'y': a * jnp.arange(5.0)}, live.slider('a', 1, 9, 2),\n"
    "                       live.curves([live.line('y')]), name=name)",
    "make('one')",
    "make('two')",
]
OTHER = "slider = ipywidgets.IntSlider(3, description='other')\nslider"
HOLDING = "ipywidgets.HBox([make('three'), ipywidgets.Text('held')])"
CONF = 'extensions = ["myst_nb", "livefig.sphinx"]\nnb_execution_mode = "{mode}"\n'
STATE = re.compile(r'<script type="application/vnd.jupyter.widget-state\+json">(.*?)</script>', re.DOTALL)
VIEW = re.compile(r'<script type="application/vnd.jupyter.widget-view\+json">(.*?)</script>', re.DOTALL)


def model(name: str, **state: object) -> dict[str, object]:
    return {"model_name": name, "model_module": "m", "state": state}


def figure(layout: str) -> dict[str, object]:
    return model("AnyModel", _anywidget_id=FIGURE, layout=f"IPY_MODEL_{layout}", _esm="…")


def test_figures_go_with_their_layouts_and_with_links_between_them():
    models = {
        "l1": model("LayoutModel"), "f1": figure("l1"), "f2": figure("l2"), "l2": model("LayoutModel"),
        "link": model("LinkModel", source=["IPY_MODEL_f1", "a"], target=["IPY_MODEL_f2", "a"]),
        "l3": model("LayoutModel"), "slider": model("IntSliderModel", layout="IPY_MODEL_l3"),
        "loose": model("LayoutModel"),
    }  # fmt: skip
    assert without_figures(models).keys() == {"l3", "slider", "loose"}


@pytest.mark.parametrize(
    "holder",
    [
        model("HBoxModel", children=["IPY_MODEL_f1"]),
        model("OutputModel", outputs=[{"data": {"view+json": {"model_id": "f1"}}}]),
        model("VBoxModel", children=["IPY_MODEL_link"]),
    ],
    ids=lambda holder: holder["model_name"],
)
def test_a_figure_that_another_widget_needs_stays_with_all_that_it_needs(holder):
    link = model("LinkModel", source=["IPY_MODEL_f1", "a"], target=["IPY_MODEL_f1", "a"])
    models = {"l1": model("LayoutModel"), "f1": figure("l1"), "link": link, "holder": holder}
    assert without_figures(models) == models
    alone = {"l2": model("LayoutModel"), "f2": figure("l2")}
    assert without_figures({**alone, **models}) == models


@pytest.fixture(scope="module")
def executed(tmp_path_factory) -> Path:
    """A site whose notebooks are run by the build: figures alone, beside a widget, within one."""
    v4, source = nbformat.v4, tmp_path_factory.mktemp("executed") / "source"
    source.mkdir()
    pages = {"index": CELLS, "beside": [*CELLS, OTHER], "within": [*CELLS, HOLDING]}
    for name, cells in pages.items():
        notebook = v4.new_notebook(cells=[v4.new_markdown_cell(f"# {name}"), *map(v4.new_code_cell, cells)])
        nbformat.write(notebook, source / f"{name}.ipynb")
    (source / "conf.py").write_text(CONF.format(mode="force"))
    out = source.parent / "html"
    command = [sys.executable, "-m", "sphinx", "-q", "-j", "2", "-b", "html", str(source), str(out)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return out


def test_a_page_that_was_run_is_as_light_as_one_that_was_not(executed, record_property):
    page = (executed / "index.html").read_text()
    record_property("bytes of a page with two figures", len(page))
    assert page.count('<figure class="livefig"') == 2
    assert len(page) < 10_000
    assert "vnd.jupyter.widget" not in page
    assert "//cdn" not in page


def test_other_widgets_keep_their_state_and_the_scripts_that_read_it(executed):
    page = (executed / "beside.html").read_text()
    [state], [view] = map(json.loads, STATE.findall(page)), map(json.loads, VIEW.findall(page))
    models = state["state"]
    assert models[view["model_id"]]["state"]["description"] == "other"
    assert {each["model_name"] for each in models.values()} == {
        "IntSliderModel", "SliderStyleModel", "LayoutModel",
    }  # fmt: skip
    assert len(models) == 3
    assert "html-manager" in page
    assert len(page) < 20_000


def test_a_box_keeps_the_figure_that_it_holds_and_no_other(executed):
    page = (executed / "within.html").read_text()
    [state], [view] = map(json.loads, STATE.findall(page)), map(json.loads, VIEW.findall(page))
    models = state["state"]
    held = [models[each.removeprefix("IPY_MODEL_")] for each in models[view["model_id"]]["state"]["children"]]
    payloads = [each["state"]["_payload"] for each in models.values() if "_payload" in each["state"]]
    assert [json.loads(payload)["spec"]["name"] for payload in payloads] == ["three"]
    assert held[0]["state"]["_payload"] == payloads[0]
