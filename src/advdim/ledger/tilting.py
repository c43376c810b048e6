"""The judges of the tilting study: distances, angles and planes along a path of linear classifiers."""

import math

import numpy as np

from advdim.datasets.two_classes import read_pair
from advdim.ledger.claims import Claim
from advdim.ledger.observations import Net, observations, of_nets
from advdim.ledger.tilting_paths import lambda_of, reaches_both, reaches_weakest, scale_of_paths, source_path, svm_paths
from advdim.ledger.tilting_rotation import judge_rotation
from advdim.ledger.tilting_targeted import judge_targeted
from advdim.ledger.tilting_toy import judge_toy
from advdim.ledger.verdict import Judge, Verdict, judged, unjudged
from advdim.ledger.wording import counted, outcome
from advdim.models.linear import load_path
from advdim.statistics.collect import Results
from advdim.statistics.intervals import monotone
from advdim.statistics.tilting_plane import centroid_direction, tilting_plane

LEVELS = 9
SLIDER, PATH, PLANE = "tilting.html#slider", "tilting.html#path", "tilting.html#plane"


def judge_small_perturbations(claim: Claim, results: Results) -> Verdict:
    """T02: compare the adversarial distance at the weakest regularisation with half of the centroids' distance."""
    net, levels = source_path(results, "tilting", "levels")
    if net is None or not reaches_weakest(levels):
        return unjudged(claim)
    weakest = levels.iloc[0]
    ratio = float(weakest["d_adv"] / weakest["half_centroid_distance"])
    found = (
        f"At {lambda_of(weakest)} the mean adversarial distance is {weakest['d_adv']:.3f} pixels, {ratio:.3f} of half "
        f"of the centroids' distance ({weakest['half_centroid_distance']:.3f}); the test error is "
        f"{weakest['err_test']:.1f} %."
    )
    holds = ratio < claim.limit("ratio") and weakest["err_test"] <= claim.limit("test_error")
    return judged(claim, outcome(holds), ratio, found, scale=scale_of_paths([net]), figure=SLIDER)


def judge_plane(claim: Claim, results: Results) -> Verdict:
    """T04: see whether every weight vector lies in its tilting plane, and whether z and n are orthonormal."""
    nets = svm_paths(results)
    levels = of_nets(observations(results, "tilting", "levels"), nets)
    if levels.empty:
        return unjudged(claim)
    residual = float(levels["residual"].max())
    skew = max(_deviation_from_orthonormal(net) for net in nets)
    found = (
        f"At most {residual:.1e} of |w| lies outside the plane of z and n, over {counted(len(levels), 'level')}; z and "
        f"n deviate from orthonormality by at most {skew:.1e}."
    )
    holds = max(residual, skew) < claim.limit()
    return judged(claim, outcome(holds), residual, found, scale=scale_of_paths(nets), figure=PLANE)


def judge_closeness(claim: Claim, results: Results) -> Verdict:
    """T05: compare the adversarial distances at both ends of the path."""
    net, levels = source_path(results, "tilting", "levels")
    if net is None or not reaches_both(levels):
        return unjudged(claim)
    weakest, strongest = levels.iloc[0], levels.iloc[-1]
    ratio = float(weakest["d_adv"] / strongest["d_adv"])
    found = (
        f"The mean adversarial distance is {weakest['d_adv']:.3f} pixels at {lambda_of(weakest)} and "
        f"{strongest['d_adv']:.3f} at {lambda_of(strongest)}: a ratio of {ratio:.3f}."
    )
    holds = ratio < claim.limit("ratio")
    return judged(claim, outcome(holds), ratio, found, scale=scale_of_paths([net]), figure=PLANE)


def judge_slider(claim: Claim, results: Results) -> Verdict:
    """T06: follow tilting angle and adversarial distance along the path."""
    net, levels = source_path(results, "tilting", "levels")
    if net is None or len(levels) < LEVELS or not reaches_both(levels):
        return unjudged(claim)
    angles, distances = levels["angle_deg"].to_numpy(), levels["d_adv"].to_numpy()
    rise = float(np.diff(angles).max())
    tau, p_value = math.nan, math.nan
    if np.unique(distances).size > 1:
        trend = monotone(levels["log10_lambda"], distances, "greater")
        tau, p_value = trend.tau, trend.p_value
    grows = tau > 0.0 and p_value <= claim.limit("alpha")
    turns = angles[0] > claim.limit("start") and angles[-1] < claim.limit("end") and rise <= claim.limit("rise")
    found = (
        f"The angle goes from {angles[0]:.2f} degrees at {lambda_of(levels.iloc[0])} to {angles[-1]:.2g} at "
        f"{lambda_of(levels.iloc[-1])}, its largest value is {angles.max():.2f} and its largest rise from a level to "
        f"the next {max(rise, 0.0):.2g}; Kendall's tau of lambda and adversarial distance is {tau:.3f} (one-sided p = "
        f"{p_value:.2g}). This is the scale of the published curves; the article's prose has lambda from 1e-1 to 1e7."
    )
    return judged(claim, outcome(grows and turns), float(angles[0]), found, scale=scale_of_paths([net]), figure=SLIDER)


def _deviation_from_orthonormal(net: Net) -> float:
    """Largest deviation of z and n from unit length and from a right angle over the levels where n is defined."""
    z = centroid_direction(*read_pair(net.dataset_folder, "train", net.pair, net.training["images_per_class"]))
    deviations = [abs(float(z @ z) - 1.0)]
    for weights in load_path(net.folder).weights:
        n = tilting_plane(weights, z).n
        if n.any():
            deviations += [abs(float(n @ n) - 1.0), abs(float(n @ z))]
    return max(deviations)


JUDGES: dict[str, Judge] = {
    "T01": judge_targeted,
    "T02": judge_small_perturbations,
    "T03": judge_toy,
    "T04": judge_plane,
    "T05": judge_closeness,
    "T06": judge_slider,
    "T07": judge_rotation,
}
