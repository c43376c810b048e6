"""Judges of the spheres study that search where random points show no error: shells, other norms, other dimensions."""

import math

import numpy as np
import pandas as pd

from advdim.ledger.claims import Claim
from advdim.ledger.observations import NET, Net, at_end, nets_in, observations, of_nets, published
from advdim.ledger.resampling import inside, percentiles, resampled
from advdim.ledger.spheres_nets import (
    OUTER_RADIUS,
    STARTS,
    is_trained_as_the_sources,
    on_spheres,
    relu_nets,
    searched_through,
    source_nets,
    well_searched,
)
from advdim.ledger.verdict import Judge, Verdict, judged, unjudged
from advdim.ledger.wording import counted, listed, numbers, outcome, scale_of_spheres, steps_of, told
from advdim.statistics.collect import Results
from advdim.statistics.intervals import binomial, mean

SEARCHED_POINTS = 1000
SEEDS_PER_DIMENSION = 5
DIMENSION_STEP = 10
"""Widest gap of a grid of dimensions over the range of S08."""


def judge_shell(claim: Claim, results: Results) -> Verdict:
    """S04: estimate distance and norm of the nearest point between the spheres that is called outer."""
    nets = relu_nets(results)
    table = at_end(of_nets(observations(results, "shell"), nets))
    if table.empty or not well_searched(table):
        return unjudged(claim)
    scale = scale_of_spheres(nets_in(table, nets))
    share = f"found from {100 * table['found'].mean():.0f} % of {len(table):,} starts"
    claimed = dict(zip(("distance", "norm"), published(claim), strict=True))
    reached = table[table["found"]].groupby("seed")[list(claimed)].mean()
    if reached.empty:
        return judged(claim, "deviates", math.nan, f"{share}.", scale=scale, figure="spheres.html#shell")
    estimates = {name: mean(reached[name]) for name in claimed}
    found = f"Mean distance {told(estimates['distance'], 4)}, mean norm {told(estimates['norm'], 3)}; {share}."
    holds = table["found"].mean() >= 0.5 and all(
        inside(estimates[name], value - claim.limit(name), value + claim.limit(name)) for name, value in claimed.items()
    )
    return judged(claim, outcome(holds), estimates["distance"], found, scale=scale, figure="spheres.html#shell")


def judge_norms(claim: Claim, results: Results) -> Verdict:
    """S06: at two norms far from the spheres, bound the accuracy on random points and search for errors.

    The farther out, the longer the way around: a search counts that could have gone a quarter of it. Nets are judged
    that were searched so at both norms.
    """
    nets = relu_nets(results)
    radii = [claim.limit("norm_low"), claim.limit("norm_high")]
    sampled = at_end(of_nets(observations(results, "norm_sweep"), nets))
    attacked = searched_through(results, nets, radii)
    if sampled.empty or attacked.empty:
        return unjudged(claim)
    searched_at = attacked.groupby(NET)["radius"].nunique()
    nets = [net for net in nets if searched_at.get(net.labels, 0) == len(radii)]
    if not nets:
        return unjudged(claim)
    right = dict(list(sampled[sampled["radius"].isin(radii)].groupby([*NET, "radius"])))
    found_from = {case: rows["found"] for case, rows in attacked.groupby([*NET, "radius"])}
    cases = [(*net.labels, radius) for net in nets for radius in radii]
    if any(case not in right or len(found_from.get(case, ())) < STARTS for case in cases):
        return unjudged(claim)
    totals = [(int(right[case]["errors"].sum()), int(right[case]["points"].sum())) for case in cases]
    worst = min((binomial(points - errors, points) for errors, points in totals), key=lambda one: one.low)
    fewest = min(int(found_from[case].sum()) for case in cases)
    found = (
        f"At norms {radii[0]:g} and {radii[1]:g} the accuracy on random points is at least {worst.low:.5f} (exact "
        f"lower bound); at either norm the search finds errors from at least {fewest} of "
        f"{min(len(found_from[case]) for case in cases)} starts, in each net."
    )
    holds = worst.low >= claim.limit("accuracy") and fewest > 0
    return judged(claim, outcome(holds), worst, found, scale=scale_of_spheres(nets), figure="spheres.html#norms")


def judge_dimension(claim: Claim, results: Results) -> Verdict:
    """S08: find the highest dimension at which a search finds no error in the majority of seeds."""
    nets = [net for net in source_nets(results) if is_trained_as_the_sources(net)]
    nets = [net for net in nets if on_spheres(net, net.dataset["dimension"], None)]
    table = searched_through(results, nets, (1.0, OUTER_RADIUS))
    if table.empty:
        return unjudged(claim)
    found_any = _found_by_dimension(table, nets)
    dimensions = found_any.columns.to_numpy()
    low, high = claim.limit("low"), claim.limit("high")
    if len(found_any) < SEEDS_PER_DIMENSION or not _covers(dimensions, low, high):
        return unjudged(claim)
    none_found = ~found_any.to_numpy(dtype=bool)

    def highest(seeds: np.ndarray) -> float:
        return float(dimensions[none_found[seeds].mean(axis=0) > 0.5].max(initial=0))

    drawn = np.array([highest(seeds) for seeds in resampled(len(none_found), name=claim.id)])
    estimate = percentiles(highest(np.arange(len(none_found))), drawn)
    found = f"The search finds no error in most nets up to d = {told(estimate, 0)}. {_power(results, dimensions)}"
    scale = f"d = {numbers(map(int, dimensions))}, {steps_of(nets)}, {counted(len(none_found), 'seed')}"
    holds = low <= estimate.value <= high
    return judged(claim, outcome(holds), estimate, found, scale=scale, figure="spheres.html#dimensions")


def _power(results: Results, dimensions: np.ndarray) -> str:
    """What the same search finds where errors are known to exist: finding none says as much as that."""
    table = observations(results, "search_power")
    if not table.empty:
        table = table[table["dataset"].map(results.datasets["dimension"]).isin(dimensions)]
    if table.empty:
        return "How often it misses errors that exist was not measured."
    shares = table.groupby(["dataset", "alpha"])["found"].mean()
    return (
        f"On ellipsoids whose one wrong alpha is {listed(f'{alpha:g}' for alpha in sorted(set(table['alpha'])))} it "
        f"finds an error from at least {100 * shares.min():.0f} % of the starts in each dimension."
    )


def _covers(dimensions: np.ndarray, low: float, high: float) -> bool:
    """Whether a grid begins below a range, ends above it, and has no wide gap in it."""
    if dimensions.size == 0 or not dimensions.min() < low < high < dimensions.max():
        return False
    within = dimensions[(dimensions >= low) & (dimensions <= high)]
    return bool(np.diff([low, *within, high]).max() <= DIMENSION_STEP)


def _found_by_dimension(table: pd.DataFrame, nets: list[Net]) -> pd.DataFrame:
    """Whether any error was found: one row a seed, one column a dimension; only where both spheres were searched."""
    dimension = {net.labels[0]: net.dataset["dimension"] for net in nets}
    table = table.assign(dimension=table["dataset"].map(dimension))
    every = table.pivot_table(index=["seed", "dimension"], columns="radius", values="start", aggfunc="nunique")
    thorough = every[every.reindex(columns=[1.0, OUTER_RADIUS]).min(axis=1, skipna=False) >= SEARCHED_POINTS].index
    table = table[table.set_index(["seed", "dimension"]).index.isin(thorough)]
    return table.pivot_table(index="seed", columns="dimension", values="found", aggfunc="any").dropna()


JUDGES: dict[str, Judge] = {"S04": judge_shell, "S06": judge_norms, "S08": judge_dimension}
