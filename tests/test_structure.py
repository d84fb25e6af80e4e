"""How the packages hang together: imports make no circle and lead nowhere they must not; files are short."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("livefig", "curvlib")
LONGEST = 300  # lines
VENDORED = {"d3.js"}


def modules(package: str) -> dict[str, Path]:
    """The files of a package by the names of their modules."""
    files = sorted((ROOT / package).rglob("*.py"))
    dotted = {file: ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files}
    return {name.removesuffix(".__init__"): file for file, name in dotted.items()}


def imports(file: Path) -> set[str]:
    """All that a file imports, in functions and for types too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def imported_modules(package: str) -> dict[str, set[str]]:
    """For each module of a package the others of it that it imports."""
    known = modules(package)
    graph = {}
    for name, file in known.items():
        found = imports(file)
        parts = {part for part in found if part in known}
        # `from package import module` needs no more of the package than that module.
        graph[name] = {
            part
            for part in parts
            if not any(other.startswith(part + ".") and other in known for other in found)
            or part not in {module for module, file in known.items() if file.name == "__init__.py"}
        } - {name}
    return graph


@pytest.mark.parametrize("package", PACKAGES)
def test_no_import_goes_round_in_a_circle(package):
    try:
        TopologicalSorter(imported_modules(package)).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_circle_finder_finds_circles():
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()
    graph = imported_modules("livefig")
    assert "livefig.views.common" in graph["livefig.views.plane"] and graph["livefig.palette"] == set()


def test_live_figures_know_nothing_of_optimization():
    for name, file in modules("livefig").items():
        assert not any(part.split(".")[0] in ("curvlib", "optax") for part in imports(file)), name
        assert "curvlib" not in file.read_text(encoding="utf-8"), name
    for file in (ROOT / "livefig" / "static").iterdir():
        assert "curvlib" not in file.read_text(encoding="utf-8"), file.name


def test_only_what_draws_needs_more_than_jax_numpy_optax_and_scipy():
    drawing = {"curvlib.show"}
    allowed = {"jax", "numpy", "optax", "scipy", "curvlib"}
    for name, file in modules("curvlib").items():
        others = {part.split(".")[0] for part in imports(file)} - allowed
        standard = {part for part in others if part in __import__("sys").stdlib_module_names}
        assert name in drawing or others == standard, f"{name} imports {others - standard}"


def test_every_file_can_be_read_in_one_sitting():
    files = [file for file in (ROOT / "livefig").rglob("*") if file.suffix in (".py", ".js", ".css")]
    lines = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    long = {name: count for name, count in lines.items() if count > LONGEST and name not in VENDORED}
    assert not long, long
