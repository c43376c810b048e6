"""The judges of what is proved: first-order damage, augmentation and penalty, sizes of attacks, average pooling."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from advdim.ledger.claims import Claim
from advdim.ledger.dimension_nets import PHOTOGRAPHS, set_of
from advdim.ledger.observations import NET, Net, at_end, measurement_settings, observations, of_nets, trained_nets
from advdim.ledger.resampling import inside, slope_over_groups
from advdim.ledger.verdict import Verdict, judged, unjudged
from advdim.ledger.wording import counted, listed, numbers, outcome, steps_of, told
from advdim.seeds import named_seed
from advdim.statistics.collect import Results
from advdim.statistics.intervals import Estimate, bootstrap_median, mean
from advdim.theory import scaling

IMAGES = 100
FIRST_ORDER_EPS = 0.0005
RESOLVED = 1e-4
"""Smallest predicted rise of the loss, in nats, that float32 resolves to a percent (D01)."""
RESOLVED_IMAGES = 50
"""Fewest images with such a rise that a net must have."""
SMOOTH_NET = ["dataset", "measurement", "seed", "net"]
"""The labels that tell one net of D02 from another."""
SMOOTH_NETS, HALVINGS = 2, 5
"""Fewest nets, and fewest halvings of eps, that D02 asks for."""
EPS = 0.005
DIMENSIONS = (64, 768, 12_288)
"""Size and dimensions of the attacks that D03 builds."""
POOLED_NETS = 10
PRODUCTS = 4
"""Fewest nets, and fewest products of areas, that D05 asks for."""


def judge_first_order(claim: Claim, results: Results) -> Verdict:
    """D01: divide the rise of each image's loss by the first-order prediction, for each trained net."""
    attacks = {
        name: attack
        for name, attack in measurement_settings(results, "iterative").items()
        if attack["norm"] == "linf" and attack["images"] >= IMAGES and attack.get("aim", "damage") == "damage"
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
        f"Median ratio of measured to predicted rise whose interval reaches farthest from 1: {told(worst, 3)}; the "
        f"medians of {counted(len(medians), 'net')} lie between {min(one.value for one in medians):.3f} and "
        f"{max(one.value for one in medians):.3f}, and {failing} intervals are not within {margin:g} of 1. "
        f"{len(ratios) - len(resolved):,} of {len(ratios):,} images with a predicted rise below {RESOLVED:g} nats, "
        "where float32 rounds, are left out."
    )
    nets = [net for net in trained_nets(results) if net.labels in set(ratios[NET].itertuples(index=False, name=None))]
    scale = f"{_scale(nets)}, eps = {eps:g}, attacks {listed(small)}"
    return judged(claim, outcome(failing == 0), worst, found, scale=scale, figure="dimension.html#first-order")


def _first_order_ratios(results: Results, attacks: Sequence[str], eps: float) -> pd.DataFrame:
    """Measured and predicted rise of the loss for each photograph of each net at its end.

    Few pixels of photographs lie at the ends of their range, where a step is cut off that the prediction counts; of
    digits most do.
    """
    attacked, gradients = (at_end(observations(results, kind)) for kind in ("iterative", "gradient_norms"))
    if attacked.empty or gradients.empty:
        return pd.DataFrame()
    nets = [net for net in trained_nets(results) if net.dataset["kind"] in PHOTOGRAPHS]
    attacked = of_nets(attacked[attacked["measurement"].isin(attacks)], nets)
    keys = [*NET, "step", "image"]
    joined = attacked.merge(gradients.drop_duplicates(keys)[[*keys, "l1"]], on=keys)
    predicted = eps * joined["l1"].astype(np.float64)
    measured = joined["adversarial_loss"].astype(np.float64) - joined["loss"].astype(np.float64)
    return joined.assign(predicted=predicted, ratio=measured / predicted.where(predicted > 0.0))


def _scale(nets: Sequence[Net]) -> str:
    """Dataset, widths, models and steps of some nets."""
    kinds = listed(dict.fromkeys(map(set_of, nets)))
    models = listed(dict.fromkeys(net.labels[1] for net in nets))
    return f"{kinds}, widths {numbers(net.dataset['width'] for net in nets)}, {models}, {steps_of(nets)}"


def judge_augmentation(claim: Claim, results: Results) -> Verdict:
    """D02: fit the exponent of eps in the distance of augmented and penalised loss, for each net and norm."""
    enough = {
        name for name, own in measurement_settings(results, "augmentation_order").items() if own["images"] >= IMAGES
    }
    losses = observations(results, "augmentation_order")
    losses = losses if losses.empty else losses[losses["measurement"].isin(enough)]
    if losses.empty or losses.groupby([*SMOOTH_NET, "norm"])["eps_pixel"].nunique().min() <= HALVINGS:
        return unjudged(claim)
    of_norm = {norm: distance_exponents(own) for norm, own in losses.groupby("norm")}
    if set(of_norm) != {"linf", "l2"} or min(map(len, of_norm.values())) < SMOOTH_NETS:
        return unjudged(claim)
    exponents = {norm: mean(values) for norm, values in of_norm.items()}
    lowest = min(exponents.values(), key=lambda estimate: estimate.low)
    found = (
        f"|augmented - penalised loss| falls like eps to the power {told(exponents['linf'], 4)} for p = inf and "
        f"{told(exponents['l2'], 4)} for p = 2 (means over the nets)."
    )
    sizes = losses["eps_pixel"]
    scale = (
        f"{listed(dict.fromkeys(losses['dataset']))}, {counted(len(of_norm['linf']), 'smooth net')} in float64, "
        f"eps from {sizes.max():g} to {sizes.min():.2g}"
    )
    holds = all(estimate.low > claim.limit("exponent") for estimate in exponents.values())
    return judged(claim, outcome(holds), lowest, found, scale=scale, figure="dimension.html#augmentation-order")


