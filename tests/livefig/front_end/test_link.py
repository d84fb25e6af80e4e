"""A link to a figure in a state: copied by its button, followed when a page opens or its address changes."""

from typing import Any

import pytest
from playwright.sync_api import Page

MOVED = {"kappa": 50, "few": 1, "show": False, "start": [1.2, -0.5], "angle": 35}
OTHER = '<h2 id="other">Other</h2><figure class="livefig" id="x"></figure>' + 200 * "<p>text</p>"


@pytest.fixture
def named(show):
    """`named(fragment)`: the page, its figure with an id and far down, opened at a fragment."""

    def open_page(fragment: str = "", spec: dict[str, Any] | None = None) -> Page:
        arguments = () if spec is None else (spec,)
        return show(*arguments, before=OTHER, element="live-shrink", fragment=fragment)

    return open_page


def copy(page: Page) -> str:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Link copied").wait_for()
    return page.evaluate("() => navigator.clipboard.readText()")


def test_a_copied_link_leads_to_the_state(named, state, put) -> None:
    page = named()
    put(page, MOVED)
    page.locator("#live-shrink").scroll_into_view_if_needed()
    link = copy(page)
    assert link.endswith("page.html#live-shrink?kappa=50&angle=35&few=1&show=0&start=1.2,-0.5")
    assert page.evaluate("() => [location.hash, history.length]") == ["", 2], "the address is left alone"
    assert page.locator("[aria-live]").inner_text() == "Link copied"
    page.get_by_role("button", name="Copy link").wait_for()  # again, after a while
    there = page.context.new_page()
    there.goto(link)
    there.locator("#live-shrink .lf-summary").wait_for()
    assert state(there) == {**state(page), **MOVED}
    assert there.evaluate("() => scrollY") > 2000


def test_a_copied_link_hides_what_the_legend_hid(named, state, spec) -> None:
    label = "second & third, 100 % of it"
    for layer in (spec["views"][0]["layers"][2], spec["views"][1]["layers"][1]):
        layer["label"] = label
    page = named("", spec)
    page.locator("#live-shrink").scroll_into_view_if_needed()
    page.get_by_role("button", name=label).click()
    page.get_by_role("button", name="fourth method").click()
    there = page.context.new_page()
    there.goto(copy(page))
    there.locator("#live-shrink .lf-summary").wait_for()
    pressed = there.locator("#live-shrink [aria-pressed]")
    assert {entry.inner_text(): entry.get_attribute("aria-pressed") for entry in pressed.all()} == {
        label: "false", "third method": "true", "fourth method": "false", "origin": "true",
    }  # fmt: skip
    assert state(there) == state(page)
    there.evaluate("() => { location.hash = '#live-shrink?-=nobody&-=first%20method&kappa=20'; }")
    there.wait_for_function("() => document.querySelector('#live-shrink').livefig.state.kappa === 20")
    assert there.locator("#live-shrink [aria-pressed=false]").count() == 0
    assert there.evaluate("() => document.querySelector('#live-shrink').livefig.hidden.size") == 0


def test_without_a_clipboard_the_link_stands_in_the_address_bar(named, state, put) -> None:
    page = named()
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    put(page, {"kappa": 50})
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Link in the address bar").wait_for()
    assert page.evaluate("() => location.hash") == "#live-shrink?kappa=50"
    assert page.evaluate("() => history.length") == 2
    page.reload()
    page.locator("#live-shrink .lf-summary").wait_for()
    assert state(page)["kappa"] == 50


def test_a_changed_address_is_followed_and_leaves_nothing_of_the_last(named, state) -> None:
    page = named("#live-shrink?kappa=50&angle=35")
    assert state(page)["angle"] == 35
    page.evaluate("() => { location.hash = '#live-shrink?kappa=70'; }")
    page.wait_for_function("() => document.querySelector('#live-shrink').livefig.state.kappa === 70")
    assert state(page)["angle"] == 30


