"""The path of regularisation that the tilting study's judges read: which pair of classes, how far, at which scale."""

import math
from collections.abc import Sequence

import pandas as pd

from advdim.datasets.stored import read_info
from advdim.ledger.observations import Net, observations, of_nets, trained_nets
from advdim.statistics.collect import Results

PAIR = ("2", "3")
"""The source's pair of digits."""
WEAKEST, STRONGEST = -6.0, 2.0
"""Ends of the source's path, log10 of lambda."""
ROUNDING = 1e-9


def svm_paths(results: Results) -> list[Net]:
    """The support vector machines of every pair of classes."""
    return [net for net in trained_nets(results, kind="linear") if net.training["kind"] == "svm_path"]


def source_path(results: Results, kind: str, name: str) -> tuple[Net | None, pd.DataFrame]:
    """The support vector machines of the source's pair of classes, and what was measured of them.

    Args:
        results: artefacts of the tilting study.
        kind: a statistic of linear classifiers.
        name: which of its tables; one row a level.

    Returns:
        The classifiers, and their rows in the order of growing regularisation; None and no rows where there are none.
    """
    measured = observations(results, kind, name)
    nets = [net for net in svm_paths(results) if net.pair == PAIR]
    of_net = {net.labels: of_nets(measured, [net]) for net in nets}
    known = [net for net in nets if not of_net[net.labels].empty]
    if not known:
        return None, pd.DataFrame()
    net = min(known, key=is_stand_in)
    return net, of_net[net.labels].drop_duplicates("log10_lambda").sort_values("log10_lambda")


def is_stand_in(net: Net) -> bool:
    """Whether a dataset stands in for MNIST."""
    return bool(net.dataset["kind"] != "mnist")


def reaches_weakest(levels: pd.DataFrame) -> bool:
    """Whether the levels reach the weak end of the source's path."""
    return not levels.empty and bool(levels["log10_lambda"].min() <= WEAKEST + ROUNDING)


def reaches_both(levels: pd.DataFrame) -> bool:
    """Whether the levels reach both ends of the source's path."""
    return reaches_weakest(levels) and bool(levels["log10_lambda"].max() >= STRONGEST - ROUNDING)


def lambda_of(level: "pd.Series[float]") -> str:
    """Say at which regularisation a level is."""
    return f"lambda = 1e{level['log10_lambda']:g}"


def scale_of_paths(nets: Sequence[Net]) -> str:
    """Datasets, pairs of classes, size of the images, training images and levels; and whether it is MNIST."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for net in nets:
        pairs.setdefault(_scale_of(net), []).append(" against ".join(net.pair))
    told = (
        f"{dataset}, {own[0] if len(own) == 1 else f'{len(own)} pairs of classes'}, {path}"
        for (dataset, path), own in pairs.items()
    )
    return "; ".join(told)


def _scale_of(net: Net) -> tuple[str, str]:
    """Dataset, and what else tells the scale apart from the pair of classes."""
    training = net.training
    low, high = training["log10_lambda_min"], training["log10_lambda_max"]
    parts = [
        f"d = {math.prod(read_info(net.dataset_folder)['shape'])}",
        f"{training['images_per_class'] or 'all'} training images of each class",
        f"{training['levels']} levels from lambda = 1e{low:g} to 1e{high:g}",
    ]
    return f"{net.dataset['kind']}{' (not MNIST)' * is_stand_in(net)}", ", ".join(parts)
