"""The slider: its data are small, shared and checked."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_slider import CHOICES, MEASURES, MINUS, fragment, fragment_with_choices, frames

from advdim.errors import AdvdimError
from advdim.figures.frames import decimal
from advdim.figures.slider import slider, straight


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
