"""Importing curvlib computes nothing, draws nothing and sets nothing."""

import subprocess
import sys

SCRIPT = """
import sys
import jax
before = dict(jax.config.values)
import curvlib
assert dict(jax.config.values) == before
heavy = {"matplotlib", "IPython", "ipywidgets", "anywidget"} & set(sys.modules)
assert not heavy, heavy
# A backend that is already there would make this setting come too late, and the next line succeed.
jax.config.update("jax_platforms", "no_such_platform")
try:
    jax.numpy.ones(1)
except RuntimeError:
    print("nothing was computed")
"""


def test_importing_computes_and_sets_nothing():
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert run.stdout == "nothing was computed\n", run.stderr
