"""The figure on a page or in a kernel: its place, its texts, themes, narrow windows, failures, its cost."""

import json

import pytest
from playwright.sync_api import Browser

from livefig import assets


def test_the_figure_takes_the_pictures_place(show) -> None:
    page = show()
    figure = page.get_by_role("group", name="Four ways to shrink")
    assert figure.locator("svg[role=img]").count() == 2
    assert figure.locator("img:visible").count() == 0
    assert page.get_by_role("img", name="Curves of loss against step: first method").count() == 1
    assert page.locator(".lf-summary").inner_text() == "At κ = 10 the first needs 50 steps."
    assert page.locator(".lf-readout").inner_text() == "option b; on; two of them; 10.0; 30."


def test_strings_stay_text(show, put, spec) -> None:
    evil = "<img src=x onerror='window.hacked=1'>\"'&amp;<script>window.hacked=1</script>"
    spec.update(title=evil, summary=evil, words={"best": [evil] * 3})
    for control in spec["controls"]:
        control["label"] = evil
        if control["kind"] == "choice":
            control["options"] = [evil, evil + "2"]
            control["value"] = 0
        if control["kind"] == "slider":
            control["unit"] = evil
    for view in spec["views"]:
        view.update(
            {"title": evil, "xlabel": evil, "ylabel": evil} if "layers" in view else {"text": evil + "{best}"}
        )
        for layer in view.get("layers", []):
            layer["label"] = evil
            layer["color"] = "url(x)" if layer["kind"] == "rule" else layer.get("color")
    page = show(spec)
    put(page, {"kappa": 3})
    page.locator(".lf-cursor-pad").press("End")
    assert page.locator("figure img[onerror], figure img[src=x], figure script").count() == 0
    assert page.locator(".lf-title").inner_text() == evil
    assert page.evaluate("() => window.hacked") is None


def test_everything_keeps_its_element_while_a_slider_moves(show, put) -> None:
    page = show()
    page.evaluate("() => { window.elements = [...document.querySelectorAll('figure *')]; }")
    for kappa in (10, 11, 12.5, 9):
        put(page, {"kappa": kappa, "start": [kappa / 20, 0.5]})
    kept = "() => window.elements.filter(element => element.isConnected).length / window.elements.length"
    assert page.evaluate(kept) == 1
    assert page.evaluate("() => document.querySelectorAll('figure *').length === window.elements.length")


# The texts seen and spoken right after each of three changes that follow one another at once.
CHANGES = """
() => [20, 30, 40].map(kappa => {
    const figure = document.querySelector('figure');
    figure.livefig.set({ kappa });
    return ['.lf-summary', '[aria-live=polite]'].map(name => figure.querySelector(name).textContent);
})
"""


def test_the_summary_is_read_out_after_a_rest(show) -> None:
    page = show()
    page.locator(".lf-summary").wait_for()
    seen = [f"At κ = {kappa} the first needs 50 steps." for kappa in (20, 30, 40)]
    assert page.evaluate(CHANGES) == [[text, ""] for text in seen]
    page.wait_for_function("() => document.querySelector('[aria-live]').textContent.includes('κ = 40')")


def test_dark_mode_follows_at_once(show) -> None:
    page = show()
    colours = """() => ['.lf-line', '.lf-handle-ring', '.lf-contours path'].map(selector => {
        const style = getComputedStyle(document.querySelector(`.lf-frame ${selector}`));
        return style.stroke + style.fill;
    })"""
    light = page.evaluate(colours)
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")
    dark = page.evaluate(colours)
    assert all(before != after for before, after in zip(light, dark, strict=True))


def test_nothing_sticks_out_of_a_narrow_window(show) -> None:
    page = show(viewport={"width": 360, "height": 800}, has_touch=True, is_mobile=True)
    assert page.evaluate("() => document.documentElement.scrollWidth") == 360
    page.locator(".lf-cursor-pad").press("End")
    tip, frame = page.locator(".lf-tip").bounding_box(), page.locator(".lf-frame").nth(1).bounding_box()
    assert tip["x"] >= frame["x"] and tip["x"] + tip["width"] <= frame["x"] + frame["width"]
    assert page.locator(".lf-handle").bounding_box()["width"] >= 24


