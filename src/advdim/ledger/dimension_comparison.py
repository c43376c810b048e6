"""Nets that were trained in several ways: which of them can be compared, and how comparisons are told."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from advdim.ledger.dimension_nets import floored, largest_family, net_rows, scale_of_nets
from advdim.ledger.wording import counted, told
from advdim.statistics.collect import Results
from advdim.statistics.intervals import Estimate

STRENGTHS = 5
"""Fewest strengths of a method that the claims ask for."""
WORDS = {"log_l1": "gradient", "log_vulnerability": "vulnerability", "accuracy": "accuracy"}
"""What is compared, by its column."""


def compared_nets(results: Results) -> pd.DataFrame:
    """One row a net of the family that was trained by most methods, with `log_l1`, `log_l2` and `log_vulnerability`."""
    nets = net_rows(results)
    if nets.empty:
        return nets
    nets = largest_family(nets[nets["vulnerability"].notna()])
    share = floored(nets["vulnerability"], nets["attacked"])
    return nets.assign(log_l1=np.log(nets["l1"]), log_l2=np.log(nets["l2"]), log_vulnerability=np.log(share))


def enough(nets: pd.DataFrame, methods: Sequence[str], seeds: int = 1) -> bool:
    """Whether each method has enough strengths, and each strength enough seeds."""
    if nets.empty:
        return False
    counts = nets.groupby(["method", "strength"])["seed"].nunique()
    counts = counts[counts >= seeds].groupby(level="method").size()
    return all(counts.get(method, 0) >= STRENGTHS for method in methods)


def of_whole_seeds(nets: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """The nets of the seeds by which each method was trained with enough strengths, at the strengths that all have.

    Curves are means over seeds: a strength that only some have would bend them.
    """
    if nets.empty:
        return nets
    strengths = nets.pivot_table(index="seed", columns="method", values="strength", aggfunc="nunique", fill_value=0)
    whole = (strengths.reindex(columns=list(methods), fill_value=0) >= STRENGTHS).all(axis=1)
    kept = nets[nets["seed"].isin(whole[whole].index)]
    seeds = kept.groupby(["method", "strength"])["seed"].transform("nunique")
    return kept[seeds == kept["seed"].nunique()]


def not_shown(what: str, parts: Iterable[str]) -> str:
    """A sentence on what failed a test of equivalence; none where all passed. Names of methods hold commas."""
    which = "; ".join(parts)
    return f" Not shown {what}: {which}." if which else ""


def exponential(estimate: Estimate) -> Estimate:
    """The factor of which a logarithm was estimated."""
    return Estimate(*(float(np.exp(number)) for number in (estimate.value, estimate.low, estimate.high)))


def factor_of(estimate: Estimate) -> str:
    """The same in words."""
    return told(exponential(estimate), 3)


def scale_of_methods(nets: pd.DataFrame) -> str:
    """The scale of some nets, how many seeds each strength has, and the attack on them."""
    each = nets.groupby(["method", "strength"])["seed"].nunique()
    fewest, most = int(each.min()), int(each.max())
    seeds = counted(most, "seed") if fewest == most else f"{fewest} to {most} seeds a strength"
    return f"{scale_of_nets(nets)}, {seeds}, iterated l_inf attack with eps = {nets['eps'].max():g}"
