"""How a worker process stays alive through thousands of tests, and what becomes of its tests if it dies.

Each program that XLA compiles takes some mappings of memory, of which Linux gives a process 65,530; beyond
them LLVM crashes. So what JAX keeps compiled in memory is given up after each file of tests.

A test whose process died runs again, once, in a new worker, and the run says so; a second crash is a failure.
pytest-xdist 3.8 can wait for ever after a crash with `--dist loadfile`, when it hands finished files to the
new worker (its issue 1323), or a single test (1327).
"""

from __future__ import annotations

import contextlib
import gc
import sys
from collections import Counter
from typing import Any

import pytest

try:
    from xdist.scheduler import LoadFileScheduling
except ImportError:  # without it there is one process
    LoadFileScheduling = object


class Scheduling(LoadFileScheduling):
    """`--dist loadfile` that survives the death of a worker."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.crashes: Counter[str] = Counter()

    def remove_node(self, node: Any) -> str | None:
        units = {
            name: tests for name, tests in self.assigned_work.pop(node).items() if not all(tests.values())
        }
        if not units:
            return None
        crashed = next(test for tests in units.values() for test, done in tests.items() if not done)
        self.crashes[crashed] += 1
        for name, tests in units.items():
            if name.endswith(".ipynb"):  # a cell needs those before it
                tests.update(dict.fromkeys(tests, False))
            if crashed in tests and self.crashes[crashed] > 1:
                tests[crashed] = True
            if not all(tests.values()):
                self.workqueue[name] = tests
        for other in self.assigned_work:
            self._reschedule(other)
        return crashed

    def _assign_work_unit(self, node: Any) -> None:
        # Work sent to a worker that died a moment ago is back in the queue when its end is known.
        with contextlib.suppress(OSError):
            super()._assign_work_unit(node)

    def _reschedule(self, node: Any) -> None:
        # A worker begins a test when it knows the next one, or that there is none.
        super()._reschedule(node)
        while self.workqueue and not node.shutting_down and self._pending_of(self.assigned_work[node]) < 2:
            self._assign_work_unit(node)
        if not self.workqueue:
            node.shutdown()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, report: pytest.TestReport, sched: Any) -> None:
    if isinstance(sched, Scheduling) and sched.crashes[crashitem] == 1:
        report.outcome = "rerun"


# JAX makes objects by the thousand to compile a program, and they die without help. By default Python
# searches all of them for cycles so often that it takes a tenth of the time.
gc.set_threshold(100_000, 20, 50)


class _OneFileAtATime:
    """Gives up what JAX has compiled when another file's tests begin."""

    file = ""

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        file = nodeid.split("::")[0]
        if file == self.file:
            return
        if self.file and "jax" in sys.modules:
            sys.modules["jax"].clear_caches()
            gc.collect()
        self.file = file


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_OneFileAtATime())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.line(f"ran again, since its worker died: {report.nodeid}")
