"""Judges of the spheres study that set the distance of the nearest error against the error rate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advdim.ledger.claims import Claim
from advdim.ledger.observations import NET, Net, nets_in, observations, of_nets, trained_nets
from advdim.ledger.resampling import inside, over_runs
from advdim.ledger.spheres_nets import DIMENSION, largest_samples, searched
from advdim.ledger.verdict import Judge, Verdict, judged, unjudged
from advdim.ledger.wording import counted, outcome, scale_of_spheres, told
from advdim.statistics.collect import Results
from advdim.statistics.intervals import Estimate, monotone
from advdim.theory.caps import mean_distance_to_cap

FIGURE = "spheres.html#caps"


@dataclass(frozen=True)
class _Snapshots:
    """Snapshots of nets that were both sampled and attacked.

    Attributes:
        table: one row a snapshot and attack, with `rate` (errors on the inner sphere as a share of the points),
            `distance` (mean over the starts from which an error was found, 0 for a start in error, NaN without any),
            `found` (share of these starts) and `run`, the course of training that it is of.
        nets: the nets that they are of.
    """

    table: pd.DataFrame
    nets: list[Net]

    def where(self, kept: "pd.Series[bool]") -> "_Snapshots":
        """Keep some snapshots, and the nets that have any."""
        table = self.table[kept]
        return _Snapshots(table, nets_in(table, self.nets))

    @property
    def runs(self) -> int:
        """How many courses of training they are of."""
        return int(self.table["run"].nunique())

    @property
    def scale(self) -> str:
        """The scale in a few words."""
        return f"{scale_of_spheres(self.nets)}, {counted(len(self.table), 'snapshot')}"


def judge_cap_curve(claim: Claim, results: Results) -> Verdict:
    """S17: compare the attacked mean distance of each snapshot with that of a cap of the same measure."""
    every = _snapshots(results)
    if every is None:
        return unjudged(claim)
    rate = every.table["rate"]
    measurable = every.where((rate > claim.limit("rate_low")) & (rate < claim.limit("rate_high")))
    usable = measurable.where(measurable.table["found"] >= claim.limit("found"))
    if usable.runs < claim.limit("min_runs") or len(usable.table) < claim.limit("min_snapshots"):
        return unjudged(claim)
    table = usable.table
    log_ratio = np.log(table["distance"] / mean_distance_to_cap(table["rate"], DIMENSION))
    runs = [rows["log_ratio"].to_numpy() for _, rows in table.assign(log_ratio=log_ratio).groupby("run")]
    median = over_runs(runs, lambda values: float(np.median(values)), name=claim.id)
    ratio = Estimate(math.exp(median.value), math.exp(median.low), math.exp(median.high))
    bound = math.log(claim.limit("factor"))
    single = math.exp(log_ratio.min()), math.exp(log_ratio.max())
    found = (
        f"Attacked and cap's mean distance have the median ratio {told(ratio, 3)} over {len(table)} snapshots of "
        f"{len(runs)} runs; single ratios lie between {single[0]:.3f} and {single[1]:.3f}. "
        f"The attack found errors from at least {100 * table['found'].min():.0f} % of the starts"
        f"{_left_out(measurable, usable)}."
    )
    holds = inside(median, -bound, bound)
    return judged(claim, outcome(holds), ratio, found, scale=usable.scale, figure=FIGURE)


def judge_trade_off(claim: Claim, results: Results) -> Verdict:
    """S18: test whether snapshots whose errors lie further away have a lower error rate."""
    every = _snapshots(results)
    if every is None:
        return unjudged(claim)
    erring = every.where(every.table["rate"] > 0.0)
    usable = erring.where(erring.table["found"] >= claim.limit("found"))
    rates, distances = usable.table["rate"], usable.table["distance"]
    if len(usable.table) < claim.limit("min_snapshots") or min(rates.nunique(), distances.nunique()) < 2:
        return unjudged(claim)
    trend = monotone(np.log(rates), distances, "less")
    found = (
        f"Kendall's tau of log error rate and mean distance is {trend.tau:.3f} (one-sided p = {trend.p_value:.2g}) "
        f"over {len(usable.table)} snapshots of {counted(usable.runs, 'run')}{_left_out(erring, usable)}."
    )
    holds = trend.tau < 0.0 and trend.p_value <= claim.limit("alpha")
    return judged(claim, outcome(holds), trend.tau, found, scale=usable.scale, figure=FIGURE)


def _snapshots(results: Results) -> _Snapshots | None:
    """Join what was sampled and what was attacked in the source's dimension; None where there is nothing to join."""
    nets = [net for net in trained_nets(results) if net.dataset.get("dimension") == DIMENSION]
    attacked, sampled = searched(results, nets), of_nets(observations(results, "error_rate"), nets)
    if attacked.empty or sampled.empty:
        return None
    inner = largest_samples(sampled[sampled["sphere"] == "inner"])
    rates = inner[[*NET, "step"]].assign(rate=inner["errors"] / inner["points"])
    attacked = attacked.assign(distance=attacked["distance"].where(attacked["found"]))
    groups = attacked.groupby([*NET, "step"], as_index=False)
    table = groups.agg(distance=("distance", "mean"), found=("found", "mean")).merge(rates, on=[*NET, "step"])
    table = _once(table, nets)
    return _Snapshots(table, nets).where(table["distance"] != 0.0)


def _once(table: pd.DataFrame, nets: Sequence[Net]) -> pd.DataFrame:
    """Keep each snapshot of a run once: a training is the beginning of a longer one that differs in its end alone."""
    longest_first = sorted(nets, key=lambda net: -net.training["steps"])
    order = {net.labels: place for place, net in enumerate(longest_first)}
    run = {net.labels: str((net.labels[0], net.labels[1], net.labels[3], _course(net))) for net in nets}
    labels = [tuple(row) for row in table[NET].itertuples(index=False, name=None)]
    table = table.assign(run=[run[one] for one in labels], order=[order[one] for one in labels])
    return table.sort_values(["order", "step"]).drop(columns="order").drop_duplicates(["run", "step"])


def _course(net: Net) -> list[tuple[str, object]]:
    """The settings that determine the first steps of a training: its length is none where the rate is constant."""
    constant = net.training.get("schedule", {}).get("kind") == "constant"
    ends = {"snapshots", *(["steps"] if constant else [])}
    return sorted((name, str(value)) for name, value in net.training.items() if name not in ends)


def _left_out(measurable: _Snapshots, usable: _Snapshots) -> str:
    """How many snapshots are left out because the attack fell short: the mean over its finds bounds nothing."""
    count = len(measurable.table) - len(usable.table)
    return f"; {counted(count, 'snapshot')} in which it found fewer are left out" if count else ""


JUDGES: dict[str, Judge] = {"S17": judge_cap_curve, "S18": judge_trade_off}
