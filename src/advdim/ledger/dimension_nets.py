"""One row a trained net of the dimension study: how it was trained, its gradients, accuracy and vulnerability."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from advdim.datasets.large import is_stand_in
from advdim.datasets.stored import read_info
from advdim.ledger.observations import NET, Net, at_end, measurement_settings, observations, trained_nets
from advdim.ledger.wording import listed, numbers
from advdim.statistics.collect import Results

PHOTOGRAPHS = {"photos12": "photos12", "imagenet12": "imagenet12", "resized": "imagenet12"}
"""Datasets of the experiment on widths: the set that each kind belongs to."""
PLAIN = "plain"
PENALTIES = {"l1": "penalty, q = 1", "l2": "penalty, q = 2"}
AUGMENTATIONS = {"linf": "augmentation, p = inf", "l2": "augmentation, p = 2"}
THROUGH = {"linf": "augmentation, p = inf, through the attack", "l2": "augmentation, p = 2, through the attack"}
PGD = {"linf": "PGD, p = inf", "l2": "PGD, p = 2"}
CROSS_LIPSCHITZ = "cross-Lipschitz"
METHODS = (PLAIN, *PENALTIES.values(), *AUGMENTATIONS.values(), *PGD.values(), CROSS_LIPSCHITZ, *THROUGH.values())
"""Ways of training, in the order in which figures list them."""
SOURCES_SET = "cifar10"
"""Kind of the dataset on which the source trains by all methods."""

Norm = Literal["linf", "l2"]


@dataclass(frozen=True)
class Threshold:
    """What counts as a small perturbation: at most eps d^(1/p) in the norm p.

    Attributes:
        norm: the norm p.
        eps_pixel: eps, in pixels on [0, 1].
    """

    norm: Norm
    eps_pixel: float

    def holds(self, frame: pd.DataFrame, d: "pd.Series[int]") -> "pd.Series[bool]":
        """Whether the perturbation of each row, of `linf` and `l2` size, is small; d is that of its images."""
        limit = self.eps_pixel * (np.sqrt(d) if self.norm == "l2" else 1.0)
        return frame[self.norm] <= limit * (1.0 + 1e-6)  # sizes are kept in single precision


def method_of(training: dict[str, Any]) -> tuple[str, float]:
    """Name a way of training, and tell its strength: eps in pixels, or the weight; 0 for the loss alone."""
    objective = training.get("objective") or {"kind": "plain"}
    kind, norm = objective["kind"], objective.get("norm", "")
    if kind == "cross_lipschitz":
        return CROSS_LIPSCHITZ, float(objective["weight"])
    if kind == "adversarial" and objective.get("through_attack"):
        return THROUGH[norm], float(objective["eps_pixel"])
    names = {"gradient_penalty": PENALTIES, "adversarial": AUGMENTATIONS, "pgd": PGD}
    return (names[kind][norm], float(objective["eps_pixel"])) if kind in names else (PLAIN, 0.0)


def net_rows(results: Results) -> pd.DataFrame:
    """Sum up each net at the end of its training.

    Returns:
        One row a net: the columns `NET`; `kind` of the dataset, `width` and `d` of its images; `method` and `strength`;
        `steps`; `family`, equal for nets that differ in method, strength and seed only; the means over test images
        `l1` and `l2` of the norms of the loss gradient, `l1_initial` before training; `accuracy`; `images`;
        `vulnerability` and `vulnerability_l2`, the shares of images that the iterated l_inf and l_2 attacks fool,
        `attacked` and `attacked_l2`, of how many, and their `eps` and `eps_l2` in pixels. What was not measured is NaN.
        Empty where no gradients were.
    """
    gradients = observations(results, "gradient_norms")
    if gradients.empty:
        return gradients
    gradients = gradients.drop_duplicates([*NET, "step", "image"])
    last = at_end(gradients)
    right = last.assign(accuracy=last["label"] == last["prediction"]) if "label" in last else last.assign(accuracy=0.0)
    rows = right.groupby(NET).agg(
        l1=("l1", "mean"), l2=("l2", "mean"), accuracy=("accuracy", "mean"), images=("image", "nunique")
    )
    rows["l1_initial"] = gradients[gradients["step"] == 0].groupby(NET)["l1"].mean()
    rows = rows.join(_settings(results), how="inner")
    families = rows["family"]
    rows = rows.join(_iterated(results, "linf", families)).join(_iterated(results, "l2", families).add_suffix("_l2"))
    return rows.reset_index()


def _settings(results: Results) -> pd.DataFrame:
    """Settings of each net that has images for inputs, by its labels."""
    rows = {}
    for net in trained_nets(results):
        if "width" not in net.dataset and net.dataset["kind"] not in ("mnist", "cifar10"):
            continue
        method, strength = method_of(net.training)
        shape = read_info(net.dataset_folder)["shape"]
        common = {key: value for key, value in net.training.items() if key not in ("objective", "snapshots")}
        rows[net.labels] = {
            "kind": net.dataset["kind"],
            "width": shape[min(1, len(shape) - 1)],
            "d": math.prod(shape),
            "method": method,
            "strength": strength,
            "steps": net.training.get("steps", 0),
            "family": str((net.labels[0], sorted(net.model.items()), sorted(common.items(), key=str))),
        }
    return pd.DataFrame(list(rows.values()), index=_index_of_nets(list(rows)))


def _index_of_nets(labels: list[tuple[str, str, str, int, str]]) -> pd.MultiIndex:
    """Labels of nets as an index; Pandas wants to be told its levels where there are none."""
    return pd.MultiIndex.from_tuples(labels, names=NET) if labels else pd.MultiIndex.from_arrays([[]] * 5, names=NET)


def iterated_attacks(results: Results, norm: Norm) -> dict[str, tuple[float, int]]:
    """The attacks of fixed size in a norm that take several steps: their `eps_pixel` and steps, by their names."""
    return {
        name: (settings["eps_pixel"], settings["steps"])
        for name, settings in measurement_settings(results, "iterative").items()
        if settings["norm"] == norm and settings["steps"] > 1
    }


def _iterated(results: Results, norm: Norm, families: "pd.Series[str]") -> pd.DataFrame:
    """What one iterated attack of fixed size in a norm does to each net: `vulnerability`, `attacked` and `eps`.

    Nets of a family are compared, and so must meet the same attack: that which most of them met, and of such ones the
    strongest.
    """
    attacks = iterated_attacks(results, norm)
    met = at_end(observations(results, "iterative"))
    met = met if met.empty else met[met["measurement"].isin(attacks)]
    if met.empty:
        return pd.DataFrame({"vulnerability": [], "attacked": [], "eps": []}, index=_index_of_nets([]))
    groups = met.groupby([*NET, "measurement"])["fooled"]
    each = groups.agg(vulnerability="mean", attacked="size").reset_index("measurement").join(families, how="inner")
    chosen = each.groupby("family")["measurement"].agg(
        lambda names: max(sorted(set(names)), key=lambda name: ((names == name).sum(), attacks[name]))
    )
    same = each[each["measurement"] == each["family"].map(chosen)]
    eps = same["measurement"].map({name: eps for name, (eps, _) in attacks.items()})
    return same.assign(eps=eps)[["vulnerability", "attacked", "eps"]]


def attack_name(kind: str, settings: dict[str, Any]) -> str:
    """How an attack that looks for small perturbations is called."""
    norm = {"linf": "l_inf", "l2": "l_2"}[settings["norm"]]
    if kind == "deepfool":
        return "DeepFool" if settings["norm"] == "l2" else f"DeepFool {norm}"
    return f"{'single-step' if settings['steps'] == 1 else 'iterative'} {norm}"


def smallest(results: Results) -> pd.DataFrame:
    """Read the perturbations of the attacks that look for small ones, at the end of each net's training.

    Returns:
        One row an image, net and attack: the columns `NET`, `attack`, its name; `norm`, its own; `image`, `fooled`,
        `eps_pixel`, `linf` and `l2`, the sizes of what was found. Empty where there are none.
    """
    frames = []
    for kind in ("minimal", "deepfool"):
        frame, settings = at_end(observations(results, kind)), measurement_settings(results, kind)
        if not frame.empty:
            names = {name: attack_name(kind, each) for name, each in settings.items()}
            norms = {name: each["norm"] for name, each in settings.items()}
            frames.append(frame.assign(attack=frame["measurement"].map(names), norm=frame["measurement"].map(norms)))
    columns = [*NET, "attack", "norm", "image", "fooled", "eps_pixel", "linf", "l2"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame()


def vulnerabilities(found: pd.DataFrame, nets: pd.DataFrame, threshold: Threshold) -> pd.DataFrame:
    """Share of images that each attack fools by small perturbations.

    Args:
        found: from `smallest`.
        nets: from `net_rows`; others are left out.
        threshold: what is small, in whatever norm the attack itself looks.

    Returns:
        One row a net and attack: `nets`' columns, `attack`, `norm`, `share`, and `images`, of how many.
    """
    if found.empty or nets.empty:
        return pd.DataFrame()
    d = found[NET].merge(nets[[*NET, "d"]], on=NET, how="left")["d"].set_axis(found.index)
    known = found[d.notna()]
    counted = known.assign(share=known["fooled"] & threshold.holds(known, d[d.notna()]))
    shares = counted.groupby([*NET, "attack", "norm"]).agg(share=("share", "mean"), images=("image", "nunique"))
    return nets.drop(columns="images").merge(shares.reset_index(), on=NET)


def largest_family(nets: pd.DataFrame) -> pd.DataFrame:
    """Keep the nets of one family: on the source's set if there are, otherwise that of most methods and strengths."""
    if nets.empty:
        return nets
    ranks = {
        family: (int((own["kind"] == SOURCES_SET).any()), len(own[["method", "strength"]].drop_duplicates()), len(own))
        for family, own in nets.groupby("family")
    }
    return nets[nets["family"] == max(ranks, key=lambda family: ranks[family])]


def floored(share: "pd.Series[float]", images: "pd.Series[int]") -> "pd.Series[float]":
    """Shares for a logarithm: half an image stands for none."""
    return share.where(share > 0.0, 0.5 / images)


def set_of(net: Net) -> str:
    """Name of the set that a net learned."""
    kind = str(net.dataset["kind"])
    return PHOTOGRAPHS.get(kind, kind) + " (stand-in archive, not ImageNet)" * is_stand_in(net.dataset_folder)


def scale_of_nets(nets: pd.DataFrame) -> str:
    """Where and how some nets were trained, from their rows; says so where it is not the source's set."""
    kinds = listed(kind if kind == SOURCES_SET else f"{kind} (not CIFAR-10)" for kind in dict.fromkeys(nets["kind"]))
    models, steps = listed(dict.fromkeys(nets["model"])), numbers(nets["steps"])
    return f"{kinds}, d = {numbers(nets['d'])}, {models}, {steps} steps, {len(nets)} nets"


def of_methods(nets: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Keep the nets that were trained by some methods."""
    return nets[nets["method"].isin(methods)] if not nets.empty else nets
