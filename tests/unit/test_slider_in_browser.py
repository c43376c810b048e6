"""The slider in a browser without a network: it moves what it should, by mouse, by keyboard and by itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from made_up_slider import MINUS, fragment_with_choices

from advdim.figures.slider import plotly_script
from advdim.reports.html import export
from tests.conftest import PATIENCE_MS

STEP_MS = 400
"""Time between two steps of the animation, where the slider has few levels."""
CALM_STEP_MS = 1500
"""The same for those who asked for little motion."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with nothing but the slider, as an executed notebook would give it."""
    shown = nbformat.v4.new_output("display_data", {"text/html": plotly_script() + fragment_with_choices()})
    cells = [
        nbformat.v4.new_markdown_cell("# A slider with $\\lambda$"),
        nbformat.v4.new_code_cell("", outputs=[shown]),
    ]
    path = tmp_path_factory.mktemp("page") / "tilting.html"
    path.write_text(export(nbformat.v4.new_notebook(cells=cells), title="Slider", active="tilting"), encoding="utf-8")
    return path


def test_the_page_is_below_eight_megabytes(page: Path) -> None:
    assert page.stat().st_size < 8e6


@pytest.fixture
def open_page(browser: Any, page: Path) -> Iterator[Callable[..., Any]]:
    """Opens the page without a network; at the end the browser must have complained of and asked for nothing."""
    complaints: list[str] = []
    contexts = []

    def opened(**settings: str) -> Any:
        contexts.append(browser.new_context(offline=True, viewport={"width": 1000, "height": 900}, **settings))
        contexts[-1].set_default_timeout(PATIENCE_MS)
        tab = contexts[-1].new_page()
        tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
        tab.goto(page.as_uri())
        tab.wait_for_selector("#tilt-curves .scatterlayer")
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def state(tab: Any, level: float) -> dict[str, Any]:
    """What the slider shows, once its curves are marked at a level."""
    tab.wait_for_function(f"document.getElementById('tilt-curves').data[3].x[0] === {level}")
    return dict(tab.evaluate(STATE))


def test_the_slider_moves_by_keyboard_to_both_ends(open_page: Callable[..., Any]) -> None:
    tab = open_page()
    tab.focus("#tilt-range")
    tab.keyboard.press("End")
    strong = state(tab, 2)
    tab.keyboard.press("Home")
    weak = state(tab, -2)
    assert strong["readings"] == ["2.0", "68.8°", "1.00 %", "2.50 %"]
    assert weak["readings"] == [f"{MINUS}2.0", "0.0°", "1.00 %", "\N{EN DASH}"]
    assert (strong["line"], weak["line"]) == (2, -2)
    assert (strong["dots"], weak["dots"]) == ([68.8, 1, 2.5], [0, 1, None])
    assert strong["boundary"] != weak["boundary"]
    assert strong["pictures"] != weak["pictures"]
    assert strong["spread"] > weak["spread"]
    assert strong["ranges"] == weak["ranges"]
    assert all(width > 0 for width in weak["widths"])


def test_another_pair_and_image_are_chosen_by_keyboard(open_page: Callable[..., Any]) -> None:
    tab = open_page()
    tab.focus("#tilt-range")
    tab.keyboard.press("ArrowRight")
    before = state(tab, 0)
    tab.keyboard.press("Shift+Tab")  # from the slider over the button to the choice of the image
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("ArrowDown")
    image = state(tab, 0)
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("ArrowDown")
    pair = state(tab, 0)
    assert image["readings"] == before["readings"]
    assert image["points"] == before["points"]
    assert image["pictures"][0] != before["pictures"][0]
    assert pair["readings"] == ["0.0", "34.4°", "3.00 %", "2.50 %"]
    assert pair["points"] != before["points"]
    assert pair["pictures"][0] not in (before["pictures"][0], image["pictures"][0])
    assert pair["ranges"] != before["ranges"]
    assert (before["curve"], pair["curve"]) == (5 * [1], 4 * [3])
    assert pair["ends"] == [f"{MINUS}2.0", "1.0"]
    tab.keyboard.press("ArrowUp")
    tab.focus("#tilt-range")
    tab.keyboard.press("End")
    state(tab, 2)
    tab.select_option("#tilt-choice-1", "7 against 9")
    assert state(tab, 1)["readings"][0] == "1.0"  # this pair has no level 2: the nearest is shown


