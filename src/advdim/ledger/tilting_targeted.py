"""The judge of the tilting study's first figure: photographs driven to a class of our choice."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from advdim.ledger.claims import Claim
from advdim.ledger.observations import Net, at_end, measurement_settings, observations, of_nets, trained_nets
from advdim.ledger.verdict import Verdict, judged, unjudged
from advdim.ledger.wording import counted, outcome, steps_of
from advdim.statistics.collect import Results
from advdim.statistics.intervals import Estimate, binomial

IMAGES = 50
"""Fewest pictures on which a net is judged."""
ROUNDING = 1e-6
"""Of a pixel on [0, 1] in float32, and of eps as a decimal."""
FIGURE = "tilting.html#targeted"


@dataclass(frozen=True)
class _Trial:
    """One net under one attack.

    Attributes:
        net: the net.
        attack: settings of the attack.
        rows: its table at the net's end, without the images that the net takes for their target as they are.
    """

    net: Net
    attack: dict[str, Any]
    rows: pd.DataFrame

    @property
    def reached(self) -> int:
        """Pictures that reach their target within the attack's eps."""
        small = self.rows["linf"] <= self.attack["eps_pixel"] + ROUNDING
        return int((self.rows["reached"] & small).sum())

    @property
    def share(self) -> Estimate:
        """Their share; the lower end is the one-sided exact 95 % bound."""
        return binomial(self.reached, len(self.rows), level=0.9)


def judge_targeted(claim: Claim, results: Results) -> Verdict:
    """T01: bound the share of pictures that reach a random wrong class, for each net."""
    trials = _strongest(_preferred(_trials(claim, results)))
    if not trials:
        return unjudged(claim)
    worst = min(trials, key=lambda trial: trial.share.low)
    right = float(np.mean(worst.rows["label"] == worst.rows["prediction"]))
    found = (
        f"{worst.reached} of {len(worst.rows)} pictures reach a random wrong class with an l_inf size of at most "
        f"{worst.attack['eps_pixel']:g} ({255 * worst.attack['eps_pixel']:.1f} of 255 grey levels): a share of "
        f"{worst.share.value:.3f}, with the one-sided 95 % lower bound {worst.share.low:.3f}"
        f"{f', for the worst of {len(trials)} nets' if len(trials) > 1 else ''}. {100 * right:.0f} % of these "
        f"pictures are classified rightly as they are.{_median_size(worst)}"
    )
    if not _is_application(worst.net):
        found += " They are overlapping crops of few photographs and so depend on each other: the bound is too narrow."
    holds = worst.share.low >= claim.limit("share")
    return judged(claim, outcome(holds), worst.share, found, scale=_scale_of(worst), figure=FIGURE)


def _median_size(trial: _Trial) -> str:
    sizes = 255 * trial.rows.loc[trial.rows["reached"], "linf"]
    return f" Those that reach it are changed by {sizes.median():.1f} grey levels in the median." if len(sizes) else ""


def _trials(claim: Claim, results: Results) -> list[_Trial]:
    """Every net of photographs under every attack that is small enough, with enough images."""
    table = at_end(observations(results, "targeted"))
    if table.empty:
        return []
    moved = table[table["prediction"] != table["target"]]
    attacks = measurement_settings(results, "targeted")
    trials = [
        _Trial(net, attack, of_nets(moved[moved["measurement"] == name], [net]))
        for net in trained_nets(results)
        for name, attack in attacks.items()
        if _is_of_photographs(net) and attack["eps_pixel"] <= claim.limit("eps") + ROUNDING
    ]
    return [trial for trial in trials if len(trial.rows) >= IMAGES]


def _is_of_photographs(net: Net) -> bool:
    return _is_application(net) or net.dataset["kind"] == "photos12"


def _is_application(net: Net) -> bool:
    return bool(net.model["kind"] == "application")


def _preferred(trials: list[_Trial]) -> list[_Trial]:
    """ImageNet classifiers, or else the nets of the widest photographs of our own."""
    applications = [trial for trial in trials if _is_application(trial.net)]
    widest = max((trial.net.dataset["width"] for trial in trials), default=0)
    return applications or [trial for trial in trials if trial.net.dataset["width"] == widest]


def _strongest(trials: list[_Trial]) -> list[_Trial]:
    """Those under the largest attack, chosen by its settings alone."""

    def strength(trial: _Trial) -> tuple[float, int]:
        return trial.attack["eps_pixel"], trial.attack["steps"]

    strongest = max(map(strength, trials), default=None)
    return [trial for trial in trials if strength(trial) == strongest]


def _scale_of(trial: _Trial) -> str:
    net = trial.net
    if _is_application(net):
        pictures = counted(len(trial.rows), "photograph")
        classifier = f"{net.model['name']} on {net.dataset['width']} x {net.dataset['width']} pixels"
    else:
        width, photographs = net.dataset["width"], trial.rows["label"].nunique()  # one of each class
        pictures = f"{counted(len(trial.rows), 'crop')} of {counted(photographs, 'photograph')}"
        classifier = f"photos12 (not ImageNet), {width} x {width} pixels, {net.labels[1]}, {steps_of([net])}"
    eps, steps = trial.attack["eps_pixel"], trial.attack["steps"]
    return f"{classifier}, {pictures}, eps = {eps:g} in {counted(steps, 'step')}"
