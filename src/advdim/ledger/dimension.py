"""The judges of the dimension study: first-order damage, sizes of attacks, and the growth with the input's width."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.datasets.large import is_stand_in
from advdim.datasets.stored import read_info
from advdim.ledger.claims import Claim
from advdim.ledger.observations import NET, Net, at_end, measurement_settings, observations, of_nets, trained_nets
from advdim.ledger.resampling import inside, slope_over_groups
from advdim.ledger.verdict import Judge, Verdict, judged, unjudged
from advdim.ledger.wording import counted, listed, numbers, outcome, steps_of, told
from advdim.seeds import named_seed
from advdim.statistics.collect import Results
from advdim.statistics.intervals import Estimate, bootstrap_median
from advdim.theory import scaling

FloatArray = NDArray[np.float64]

PHOTOGRAPHS = {"photos12": "photos12", "imagenet12": "imagenet12", "resized": "imagenet12"}
"""Datasets of the experiment on widths: the set that each kind belongs to."""
IMAGES = 100
FIRST_ORDER_EPS = 0.0005
RESOLVED = 1e-4
"""Smallest predicted rise of the loss, in nats, that float32 resolves to a percent (D01)."""
RESOLVED_IMAGES = 50
"""Fewest images with such a rise that a net must have."""
WIDTHS = 3
NETS_A_WIDTH = 3
INITIAL_NETS_A_WIDTH = 5
EPS = 0.005
DIMENSIONS = (64, 768, 12_288)
"""Size and dimensions of the attacks that D03 builds."""


@dataclass(frozen=True)
class _Sweep:
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
    def widths(self) -> list[int]:
        """The widths in pixels."""
        return [nets[0].dataset["width"] for nets in self.nets]

    def of(self, frame: pd.DataFrame, column: str, statistic: str) -> list[FloatArray]:
        """A statistic of a column over the rows of each net, one array a width."""
        values = frame.groupby(NET)[column].agg(statistic)
        return [np.array([values.get(net.labels, math.nan) for net in nets]) for nets in self.nets]

    def exponent(self, values: Sequence[FloatArray], name: str, level: float = 0.95) -> Estimate:
        """Exponent of d in a value of each net."""
        logs = [np.log(value) for value in values]
        return slope_over_groups(np.log(self.dimensions).tolist(), logs, name=name, level=level)


def judge_first_order(claim: Claim, results: Results) -> Verdict:
    """D01: divide the rise of each image's loss by the first-order prediction, for each trained net."""
    attacks = {
        name: attack
        for name, attack in measurement_settings(results, "iterative").items()
        if attack["norm"] == "linf" and attack["images"] >= IMAGES
    }
    eps = min((attack["eps_pixel"] for attack in attacks.values()), default=math.inf)
    small = [name for name, attack in attacks.items() if attack["eps_pixel"] == eps]
    ratios = _first_order_ratios(results, small, eps)
    if eps > FIRST_ORDER_EPS or ratios.empty:
        return unjudged(claim)
    resolved = ratios[ratios["predicted"] >= RESOLVED]
    groups = resolved.groupby([*NET, "measurement"])["ratio"]
    if groups.ngroups < ratios.groupby([*NET, "measurement"]).ngroups or groups.size().min() < RESOLVED_IMAGES:
        return unjudged(claim)
    medians = [bootstrap_median(values, seed=number) for number, (_, values) in enumerate(groups)]
    margin = claim.limit()
    worst = max(medians, key=lambda median: max(abs(median.low - 1.0), abs(median.high - 1.0)))
    failing = sum(not inside(median, 1.0 - margin, 1.0 + margin) for median in medians)
    found = (
        f"The median ratio of measured to predicted rise lies between {min(one.value for one in medians):.3f} and "
        f"{max(one.value for one in medians):.3f} over {counted(len(medians), 'net')}; the worst interval is "
        f"{told(worst, 3)}, and {failing} are not within {margin:g} of 1. {len(ratios) - len(resolved):,} of "
        f"{len(ratios):,} images with a predicted rise below {RESOLVED:g} nats, where float32 rounds, are left out."
    )
    nets = [net for net in trained_nets(results) if net.labels in set(ratios[NET].itertuples(index=False, name=None))]
    scale = f"{_scale(nets)}, eps = {eps:g}, attacks {listed(small)}"
    return judged(claim, outcome(failing == 0), worst, found, scale=scale, figure="dimension.html#first-order")


