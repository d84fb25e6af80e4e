"""Libraries that run in environments of their own: how these are made, and how they are talked to."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent
DOWNLOADS = HERE / "downloads"


class Peer:
    """A library in a process of its own, which starts and ends with a ``with``.

    Args:
        library: its name, and that of the file with its pins.
        module: the file whose ``Server`` runs there, in the loop of ``serving_peer.py``.
        *arguments: what the server is made of, as texts.
    """

    def __init__(self, library: str, module: str, *arguments: str) -> None:
        self.library, self.module, self.arguments = library, module, arguments
        self.folder = tempfile.TemporaryDirectory()  # for arrays, which pass through files

    def __enter__(self) -> Self:
        command = [str(python_of(self.library)), "-P", str(HERE / "serving_peer.py"), str(HERE / self.module)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*command, *self.arguments], text=True, stdin=pipe, stdout=pipe)
        return self

    def __exit__(self, *error: object) -> None:
        self.process.stdin.close()  # its loop over commands ends
        self.process.wait()
        self.folder.cleanup()

    def file(self, name: str) -> Path:
        """A place for arrays that lasts as long as the process."""
        return Path(self.folder.name) / name

    def ask(self, do: str, **arguments: Any) -> Any:
        """What the peer's ``do`` returns.

        Raises:
            RuntimeError: with what went wrong there.
        """
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"{self.library}'s process has ended"}
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["answer"]


def python_of(library: str) -> Path:
    """The interpreter of a library's environment, which is made at the first call."""
    folder = DOWNLOADS / library
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "-r", str(HERE / f"{library}.txt")], check=True)
        ready.touch()
    return python
