"""The judges of the spheres study: here those of the spheres' geometry, the others by what they need."""

import pandas as pd

from advdim.ledger import (
    spheres_converged,
    spheres_curve,
    spheres_planes,
    spheres_search,
    spheres_start,
    spheres_theory,
)
from advdim.ledger.claims import Claim
from advdim.ledger.observations import NET, Net, nets_in, observations, of_nets, published, trained_nets
from advdim.ledger.verdict import Judge, Verdict, judged, unjudged
from advdim.ledger.wording import counted, outcome, scale_of_spheres, told
from advdim.statistics.collect import Results
from advdim.statistics.intervals import mean
from advdim.theory.caps import mean_pair_distance
from advdim.theory.quadratic import wrong_alphas

LOWEST_DIMENSION = 50
"""Below, the mean distance of two points depends on the dimension too much for S03."""
SNAPSHOT = [*NET, "step"]


def judge_pair_distance(claim: Claim, results: Results) -> Verdict:
    """S03: estimate the mean distance of random pairs in the highest dimension that was run."""
    table = observations(results, "pair_distance")
    if table.empty:
        return unjudged(claim)
    dimensions = table["dataset"].map(results.datasets["dimension"])
    dimension = int(dimensions.max())
    if dimension < LOWEST_DIMENSION:
        return unjudged(claim)
    distances = table["distance"][dimensions == dimension]
    estimate, exact = mean(distances), mean_pair_distance(dimension)
    (claimed,) = published(claim)
    low, high = claimed - claim.limit(), claimed + claim.limit()
    found = (
        f"The mean distance of {len(distances):,} pairs is {told(estimate, 4)}; the exact mean is {exact:.4f}, the "
        f"source has {claimed:g}."
    )
    holds = estimate.low <= high and estimate.high >= low and low <= exact <= high
    return judged(claim, outcome(holds), estimate, found, scale=f"d = {dimension:,}", figure="spheres.html#pairs")


def judge_ellipsoid(claim: Claim, results: Results) -> Verdict:
    """S09: compare each quadratic net with its ellipsoid, and look for errors where all alphas are right."""
    nets = trained_nets(results, kind="quadratic")
    every = _compared(results, nets)
    ellipsoids = every if every.empty else every[every["largest"] > 0.0]  # where w > 0 > b, without it NaN or negative
    if ellipsoids.empty:
        return unjudged(claim)
    points, agreeing = int(ellipsoids["points"].sum()), int(ellipsoids["agreeing"].sum())
    right = ellipsoids[ellipsoids["wrong"] == 0]
    looked, errors = _errors_in(results, right, nets)
    found = (
        f"Net and ellipsoid agree on {agreeing:,} of {points:,} points, of which two thirds lie on the spheres and the "
        f"others between, over {counted(len(ellipsoids), 'snapshot')} ({len(every) - len(ellipsoids)} with other signs "
        f"apart). In {len(right)} of them every alpha is right; {looked:,} sampled or attacked points of the spheres "
        f"gave {errors:,} errors there."
    )
    if not looked:
        found += " So the absence of errors was not put to the test."
    holds = agreeing / points >= claim.limit("agreement") and errors == 0
    scale = scale_of_spheres(nets_in(ellipsoids, nets))
    return judged(claim, outcome(holds), agreeing / points, found, scale=scale, figure="spheres.html#ellipsoid")


def _compared(results: Results, nets: list[Net]) -> pd.DataFrame:
    """One row a snapshot and measurement: points, how many agree, the largest alpha, how many alphas are wrong."""
    table = of_nets(observations(results, "alphas"), nets)
    if table.empty:
        return table
    table = table.drop_duplicates([*SNAPSHOT, "measurement", "axis"])
    radii = table["dataset"].map({net.labels[0]: net.dataset["outer_radius"] for net in nets})
    table["wrong"] = False
    for radius, rows in table.dropna(subset="alpha").groupby(radii):
        table.loc[rows.index, "wrong"] = wrong_alphas(rows["alpha"], float(radius))
    return table.groupby([*SNAPSHOT, "measurement"], as_index=False).agg(
        points=("points", "first"), agreeing=("agreeing", "first"), largest=("alpha", "max"), wrong=("wrong", "sum")
    )


def _errors_in(results: Results, snapshots: pd.DataFrame, nets: list[Net]) -> tuple[int, int]:
    """How many points of the two spheres were sampled or attacked in some snapshots, and how many gave an error."""
    wanted = snapshots[SNAPSHOT].drop_duplicates()
    sampled = _joined(observations(results, "error_rate"), wanted)
    attacked = _joined(observations(results, "manifold"), wanted)
    looked = errors = 0
    if not sampled.empty:
        looked, errors = int(sampled["points"].sum()), int(sampled["errors"].sum())
    if not attacked.empty:
        radii = attacked["dataset"].map({net.labels[0]: net.dataset["outer_radius"] for net in nets})
        on_spheres = (attacked["radius"] == 1.0) | (attacked["radius"] == radii)
        attacked = attacked[on_spheres]  # other norms have other errors
        looked, errors = looked + len(attacked), errors + int(attacked["found"].sum())
    return looked, errors


def _joined(table: pd.DataFrame, snapshots: pd.DataFrame) -> pd.DataFrame:
    return table if table.empty else table.merge(snapshots, on=SNAPSHOT)


JUDGES: dict[str, Judge] = {
    "S03": judge_pair_distance,
    "S09": judge_ellipsoid,
    **spheres_theory.JUDGES,
    **spheres_curve.JUDGES,
    **spheres_converged.JUDGES,
    **spheres_search.JUDGES,
    **spheres_planes.JUDGES,
    **spheres_start.JUDGES,
}
"""Judge by claim."""
