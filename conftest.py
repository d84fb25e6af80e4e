"""How JAX runs in all tests and in the kernels of the chapters: set before anything imports it.

The outputs of the chapters come from a CPU. Most of the time is XLA compiling what runs once: here it takes
less pains than by default, with which the outputs were made (`XLA_FLAGS= make test` takes them all).

Outside `jit` every operation is a program, and half of them were compiled before by another test, process or
kernel: to load one takes a fifth of the time. So all are kept on disk. To keep a folder to a size, JAX would
look at all that is in it whenever it adds to it; without a limit it only writes, and the folder is emptied
here.
"""

import os
import shutil
from importlib import metadata
from pathlib import Path

_FLAGS = ["--xla_backend_optimization_level=0", "--xla_llvm_disable_expensive_passes=true"]
if metadata.version("jaxlib").startswith("0.10."):  # later ones end at a flag they do not know
    _FLAGS.append("--xla_cpu_use_fusion_emitters=false")

_COMPILED = Path(__file__).parent / "_build" / "compiled"
_MOST = 2**30  # bytes; all tests make a fraction of it

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", " ".join(_FLAGS))
os.environ |= {
    "JAX_COMPILATION_CACHE_DIR": str(_COMPILED),
    "JAX_COMPILATION_CACHE_MAX_SIZE": "-1",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    # Who reads a program while another process writes it compiles it too, and says so.
    "PYTHONWARNINGS": "ignore:Error reading persistent compilation cache",
}
_is_first = "PYTEST_XDIST_WORKER" not in os.environ  # the process that starts the others
if _is_first and sum(file.stat().st_size for file in _COMPILED.rglob("*")) > _MOST:
    shutil.rmtree(_COMPILED)

pytest_plugins = ["tests.workers"]
