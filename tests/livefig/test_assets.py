"""The one script and the one stylesheet of the front end, put together from its files."""

import re

from livefig import assets, palette


def test_every_file_of_the_front_end_is_in_the_script():
    named = ["d3.js", *assets.RUNTIME, *(assets.STATIC / "order.txt").read_text().split()]
    assert sorted(named) == sorted(path.name for path in assets.STATIC.iterdir() if path.name.endswith(".js"))
    script = assets.script()
    texts = {name: (assets.STATIC / name).read_text(encoding="utf-8") for name in named}
    places = [script.index(text if name == "d3.js" else assets.lean(text)) for name, text in texts.items()]
    assert places == sorted(places)


def test_what_is_shipped_lacks_comments_and_indentation_and_nothing_else():
    text = """/* One
   comment. */
const a = 1; // stays

  /** Another. */
  // and another
  const b = "/* no comment */";
"""
    assert assets.lean(text) == 'const a = 1; // stays\nconst b = "/* no comment */";\n'


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
