"""The judge of nets that differ in how they reduce an image: by average, by strides, or by the maximum."""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from advdim.ledger.claims import Claim
from advdim.ledger.dimension_nets import PLAIN, SOURCES_SET, net_rows, of_methods, scale_of_nets
from advdim.ledger.observations import trained_nets
from advdim.ledger.resampling import inside
from advdim.ledger.verdict import Verdict, judged, unjudged
from advdim.ledger.wording import listed, outcome, told
from advdim.seeds import named_seed
from advdim.statistics.collect import Results
from advdim.statistics.intervals import bootstrap_median, difference_of_means, holm

POOLINGS = ("average", "strided", "max")
NETS = 5


def pooling_nets(results: Results) -> pd.DataFrame:
    """One row a net of those that differ in `pooling` alone, all three kinds of it, each with `NETS` nets or more.

    Of several groups the source's set goes first, and then the one with the most nets; empty where there is none.
    """
    nets = of_methods(net_rows(results), [PLAIN])
    if nets.empty:
        return nets
    models = {
        net.labels: (
            net.model["pooling"],
            str((net.labels[0], net.labels[2], sorted((k, v) for k, v in net.model.items() if k != "pooling"))),
        )
        for net in trained_nets(results, kind="convolutional")
        if net.model.get("pool_after") and "pooling" in net.model
    }
    labels = nets[["dataset", "model", "training", "seed", "pair"]].itertuples(index=False, name=None)
    found = [models.get(key, ("", "")) for key in labels]
    nets = nets.assign(pooling=[kind for kind, _ in found], group=[group for _, group in found])
    nets = nets[nets["pooling"] != ""]
    ranks = {
        group: (int((own["kind"] == SOURCES_SET).any()), len(own))
        for group, own in nets.groupby("group")
        if own.groupby("pooling").size().reindex(POOLINGS, fill_value=0).min() >= NETS
    }
    return nets[nets["group"] == max(ranks, key=lambda group: ranks[group])] if ranks else nets.iloc[:0]


def judge_pooling(claim: Claim, results: Results) -> Verdict:
    """D14: compare accuracy, vulnerability and growth of the gradients of the three kinds of pooling."""
    nets = pooling_nets(results)
    if nets.empty or nets["vulnerability"].isna().any() or nets["l1_initial"].isna().any():
        return unjudged(claim)
    own = {pooling: nets[nets["pooling"] == pooling] for pooling in POOLINGS}
    margin = claim.limit("accuracy")
    differences = {
        (a, b): difference_of_means(own[a]["accuracy"], own[b]["accuracy"], 0.9) for a, b in combinations(POOLINGS, 2)
    }
    equal = all(inside(one, -margin, margin) for one in differences.values())
    p_values = holm([_less_vulnerable(own["average"], own[other]) for other in POOLINGS[1:]])
    least = all(p < claim.limit("alpha") for p in p_values)
    ratio = bootstrap_median(
        own["average"]["l1"] / own["average"]["l1_initial"], seed=named_seed(0, "ledger", claim.id)
    )
    factor = claim.limit("factor")
    grown = inside(ratio, 10.0 / factor, 10.0 * factor)
    widest = max(differences.values(), key=lambda one: max(-one.low, one.high))
    accuracies, vulnerabilities = (
        listed(f"{one[column].mean():.3f} ({name})" for name, one in own.items())
        for column in ("accuracy", "vulnerability")
    )
    found = (
        f"With average pooling training raises E||dL/dx||_1 by a factor of {told(ratio, 2)} over that before training, "
        f"where batch norm does nothing yet. Mean accuracies are {accuracies}; the 90 % interval of a difference that "
        f"reaches farthest is {told(widest, 4)}. Mean vulnerabilities are {vulnerabilities}; that average pooling "
        f"has a lower one than strides and maxima: p = {listed(f'{p:.2g}' for p in p_values)} after Holm."
    )
    failing = [
        words
        for words, holds in (("equal accuracy", equal), ("lowest vulnerability", least), ("tenfold growth", grown))
        if not holds
    ]
    found += f" Not shown: {listed(failing)}." if failing else ""
    scale = f"{scale_of_nets(nets)}, iterated l_inf attack with eps = {nets['eps'].max():g}"
    return judged(claim, outcome(not failing), ratio, found, scale=scale, figure="dimension.html#pooling")


def _less_vulnerable(average: pd.DataFrame, other: pd.DataFrame) -> float:
    """One-sided p value of Mann and Whitney."""
    test = stats.mannwhitneyu(average["vulnerability"], other["vulnerability"], alternative="less")
    return float(np.nan_to_num(test.pvalue, nan=1.0))