@pytest.mark.parametrize(
    "fragment",
    [
        "#other",
        "#live-shrink",
        "#x?kappa=50",
        "#live-shrink?",
        "#live-shrink?kappa=&angle=much&count=1,2&few=7&show=maybe&start=1&nobody=3&__proto__=1&constructor=2",
        "#live-shrink?kappa=NaN&%E0%A4%A",
        "#%E0%A4%A?kappa=3",
        "#?kappa=50",
        "#live-shrink?<img src=x onerror=alert(1)>=1",
    ],
)
def test_other_addresses_change_nothing(named, state, spec, fragment) -> None:
    page = named(fragment)
    assert state(page) == {control["name"]: control["value"] for control in spec["controls"]}


def test_values_beyond_a_control_are_clipped(named, state) -> None:
    values = state(named("#live-shrink?kappa=1e9&start=-1e3,Infinity"))
    assert (values["kappa"], values["start"]) == (1000, [-3, 2])


def test_a_value_between_a_sliders_steps_goes_to_the_nearest(named, state, spec) -> None:
    spec["controls"][1]["max"] = 93  # to which no step of 5 leads
    assert state(named("#live-shrink?angle=37.4&kappa=19.554", spec))["angle"] == 35
    page = named("#live-shrink?angle=93&kappa=19.554", spec)
    assert (state(page)["angle"], state(page)["kappa"]) == (90, 19.554)


def test_data_are_pairs_in_a_row(named, state, spec, put) -> None:
    points = [[0, 0.5], [1, 1e-7]]
    data = {"kind": "data", "name": "punkte", "label": "data", "bounds": [[-3, 3], [-2, 2]], "axis": None}
    spec["controls"].append({**data, "value": [[0, 0], [1, 1]]})
    spec["views"][0]["drag"] = ["start", "punkte"]
    page = named("#live-shrink?punkte=0,0.5,1,1e-7", spec)
    assert state(page)["punkte"] == points
    page = named("#live-shrink?punkte=0,0.5,1", spec)
    assert state(page)["punkte"] == [[0, 0], [1, 1]]


def test_no_address_is_written_while_a_slider_moves(named) -> None:
    page = named()
    page.locator("#live-shrink").scroll_into_view_if_needed()
    slider = page.get_by_role("slider", name="condition κ")
    for _ in range(5):
        slider.press("ArrowRight")
    assert page.evaluate("() => [location.hash, history.length]") == ["", 2]


def test_a_link_to_the_opening_state_leads_there(named, state) -> None:
    page = named("#live-shrink?kappa=50")
    start = page.evaluate("() => document.querySelector('#live-shrink').livefig.start")
    page.get_by_role("button", name="Reset").click()
    link = copy(page)
    assert link.endswith("#live-shrink?")
    page.evaluate("() => { location.hash = '#live-shrink?kappa=70'; }")
    page.wait_for_function("() => document.querySelector('#live-shrink').livefig.state.kappa === 70")
    page.evaluate("link => { location.href = link; }", link)
    page.wait_for_function("() => document.querySelector('#live-shrink').livefig.state.kappa === 10")
    assert state(page) == start


def test_a_link_is_followed_each_time_it_is_clicked(named, put) -> None:
    page = named()
    page.evaluate(
        "() => document.body.append(Object.assign(document.createElement('a'),"
        " { href: '#live-shrink?kappa=50', textContent: 'see there' }))"
    )
    reached = "() => document.querySelector('#live-shrink').livefig.state.kappa === 50"
    for _ in range(2):
        page.get_by_role("link", name="see there").click()
        page.wait_for_function(reached)
        put(page, {"kappa": 7})


def test_each_copy_is_announced_and_its_words_stay_for_a_while(named) -> None:
    page = named()
    page.locator("#live-shrink").scroll_into_view_if_needed()
    page.locator("[aria-live]").wait_for(state="attached")
    page.evaluate(
        """() => {
            window.heard = [];
            const watch = new MutationObserver(list => list.forEach(({ addedNodes }) =>
                addedNodes.forEach(node => window.heard.push(node.textContent))));
            watch.observe(document.querySelector("[aria-live]"), { childList: true });
        }"""
    )
    copy(page)
    page.wait_for_timeout(1500)
    button = page.get_by_role("button", name="Link copied")
    button.click()
    page.wait_for_timeout(1200)
    assert button.count() == 1
    page.get_by_role("button", name="Copy link").wait_for()
    assert page.evaluate("() => window.heard") == ["Link copied"] * 2
