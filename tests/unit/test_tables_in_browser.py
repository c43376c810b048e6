"""Tables in a browser: none makes a page wider than the screen, and long texts are read without scrolling."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from advdim.attacks.flags import FLAGS
from advdim.figures import display, ledger
from advdim.ledger.claims import load_claims
from advdim.reports.html import export

CLAIMS = load_claims(Path(__file__).parents[2] / "config" / "claims.yaml")
NARROW, WIDE = 420, 1300
"""Widths of a telephone and of a small screen, in CSS pixels."""


@pytest.fixture
def open_page(browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Any]]:
    """Opens a page with tables of verdicts, of suspicions and of many numbers in a window of some width."""
    cells: list[Any] = []

    def keep(html: Any) -> None:
        shown = nbformat.v4.new_output("display_data", {"text/html": html.data})
        cells.append(nbformat.v4.new_code_cell("", outputs=[shown]))

    monkeypatch.setattr(display, "display", keep)
    row = {"verdict": "reproduced", "scale": f"photos12, {'wide-' * 20}nets, 3 seeds"}
    verdicts = pd.DataFrame([{"claim": claim.id, "found": 30 * f"{claim.id} "} | row for claim in CLAIMS.claims])
    ledger.verdict_table(CLAIMS, verdicts, anchor="verdicts")
    suspicions = pd.DataFrame({"flag": list(FLAGS), "tables": 240, "raised": 12, "largest_share": 0.1234})
    suspicions["raised if"] = [flag.raised_if for flag in FLAGS.values()]
    suspicions["what it means"] = [flag.meaning for flag in FLAGS.values()]
    display.table(suspicions, anchor="suspicion", caption="Suspicions.")
    numbers = pd.DataFrame({f"a_long_name_of_column_{number}": [1e-9, number] for number in range(14)})
    display.table(numbers, anchor="numbers", caption="Numbers.")
    path = tmp_path / "page.html"
    path.write_text(export(nbformat.v4.new_notebook(cells=cells), title="Tables", active="index"), encoding="utf-8")
    contexts = []

    def opened(width: int) -> Any:
        contexts.append(browser.new_context(offline=True, viewport={"width": width, "height": 900}))
        tab = contexts[-1].new_page()
        tab.goto(path.as_uri())
        return tab

    yield opened
    for context in contexts:
        context.close()


def overflow(tab: Any, selector: str) -> int:
    """By how many pixels what an element holds is wider than the element."""
    return int(tab.eval_on_selector(selector, "element => element.scrollWidth - element.clientWidth"))


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_no_table_widens_the_page_and_long_texts_need_no_scrolling(open_page: Callable[[int], Any], width: int) -> None:
    tab = open_page(width)
    assert overflow(tab, "html") == 0
    assert overflow(tab, "#verdicts .scroll") == overflow(tab, "#suspicion .scroll") == 0
    assert overflow(tab, "#numbers .scroll") > 0  # numbers stay side by side, within a box that scrolls


def test_on_a_narrow_screen_each_cell_says_its_column(open_page: Callable[[int], Any]) -> None:
    labels = """cells => cells.map(cell => getComputedStyle(cell, "::before").content)"""
    narrow = open_page(NARROW).eval_on_selector_all("#verdicts tbody tr:first-child td", labels)
    assert narrow == ['"the source claims: "', '"verdict: "', '"scale, and what was found: "']
    wide = open_page(WIDE).eval_on_selector_all("#verdicts tbody tr:first-child td", labels)
    assert wide == 3 * ["none"]