@pytest.fixture
def let_pass(open_page: Callable[..., Any]) -> Callable[..., tuple[Any, Callable[[int], None]]]:
    """Opens the page with a clock that stands still, and moves only by the milliseconds that the test lets pass."""

    def opened(**settings: str) -> tuple[Any, Callable[[int], None]]:
        tab = open_page(**settings)
        tab.clock.install()
        tab.reload()
        tab.wait_for_selector("#tilt-curves .scatterlayer")
        tab.clock.pause_at(tab.evaluate("Date.now() + 1000"))
        return tab, tab.clock.run_for

    return opened


def test_play_runs_from_strongest_to_weakest_and_pauses(let_pass: Callable[..., Any]) -> None:
    tab, wait = let_pass()
    tab.evaluate("""
        window.seen = [];
        const slider = document.getElementById("tilt-slider");
        const note = (level) => { if (level !== seen.at(-1)) seen.push(level); };
        new MutationObserver(() => note(slider.dataset.level)).observe(slider, { attributeFilter: ["data-level"] });
    """)
    tab.focus("#tilt-range")
    tab.keyboard.press("Home")
    tab.focus("#tilt-play")
    tab.keyboard.press("Enter")
    assert tab.inner_text("#tilt-play") == "Pause"
    wait(STEP_MS + 50)
    state(tab, 1)
    tab.keyboard.press("Space")
    assert tab.inner_text("#tilt-play") == "Play"
    wait(2 * STEP_MS)
    assert tab.evaluate("seen") == ["-2", "2", "1"]
    tab.keyboard.press("Space")
    wait(3 * STEP_MS + 50)
    state(tab, -2)
    assert tab.inner_text("#tilt-play") == "Play"
    assert tab.evaluate("seen") == ["-2", "2", "1", "0", "-1", "-2"]
    tab.keyboard.press("Space")
    assert tab.inner_text("#tilt-play") == "Pause"
    tab.focus("#tilt-range")
    tab.keyboard.press("Home")  # whoever moves the slider stops the animation
    assert tab.inner_text("#tilt-play") == "Play"


def test_who_asked_for_little_motion_gets_slow_steps(let_pass: Callable[..., Any]) -> None:
    tab, wait = let_pass(reduced_motion="reduce")
    tab.focus("#tilt-range")
    tab.keyboard.press("End")
    tab.click("#tilt-play")
    wait(CALM_STEP_MS - 50)
    assert tab.input_value("#tilt-range") == "4"
    wait(100)
    state(tab, 1)


STATE = """() => {
  const plane = document.getElementById("tilt-plane"), curves = document.getElementById("tilt-curves");
  return {
    readings: [...document.querySelectorAll("#tilt-output b")].map((b) => b.textContent),
    ends: [...document.querySelectorAll("#tilt-slider .ends > span")].map((end) => end.textContent),
    line: curves.layout.shapes[0].x0,
    dots: curves.data.slice(3).map((trace) => trace.y[0]),
    curve: curves.data[1].y,
    points: plane.data[1].x,
    boundary: plane.data[2].y,
    spread: Math.max(...plane.data[0].y) - Math.min(...plane.data[0].y),
    ranges: [plane.layout.xaxis.range, plane.layout.yaxis.range],
    pictures: [...document.querySelectorAll("#tilt-pictures img")].map((image) => image.src),
    widths: [...document.images].map((image) => image.naturalWidth),
  };
}"""
