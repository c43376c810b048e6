"""The judges of the experiment on widths: exponents of the number of inputs, and the bend of the vulnerability."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.datasets.stored import read_info
from advdim.ledger.claims import Claim
from advdim.ledger.dimension_nets import PHOTOGRAPHS, Norm, iterated_attacks, method_of, smallest
from advdim.ledger.observations import NET, Net, at_end, observations, of_nets, trained_nets
from advdim.ledger.resampling import inside, percentiles, slope_over_groups
from advdim.ledger.verdict import Verdict, judged, unjudged
from advdim.ledger.wording import counted, listed, numbers, outcome, steps_of, told
from advdim.seeds import named_seed
from advdim.statistics.collect import Results
from advdim.statistics.intervals import Estimate

FloatArray = NDArray[np.float64]

WIDTHS = 3
NETS_A_WIDTH = 3
EPS = 0.005
"""The source's threshold."""
SMALLER = (0.0025, 0.001)
"""Smaller thresholds for the bend (D13)."""
BEND_WIDTHS, BEND_WIDTH = 4, 256
"""Fewest widths, and the one that must be among them, for the bend: it is at the top."""
SAMPLES = 4999


@dataclass(frozen=True)
class Sweep:
    """Nets of one sort at several widths, in the order of the widths.

    Attributes:
        nets: the nets of each width.
        dimensions: number of inputs d of each width.
    """

    nets: list[list[Net]]
    dimensions: list[int]

    @property
    def fewest(self) -> int:
        """Nets at the width that has the fewest."""
        return min(map(len, self.nets), default=0)

    @property
    def every(self) -> list[Net]:
        """The nets of all widths."""
        return [net for nets in self.nets for net in nets]

    @property
    def widths(self) -> list[int]:
        """The widths in pixels."""
        return [nets[0].dataset["width"] for nets in self.nets]

    @property
    def scale(self) -> str:
        """Set, widths, model and number of nets."""
        first = self.nets[0][0]
        return (
            f"{first.dataset['kind']}, widths {numbers(self.widths)} (d = {self.dimensions[0]:,} to "
            f"{self.dimensions[-1]:,}), {first.labels[1]}, {counted(self.fewest, 'net')} a width"
        )

    @property
    def trained_scale(self) -> str:
        """The same with the steps of training."""
        return f"{self.scale}, {steps_of(self.every)}"

    def table(self, results: Results, kind: str) -> pd.DataFrame:
        """A table of these nets."""
        return of_nets(observations(results, kind), self.every)

    def measured(self, frame: pd.DataFrame) -> "Sweep":
        """The sweep of those nets only that have rows in a table."""
        there = set() if frame.empty else set(frame[NET].itertuples(index=False, name=None))
        nets = [[net for net in same if net.labels in there] for same in self.nets]
        kept = [(same, d) for same, d in zip(nets, self.dimensions, strict=True) if same]
        return Sweep([same for same, _ in kept], [d for _, d in kept])

    def of(self, frame: pd.DataFrame, column: str, statistic: str) -> list[FloatArray]:
        """A statistic of a column over the rows of each net, one array a width."""
        values = frame.groupby(NET)[column].agg(statistic)
        return [np.array([values.get(net.labels, math.nan) for net in nets]) for nets in self.nets]

    def exponent(self, values: Sequence[FloatArray], name: str, level: float = 0.95) -> Estimate:
        """Exponent of d in a value of each net."""
        logs = [np.log(value) for value in values]
        return slope_over_groups(np.log(self.dimensions).tolist(), logs, name=name, level=level)


@dataclass(frozen=True)
class Attacked:
    """What a fixed-size attack does to the nets of a sweep.

    Attributes:
        shares: share of the images of each net that it fools.
        floored: the same for a logarithm: half an image stands for none.
        attack: the attack in a few words.
    """

    shares: list[FloatArray]
    floored: list[FloatArray]
    attack: str

    @property
    def zeros(self) -> int:
        """Nets of which no image was fooled."""
        return int(sum(np.sum(share == 0.0) for share in self.shares))


def width_sweep(results: Results) -> Sweep:
    """The nets on photographs that differ in the width of their inputs only: of the sort with the most widths."""
    sorts: dict[tuple[object, ...], dict[int, list[Net]]] = {}
    for net in trained_nets(results, kind="convolutional"):
        if net.dataset["kind"] in PHOTOGRAPHS and method_of(net.training)[1] == 0.0:
            sort = (PHOTOGRAPHS[net.dataset["kind"]], net.dataset.get("crop"), *net.labels[1:3])
            sorts.setdefault(sort, {}).setdefault(net.dataset["width"], []).append(net)
    widths = max(sorts.values(), key=len, default={})
    nets = [widths[width] for width in sorted(widths)]
    return Sweep(nets, [math.prod(read_info(same[0].dataset_folder)["shape"]) for same in nets])


def attacked_sweep(results: Results, sweep: Sweep, norm: Norm) -> Attacked | None:
    """What the largest iterated attack in a norm does to the nets; None where it was not run on all of them."""
    attacks = iterated_attacks(results, norm)
    attacked = at_end(sweep.table(results, "iterative"))
    own = [] if attacked.empty else [name for name in attacks if (attacked["measurement"] == name).any()]
    if not own:
        return None
    strongest = max(own, key=lambda name: attacks[name])
    rows = attacked[attacked["measurement"] == strongest]
    shares, images = (sweep.of(rows, "fooled", statistic) for statistic in ("mean", "size"))
    floored = [np.maximum(share, 0.5 / count) for share, count in zip(shares, images, strict=True)]
    eps, steps = attacks[strongest]
    sort = {"linf": "l_inf", "l2": "l_2"}[norm]
    text = f"{sort} attack with eps = {eps:g} in {counted(steps, 'step')}"
    return Attacked(shares, floored, text) if have_logarithms(floored) else None


