"""The judge of nets before training, and the exponents of the number of inputs in their gradients."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from advdim.ledger.claims import Claim
from advdim.ledger.dimension_widths import WIDTHS, Sweep, have_logarithms, width_sweep
from advdim.ledger.observations import measurement_settings, observations
from advdim.ledger.resampling import inside, slope_over_groups
from advdim.ledger.verdict import Verdict, judged, unjudged
from advdim.ledger.wording import outcome, told
from advdim.statistics.collect import Results
from advdim.statistics.intervals import Estimate
from advdim.theory.scaling import gradient_norm_exponent

IMAGES = 100
NETS_A_WIDTH = 5
LAW = {
    "l1": gradient_norm_exponent(1.0),
    "l2": gradient_norm_exponent(2.0),
    "linf": gradient_norm_exponent(np.inf),
    "logit_l2": gradient_norm_exponent(2.0),
}
"""Exponents of d in the norms of the gradients, by theorems 4 and 5."""
THEOREMS = ("theorems 4 and 5", "theorems 7 and 11")
"""What covers a sort of nets: dense and strided ones, and those with average pooling."""


def judge_initialisation(claim: Claim, results: Results) -> Verdict:
    """D04: regress the gradient norms before training on the number of inputs."""
    sweep = width_sweep(results)
    table = sweep.table(results, "gradient_norms")
    initial = table if table.empty else table[table["step"] == 0]
    if len(sweep.nets) < WIDTHS or sweep.fewest < NETS_A_WIDTH or _fewest_images(initial, sweep) < IMAGES:
        return unjudged(claim)
    slopes = _slopes(initial, sweep, ("l1", "l2"), claim.limit("level"))
    if len(slopes) < 2:
        return unjudged(claim)
    margin = claim.limit("margin")
    holds = all(
        inside(estimate, claim.limit(f"slope_{norm}") - margin, claim.limit(f"slope_{norm}") + margin)
        for norm, estimate in slopes.items()
    )
    found = (
        f"Exponents of d before training: {told(slopes['l1'], 3)} for the l_1 norm, {told(slopes['l2'], 3)} for the "
        f"l_2 norm ({100 * claim.limit('level'):.0f} % intervals). The net has max-pooling, which the theorem does not "
        "cover: this says whether the law extends to it. Its batch norm does nothing before training, when the moving "
        "averages are 0 and 1."
    )
    found += _beside(results, claim)
    scale = f"{sweep.scale}, before training, {_fewest_images(initial, sweep)} test images"
    return judged(claim, outcome(holds), slopes["l1"], found, scale=scale, figure="dimension.html#initialisation")


def _slopes(table: pd.DataFrame, sweep: Sweep, norms: Iterable[str], level: float) -> dict[str, Estimate]:
    """Exponents of d in the norms of the nets' gradients, medians over images; without those that vanish in a net."""
    medians = {norm: sweep.of(table, norm, "median") for norm in norms}
    return {
        norm: sweep.exponent(values, f"D04 {norm}", level)
        for norm, values in medians.items()
        if have_logarithms(values)
    }


def _beside(results: Results, claim: Claim) -> str:
    """The exponents of the nets that the theorem covers, for the sentence after those of the experiment's net."""
    drawn = initial_exponents(results, level=claim.limit("level"))
    if drawn.empty:
        return ""
    covered = drawn[drawn["covered"] == THEOREMS[0]]
    parts = []
    for name in covered["sort"].unique():
        own = covered[covered["sort"] == name].set_index("norm")
        one, two = (Estimate(*own.loc[norm, ["slope", "low", "high"]]) for norm in ("l1", "l2"))
        parts.append(f"{name} {told(one, 3)} and {told(two, 3)}")
    return f" Beside it nets that the theorem covers: {'; '.join(parts)}." if parts else ""


