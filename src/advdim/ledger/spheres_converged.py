"""Judges of the spheres study that take nets trained as long as the source's, in its dimension."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advdim.ledger.claims import Claim
from advdim.ledger.observations import NET, Net, at_end, nets_in, observations, of_nets, published
from advdim.ledger.resampling import inside
from advdim.ledger.spheres_nets import (
    DIMENSION,
    OUTER_RADIUS,
    SEEDS,
    largest_samples,
    quadratic_nets,
    relu_nets,
    searched_at_end,
    seeds_in,
    well_searched,
)
from advdim.ledger.verdict import Judge, Verdict, judged, unjudged
from advdim.ledger.wording import listed, numbers, outcome, scale_of_spheres, told
from advdim.statistics.collect import Results
from advdim.statistics.intervals import Estimate, binomial, mean
from advdim.theory.quadratic import log_error_rate_clt, wrong_alphas

TEST_POINTS = 10_000_000
TRAINING_SETS = (1_000_000, 100_000)
"""Sizes of the training set of S11: that of the source's text, and that of its caption."""
BOTH_SIZES_LEVEL = 0.975
CAPS, ELLIPSOID = "spheres.html#caps", "spheres.html#ellipsoid"


def judge_no_sampled_error(claim: Claim, results: Results) -> Verdict:
    """S01: bound the error rate of each ReLU net from the errors on both spheres."""
    nets = relu_nets(results)
    table = _sampled(results, nets)
    if not nets or len(table) < len(nets):
        return unjudged(claim)
    counts = list(zip(table["errors"].astype(int), table["points"].astype(int), strict=True))
    bound = max(binomial(errors, points, level=0.9).high for errors, points in counts)
    worst = max((binomial(errors, points) for errors, points in counts), key=lambda one: one.high)
    found = (
        f"{listed(f'{errors:,}' for errors, _ in counts)} errors in {numbers(points for _, points in counts)} points a "
        f"net; the one-sided 95 % upper bound of the error rate is at most {bound:.2g} for every net."
    )
    return judged(claim, outcome(bound <= claim.limit()), worst, found, scale=scale_of_spheres(nets), figure=CAPS)


def judge_nearest_error(claim: Claim, results: Results) -> Verdict:
    """S02: estimate the mean distance of the errors that the attack on the sphere finds."""
    nets = relu_nets(results)
    table = searched_at_end(results, nets)
    if table.empty or not well_searched(table):
        return unjudged(claim)
    successes = f"error was found from {100 * table['found'].mean():.0f} % of {len(table):,} starts"
    distances, scale = table[table["found"]].groupby("seed")["distance"].mean(), scale_of_spheres(nets_in(table, nets))
    if distances.empty:
        return judged(claim, "deviates", math.nan, f"An {successes}.", scale=scale, figure=CAPS)
    estimate = mean(distances)
    (claimed,) = published(claim)
    found = f"Mean distance {told(estimate, 4)}, where the source has {claimed:g}; an {successes}."
    holds = table["found"].mean() >= 0.5 and inside(estimate, claimed - claim.limit(), claimed + claim.limit())
    return judged(claim, outcome(holds), estimate, found, scale=scale, figure=CAPS)


def judge_right_alphas(claim: Claim, results: Results) -> Verdict:
    """S10: count the wrong alphas of quadratic nets that were trained on endless points."""
    nets = quadratic_nets(results, None)
    counts, attacked = _wrong_counts(results, nets), searched_at_end(results, nets)
    enough = seeds_in(nets) >= SEEDS and len(counts) == len(nets) and not attacked.empty
    if not enough or attacked.groupby(NET).ngroups < len(nets):
        return unjudged(claim)
    errors = int(attacked["found"].sum())
    found = (
        f"Wrong alphas at the end: {listed(counts)} of {DIMENSION}; the attack found errors from {errors:,} of "
        f"{len(attacked):,} starts."
    )
    holds = max(counts) <= claim.limit() and errors == 0
    scale = scale_of_spheres(nets)
    return judged(claim, outcome(holds), mean(_by_seed(counts)), found, scale=scale, figure=ELLIPSOID)


