"""The slider: its data are small and checked, and in a browser without a network it moves what it should."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from advdim.errors import AdvdimError
from advdim.figures.frames import decimal
from advdim.figures.slider import Frame, Measure, plotly_script, slider, straight
from advdim.reports.html import export

CHROMIUM = Path("/usr/bin/chromium")
MINUS = "\N{MINUS SIGN}"
MEASURES = [
    Measure("angle", "Tilting angle", "°", 1),
    Measure("train", "Training error", " %", panel="Errors (%)"),
    Measure("test", "Test error", " %", panel="Errors (%)"),
]


def frames(count: int = 5, spread: float = 1.0, shade: int = 90) -> list[Frame]:
    rng = np.random.default_rng(3)
    along = spread * rng.normal(size=(40, 1))
    return [
        Frame(
            level=-2.0 + step,
            points={"twos": np.hstack([along - 2, (step + 1) * along]), "threes": np.hstack([along + 2, along])},
            boundary=straight(0.3 * step, 0.1, 5.0),
            values={"angle": 17.2 * step, "train": spread, "test": float("nan") if step == 0 else 2.5},
            pictures={
                "image": np.full((8, 8), shade, np.uint8),
                "perturbation": np.full((8, 8, 3), 9 * step, np.uint8),
            },
            marks={"image": np.array([-1.0, 0.5]), "mirror image": np.array([1.0, step])},
        )
        for step in range(count)
    ]


def fragment(count: int = 5, start: int = 1) -> str:
    return slider(
        anchor="tilt",
        label="Regularisation",
        series=[frames(count)],
        measures=MEASURES,
        axes=("along z", "along n"),
        start=start,
    )


CHOICES = {"Classes": ["2 against 3", "7 against 9"], "Image": ["of class I", "of class J"]}


def fragment_with_choices() -> str:
    """Two pairs of two images; the second pair has fewer levels."""
    return slider(
        anchor="tilt",
        label="Regularisation",
        series=[frames(shade=90), frames(shade=91), frames(4, 3.0, 92), frames(4, 3.0, 93)],
        choices=CHOICES,
        measures=MEASURES,
        axes=("along z", "along n"),
        start=1,
        plays="from strong to weak",
    )


def payload(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="tilt-data">(.*?)</script>', html, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_straight_lies_on_the_boundary() -> None:
    ends = straight(0.7, 0.4, 3.0)
    np.testing.assert_allclose(ends @ [np.cos(0.7), np.sin(0.7)] + 0.4, 0, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(ends[1] - ends[0]), 6.0)


def test_equal_columns_and_pictures_are_stored_once() -> None:
    data = payload(fragment())
    assert len(data["pictures"]) == 1 + 5
    # twos: 1 along z and 5 along n, of which the first is that of the threes; threes: 1; boundaries: 10; marks: 1 and 5
    assert len(data["columns"]) == 1 + 5 + 1 + 10 + 1 + 5
    assert len(data["series"][0]["frames"]) == 5


def test_series_share_what_they_have_in_common() -> None:
    alone, four = payload(fragment()), payload(fragment_with_choices())
    assert len(four["columns"]) == len(alone["columns"]) + 1 + 3 + 1  # twos along z and n (a fourth is there), threes
    assert len(four["pictures"]) == 4 + 5
    assert [len(series["frames"]) for series in four["series"]] == [5, 5, 4, 4]
    assert four["series"][0]["ranges"] != four["series"][2]["ranges"]


def test_the_fragment_depends_on_its_data_only() -> None:
    assert fragment() == fragment()
    assert "NaN" not in fragment()


def test_the_script_is_short() -> None:
    script = Path(slider.__code__.co_filename).with_name("slider.js").read_text(encoding="utf-8")
    assert script.count("\n") < 120


@pytest.mark.parametrize(
    ("value", "digits", "text"), [(-0.001, 1, "0.0"), (-3.14159, 2, f"{MINUS}3.14"), (2.0, 0, "2")]
)
def test_decimal(value: float, digits: int, text: str) -> None:
    assert decimal(value, digits) == text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"values": {"angle": 1.0}}, "no value for train, test"),
        ({"level": float("nan")}, "its level"),
        ({"boundary": np.zeros(2)}, "of shape (n, 2)"),
        ({"marks": {"image": np.zeros(3), "mirror image": np.zeros(2)}}, "of shape (2,)"),
        ({"pictures": {"image": np.zeros((8, 8)), "perturbation": np.zeros((8, 8))}}, "of type uint8"),
        ({"points": {"twos": np.zeros((3, 2))}}, "differ from those of frame 0"),
    ],
)
def test_frames_that_do_not_fit_are_refused(change: dict[str, object], words: str) -> None:
    broken = frames()
    broken[2] = replace(broken[2], **change)  # type: ignore[arg-type]
    with pytest.raises(AdvdimError, match=re.escape(words)):
        slider(anchor="tilt", label="λ", series=[broken], measures=MEASURES, axes=("z", "n"))


def test_series_that_do_not_fit_are_refused() -> None:
    other = [replace(frame, marks={}) for frame in frames()]
    common = {"anchor": "tilt", "label": "λ", "measures": MEASURES, "axes": ("z", "n")}
    with pytest.raises(AdvdimError, match="3 series of frames for 4 combinations"):
        slider(series=3 * [frames()], choices=CHOICES, **common)  # type: ignore[arg-type]
    with pytest.raises(AdvdimError, match="differ from those of frame 0 of the first series"):
        slider(series=[frames(), other], choices={"Classes": ["a", "b"]}, **common)  # type: ignore[arg-type]


def test_a_start_outside_is_refused() -> None:
    with pytest.raises(AdvdimError, match="cannot start at frame 9 of 5"):
        fragment(start=9)


def test_a_choice_of_one_is_not_offered() -> None:
    given = {"series": [frames()], "measures": MEASURES, "axes": ("z", "n")}
    html = slider(anchor="tilt", label="λ", choices={"Classes": ["2 against 3"]}, **given)  # type: ignore[arg-type]
    assert "<select" not in html


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium on this machine: the slider is not tried in a browser")
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any, page: Path) -> Iterator[Callable[..., Any]]:
    """Opens the page without a network; at the end the browser must have complained of and asked for nothing."""
    complaints: list[str] = []
    contexts = []

    def opened(**settings: str) -> Any:
        contexts.append(browser.new_context(offline=True, viewport={"width": 1000, "height": 900}, **settings))
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


def test_play_runs_from_strongest_to_weakest_and_pauses(open_page: Callable[..., Any]) -> None:
    tab = open_page()
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
    state(tab, 1)
    tab.keyboard.press("Space")
    assert tab.inner_text("#tilt-play") == "Play"
    tab.wait_for_timeout(600)  # longer than a step
    assert tab.evaluate("seen") == ["-2", "2", "1"]
    tab.keyboard.press("Space")
    state(tab, -2)
    assert tab.inner_text("#tilt-play") == "Play"
    assert tab.evaluate("seen") == ["-2", "2", "1", "0", "-1", "-2"]
    tab.keyboard.press("Space")
    assert tab.inner_text("#tilt-play") == "Pause"
    tab.focus("#tilt-range")
    tab.keyboard.press("Home")  # whoever moves the slider stops the animation
    assert tab.inner_text("#tilt-play") == "Play"


def test_who_asked_for_little_motion_gets_slow_steps(open_page: Callable[..., Any]) -> None:
    tab = open_page(reduced_motion="reduce")
    tab.focus("#tilt-range")
    tab.keyboard.press("End")
    tab.click("#tilt-play")
    tab.wait_for_timeout(1000)  # two steps and a half of the others
    assert tab.input_value("#tilt-range") == "4"
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
