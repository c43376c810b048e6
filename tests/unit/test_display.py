"""Frames of figures and tables: captions, claims, data, recipes, and what is refused."""

import base64
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from advdim.errors import AdvdimError
from advdim.figures import display, style

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The HTML that was displayed."""
    seen: list[str] = []
    monkeypatch.setattr(display, "display", lambda html: seen.append(html.data))
    return seen


def plot(**changes: object) -> plt.Figure:
    with mpl.rc_context(), plt.style.context("default"):
        style.apply()
        mpl.use("Agg")
        fig, axes = plt.subplots(figsize=style.COLUMN)
        axes.plot([0, 1, 2], [1, 0, 2])
    arguments: dict[str, object] = {
        "anchor": "cap-curve",
        "caption": "Mean distance at $d = 500$, *exact*.",
        "scale": "laptop <quick>",
        "claims": ["S16", "S17"],
        "alt": 'A falling "curve"',
        "data": pd.DataFrame({"rate": [1e-9, 0.25], "distance": [0.1, 1 / 3]}),
        "recipes": ["../data/models/spheres/relu-3f9a1c8e02/recipe.json"],
    }
    display.figure(fig, **{**arguments, **changes})  # type: ignore[arg-type]
    return fig


def test_a_figure_tells_where_it_comes_from(shown: list[str]) -> None:
    fig = plot()
    (html,) = shown
    assert not plt.fignum_exists(fig.number)
    assert '<figure class="plot" id="cap-curve">' in html
    assert 'alt="A falling &#34;curve&#34;"' in html
    assert "<em>exact</em>" in html
    assert "<math" in html
    assert "laptop &lt;quick&gt;" in html
    assert '<a href="ledger.html#S16">S16</a>, <a href="ledger.html#S17">S17</a>' in html
    assert (
        '<a href="../data/models/spheres/relu-3f9a1c8e02/recipe.json">data/models/spheres/relu-3f9a1c8e02</a>' in html
    )


def test_the_plotted_table_can_be_downloaded(shown: list[str]) -> None:
    plot()
    found = re.search(r'download="cap-curve.csv" href="data:text/csv;base64,([^"]*)"', shown[0])
    assert found
    assert base64.b64decode(found[1]).decode() == "rate,distance\n1e-09,0.1\n0.25,0.3333333333\n"


def test_a_figure_without_data_claims_and_recipes_leaves_them_out(shown: list[str]) -> None:
    plot(data=None, claims=[], recipes=[])
    assert not re.search(r"Claims|Data|Recipes", shown[0])


def test_pictures_are_equal_from_run_to_run_and_name_no_software(shown: list[str]) -> None:
    plot()
    plot()
    assert shown[0] == shown[1]
    picture = re.search(r'src="data:image/png;base64,([^"]*)"', shown[0])
    assert picture
    assert b"Software" not in base64.b64decode(picture[1])


def test_the_width_in_the_page_is_the_width_in_inches(shown: list[str]) -> None:
    plot()
    width = re.search(r'width="(\d+)"', shown[0])
    assert width
    assert int(width[1]) == pytest.approx(style.COLUMN[0] * 96, rel=0.1)


@pytest.mark.parametrize(
    ("changes", "words"), [({"alt": " "}, "has no alt text"), ({"anchor": "Fig 1"}, "is no anchor")]
)
def test_a_figure_needs_an_alt_text_and_an_anchor(changes: dict[str, object], words: str) -> None:
    with pytest.raises(AdvdimError, match=words):
        plot(**changes)
    plt.close("all")


def test_an_interactive_fragment_has_the_same_frame(shown: list[str]) -> None:
    display.interactive("<b>moves</b>", anchor="moving", caption="It moves.", scale="test", claims=["T06"])
    assert '<figure class="interactive" id="moving">' in shown[0]
    assert "<b>moves</b>" in shown[0]
    assert "ledger.html#T06" in shown[0]


def test_a_table_is_accessible_and_its_rows_can_be_linked(shown: list[str]) -> None:
    frame = pd.DataFrame(
        {
            "claim": ["S01", "S15"],
            "estimate": [0.25, -3e-22],
            "n": [3, 4],
            "share": [0.123456, np.nan],
            "it says": ["a < b", "a sentence of more than thirty-two characters"],
            "verdict": ["reproduced", "needs paper"],
        }
    )
    formats = {"share": ".1%", "verdict": display.verdict}
    display.table(frame, anchor="verdicts", caption="Verdicts.", formats=formats, row_anchor="claim")
    (html,) = shown
    assert '<th scope="col" class="number">estimate</th>' in html
    assert '<tr id="S15"><th scope="row">S15</th>' in html
    assert f'<td class="number" data-column="estimate">{MINUS}3 {TIMES} 10<sup>{MINUS}22</sup></td>' in html
    assert '<td class="number" data-column="share">12.3%</td>' in html
    assert '<td class="number" data-column="share">\N{EN DASH}</td>' in html
    assert '<td class="long" data-column="it says">a &lt; b</td>' in html
    assert '<span class="verdict verdict-needs">needs paper</span>' in html


def test_words_that_are_the_same_in_every_row_are_said_once(shown: list[str]) -> None:
    frame = pd.DataFrame(
        {
            "model": ["relu", "relu"],
            "seed": [0, 1],
            "share_found": [1.0, 1.0],
            "state": ["<trained>", "<trained>"],
            "verdict": ["reproduced", "reproduced"],
        }
    )
    display.table(frame, anchor="nets", caption="Nets.", formats={"verdict": display.verdict})
    (html,) = shown
    assert "<p>In every row: model <b>relu</b>; state <b>&lt;trained&gt;</b>.</p>" in html
    assert re.findall("<th [^>]*>(.*?)</th>", html) == ["seed", "share found", "verdict", "0", "1"]
    display.table(frame.head(1), anchor="net", caption="A net.")
    assert "In every row" not in shown[1]
    assert '<td data-column="state">&lt;trained&gt;</td>' in shown[1]


def test_a_table_refuses_columns_that_it_does_not_have() -> None:
    with pytest.raises(AdvdimError, match=r"no column where.*expected some of claim"):
        display.table(pd.DataFrame({"claim": []}), anchor="empty", caption="None.", formats={"where": ".2f"})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "0.25"),
        (1e5 / 3, f"3.333 {TIMES} 10<sup>4</sup>"),
        (-2.0, f"{MINUS}2"),
        (1e-14, f"1 {TIMES} 10<sup>{MINUS}14</sup>"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert display.number(value) == text
