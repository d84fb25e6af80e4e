"""Make livefig/static/d3.js from d3's published modules: `python tools/vendor_d3.py`.

The modules are fetched by npm at the versions below and checked against their sha512. Their UMD builds are
put, unchanged, into one function with a `d3` of its own, so that they neither need nor touch a page's
globals (a `d3`, or an AMD loader such as JupyterLab's). To move to a newer version, change its pin: npm
shows both parts with `npm view d3-array version dist.integrity`.
"""

import base64
import hashlib
import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

TARGET = Path(__file__).parents[1] / "livefig" / "static" / "d3.js"

# What is used, each with its sha512.
PINS = """
d3-array@3.2.5 Th8qGXoBalmWsstpkuhmBuTsBQIFqYOJtjlBvNVvBfJ8E3uYusBUwUR8HU20U0qKKQkgCvKyR1YjiozWadk5QA==
d3-format@3.1.3 +F+/49swqmGuQJmSKnVMIDH/QkEFV5li9QRj0xm/KhyAUBv099O5PrvpQFxBp24PYph17Mnvt9mjKQV0ii0nMA==
"""
MODULES = dict(line.split() for line in PINS.strip().splitlines())

HEADER = """\
// d3's modules {modules}, by tools/vendor_d3.py.
// https://d3js.org; the licence of each is the ISC licence:
//
{licence}
"""
OPENING = """
const d3 = (function () {
const globalThis = {}, exports = undefined, module = undefined, define = undefined;
"""
CLOSING = """
return globalThis.d3;
})();
"""


def fetch(module: str, sha512: str) -> tarfile.TarFile:
    """The package `name@version` as npm serves it; a ValueError if it is not the one that was pinned."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", module], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (tarball,) = Path(folder).iterdir()
        content = tarball.read_bytes()
    found = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != sha512:
        raise ValueError(f"{module} has the sha512 {found}, but {sha512} is pinned")
    return tarfile.open(fileobj=io.BytesIO(content))


def read(package: tarfile.TarFile, path: str) -> str:
    """The text of a file in a package."""
    file = package.extractfile(f"package/{path}")
    assert file is not None, f"{path} is no file"
    return file.read().decode()


def build() -> str:
    """The text of d3.js."""
    licences: dict[str, None] = {}  # each once, in order
    builds = []
    for module, sha512 in MODULES.items():
        name = module.split("@")[0]
        package = fetch(module, sha512)
        licences[read(package, "LICENSE").strip()] = None
        builds.append(read(package, f"dist/{name}.min.js").strip())
    lines = "\n\n----\n\n".join(licences).splitlines()
    header = HEADER.format(
        modules=", ".join(MODULES), licence="\n".join(f"// {line}".rstrip() for line in lines)
    )
    return header + OPENING + "\n".join(builds) + CLOSING


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