def judge_attack_sizes(claim: Claim, _: Results) -> Verdict:
    """D03: build first-order attacks on inputs whose pixels all have size 1, and measure sizes and ratios."""
    sizes, ratios, sparse = [], [], []
    generator = np.random.default_rng(named_seed(0, "ledger", claim.id))
    for dimension in DIMENSIONS:
        inputs = np.sign(generator.standard_normal((4, dimension)))
        gradient = generator.standard_normal(inputs.shape)
        for p in (1.0, 2.0, math.inf):
            attack = scaling.steepest_perturbation(gradient, scaling.attack_size(EPS, p, dimension), p)
            length = np.linalg.norm(attack, ord=p, axis=1)
            sizes.append(length / (EPS * dimension ** (1.0 / p)) - 1.0)
            ratios.append(np.linalg.norm(inputs, ord=p, axis=1) / length * EPS - 1.0)
            if p == 1.0:
                sparse.append(scaling.signal_to_noise(inputs, attack) * EPS * math.sqrt(dimension))
    off_sizes, off_ratios = (float(np.max(np.abs(values))) for values in (sizes, ratios))
    found = (
        f"Sizes deviate from eps d^(1/p) by at most {off_sizes:.1e}, the ratios ||x||_p / ||delta||_p from 1/eps by "
        f"at most {off_ratios:.1e}, relatively. Measured in l_2, as lemma 12 has it, the ratio of the l_1 attack is "
        f"{np.mean(sparse):.3f} / (eps sqrt(d)) instead: there the lemma holds for p = 2 and inf only."
    )
    scale = f"theory: d = {numbers(DIMENSIONS)}, p = 1, 2 and inf"
    holds = max(off_sizes, off_ratios) <= claim.limit()
    return judged(claim, outcome(holds), off_ratios, found, scale=scale)


def judge_initialisation(claim: Claim, results: Results) -> Verdict:
    """D04: regress the gradient norms before training on the number of inputs."""
    sweep = _sweep(results)
    table = _of_sweep(results, sweep, "gradient_norms")
    initial = table if table.empty else table[table["step"] == 0]
    if len(sweep.nets) < WIDTHS or sweep.fewest < INITIAL_NETS_A_WIDTH or _fewest_images(initial, sweep) < IMAGES:
        return unjudged(claim)
    norms = {norm: sweep.of(initial, norm, "median") for norm in ("l1", "l2")}
    if not all(map(_have_logarithms, norms.values())):
        return unjudged(claim)
    slopes = {
        norm: sweep.exponent(values, f"{claim.id} {norm}", claim.limit("level")) for norm, values in norms.items()
    }
    margin = claim.limit("margin")
    holds = all(
        inside(estimate, claim.limit(f"slope_{norm}") - margin, claim.limit(f"slope_{norm}") + margin)
        for norm, estimate in slopes.items()
    )
    found = (
        f"Exponents of d before training: {told(slopes['l1'], 3)} for the l_1 norm, {told(slopes['l2'], 3)} for the "
        f"l_2 norm ({100 * claim.limit('level'):.0f} % intervals). The net has batch norm and max-pooling, which the "
        "theorem does not cover: this says whether the law extends to it."
    )
    scale = f"{_scale_of_sweep(sweep)}, before training, {_fewest_images(initial, sweep)} test images"
    return judged(claim, outcome(holds), slopes["l1"], found, scale=scale, figure="dimension.html#initialisation")


def judge_width_sweep(claim: Claim, results: Results) -> Verdict:
    """D12: regress gradient norm and vulnerability of the trained nets on the number of inputs."""
    sweep = _sweep(results)
    gradients, attacked = (at_end(_of_sweep(results, sweep, kind)) for kind in ("gradient_norms", "iterative"))
    attacks = {n: s for n, s in measurement_settings(results, "iterative").items() if s["norm"] == "linf"}
    if len(sweep.nets) < WIDTHS or sweep.fewest < NETS_A_WIDTH or gradients.empty or attacked.empty or not attacks:
        return unjudged(claim)
    strongest = max(attacks, key=lambda name: (attacks[name]["eps_pixel"], attacks[name]["steps"]))
    norms = sweep.of(gradients, "l1", "mean")
    fooled, images = (
        sweep.of(attacked[attacked["measurement"] == strongest], "fooled", statistic) for statistic in ("mean", "size")
    )
    floored = [np.maximum(share, 0.5 / count) for share, count in zip(fooled, images, strict=True)]
    if not _have_logarithms([*norms, *floored]):
        return unjudged(claim)
    gradient, vulnerability = (
        sweep.exponent(values, f"{claim.id} {name}")
        for name, values in (("gradient", norms), ("vulnerability", floored))
    )
    low, high = (claim.limit("exponent") + sign * claim.limit("margin") for sign in (-1, 1))
    holds = inside(gradient, low, high) and gradient.low > 0.0 and vulnerability.low > 0.0
    found = (
        f"Exponents of d after training: {told(gradient, 3)} for E||dL/dx||_1, {told(vulnerability, 3)} for the "
        f"vulnerability. Medians by width: {listed(f'{np.median(norm):.3g}' for norm in norms)}; "
        f"{listed(f'{np.median(share):.3f}' for share in fooled)}."
    )
    zeros = int(sum(np.sum(share == 0.0) for share in fooled))
    if zeros:
        found += f" Of {counted(zeros, 'net')} no image was fooled; half an image stands for that in the logarithm."
    eps, steps = attacks[strongest]["eps_pixel"], attacks[strongest]["steps"]
    trained = steps_of([net for nets in sweep.nets for net in nets])
    scale = f"{_scale_of_sweep(sweep)}, {trained}, l_inf attack with eps = {eps:g} in {counted(steps, 'step')}"
    return judged(claim, outcome(holds), gradient, found, scale=scale, figure="dimension.html#width-sweep")