def distance_exponents(losses: pd.DataFrame) -> list[float]:
    """Exponent of eps in |augmented - penalised loss| of each net, by least squares in logarithms."""
    exponents = []
    for _, own in losses.groupby(SMOOTH_NET):
        distance = (own["augmented"] - own["penalised"]).abs()
        exponents.append(float(np.polyfit(np.log(own["eps_pixel"]), np.log(distance), 1)[0]))
    return exponents


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
        f"The ratios ||x||_p / ||delta||_p deviate from 1/eps by at most {off_ratios:.1e}, the sizes from eps d^(1/p) "
        f"by at most {off_sizes:.1e}, relatively. Measured in l_2, as lemma 12 has it, the ratio of the l_1 attack is "
        f"{np.mean(sparse):.3f} / (eps sqrt(d)) instead: there the lemma holds for p = 2 and inf only."
    )
    scale = f"theory: d = {numbers(DIMENSIONS)}, p = 1, 2 and inf"
    holds = max(off_sizes, off_ratios) <= claim.limit()
    return judged(claim, outcome(holds), off_ratios, found, scale=scale)


def judge_average_pooling(claim: Claim, results: Results) -> Verdict:
    """D05: regress gradients of logits before training on the areas of average poolings."""
    pooled = pooled_gradients(results)
    if pooled.empty or pooled["area"].nunique() < PRODUCTS or pooled["width"].nunique() < 2:
        return unjudged(claim)
    if pooled.groupby(["area", "width"])["net"].nunique().min() < POOLED_NETS:
        return unjudged(claim)
    norm = _slope(pooled, pooled["area"], pooled["logit_l2"], f"{claim.id} norm")
    inputs = pooled["area"] * pooled["d"]
    component = _slope(pooled, inputs, pooled["logit_l2"] / np.sqrt(pooled["d"]), f"{claim.id} component")
    low, high = (claim.limit("slope") + sign * claim.limit("margin") for sign in (-1, 1))
    found = (
        f"Before training ||df_k/dx||_2 scales with the product of the areas to the power {told(norm, 3)}, a component "
        f"with d times that product to the power {told(component, 3)} (90 % intervals)."
    )
    scale = (
        f"{listed(dict.fromkeys(pooled['dataset']))}, widths {numbers(pooled['width'])}, products of areas "
        f"{numbers(pooled['area'])}, {pooled['net'].nunique()} nets each"
    )
    holds = inside(norm, low, high) and inside(component, low, high)
    return judged(claim, outcome(holds), norm, found, scale=scale, figure="dimension.html#pooling-areas")


def pooled_gradients(results: Results) -> pd.DataFrame:
    """Gradients of nets before training that differ in average poolings alone.

    Returns:
        One row a net, width and product of the areas: `area`, `d`, `width`, `net`, `dataset`, and the median of
        `logit_l2` over the images. Of several groups of such nets that with the most products; empty without any.
    """
    groups: dict[str, dict[str, int]] = {}
    for name, settings in measurement_settings(results, "initial_gradients").items():
        model = settings["model"]
        if model.get("pooling") != "average" or model["head"] == "average":
            continue
        others = {key: value for key, value in model.items() if key != "pool_after"}
        groups.setdefault(str(sorted(others.items())), {})[name] = 4 ** len(model["pool_after"])
    areas = max(groups.values(), key=lambda group: len(set(group.values())), default={})
    gradients = observations(results, "initial_gradients")
    if gradients.empty or not areas:
        return pd.DataFrame()
    own = gradients[gradients["measurement"].isin(areas)]
    own = own.assign(area=own["measurement"].map(areas), net=own["net"] + 1_000_000 * own["seed"])
    common = set.intersection(*(set(widths) for _, widths in own.groupby("area")["width"]))
    own = own[own["width"].isin(common)]
    return own.groupby(["dataset", "area", "width", "d", "net"])["logit_l2"].median().reset_index()


def _slope(pooled: pd.DataFrame, x: "pd.Series[float]", y: "pd.Series[float]", name: str) -> Estimate:
    """Exponent of x in y, with the 90 % interval of a bootstrap over the nets of each width and area."""
    logs = pd.DataFrame({"x": np.log(x), "y": np.log(y)}).groupby([pooled["area"], pooled["width"]])
    abscissas = [float(own["x"].iloc[0]) for _, own in logs]
    return slope_over_groups(abscissas, [own["y"].to_numpy() for _, own in logs], name=name, level=0.9)
