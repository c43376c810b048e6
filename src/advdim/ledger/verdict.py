"""A verdict: what a claim's rule says of the tables that were made."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import pandas as pd

from advdim.ledger.claims import Claim
from advdim.statistics.collect import Results
from advdim.statistics.intervals import Estimate

Outcome = Literal["reproduced", "deviates", "erratum", "needs"]


@dataclass(frozen=True)
class Verdict:
    """The judgement of one claim.

    Attributes:
        claim: id of the claim.
        verdict: `needs` where what was run cannot judge it.
        value: our estimate, in the unit of the claim; NaN where there is none.
        low: lower end of its interval; NaN where there is none.
        high: upper end.
        found: one or two sentences: what was estimated, and the figures.
        scale: at which scale this was judged (dimension, steps, seeds, dataset).
        figure: page and anchor of the figure that shows it, such as `spheres.html#caps`; empty where there is none.
    """

    claim: str
    verdict: Outcome
    value: float
    low: float
    high: float
    found: str
    scale: str
    figure: str


Judge = Callable[[Claim, Results], Verdict]
"""A claim's judge: reads tables, applies the claim's rule."""


def judged(
    claim: Claim, verdict: Outcome, estimate: Estimate | float, found: str, *, scale: str, figure: str = ""
) -> Verdict:
    """A verdict with an estimate; a plain number is one without sampling error."""
    if not isinstance(estimate, Estimate):
        estimate = Estimate(estimate, math.nan, math.nan)
    return Verdict(claim.id, verdict, estimate.value, estimate.low, estimate.high, found, scale, figure)


def unjudged(claim: Claim, why: str = "") -> Verdict:
    """The verdict of a claim that this run cannot judge: what it takes is in the claim."""
    return Verdict(claim.id, "needs", math.nan, math.nan, math.nan, why or claim.needs, "", "")


def judge_all(claims: tuple[Claim, ...], judges: Mapping[str, Judge], results: Results) -> pd.DataFrame:
    """Judge every claim of a study: by its judge, or as needing what the claim says.

    Args:
        claims: the claims of the study.
        judges: judge by claim id.
        results: the study's artefacts.

    Returns:
        One row a claim, with the fields of `Verdict` as columns.
    """
    verdicts = [judges[claim.id](claim, results) if claim.id in judges else unjudged(claim) for claim in claims]
    return pd.DataFrame([asdict(verdict) for verdict in verdicts])
