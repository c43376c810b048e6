"""The slider: its data are small and checked, and in a browser without a network it moves what it should."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

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


def frames(count: int = 5) -> list[Frame]:
    rng = np.random.default_rng(3)
    along = rng.normal(size=(40, 1))
    return [
        Frame(
            level=-2.0 + step,
            points={"twos": np.hstack([along - 2, (step + 1) * along]), "threes": np.hstack([along + 2, along])},
            boundary=straight(0.3 * step, 0.1, 5.0),
            values={"angle": 17.2 * step, "train": 1.0, "test": float("nan") if step == 0 else 2.5},
            pictures={"image": np.full((8, 8), 90, np.uint8), "perturbation": np.full((8, 8, 3), 9 * step, np.uint8)},
            marks={"image": np.array([-1.0, 0.5]), "mirror image": np.array([1.0, step])},
        )
        for step in range(count)
    ]


def fragment(count: int = 5, start: int = 1) -> str:
    return slider(
        anchor="tilt",
        label="Regularisation",
        frames=frames(count),
        measures=MEASURES,
        axes=("along z", "along n"),
        start=start,
    )


def payload(html: str) -> dict[str, list[object]]:
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
    assert len(data["frames"]) == 5


def test_the_fragment_depends_on_its_data_only() -> None:
    assert fragment() == fragment()
    assert "NaN" not in fragment()


def test_the_script_is_short() -> None:
    script = Path(slider.__code__.co_filename).with_name("slider.js").read_text(encoding="utf-8")
    assert script.count("\n") < 80


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
        slider(anchor="tilt", label="λ", frames=broken, measures=MEASURES, axes=("z", "n"))


def test_a_start_outside_is_refused() -> None:
    with pytest.raises(AdvdimError, match="cannot start at frame 9 of 5"):
        fragment(start=9)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with nothing but the slider, as an executed notebook would give it."""
    shown = nbformat.v4.new_output("display_data", {"text/html": plotly_script() + fragment()})
    cells = [
        nbformat.v4.new_markdown_cell("# A slider with $\\lambda$"),
        nbformat.v4.new_code_cell("", outputs=[shown]),
    ]
    path = tmp_path_factory.mktemp("page") / "tilting.html"
    path.write_text(export(nbformat.v4.new_notebook(cells=cells), title="Slider", active="tilting"), encoding="utf-8")
    return path


def test_the_page_is_below_eight_megabytes(page: Path) -> None:
    assert page.stat().st_size < 8e6


@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium on this machine: the slider is not tried in a browser")
def test_the_slider_moves_by_keyboard_without_a_network(page: Path, complaints: list[str]) -> None:
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=options)
        context = browser.new_context(offline=True, viewport={"width": 1000, "height": 900})
        tab = context.new_page()
        tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
        tab.goto(page.as_uri())
        tab.wait_for_selector("#tilt-curves .scatterlayer")
        before = tab.evaluate(STATE)
        tab.focus("#tilt-range")
        for _ in range(2):
            tab.keyboard.press("ArrowRight")
        tab.wait_for_function("document.getElementById('tilt-curves').data[3].x[0] === 1")
        after = tab.evaluate(STATE)
        browser.close()
    assert before["readings"] == [f"{MINUS}1.0", "17.2°", "1.00 %", "2.50 %"]
    assert after["readings"] == ["1.0", "51.6°", "1.00 %", "2.50 %"]
    assert (before["line"], after["line"]) == (-1, 1)
    assert (before["dots"], after["dots"]) == ([17.2, 1, 2.5], [51.6, 1, 2.5])
    assert before["boundary"] != after["boundary"]
    assert before["pictures"] != after["pictures"]
    assert before["spread"] < after["spread"]
    assert all(width > 0 for width in after["widths"])


STATE = """() => {
  const plane = document.getElementById("tilt-plane"), curves = document.getElementById("tilt-curves");
  return {
    readings: [...document.querySelectorAll("#tilt-output b")].map((b) => b.textContent),
    line: curves.layout.shapes[0].x0,
    dots: curves.data.slice(3).map((trace) => trace.y[0]),
    boundary: plane.data[2].y,
    spread: Math.max(...plane.data[0].y) - Math.min(...plane.data[0].y),
    pictures: [...document.querySelectorAll("#tilt-pictures img")].map((image) => image.src),
    widths: [...document.images].map((image) => image.naturalWidth),
  };
}"""


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the browser complained of or asked the network for: nothing."""
    heard: list[str] = []
    yield heard
    assert heard == []
