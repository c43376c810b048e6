"""The judge of the spheres study that follows quadratic nets from a perfect start."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from advdim.ledger.claims import Claim
from advdim.ledger.observations import NET, nets_in, observations, of_nets, trained_nets
from advdim.ledger.spheres_nets import DIMENSION, HIDDEN, OUTER_RADIUS
from advdim.ledger.verdict import Judge, Verdict, judged, unjudged
from advdim.ledger.wording import counted, outcome, scale_of_spheres, span, training_points
from advdim.statistics.collect import Results
from advdim.statistics.intervals import binomial, holm, monotone

RUNS, LAST, EVERY = 5, 2000, 100


def judge_perfect_start(claim: Claim, results: Results) -> Verdict:
    """S13: test average loss, worst-case loss and number of wrong alphas for a trend in each run.

    The source does not say on which points it trains here; each training set is judged by itself, and all must pass.
    """
    nets = [
        net
        for net in trained_nets(results, kind="quadratic", width=HIDDEN, perfect_radius=OUTER_RADIUS)
        if net.dataset["dimension"] == DIMENSION
    ]
    runs = _runs(of_nets(observations(results, "quadratic_losses"), nets))
    sets = [of_set for of_set in runs.values() if len({rows["seed"].iloc[0] for rows in of_set}) >= RUNS]
    if not sets:
        return unjudged(claim)
    told = [_follow(claim, of_set) for of_set in sets]
    every = [rows for of_set in sets for rows in of_set]
    measured = nets_in(pd.concat(every), nets)
    names = {net.labels[0]: training_points([net]) for net in measured}
    found = " ".join(
        f"On {names[one[0]['dataset'].iloc[0]]} points: {what.found}" for one, what in zip(sets, told, strict=True)
    )
    share = binomial(sum(what.followed for what in told), len(every))
    return judged(
        claim,
        outcome(all(what.holds for what in told)),
        share,
        found,
        scale=scale_of_spheres(measured),
        figure="spheres.html#perfect-start",
    )


@dataclass(frozen=True)
class _Followed:
    """What the runs on one training set show: in how many of them the three trends do, and whether the claim holds."""

    followed: int
    holds: bool
    found: str


def _runs(table: pd.DataFrame) -> dict[str, list[pd.DataFrame]]:
    """Whole runs by dataset, the snapshots of each in order."""
    wanted = set(range(EVERY, LAST + 1, EVERY))
    runs: dict[str, list[pd.DataFrame]] = {}
    for labels, rows in table.groupby(NET) if len(table) else ():
        if wanted <= set(rows["step"]):
            runs.setdefault(str(labels[0]), []).append(rows.sort_values("step"))
    return runs


def _follow(claim: Claim, every: list[pd.DataFrame]) -> _Followed:
    """Judge the runs on one training set; one that loses its ellipsoid has no alphas, and so does not follow."""
    runs = [rows for rows in every if rows["wrong"].notna().all()]
    if not runs:
        return _Followed(0, False, f"{counted(len(every), 'run')} lose their ellipsoid.")
    lost = f"; {counted(len(every) - len(runs), 'run')} lose their ellipsoid" if len(runs) < len(every) else ""
    followed = sum(_has_trends(rows, claim.limit("alpha")) for rows in runs)
    wrong = [int(rows["wrong"][rows["step"] == claim.limit("steps")].iloc[0]) for rows in runs]
    first = [int(rows["step"][rows["wrong"] > 0].min()) for rows in runs if (rows["wrong"] > 0).any()]
    begin = f"the first is wrong at step {span(first)}" if first else "none is at any step"
    found = (
        f"in {followed} of {counted(len(every), 'run')} the average loss falls while worst-case loss and number of "
        f"wrong alphas rise; after {claim.limit('steps'):g} steps {span(wrong)} of {DIMENSION} alphas "
        f"are wrong, {begin}; worst-case loss {_ends(runs, 'worst_loss')}, average loss {_ends(runs, 'mean_loss')} "
        f"(start to end, medians){lost}."
    )
    holds = followed > len(every) / 2 and sum(count > 0 for count in wrong) > len(every) / 2
    return _Followed(followed, holds, found)


def _has_trends(rows: pd.DataFrame, alpha: float) -> bool:
    signs = {"mean_loss": "less", "worst_loss": "greater", "wrong": "greater"}
    if any(rows[name].nunique() < 2 for name in signs):
        return False
    p_values = [monotone(rows["step"], rows[name], sign).p_value for name, sign in signs.items()]  # type: ignore[arg-type]
    return max(holm(p_values)) <= alpha


def _ends(runs: list[pd.DataFrame], name: str) -> str:
    start, end = (float(np.median([rows[name].iloc[place] for rows in runs])) for place in (0, -1))
    return f"{start:.3g} to {end:.3g}"


JUDGES: dict[str, Judge] = {"S13": judge_perfect_start}
