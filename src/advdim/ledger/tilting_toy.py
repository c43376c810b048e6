"""The judge of the tilting study's toy problem: adversarial distance against tilt in two dimensions."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.ledger.claims import Claim
from advdim.ledger.observations import observations
from advdim.ledger.verdict import Verdict, judged, unjudged
from advdim.ledger.wording import counted, numbers, outcome
from advdim.statistics.collect import Results

LOW, HIGH = 2, 785
"""Dimensions of the source's two figures."""
LARGEST_TILT = 89.0
"""Tilt in degrees up to which the rule compares."""
ROUNDING = 1e-9
FIGURE = "tilting.html#toy"


def judge_toy(claim: Claim, results: Results) -> Verdict:
    """T03: compare adversarial distances, relative to tilt 0, with the cosine and between the dimensions."""
    tilts = observations(results, "toy_tilt", "tilts")
    if tilts.empty:
        return unjudged(claim)
    tilts = tilts[tilts["tilt_deg"] <= LARGEST_TILT + ROUNDING]
    low, high = tilts[tilts["dimension"] == LOW], tilts[tilts["dimension"] == HIGH]
    equal = low.merge(high, on="tilt_deg", suffixes=("_low", "_high"))
    if equal.empty or equal["tilt_deg"].max() < LARGEST_TILT - ROUNDING:
        return unjudged(claim)
    compared = pd.concat([low, high])
    cosines = np.cos(np.radians(compared["tilt_deg"].to_numpy()))
    from_cosine = _largest_deviation(compared["ratio_to_upright"].to_numpy(), cosines)
    between = _largest_deviation(equal["ratio_to_upright_high"].to_numpy(), equal["ratio_to_upright_low"].to_numpy())
    worst = float(np.max([from_cosine, between]))
    last = equal.sort_values("tilt_deg").iloc[-1]
    found = (
        f"The mean adversarial distance, relative to tilt 0, deviates from the cosine of the tilt by at most "
        f"{100 * from_cosine:.2g} %, and between {LOW} and {HIGH} dimensions by at most {100 * between:.2g} %. At "
        f"{LARGEST_TILT:g} degrees it is {last['ratio_to_upright_low']:.4f} of that at tilt 0 in {LOW} dimensions and "
        f"{last['ratio_to_upright_high']:.4f} in {HIGH}."
    )
    scale = _scale(results, compared)
    return judged(claim, outcome(worst <= claim.limit()), worst, found, scale=scale, figure=FIGURE)


def _largest_deviation(values: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    """Largest relative deviation; NaN where a value is."""
    return float(np.max(np.abs(values / expected - 1.0)))


def _scale(results: Results, compared: pd.DataFrame) -> str:
    """Dimensions, points and tilts."""
    per_class = results.datasets.loc[compared["dataset"].unique(), "per_class"].astype(int)
    tilts = compared["tilt_deg"]
    parts = [
        f"toy classes, d = {numbers(compared['dimension'])}",
        f"{numbers(per_class)} points of each class",
        f"{counted(tilts.nunique(), 'tilt')} from {tilts.min():g} to {tilts.max():g} degrees",
    ]
    return ", ".join(parts)
