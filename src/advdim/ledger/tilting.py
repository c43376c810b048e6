"""The judges of the tilting study: distances, angles and planes along a path of linear classifiers."""

import math

import numpy as np
import pandas as pd

from advdim.datasets.stored import read_images, read_info
from advdim.datasets.two_classes import first_of_each_class, flat_images, signs
from advdim.ledger.claims import Claim
from advdim.ledger.observations import Net, observations, of_nets, trained_nets
from advdim.ledger.verdict import Judge, Verdict, judged, unjudged
from advdim.ledger.wording import counted, listed, outcome
from advdim.models.linear import load_path
from advdim.statistics.collect import Results
from advdim.statistics.intervals import monotone
from advdim.statistics.tilting_plane import centroid_direction, tilting_plane

PAIR = [2, 3]
"""The source's pair of digits."""
WEAKEST, STRONGEST = -6.0, 2.0
"""Ends of the source's path, log10 of lambda."""
LEVELS = 9
ROUNDING = 1e-9
SLIDER, PATH, PLANE = "tilting.html#slider", "tilting.html#path", "tilting.html#plane"


def judge_small_perturbations(claim: Claim, results: Results) -> Verdict:
    """T02: compare the adversarial distance at the weakest regularisation with half of the centroids' distance."""
    net, levels = _path(results)
    if net is None or not _reaches(levels, weakest=True):
        return unjudged(claim)
    weakest = levels.iloc[0]
    ratio = float(weakest["d_adv"] / weakest["half_centroid_distance"])
    found = (
        f"At {_lambda(weakest)} the mean adversarial distance is {weakest['d_adv']:.3f} pixels, {ratio:.3f} of half of "
        f"the centroids' distance ({weakest['half_centroid_distance']:.3f}); the test error is "
        f"{weakest['err_test']:.1f} %."
    )
    holds = ratio < claim.limit("ratio") and weakest["err_test"] <= claim.limit("test_error")
    return judged(claim, outcome(holds), ratio, found, scale=_scale([net]), figure=SLIDER)


def judge_plane(claim: Claim, results: Results) -> Verdict:
    """T04: see whether every weight vector lies in its tilting plane, and whether z and n are orthonormal."""
    nets = trained_nets(results, kind="linear")
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
    return judged(claim, outcome(holds), residual, found, scale=_scale(nets), figure=PLANE)


def judge_closeness(claim: Claim, results: Results) -> Verdict:
    """T05: compare the adversarial distances at both ends of the path."""
    net, levels = _path(results)
    if net is None or not _reaches(levels, weakest=True, strongest=True):
        return unjudged(claim)
    weakest, strongest = levels.iloc[0], levels.iloc[-1]
    ratio = float(weakest["d_adv"] / strongest["d_adv"])
    found = (
        f"The mean adversarial distance is {weakest['d_adv']:.3f} pixels at {_lambda(weakest)} and "
        f"{strongest['d_adv']:.3f} at {_lambda(strongest)}: a ratio of {ratio:.3f}."
    )
    holds = ratio < claim.limit("ratio")
    return judged(claim, outcome(holds), ratio, found, scale=_scale([net]), figure=PLANE)


def judge_slider(claim: Claim, results: Results) -> Verdict:
    """T06: follow tilting angle and adversarial distance along the path."""
    net, levels = _path(results)
    if net is None or len(levels) < LEVELS or not _reaches(levels, weakest=True, strongest=True):
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
        f"The angle goes from {angles[0]:.2f} degrees at {_lambda(levels.iloc[0])} to {angles[-1]:.2g} at "
        f"{_lambda(levels.iloc[-1])}, its largest value is {angles.max():.2f} and its largest rise from a level to the "
        f"next {max(rise, 0.0):.2g}; Kendall's tau of lambda and adversarial distance is {tau:.3f} (one-sided p = "
        f"{p_value:.2g}). This is the scale of the published curves; the article's prose has lambda from 1e-1 to 1e7."
    )
    return judged(claim, outcome(grows and turns), float(angles[0]), found, scale=_scale([net]), figure=SLIDER)


def _path(results: Results) -> tuple[Net | None, pd.DataFrame]:
    """The source's pair of classes, or else another, with its levels in the order of growing regularisation."""
    nets = trained_nets(results, kind="linear")
    net = min(nets, key=lambda one: (_is_stand_in(one), one.dataset["classes"] != PAIR), default=None)
    levels = observations(results, "tilting", "levels")
    if net is None or levels.empty:
        return None, levels
    return net, of_nets(levels, [net]).drop_duplicates("log10_lambda").sort_values("log10_lambda")


def _is_stand_in(net: Net) -> bool:
    """Whether a dataset stands in for MNIST."""
    return bool(net.dataset["kind"] != "mnist")


def _reaches(levels: pd.DataFrame, *, weakest: bool = False, strongest: bool = False) -> bool:
    """Whether the levels reach the ends of the source's path."""
    if levels.empty:
        return False
    low, high = levels["log10_lambda"].min(), levels["log10_lambda"].max()
    return bool((not weakest or low <= WEAKEST + ROUNDING) and (not strongest or high >= STRONGEST - ROUNDING))


def _deviation_from_orthonormal(net: Net) -> float:
    """Largest deviation of z and n from unit length and from a right angle over the levels where n is defined."""
    images, labels = read_images(net.dataset_folder, "train")
    chosen = first_of_each_class(labels, net.training["images_per_class"])
    z = centroid_direction(flat_images(images[chosen]), signs(labels[chosen]))
    deviations = [abs(float(z @ z) - 1.0)]
    for weights in load_path(net.folder).weights:
        n = tilting_plane(weights, z).n
        if n.any():
            deviations += [abs(float(n @ n) - 1.0), abs(float(n @ z))]
    return max(deviations)


def _lambda(level: "pd.Series[float]") -> str:
    return f"lambda = 1e{level['log10_lambda']:g}"


def _scale(nets: list[Net]) -> str:
    """Datasets, classes, size of the images, training images and levels; and whether it is MNIST."""
    return listed(dict.fromkeys(map(_scale_of, nets)))


def _scale_of(net: Net) -> str:
    training = net.training
    low, high = training["log10_lambda_min"], training["log10_lambda_max"]
    parts = [
        f"{net.dataset['kind']}{' (not MNIST)' * _is_stand_in(net)}",
        " against ".join(map(str, net.dataset["classes"])),
        f"d = {math.prod(read_info(net.dataset_folder)['shape'])}",
        f"{training['images_per_class'] or 'all'} training images of each class",
        f"{training['levels']} levels from lambda = 1e{low:g} to 1e{high:g}",
    ]
    return ", ".join(parts)


JUDGES: dict[str, Judge] = {
    "T02": judge_small_perturbations,
    "T04": judge_plane,
    "T05": judge_closeness,
    "T06": judge_slider,
}
"""Judge by claim; the other claims need experiments that no configuration can ask for so far."""