def test_print_shows_the_present_state_as_wide_as_a_sheet(show, put) -> None:
    page = show(viewport={"width": 1600, "height": 900})
    put(page, {"kappa": 500})
    page.emulate_media(media="print")
    assert page.locator("figure > img:visible").count() == 0
    assert page.locator("figure .lf-button:visible").count() == 0
    assert "500" in page.locator(".lf-slider output").first.text_content()
    widths = "() => Array.from(document.querySelectorAll('figure svg[role=img]'), svg => svg.clientWidth)"
    before = page.evaluate(widths)
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert sum(page.evaluate(widths)) < 640 < sum(before)
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(widths) == before


def test_what_was_never_seen_is_printed_as_its_picture(show) -> None:
    page = show(before=("<p>text</p>" * 200))
    page.emulate_media(media="print")
    assert page.locator("figure > :visible").evaluate_all("list => list.map(node => node.tagName)") == ["IMG"]


def test_a_page_without_scripts_shows_the_picture(show) -> None:
    page = show(java_script_enabled=False)
    assert page.locator("figure > :visible").evaluate_all("list => list.map(node => node.alt)") == [
        "The picture."
    ]


def test_a_figure_off_the_screen_keeps_its_picture_and_computes_nothing(show) -> None:
    page = show(before=("<p>text</p>" * 200))
    page.wait_for_timeout(200)
    assert page.locator("figure img").count() == 1
    assert page.evaluate("() => window.fieldsPrepared") is None
    page.locator("figure").scroll_into_view_if_needed()
    page.locator("figure svg[role=img]").first.wait_for()
    assert page.evaluate("() => window.fieldsPrepared") == 1


@pytest.mark.parametrize(
    "program",
    ["function (runtime) { throw new Error('broken'); }", "function (runtime) { return () => null; }"],
    ids=["when it is made", "when it is run"],
)
def test_a_program_that_fails_leaves_the_picture(show, program) -> None:
    said = []
    page = show(program=program, expect_errors=True)
    page.on("console", lambda message: said.append(message.text))
    page.reload()
    page.wait_for_timeout(200)
    assert page.locator("figure img").get_attribute("alt") == "The picture."
    assert any("figure 'shrink' cannot be shown live" in text for text in said)


def test_a_figure_without_a_definition_stays_a_picture(show) -> None:
    payload = '<script type="application/json">{"spec": {}}</script>'
    page = show(before=f'<figure class="livefig" id="raw">{payload}<img src="picture.svg" alt="b"></figure>')
    assert page.locator("#raw img").count() == 1
    assert page.evaluate("() => document.querySelector('#raw').livefig") is None


MODEL = """
({ payload, values }) => {
    const model = { values: { ...values, _payload: payload }, callbacks: {}, saved: 0 };
    model.get = name => model.values[name];
    model.set = (name, value) => {
        model.values[name] = value;
        (model.callbacks[name] || []).forEach(f => f());
    };
    model.save_changes = () => { model.saved += 1; };
    model.on = (event, f) => { (model.callbacks[event.replace('change:', '')] ??= []).push(f); };
    window.model = model;
    const el = document.createElement('div');
    document.body.replaceChildren(el);
    window.stop = livefig.render({ model, el });
}
"""


def test_a_kernels_model_and_the_figure_move_each_other(
    chromium: Browser, state, spec, program, field
) -> None:
    """As anywidget calls it, on a page that lets code be made from text, as JupyterLab's does."""
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_style_tag(content=assets.style())
    page.add_script_tag(content=assets.script())
    values = {control["name"]: control["value"] for control in spec["controls"]} | {"kappa": 50}
    payload = json.dumps({"spec": spec, "program": program, "fields": [field]})
    page.evaluate(MODEL, {"payload": payload, "values": values})
    page.locator("svg[role=img]").first.wait_for()
    assert state(page)["kappa"] == 50, "the model's value counts, not the one that the spec opens with"

    page.evaluate("() => window.model.set('kappa', 100)")
    assert page.locator(".lf-summary").inner_text() == "At κ = 100 the first needs 50 steps."
    assert page.evaluate("() => window.model.saved") == 0, "what comes from the kernel is not sent back"

    page.get_by_role("slider", name="angle").press("ArrowRight")
    page.get_by_role("slider", name="start", exact=True).press("ArrowRight")
    assert page.evaluate("() => window.model.values.angle") == 35
    assert page.evaluate("() => window.model.values.start") == pytest.approx([-1.94, 1])
    assert page.evaluate("() => window.model.saved") == 2

    page.evaluate("() => { window.stop(); window.model.set('kappa', 7); }")
    assert "κ = 100" in page.locator(".lf-summary").inner_text()
    page.close()
    assert errors == []