def _first_order_ratios(results: Results, attacks: Sequence[str], eps: float) -> pd.DataFrame:
    """Measured and predicted rise of the loss for each image of each net at its end."""
    attacked, gradients = (at_end(observations(results, kind)) for kind in ("iterative", "gradient_norms"))
    if attacked.empty or gradients.empty:
        return pd.DataFrame()
    attacked = attacked[attacked["measurement"].isin(attacks)]
    keys = [*NET, "step", "image"]
    joined = attacked.merge(gradients.drop_duplicates(keys)[[*keys, "l1"]], on=keys)
    predicted = eps * joined["l1"].astype(np.float64)
    measured = joined["adversarial_loss"].astype(np.float64) - joined["loss"].astype(np.float64)
    return joined.assign(predicted=predicted, ratio=measured / predicted.where(predicted > 0.0))


def _sweep(results: Results) -> _Sweep:
    """The nets on photographs that differ in the width of their inputs only: of the sort with the most widths."""
    sorts: dict[tuple[object, ...], dict[int, list[Net]]] = {}
    for net in trained_nets(results, kind="convolutional"):
        if net.dataset["kind"] in PHOTOGRAPHS:
            sort = (PHOTOGRAPHS[net.dataset["kind"]], net.dataset.get("crop"), *net.labels[1:3])
            sorts.setdefault(sort, {}).setdefault(net.dataset["width"], []).append(net)
    widths = max(sorts.values(), key=len, default={})
    nets = [widths[width] for width in sorted(widths)]
    return _Sweep(nets, [math.prod(read_info(same[0].dataset_folder)["shape"]) for same in nets])


def _of_sweep(results: Results, sweep: _Sweep, kind: str) -> pd.DataFrame:
    return of_nets(observations(results, kind), [net for nets in sweep.nets for net in nets])


def _fewest_images(table: pd.DataFrame, sweep: _Sweep) -> int:
    """Images of the net that has the fewest in a table; 0 if one is missing."""
    if table.empty:
        return 0
    return int(np.nan_to_num(np.concatenate(sweep.of(table, "image", "nunique"))).min())


def _have_logarithms(values: Sequence[FloatArray]) -> bool:
    """Whether no net is missing and no value is zero."""
    return bool(np.all(np.concatenate(values) > 0.0))


def _scale(nets: Sequence[Net]) -> str:
    """Dataset, widths, models and steps of some nets."""
    kinds = listed(dict.fromkeys(map(_set_of, nets)))
    models = listed(dict.fromkeys(net.labels[1] for net in nets))
    return f"{kinds}, widths {numbers(net.dataset['width'] for net in nets)}, {models}, {steps_of(nets)}"


def _set_of(net: Net) -> str:
    kind = str(net.dataset["kind"])
    return PHOTOGRAPHS.get(kind, kind) + " (stand-in archive, not ImageNet)" * is_stand_in(net.dataset_folder)


def _scale_of_sweep(sweep: _Sweep) -> str:
    first = sweep.nets[0][0]
    return (
        f"{first.dataset['kind']}, widths {numbers(sweep.widths)} (d = {sweep.dimensions[0]:,} to "
        f"{sweep.dimensions[-1]:,}), {first.labels[1]}, {counted(sweep.fewest, 'net')} a width"
    )


JUDGES: dict[str, Judge] = {
    "D01": judge_first_order,
    "D03": judge_attack_sizes,
    "D04": judge_initialisation,
    "D12": judge_width_sweep,
}
"""Judge by claim; the other claims need experiments that no configuration can ask for so far."""
