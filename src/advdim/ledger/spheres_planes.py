"""Judges of the spheres study that look at planes: slices of the space, and nets in two dimensions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.ledger.claims import Claim
from advdim.ledger.observations import NET, at_end, measurement_settings, nets_in, observations, of_nets
from advdim.ledger.resampling import over_runs
from advdim.ledger.spheres_nets import OUTER_RADIUS, QUARTER_TURN, on_spheres, relu_nets, source_nets, way_of
from advdim.ledger.verdict import Judge, Verdict, judged, unjudged
from advdim.ledger.wording import counted, listed, outcome, scale_of_spheres, span, told
from advdim.statistics.collect import Results
from advdim.statistics.intervals import binomial
from advdim.statistics.slices import boundary_radii, called_inner_at

FloatArray = NDArray[np.float64]

PLANES = 20
CIRCLE_POINTS, CIRCLE_SEEDS, CIRCLE_ANGLES = 100, 10, 10_000
MIDDLE = (1 + OUTER_RADIUS) / 2


def judge_slices(claim: Claim, results: Results) -> Verdict:
    """S05: boundaries in random planes, confidence beyond the spheres and the outer circle in planes of worst cases."""
    nets = relu_nets(results)
    table = at_end(of_nets(observations(results, "slices"), nets))
    if not table.empty:
        settings = measurement_settings(results, "slices")
        table = table[table["measurement"].map({name: _is_wide(claim, one) for name, one in settings.items()})]
    if table.empty or table.groupby([*NET, "sort"])["plane"].nunique().min() < PLANES:
        return unjudged(claim)
    measured = _measure_planes(claim, table)
    radius, share = (
        over_runs(measured[sort], _median, name=f"{claim.id} {sort}", within=True) for sort in ("random", "two worst")
    )
    beyond = float(np.median(np.concatenate(measured["one worst"])))
    parts = {
        "random planes": radius.high < claim.limit("radius"),
        "one worst-case direction": beyond >= 0.5,
        "two worst-case points": share.low > claim.limit("share"),
    }
    failing = [part for part, holds in parts.items() if not holds]
    found = (
        f"Median over planes: the boundary is {told(radius, 3)} away from {MIDDLE:g} in random planes; "
        f"{100 * np.concatenate(measured['one worst']).mean():.0f} % of the planes through one worst-case point hold "
        f"points beyond norm {claim.limit('norm'):g} that are called inner with confidence; {told(share, 3)} of the "
        f"outer circle is called inner in planes of two. "
        f"{'Not so: ' + listed(failing) + '.' if failing else 'All parts hold.'}"
    )
    return judged(
        claim,
        outcome(not failing),
        radius,
        found,
        scale=scale_of_spheres(nets_in(table, nets)),
        figure="spheres.html#slices",
    )


def judge_circles(claim: Claim, results: Results) -> Verdict:
    """S07: look for errors on a dense grid of both circles."""
    nets = [net for net in source_nets(results) if on_spheres(net, 2, CIRCLE_POINTS)]
    table = at_end(of_nets(observations(results, "circles"), nets))
    if table.empty or table.groupby([*NET, "radius"]).size().min() < CIRCLE_ANGLES:
        return unjudged(claim)
    errors = table.groupby("seed")["error"].sum()
    if len(errors) < CIRCLE_SEEDS:
        return unjudged(claim)
    right = int((errors == 0).sum())
    share, bound = binomial(right, len(errors)), binomial(right, len(errors), level=0.9).low
    found = (
        f"{right} of {counted(len(errors), 'net')} make no error on {len(table) // len(errors):,} points of both "
        f"circles; one-sided 95 % lower bound of the share {bound:.2f}. {_erring(errors[errors > 0])}All learned the "
        f"same {CIRCLE_POINTS} points: they differ in what was drawn to start and to train them."
    )
    scale = scale_of_spheres(nets_in(table, nets))
    return judged(
        claim, outcome(bound >= claim.limit("share")), share, found, scale=scale, figure="spheres.html#circles"
    )


def _is_wide(claim: Claim, slices: dict[str, Any]) -> bool:
    """Whether slices show what lies beyond the claim's norm, and go through worst cases that were searched off spheres.

    The search must be able to go a quarter of the way around its own sphere, which lies outside of the outer one.
    """
    radius = slices["search_radius"]
    through = radius > OUTER_RADIUS and way_of(slices) >= QUARTER_TURN * radius
    return bool(through and slices["largest_radius"] > claim.limit("norm"))


def _measure_planes(claim: Claim, table: pd.DataFrame) -> dict[str, list[FloatArray]]:
    """What the claim says of each sort of planes, a number a plane, the planes of each net together.

    Of random planes, how far the boundary is from the middle of the shell; of those through one worst case, whether
    points beyond the claim's norm are called inner with confidence; of those through two, how much of the outer circle
    is called inner.
    """
    confident = np.log(claim.limit("confidence") / (1 - claim.limit("confidence")))

    def deviation(plane: pd.DataFrame) -> float:
        return float((boundary_radii(plane) - MIDDLE).abs().mean())

    def warped(plane: pd.DataFrame) -> float:
        return float(((plane["radius"] > claim.limit("norm")) & (plane["logit"] < -confident)).any())

    def misclassified(plane: pd.DataFrame) -> float:
        return float(called_inner_at(plane, OUTER_RADIUS).mean())

    measures = {"random": deviation, "one worst": warped, "two worst": misclassified}
    return {sort: _by_net(table[table["sort"] == sort], measure) for sort, measure in measures.items()}


def _by_net(table: pd.DataFrame, measure: Callable[[pd.DataFrame], float]) -> list[FloatArray]:
    """A number a plane, the planes of each net together."""
    return [np.array([measure(plane) for _, plane in rows.groupby("plane")]) for _, rows in table.groupby(NET)]


def _median(values: FloatArray) -> float:
    return float(np.median(values))


def _erring(errors: "pd.Series[int]") -> str:
    return f"The others err on {span(errors)} points. " if len(errors) else ""


JUDGES: dict[str, Judge] = {"S05": judge_slices, "S07": judge_circles}
