"""How JAX runs in all tests and in the kernels of the chapters: set before anything imports it.

The outputs of the chapters come from a CPU. Most of the time is XLA compiling what runs once: here it takes
less pains than by default, with which the outputs were made (`XLA_FLAGS= make test` takes them all). Several
tests run the same cells: what one process has compiled serves all, under a lock, which JAX takes if the size
is limited, by filelock: without that package nothing is kept. Other code has another key.
"""

import importlib.util
import os
from importlib import metadata
from pathlib import Path

_FLAGS = ["--xla_backend_optimization_level=0", "--xla_llvm_disable_expensive_passes=true"]
if metadata.version("jaxlib").startswith("0.10."):  # later ones end at a flag they do not know
    _FLAGS.append("--xla_cpu_use_fusion_emitters=false")

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", " ".join(_FLAGS))
if importlib.util.find_spec("filelock"):
    os.environ |= {
        "JAX_COMPILATION_CACHE_DIR": str(Path(__file__).parent / "_build" / "compiled"),
        "JAX_COMPILATION_CACHE_MAX_SIZE": str(2**30),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
    }

pytest_plugins = ["tests.workers"]