def trained_norms(results: Results, sweep: Sweep) -> list[FloatArray]:
    """E||dL/dx||_1 of each trained net of a sweep, one array a width; empty without gradients."""
    gradients = at_end(sweep.table(results, "gradient_norms"))
    return [] if gradients.empty else sweep.of(gradients, "l1", "mean")


def growth(sweep: Sweep, norms: Sequence[FloatArray], attacked: Attacked) -> tuple[Estimate, Estimate]:
    """Exponents of d in gradient norm and vulnerability of trained nets, as D12 judges them.

    Args:
        sweep: the nets.
        norms: from `trained_norms`.
        attacked: from `attacked_sweep`.
    """
    return sweep.exponent(norms, "D12 gradient"), sweep.exponent(attacked.floored, "D12 vulnerability")


def judge_width_sweep(claim: Claim, results: Results) -> Verdict:
    """D12: regress gradient norm and vulnerability of the trained nets on the number of inputs."""
    sweep = width_sweep(results)
    attacked = attacked_sweep(results, sweep, "linf")
    if len(sweep.nets) < WIDTHS or sweep.fewest < NETS_A_WIDTH or not attacked:
        return unjudged(claim)
    norms = trained_norms(results, sweep)
    if not have_logarithms(norms):
        return unjudged(claim)
    gradient, vulnerability = growth(sweep, norms, attacked)
    low, high = (claim.limit("exponent") + sign * claim.limit("margin") for sign in (-1, 1))
    holds = all(inside(exponent, low, high) and exponent.low > 0.0 for exponent in (gradient, vulnerability))
    found = (
        f"Exponents of d after training: {told(gradient, 3)} for E||dL/dx||_1, {told(vulnerability, 3)} for the "
        f"vulnerability. Medians by width: {listed(f'{np.median(norm):.3g}' for norm in norms)}; "
        f"{listed(f'{np.median(share):.3f}' for share in attacked.shares)}."
    )
    if attacked.zeros:
        found += (
            f" Of {counted(attacked.zeros, 'net')} no image was fooled; half an image stands for that in the logarithm."
        )
    scale = f"{sweep.trained_scale}, {attacked.attack}"
    return judged(claim, outcome(holds), gradient, found, scale=scale, figure="dimension.html#width-sweep")


def judge_bend(claim: Claim, results: Results) -> Verdict:
    """D13: fit a parabola of log vulnerability in log d at the source's threshold and at smaller ones."""
    sweep = width_sweep(results)
    own = smallest_linf(results, sweep)
    sweep = sweep.measured(own)
    if len(sweep.nets) < BEND_WIDTHS or sweep.widths[-1] < BEND_WIDTH or sweep.fewest < NETS_A_WIDTH:
        return unjudged(claim)
    shares = {eps: _shares_below(sweep, own, eps) for eps in (EPS, *SMALLER)}
    zero = [f"{eps:g}" for eps, values in shares.items() if not have_logarithms(values)]
    if zero:  # half an image for none would level the curve where it is steepest, and so straighten a bend
        why = f"At eps = {listed(zero)} there are nets of which no image is fooled; more images are needed."
        return unjudged(claim, f"{why} {claim.needs}")
    draws = {eps: _curvature(sweep, values, claim.id) for eps, values in shares.items()}
    bent = percentiles(*draws[EPS])
    small, large = draws[SMALLER[-1]], draws[EPS]
    straighter = percentiles(small[0] - large[0], small[1] - large[1])
    holds = bent.high < claim.limit("curvature") < straighter.low
    text = (
        f"Second-order coefficient of log vulnerability in log d: {told(bent, 3)} at eps = {EPS:g}; at eps = "
        f"{SMALLER[-1]:g} it is higher by {told(straighter, 3)}."
    )
    return judged(claim, outcome(holds), bent, text, scale=sweep.trained_scale, figure="dimension.html#thresholds")


def smallest_linf(results: Results, sweep: Sweep) -> pd.DataFrame:
    """The smallest perturbations of a sweep's nets that the iterated l_inf attack finds; see `smallest`."""
    found = of_nets(smallest(results), sweep.every)
    return found if found.empty else found[found["attack"] == "iterative l_inf"]


def _shares_below(sweep: Sweep, found: pd.DataFrame, eps: float) -> list[FloatArray]:
    """Share of the images of each net whose smallest perturbation is at most eps."""
    return sweep.of(found.assign(below=found["eps_pixel"] <= eps), "below", "mean")


def _curvature(sweep: Sweep, shares: Sequence[FloatArray], name: str) -> tuple[float, FloatArray]:
    """Second-order coefficient of a parabola, and those of bootstrap samples of the nets of each width.

    The draws depend on the name alone, so that coefficients of several thresholds belong to the same nets.
    """
    generator = np.random.default_rng(named_seed(0, "ledger", name))
    x = np.repeat(np.log(sweep.dimensions), [len(share) for share in shares])
    second = np.linalg.pinv(np.vander(x - x.mean(), 3))[0]
    logs = [np.log(share) for share in shares]
    drawn = [log[generator.integers(len(log), size=(SAMPLES, len(log)))] for log in logs]
    return float(second @ np.concatenate(logs)), np.concatenate(drawn, axis=1) @ second


def have_logarithms(values: Sequence[FloatArray]) -> bool:
    """Whether no net is missing and no value is zero."""
    return bool(np.all(np.concatenate(values) > 0.0)) if values else False
