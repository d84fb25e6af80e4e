"""The vendored d3 is what its published packages hold."""

import importlib.util
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_d3_is_what_its_packages_hold() -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, which fetches d3's packages; install Node.js to compare them")
    path = ROOT / "tools" / "vendor_d3.py"
    tool_spec = importlib.util.spec_from_file_location("vendor_d3", path)
    assert tool_spec and tool_spec.loader
    tool = importlib.util.module_from_spec(tool_spec)
    tool_spec.loader.exec_module(tool)
    try:
        text = tool.build()
    except tool.subprocess.CalledProcessError:
        pytest.skip("npm cannot reach its registry, from which d3's packages come")
    assert tool.TARGET.read_text(encoding="utf-8") == text