def judge_wrong_alphas(claim: Claim, results: Results) -> Verdict:
    """S11: see which of the two sizes of the training set gives the published count of wrong alphas."""
    trained = {size: quadratic_nets(results, size) for size in TRAINING_SETS}
    measured = {size: _measure(claim, results, nets) for size, nets in trained.items()}
    by_text, by_caption = (measured[size] for size in TRAINING_SETS)
    if by_text is None or by_caption is None:
        return unjudged(claim)
    only_caption = by_caption.matches and not by_text.matches
    found = "; ".join(
        f"{size:,} points: {one.found}" for size, one in zip(TRAINING_SETS, (by_text, by_caption), strict=True)
    )
    return judged(
        claim,
        "erratum" if only_caption else outcome(by_text.matches),
        (by_caption if only_caption else by_text).count,
        f"{found}.",
        scale=scale_of_spheres([net for nets in trained.values() for net in nets]),
        figure=ELLIPSOID,
    )


@dataclass(frozen=True)
class _OfSize:
    """What nets trained on sets of one size show: wrong alphas, whether they match the source, and the figures."""

    count: Estimate
    matches: bool
    found: str


def _measure(claim: Claim, results: Results, nets: Sequence[Net]) -> _OfSize | None:
    """Compare the nets of one size with the source; None where too little was run."""
    counts, sampled = _wrong_counts(results, nets), _sampled(results, nets)
    if seeds_in(nets) < SEEDS or min(len(counts), len(sampled)) < len(nets):
        return None
    claimed, _, rate = published(claim)
    count, errors = mean(_by_seed(counts), level=BOTH_SIZES_LEVEL), int(sampled["errors"].sum())
    log10_rate = _mean_log10_rate(results, nets)
    near = inside(count, claimed - claim.limit("wrong"), claimed + claim.limit("wrong"))
    rare = abs(log10_rate - math.log10(rate)) <= claim.limit("log10_rate")
    found = f"{told(count, 0)} wrong alphas, {errors} sampled errors, log10 of the rate {log10_rate:.1f}"
    return _OfSize(count, near and rare and errors == 0, found)


def _sampled(results: Results, nets: Sequence[Net]) -> pd.DataFrame:
    """Points and errors of each net at its end, both spheres together, where enough points of each were sampled."""
    table = at_end(of_nets(observations(results, "error_rate"), nets))
    if table.empty:
        return table
    table = largest_samples(table[table["points"] >= TEST_POINTS])
    return table.groupby(NET)[["points", "errors"]].sum()


def _wrong_counts(results: Results, nets: Sequence[Net]) -> "pd.Series[int]":
    """Number of wrong alphas of each net at its end, by its labels."""
    alphas = _alphas(results, nets)
    if alphas.empty:
        return pd.Series(dtype=np.int64)
    return alphas.groupby(NET)["alpha"].agg(lambda alpha: int(wrong_alphas(alpha, OUTER_RADIUS).sum()))


def _by_seed(counts: "pd.Series[int]") -> "pd.Series[float]":
    """Means over the nets of each seed: two trainings of one seed are no two draws."""
    return counts.astype(np.float64).groupby(level="seed").mean()


def _mean_log10_rate(results: Results, nets: Sequence[Net]) -> float:
    """Mean over the nets of log10 of the error rate by the normal approximation, both spheres together."""
    both = [
        np.logaddexp(log_error_rate_clt(alpha), log_error_rate_clt(alpha, OUTER_RADIUS)) - math.log(2.0)
        for _, alpha in _alphas(results, nets).groupby(NET)["alpha"]
    ]
    return float(np.mean(both)) / math.log(10.0)


def _alphas(results: Results, nets: Sequence[Net]) -> pd.DataFrame:
    """The alphas of each net at its end, one row an axis, of those that have an ellipsoid."""
    table = at_end(of_nets(observations(results, "alphas"), nets))
    return table if table.empty else table.dropna(subset="alpha").drop_duplicates([*NET, "axis"])


JUDGES: dict[str, Judge] = {
    "S01": judge_no_sampled_error,
    "S02": judge_nearest_error,
    "S10": judge_right_alphas,
    "S11": judge_wrong_alphas,
}
