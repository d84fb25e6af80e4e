"""The one script and the one stylesheet of the front end, put together from its files."""

import re

import pytest

from livefig import assets, palette

IMPORT = re.compile(r'^import \{(?P<names>[^}]*)\} from "\./(?P<file>[\w.]+)";$', re.MULTILINE)
DECLARED = re.compile(
    r"^(?:export )?(?:async )?(?:function|class|const|let) ([\w$]+|\[[^\]]*\])", re.MULTILINE
)


def source(name):
    return (assets.STATIC / name).read_text(encoding="utf-8")


def declared(text, exported=False):
    lines = [match for match in DECLARED.finditer(text) if not exported or match[0].startswith("export")]
    return {name for match in lines for name in re.findall(r"[\w$]+", match[1])}


def imported(text):
    """For each file that is imported from, the names."""
    return {match["file"]: set(re.findall(r"[\w$]+", match["names"])) for match in IMPORT.finditer(text)}


def test_files_stand_after_those_that_they_import():
    order = assets.order()
    assert set(assets.RUNTIME) < set(order) and order[-1] == "page.js"
    for place, name in enumerate(order):
        assert set(imported(source(name))) <= set(order[:place]), name


@pytest.mark.parametrize("name", assets.order())
def test_a_file_imports_what_it_uses_and_what_there_is(name):
    text = source(name)
    for file, names in imported(text).items():
        assert names <= declared(source(file), exported=True), f"{name} imports from {file} what is not there"
    body = re.sub(r"/\*[\s\S]*?\*/|//.*$", "", IMPORT.sub("", text), flags=re.MULTILINE)
    known = declared(text).union(*imported(text).values())
    elsewhere = set().union(*(declared(source(other)) for other in assets.order()))
    called = set(re.findall(r"(?<![\w$.#])(?:new )?([\w$]+)\(", body)) & elsewhere
    methods = set(re.findall(r"^  (?:static |async |get |set )?([\w$]+)\(", body, re.MULTILINE))
    local = set(re.findall(r"(?:const|let|function|class) ([\w$]+)", body))
    assert called <= known | methods | local, (
        f"{name} calls {called - known - methods - local} without an import"
    )
    for names in imported(text).values():
        assert all(re.search(rf"(?<![\w$]){re.escape(each)}(?![\w$])", body) for each in names), (
            f"{name}: {names}"
        )


def test_every_file_of_the_front_end_is_in_the_script():
    named = ["d3.js", *assets.order()]
    assert sorted(named) == sorted(path.name for path in assets.STATIC.iterdir() if path.name.endswith(".js"))
    script = assets.script()
    texts = {name: source(name) if name == "d3.js" else assets.plain(name) for name in named}
    places = [script.index(text if name == "d3.js" else assets.lean(text)) for name, text in texts.items()]
    assert places == sorted(places)


def test_what_is_shipped_lacks_comments_and_indentation_and_nothing_else():
    text = """/* One
   comment. */
const a = 1; // goes too

  /** Another. */
  // and another
  const b = "/* no comment */", c = "a // b"; // the end
"""
    assert assets.lean(text) == 'const a = 1;\nconst b = "/* no comment */", c = "a // b";\n'


def test_no_string_of_the_front_end_goes_over_several_lines():
    """It would lose its indentation on the way."""
    for path in assets.STATIC.glob("*.js"):
        if path.name != "d3.js":
            assert all(line.count("`") % 2 == 0 for line in path.read_text(encoding="utf-8").splitlines()), (
                path
            )


def test_d3_keeps_its_licences():
    text = (assets.STATIC / "d3.js").read_text(encoding="utf-8")
    head = text[: text.index("\nconst d3")]
    assert "Copyright" in head and head in assets.script()


def test_the_script_is_within_its_budget():
    assert len(assets.script().encode()) <= 160 * 1024


def test_a_kernel_gets_the_same_script_with_an_export():
    assert assets.module().removeprefix(assets.script()) == "export default { render: livefig.render };\n"
    assert "export" not in assets.script().rsplit("})();", 1)[1]


def test_the_palette_is_light_unless_the_page_is_dark():
    blocks = dict(re.findall(r"^(\S.*?)\{([^}]*)\}$", assets.style(), re.MULTILINE | re.DOTALL)[:2])
    [light, dark] = blocks
    assert light == ":root"
    assert {'html[data-theme="dark"]', 'body[data-theme="dark"]'} <= set(dark.split(","))
    for name, (on_light, on_dark) in palette.COLORS.items():
        assert f"--lf-{name}:{on_light};" in blocks[light]
        assert f"--lf-{name}:{on_dark};" in blocks[dark]
