"""The main plot, the controls that act on it and its player are on one screen."""

import json

import pytest

import livefig as live
from tests.livefig.conftest import figure_parts
from tests.livefig.gallery import gallery
from tests.livefig.screens import LAPTOP, PHONE, in_view, room, span

STYLE = "body { max-width: %dpx; margin: 0 auto; padding: 16px; background: #fff }"


def crowded(plots):
    """A figure of so many plots with a player and seven other controls."""
    parts = figure_parts()
    more = [live.slider(f"s{k}", 0, 1, label=f"slider number {k}") for k in range(5)]
    controls = [*parts["controls"], *more, live.player("step", 0, 20, cursor=True, grow=True)]

    def function(kappa, rate, start, s0, s1, s2, s3, s4):
        return {**parts["function"](kappa, rate, start), "sum": s0 + s1 + s2 + s3 + s4}

    plane, curves, text = parts["views"]
    views = [[plane], [plane, curves], [plane, curves, curves, curves, curves]][plots // 2]
    return live.figure(function, controls, [*views, text], summary="{sum}")


@pytest.fixture
def open_figure(show):
    def opened(figure, width, **options):
        content = json.loads(figure.definition.payload(figure.state))
        fields = ",".join(content["fields"])
        return show(content["spec"], content["program"], fields=fields, style=STYLE % width, **options)

    return opened


@pytest.mark.parametrize("plots", [1, 2, 5])
@pytest.mark.parametrize("width", [741, 900])
def test_a_laptop_shows_plots_and_controls_together(open_figure, plots, width, record_property) -> None:
    page = open_figure(crowded(plots), width, viewport=LAPTOP)
    high = span(page, page.locator("figure"))
    record_property(f"{plots} plots, eight controls at {width} px: px", round(high))
    assert high <= LAPTOP["height"] - 48  # a theme's bar


@pytest.mark.parametrize("plots", [1, 2, 5])
def test_a_phone_keeps_the_main_plot_in_view(open_figure, plots) -> None:
    page = open_figure(crowded(plots), 390, viewport=PHONE, has_touch=True, is_mobile=True)
    assert in_view(page, page.locator("figure")) > 0.95
    page.evaluate("() => document.body.append(Object.assign(document.createElement('p'), {id: 'end'}))")
    page.evaluate("() => { document.querySelector('#end').style.height = '2000px'; }")
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    assert page.locator(".lf-stage").bounding_box()["y"] < -100, "and lets it go when the controls are gone"


def test_the_gallery_fits(open_figure) -> None:
    page = open_figure(gallery(), 741, viewport=LAPTOP)
    assert span(page, page.locator("figure")) <= room(page) - 48


def test_secondary_plots_are_smaller(open_figure) -> None:
    page = open_figure(crowded(5), 741, viewport=LAPTOP)
    main = page.locator(".lf-stage svg[role=img]").evaluate_all("list => list.map(svg => svg.clientHeight)")
    rest = page.locator(".lf-rest svg[role=img]").evaluate_all("list => list.map(svg => svg.clientHeight)")
    assert len(main) == 2 and len(rest) == 3 and max(rest) <= 0.75 * min(main)


@pytest.mark.parametrize("screen", [LAPTOP, PHONE])
def test_what_comes_out_is_said_below_the_controls_and_above_secondary_plots(open_figure, screen) -> None:
    page = open_figure(crowded(5), min(screen["width"], 741), viewport=screen)
    controls, summary, rest = (
        page.locator(part).bounding_box() for part in (".lf-main .lf-controls", ".lf-summary", ".lf-rest")
    )
    assert controls["y"] + controls["height"] <= summary["y"] < summary["y"] + summary["height"] <= rest["y"]


def test_turning_a_phone_lays_it_out_anew(open_figure) -> None:
    page = open_figure(crowded(2), 800, viewport=PHONE)
    assert page.locator(".lf-stage svg[role=img]").count() == 1
    page.set_viewport_size({"width": 850, "height": 390})
    page.wait_for_function("() => document.querySelectorAll('.lf-stage svg[role=img]').length === 2")
    page.set_viewport_size(PHONE)
    page.wait_for_function("() => document.querySelectorAll('.lf-stage svg[role=img]').length === 1")
