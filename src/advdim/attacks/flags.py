"""Suspicion flags: symptoms by which an attack looks weaker than it could be (Carlini et al. 2019; RobustBench)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

COLUMNS = ("flag", "raised", "share", "images", "step")


@dataclass(frozen=True)
class Flag:
    """A suspicion.

    Attributes:
        raised_if: the symptom that raises it.
        meaning: what to think of the results then.
    """

    raised_if: str
    meaning: str


FLAGS = {
    "zero_gradient": Flag(
        "the attacked loss has no gradient at an image",
        "A gradient attack is blind there; that it fails says nothing about the net.",
    ),
    "masked_gradient": Flag(
        "the softmax of the attacked class rounds to 1 at an image, while the cross-entropy is climbed",
        "Its gradient is lost or distorted by rounding although the logits have one; attack with `loss: margin`.",
    ),
    "weaker_than_single_step": Flag(
        "one step to the edge of the same ball changes more classes (aim vulnerability) or raises the mean loss more "
        "(aim damage) than all steps",
        "The steps go astray: gradients are masked, or the step size does not fit.",
    ),
    "larger_eps_weaker": Flag(
        "the attack fails in a larger ball on more than 1 % of the images whose class it changes in a smaller one",
        "The larger ball contains the smaller, so the attack is not as strong as it could be.",
    ),
    "random_output": Flag(
        "two passes of the same image differ",
        "The net draws random numbers; attacks need an expectation over them, and results do not repeat.",
    ),
    "probabilities": Flag(
        "the outputs at all images are not negative and sum to 1",
        "The net ends in a softmax instead of logits; a loss that takes a softmax again has nearly no gradient.",
    ),
}
"""The suspicions by name, with texts for the reports."""
TOLERATED = 0.01
"""Share of images on which a larger ball may fail before that is a suspicion."""
ROUNDING = 1e-5
"""Difference of losses, in nats, that float32 does not resolve."""


def suspicions(table: pd.DataFrame, settings: Mapping[str, Any]) -> pd.DataFrame:
    """Judge an attack by its table.

    Args:
        table: one row an image and snapshot, with the symptoms as columns, as far as the attack can tell them.
        settings: those of the attack.

    Returns:
        One row a flag and snapshot that can be judged: `flag`, `raised`, `share` of images with the symptom, `images`
        that were looked at, `step`.
    """
    rows = [
        {
            "flag": name,
            "raised": raised,
            "share": symptom.mean() if len(symptom) else 0.0,
            "images": len(symptom),
            "step": step,
        }
        for step, part in table.groupby("step", sort=False)
        for name, symptom, raised in _symptoms(part, settings.get("aim"))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {"raised": bool, "share": float, "images": int, "step": int}
    )


def larger_eps_weaker(table: pd.DataFrame, settings: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Compare attacks that differ in the size of the ball alone, each with the next larger one.

    Args:
        table: rows of attacks with balls of fixed size, of the same nets: `measurement`, `step`, `image`, `fooled` and
            the labels of the nets.
        settings: settings of each attack by its name, the values of `measurement`.

    Returns:
        One row a pair of attacks: `smaller`, `larger`, `raised`, `share` of the images fooled by the smaller attack
        that the larger one does not fool, `images` fooled by the smaller.
    """
    keys = [name for name in ("dataset", "model", "training", "seed", "pair", "step", "image") if name in table]
    fooled = {str(name): part.set_index(keys)["fooled"] for name, part in table.groupby("measurement")}
    rows = []
    for smaller, larger in _neighbours({name: settings[name] for name in fooled}):
        by_smaller = fooled[smaller][fooled[smaller]]
        missed = ~fooled[larger].reindex(by_smaller.index).dropna().astype(bool)
        share = float(missed.mean()) if len(missed) else 0.0
        raised = share > TOLERATED
        rows.append({"smaller": smaller, "larger": larger, "raised": raised, "share": share, "images": len(missed)})
    return pd.DataFrame(rows, columns=["smaller", "larger", "raised", "share", "images"])


def _neighbours(settings: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of attacks with the same settings but for the size, the smaller of each first."""
    groups: dict[str, list[str]] = {}
    for name in sorted(settings, key=lambda name: settings[name]["eps_pixel"]):
        others = {key: value for key, value in settings[name].items() if key not in ("eps_pixel", "stored", "images")}
        groups.setdefault(repr(sorted(others.items())), []).append(name)
    return [pair for names in groups.values() for pair in pairwise(names)]


def _symptoms(part: pd.DataFrame, aim: str | None) -> Iterator[tuple[str, "pd.Series[bool]", bool]]:
    """Each flag that a snapshot's rows can tell of: its name, the images with the symptom, whether it is raised."""
    for name in ("zero_gradient", "masked_gradient", "random_output"):
        if name in part:
            yield name, part[name], bool(part[name].any())
    if "probabilities" in part:
        yield "probabilities", part["probabilities"], bool(part["probabilities"].all())
    if "single_step_fooled" in part:
        single, whole = (
            ("single_step_fooled", "fooled") if aim == "vulnerability" else ("single_step_loss", "adversarial_loss")
        )
        weaker = part[single].astype(float) > part[whole].astype(float) + ROUNDING
        yield "weaker_than_single_step", weaker, bool(part[single].mean() > part[whole].mean() + ROUNDING)
    if "fails_larger" in part:
        failing = part.loc[part["fooled"], "fails_larger"]
        yield "larger_eps_weaker", failing, bool(len(failing) and failing.mean() > TOLERATED)
