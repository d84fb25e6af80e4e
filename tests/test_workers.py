"""A worker that dies: its test runs again, the others run, and the run ends."""

import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("xdist")

FILES = {
    "test_a.py": """
        def test_one(): pass
        def test_two(): pass
    """,
    "test_b.py": """
        import os, pathlib
        def test_dies_once():
            mark = pathlib.Path(__file__).with_name("died")
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), 9)
        def test_after(): pass
    """,
    "test_c.py": "def test_alone(): pass",
    "test_d.py": "def test_alone(): pass",
}


def run(folder, files, workers):
    for name, text in files.items():
        (folder / name).write_text(textwrap.dedent(text))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        "/dev/null",
        "--rootdir",
        str(folder),
        "-p",
        "tests.workers",
    ]
    options = ["-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *options, str(folder)], capture_output=True, text=True, timeout=100, check=False
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_test_whose_worker_died_runs_again(tmp_path, workers):
    ended = run(tmp_path, FILES, workers)
    assert "6 passed" in ended.stdout and ended.returncode == 0, ended.stdout
    assert "ran again, since its worker died: test_b.py::test_dies_once" in ended.stdout


def test_a_second_crash_is_a_failure_and_the_run_ends(tmp_path):
    dies = {"test_b.py": "import os\ndef test_dies(): os.kill(os.getpid(), 9)"}
    ended = run(tmp_path, {**FILES, **dies}, 1)
    assert "1 failed, 4 passed, 1 rerun" in ended.stdout and ended.returncode == 1, ended.stdout


def test_work_sent_to_a_worker_that_has_just_died_waits_for_another(tmp_path):
    """The pipe breaks before the worker's end is known: the send must not end the run."""
    lives = {"test_b.py": "def test_one(): pass\ndef test_two(): pass"}
    ended = run(tmp_path, {**FILES, **lives, "conftest.py": BREAKS_ONCE}, 1)
    assert "6 passed" in ended.stdout and ended.returncode == 0, ended.stdout


BREAKS_ONCE = """
    import os
    from xdist.workermanage import WorkerController as W
    if "PYTEST_XDIST_WORKER" not in os.environ:
        send, sent = W.send_runtest_some, []
        def breaks(self, indices):
            sent.append(indices)
            if len(sent) == 3:
                self.gateway._io.popen.kill()
                raise OSError("cannot send (already closed?)")
            send(self, indices)
        W.send_runtest_some = breaks
"""
