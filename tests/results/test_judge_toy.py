"""The judge of the toy problem, on tables whose verdict is known."""

import math
from typing import Any

import numpy as np
import pytest
from made_up_study import CLAIMS, Study

from advdim.ledger.tilting_toy import judge_toy
from advdim.ledger.verdict import Verdict

TILTS = (0.0, 45.0, 80.0, 89.0)


def tilts_of(study: Study, dimension: int, tilts: tuple[float, ...] = TILTS, **factors: float) -> None:
    """A statistic whose distances follow the cosine, but for a factor at the last tilt."""
    name = f"toy-{dimension}"
    study.dataset(name, kind="toy_classes", dimension=dimension, per_class=500)
    ratio = np.cos(np.radians(tilts))
    ratio[-1] *= factors.get("factor", 1.0)
    table = {"tilt_deg": tilts, "dimension": dimension, "d_adv_measured": 0.6 * ratio, "ratio_to_upright": ratio}
    labels = {"dataset": name, "seed": 0, "measurement": "tilts"}
    study.add("statistics", "toy_tilt", labels, {"kind": "toy_tilt"}, tilts=table)


def judge(study: Study) -> Verdict:
    return judge_toy(CLAIMS.by_id("T03"), study.results)


@pytest.mark.parametrize(
    ("low", "high", "verdict", "value"),
    [
        ({}, {}, "reproduced", 0.0),
        ({}, {"factor": 1.009}, "reproduced", 0.009),
        ({}, {"factor": 1.02}, "deviates", 0.02),
        ({"factor": 0.98}, {}, "deviates", 1 / 0.98 - 1),
        ({"factor": 0.992}, {"factor": 1.008}, "deviates", 1.008 / 0.992 - 1),  # only from each other
        ({}, {"factor": math.nan}, "deviates", math.nan),
        ({"tilts": (0.0, 80.0, 89.0)}, {}, "reproduced", 0.0),
        ({"tilts": (*TILTS, 89.9), "factor": 2.0}, {}, "reproduced", 0.0),  # beyond 89 degrees nothing is claimed
    ],
)
def test_toy_is_judged(study: Study, low: dict[str, Any], high: dict[str, Any], verdict: str, value: float) -> None:
    tilts_of(study, 2, **low)
    tilts_of(study, 785, **high)
    tilts_of(study, 50, factor=3.0)  # not the source's
    found = judge(study)
    assert found.verdict == verdict
    assert found.value == pytest.approx(value, abs=1e-12, nan_ok=True)
    assert found.scale == "toy classes, d = 2 and 785, 500 points of each class, 4 tilts from 0 to 89 degrees"
    assert found.figure == "tilting.html#toy"


@pytest.mark.parametrize(
    "dimensions",
    [
        {},
        {2: TILTS},
        {785: TILTS},
        {2: TILTS, 784: TILTS},
        {2: TILTS, 785: (0.0, 80.0)},
        {2: (0.0, 89.0), 785: (80.0,)},
    ],
)
def test_toy_needs_both_dimensions_up_to_the_last_tilt(study: Study, dimensions: dict[int, tuple[float, ...]]) -> None:
    for dimension, tilts in dimensions.items():
        tilts_of(study, dimension, tilts)
    found = judge(study)
    assert found.verdict == "needs"
    assert found.found == CLAIMS.by_id("T03").needs