# A kernel's answer: numbers as bytes, and a field on a 2 × 2 grid, 0, 1 left, 10, 11 right.
ANSWER = """
(kappa, error) => {
    const bytes = numbers => new DataView(Float64Array.from([0, ...numbers]).buffer, 8);
    const names = ["first", "second", "third", "fourth"];
    const outputs = Object.fromEntries(names.flatMap(name => [
        [name + ".path", bytes([kappa, 1, 0, 0])],
        [name + ".loss", bytes([kappa, 1])],
        [name + ".steps", bytes([1])],
    ]));
    const field = { box: [[-3, 3], [-2, 2]], nodes: 2, whole: false, values: bytes([0, 10, 1, 11]) };
    const state = { kappa, angle: 30, count: 4, few: 0, many: 1, show: true, plain: false, start: [-2, 1] };
    Object.assign(outputs, { origin: bytes([0, 0]), best: bytes([2]) });
    return { state, outputs, fields: [field], error };
}
"""


def test_a_kernel_computes_what_cannot_be_compiled(chromium: Browser, spec) -> None:
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.add_style_tag(content=assets.style())
    page.add_script_tag(content=assets.script())
    names = ("first", "second", "third", "fourth")
    spec["outputs"] = [
        {"name": f"{name}.{part}", "shape": shape, "dtype": "float64"}
        for name in names
        for part, shape in (("path", [2, 2]), ("loss", [2]), ("steps", []))
    ]
    spec["outputs"] += [
        {"name": "origin", "shape": [2], "dtype": "float64"},
        {"name": "best", "shape": [], "dtype": "int32"},
    ]
    spec["reason"] = "no JavaScript for 'fft'"
    values = {control["name"]: control["value"] for control in spec["controls"]}
    payload = json.dumps({"spec": spec, "program": "", "fields": [""]})
    page.evaluate(f"answer => {{ window.answer = {ANSWER}; }}", None)
    page.evaluate(f"given => ({MODEL})({{ ...given, values: {{ ...given.values, _answer: answer(10) }} }})",
                  {"payload": payload, "values": values})  # fmt: skip
    page.locator("svg[role=img]").first.wait_for()
    assert "Computed by the kernel: no JavaScript for 'fft'" in page.locator("figure").inner_text()
    summary = page.locator(".lf-summary")
    assert summary.inner_text() == "At κ = 10 the first needs 1 steps."
    assert page.evaluate("() => document.querySelector('figure').livefig.field(0)()(0, 1)") == 5.75

    slider = page.get_by_role("slider", name="condition κ")
    slider.press("End")
    assert page.evaluate("() => window.model.values.kappa") == 1000
    assert slider.get_attribute("aria-valuetext") == "1e+3"
    assert "κ = 10 " in summary.inner_text(), "texts and plots wait for the numbers they are about"
    page.evaluate("() => window.model.set('_answer', answer(1000))")
    assert "κ = 1e+3 " in summary.inner_text()
    page.evaluate("() => window.model.set('_answer', answer(1000, 'ValueError: no'))")
    assert page.locator(".lf-note").inner_text() == "ValueError: no"
    page.evaluate("() => window.model.set('_answer', answer(7))")
    assert not page.locator(".lf-note").is_visible()
    page.close()
    assert errors == []


def test_the_front_end_is_light_and_makes_no_code_from_text_in_a_page() -> None:
    script = assets.script()
    assert len(script.encode()) <= 160 * 1024
    own = [assets.plain(name) for name in assets.order() if name not in assets.RUNTIME]
    assert sum(text.count("new Function") for text in own) == 1  # in render, for a kernel
    assert not any("innerHTML" in text or "eval(" in text for text in own)