def initial_exponents(results: Results, level: float = 0.9) -> pd.DataFrame:
    """Fit the exponents of d in the gradients of nets before training, for each sort of net that was drawn.

    Returns:
        One row a sort and norm, those that theorems cover first: `measurement`; `sort`, the net in words; `norm` (`l1`,
        `l2`, `linf`, `logit_l2`); `slope`, `low`, `high`, by medians over images and a bootstrap over nets; `nets` a
        width; `covered`, one of `THEOREMS` or empty; and `predicted`, see `predict`. Empty where nothing was drawn.
    """
    gradients = observations(results, "initial_gradients")
    settings = measurement_settings(results, "initial_gradients")
    sorts = _in_order({name: own["model"] for name, own in settings.items()})
    rows = []
    for name, words in sorts.items():
        own, model = gradients[gradients["measurement"] == name], settings[name]["model"]
        if own["d"].nunique() < 2:
            continue
        for norm in LAW:
            medians = own.groupby(["d", "dataset", "seed", "net"])[norm].median()
            groups = [np.log(medians[d].to_numpy()) for d in sorted(own["d"].unique())]
            x = np.log(sorted(own["d"].unique())).tolist()
            slope = slope_over_groups(x, groups, name=f"{name} {norm}", level=level)
            row = {"measurement": name, "sort": words, "norm": norm, "nets": min(map(len, groups))}
            row |= {"slope": slope.value, "low": slope.low, "high": slope.high}
            rows.append(row | {"covered": covering(model), "predicted": predict(model, norm)})
    return pd.DataFrame(rows)


def exponents_of_sweep(table: pd.DataFrame, sweep: Sweep, words: str, level: float = 0.9) -> pd.DataFrame:
    """Fit the exponents for nets of the experiment on widths, as D04 does; no theorem covers these nets.

    Args:
        table: gradients of these nets at one step.
        sweep: the nets.
        words: how they are called.
        level: coverage of the intervals.

    Returns:
        Rows as `initial_exponents` has them.
    """
    same = {"measurement": words, "sort": words, "nets": sweep.fewest, "covered": ""}
    slopes = {} if table.empty else _slopes(table, sweep, LAW, level)
    rows = [
        same | {"norm": norm, "slope": one.value, "low": one.low, "high": one.high, "predicted": LAW[norm]}
        for norm, one in slopes.items()
    ]
    return pd.DataFrame(rows)


def covering(model: Mapping[str, Any]) -> str:
    """The theorems that are about a net before training; empty for batch norm and maxima, which none covers."""
    if model["batch_norm"]:
        return ""
    if model["kind"] == "dense":
        return THEOREMS[0]
    pools = {model["pooling"]} if model["pool_after"] else set()
    pools |= {model["head"]} - {"flatten"}
    if "max" in pools:
        return ""
    return THEOREMS["average" in pools]


def predict(model: Mapping[str, Any], norm: str) -> float:
    """Exponent of d by theorems 4 and 5, lower by 1/2 where a net ends in an average over the image (theorem 11).

    The area of that average is proportional to d, that of other poolings is the same at every d. Nets that no theorem
    covers are held against the same exponents.
    """
    return LAW[norm] - 0.5 * (model.get("head") == "average")


def _in_order(models: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The sorts in words, by the names of their measurements: those that theorems cover first, then by pooling."""
    ranks = {
        name: (
            (*THEOREMS, "").index(covering(model)),
            model["batch_norm"],
            model["kind"] != "dense",
            len(model.get("pool_after", ())),
            name,
        )
        for name, model in models.items()
    }
    words = {name: _in_words(models[name]) for name in sorted(models, key=ranks.__getitem__)}
    alike = [name for name in words if list(words.values()).count(words[name]) > 1]
    return words | {name: f"{words[name]} ({name.removeprefix('initial-')})" for name in alike}


def _in_words(model: Mapping[str, Any]) -> str:
    parts = ["dense"]
    if model["kind"] != "dense":
        strides = np.max(model["strides"]) > 1 or (model["pool_after"] and model["pooling"] == "strided")
        pools = {"average": f"averages of {4 ** len(model['pool_after'])}", "max": "maxima", "strided": ""}
        heads = {"average": "global average", "max": "global maximum", "flatten": ""}
        parts = ["strided" if strides else "", pools[model["pooling"]] if model["pool_after"] else ""]
        parts.append(heads[model["head"]])
        parts = parts if any(parts) else ["convolutional"]
    parts += ["batch norm"] * model["batch_norm"]
    return ", ".join(filter(None, parts))


def _fewest_images(table: pd.DataFrame, sweep: Sweep) -> int:
    """Images of the net that has the fewest in a table; 0 if one is missing."""
    if table.empty:
        return 0
    return int(np.nan_to_num(np.concatenate(sweep.of(table, "image", "nunique"))).min())
