"""The judges of nets under a penalty of growing strength: what five attacks do to them, in both norms."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from advdim.ledger.claims import Claim
from advdim.ledger.dimension_nets import (
    PENALTIES,
    PLAIN,
    SOURCES_SET,
    Threshold,
    largest_family,
    net_rows,
    of_methods,
    scale_of_nets,
    smallest,
    vulnerabilities,
)
from advdim.ledger.dimension_widths import NETS_A_WIDTH, WIDTHS, attacked_sweep, width_sweep
from advdim.ledger.verdict import Verdict, judged, unjudged
from advdim.ledger.wording import listed, outcome
from advdim.statistics.collect import Results
from advdim.statistics.intervals import holm, monotone

ATTACKS = ("single-step l_inf", "single-step l_2", "iterative l_inf", "iterative l_2", "DeepFool")
STRENGTHS = 10
"""Strengths of the penalty that D06 asks for, 0 among them."""
CROSSED_STRENGTHS = 5
CROSSED_IMAGES, SOURCES_IMAGES = 300, 1000
"""Fewest strengths and test images for D17; as many images as the source's are asked for on its own set alone."""


@dataclass(frozen=True)
class Penalised:
    """The tests of D06 under one threshold.

    Attributes:
        rows: one row a net and attack, with `share`.
        p_values: of the one-sided tests, by their names.
        strongest: share of the nets in which an attack of the threshold's norm does most.
    """

    rows: pd.DataFrame
    p_values: dict[str, float]
    strongest: float


def penalised_nets(results: Results, threshold_norm: str) -> tuple[pd.DataFrame, Threshold] | None:
    """One row a net and attack of the nets under an l_1 penalty, and the threshold; None where there are too few."""
    nets = of_methods(net_rows(results), [PLAIN, PENALTIES["l1"]])
    found = smallest(results)
    if nets.empty or found.empty:
        return None
    attacked = nets.merge(found[["dataset", "model", "training", "seed", "pair"]].drop_duplicates())
    attacked = largest_family(attacked[attacked["eps"].notna()])
    if attacked.empty:
        return None
    threshold = Threshold("l2" if threshold_norm == "l2" else "linf", float(attacked["eps"].max()))
    rows = vulnerabilities(found, attacked, threshold)
    rows = rows[rows["attack"].isin(ATTACKS)]
    strengths = rows.groupby("attack")["strength"].nunique()
    if len(strengths) < len(ATTACKS) or strengths.min() < STRENGTHS:
        return None
    return rows, threshold


def _tests(rows: pd.DataFrame, norm: str) -> Penalised:
    p_values = {}
    for attack in ATTACKS:
        own = rows[rows["attack"] == attack]
        for column, direction in (("strength", "less"), ("l1", "greater")):
            p_values[f"{attack} against {'penalty' if column == 'strength' else 'gradient'}"] = _p_value(
                own, column, direction
            )
    best = rows.groupby(["training", "seed"])["share"].transform("max")
    of_norm = rows[rows["norm"] == norm]
    leads = (of_norm["share"] >= best[of_norm.index]).groupby([of_norm["training"], of_norm["seed"]]).any()
    return Penalised(rows, p_values, float(leads.mean()))


def _p_value(rows: pd.DataFrame, column: str, direction: str) -> float:
    """One-sided p value of Kendall's tau of a column and the vulnerability; 1 where one of them is constant."""
    if rows["share"].nunique() < 2 or rows[column].nunique() < 2:
        return 1.0
    return monotone(rows[column], rows["share"], "less" if direction == "less" else "greater").p_value


def judge_penalties(claim: Claim, results: Results) -> Verdict:
    """D06: test the association of penalty, gradient and vulnerability, and ask which attacks are the strongest."""
    given = penalised_nets(results, "linf")
    if given is None:
        return unjudged(claim)
    rows, threshold = given
    tests = _tests(rows, "linf")
    failing = [name for name, p in _adjusted(tests.p_values).items() if p >= claim.limit("alpha")]
    holds = not failing and tests.strongest >= claim.limit("share")
    return _judged(claim, holds, rows, threshold, tests, failing, figure="dimension.html#penalties")


def judge_l2_threshold(claim: Claim, results: Results) -> Verdict:
    """D15: the tests of D06 and the growth of D12 under an l_2 threshold, and the strongest attacks again."""
    given, sweep = penalised_nets(results, "l2"), width_sweep(results)
    attacked = attacked_sweep(results, sweep, "l2")
    if given is None or attacked is None or len(sweep.nets) < WIDTHS or sweep.fewest < NETS_A_WIDTH:
        return unjudged(claim)
    rows, threshold = given
    tests = _tests(rows, "l2")
    x = np.repeat(np.log(sweep.dimensions), [len(share) for share in attacked.floored])
    growth = stats.linregress(x, np.log(np.concatenate(attacked.floored)), alternative="greater")
    family = tests.p_values | {"growth with d": float(growth.pvalue)}
    tests = replace(tests, p_values=family)
    failing = [name for name, p in _adjusted(family).items() if p >= claim.limit("alpha")]
    holds = not failing and tests.strongest >= claim.limit("share")
    verdict = _judged(claim, holds, rows, threshold, tests, failing, figure="dimension.html#penalties-l2")
    growing = f" Over the widths the vulnerability grows like d to the power {growth.slope:.3f} ({attacked.attack})."
    parts = {"found": verdict.found + growing, "scale": f"{verdict.scale}; {sweep.trained_scale}"}
    return Verdict(**(vars(verdict) | parts))


def _adjusted(p_values: dict[str, float]) -> dict[str, float]:
    return dict(zip(p_values, holm(list(p_values.values())), strict=True))


def _judged(
    claim: Claim,
    holds: bool,
    rows: pd.DataFrame,
    threshold: Threshold,
    tests: Penalised,
    failing: list[str],
    *,
    figure: str,
) -> Verdict:
    norm = {"linf": "l_inf", "l2": "l_2"}[threshold.norm]
    largest = max(_adjusted(tests.p_values).values())
    found = (
        f"An {norm} attack does most in a share of {tests.strongest:g} of the nets. {len(tests.p_values)} tests of "
        f"association: the largest p value after Holm is {largest:.2g}"
        + (f"; not significant: {listed(failing)}" if failing else "")
        + ". Mean shares of images: "
        + listed(f"{attack} {rows.loc[rows['attack'] == attack, 'share'].mean():.3f}" for attack in ATTACKS)
        + "."
    )
    one = rows[rows["attack"] == ATTACKS[0]]
    scale = (
        f"{scale_of_nets(one)}, {one['strength'].nunique()} penalties, {norm} threshold eps = {threshold.eps_pixel:g}"
    )
    return judged(claim, outcome(holds), tests.strongest, found, scale=scale, figure=figure)


def judge_crossed_norms(claim: Claim, results: Results) -> Verdict:
    """D17: does a penalty in one norm protect against attacks in the other?"""
    nets = net_rows(results)
    if nets.empty:
        return unjudged(claim)
    nets = largest_family(nets[nets["vulnerability"].notna() & nets["vulnerability_l2"].notna()])
    trends = {}
    for norm, suffix in (("l1", "_l2"), ("l2", "")):
        own = of_methods(nets, [PLAIN, PENALTIES[norm]])
        share = own[f"vulnerability{suffix}"]
        if own.empty or own["strength"].nunique() <= CROSSED_STRENGTHS or share.nunique() < 2:
            return unjudged(claim)
        least = SOURCES_IMAGES if (own["kind"] == SOURCES_SET).all() else CROSSED_IMAGES
        if own[f"attacked{suffix}"].min() < least:
            return unjudged(claim)
        trends[norm] = monotone(own["strength"], share, "less")
    holds = all(trend.p_value < claim.limit("alpha") for trend in trends.values())
    found = (
        f"Kendall's tau of penalty and vulnerability, of which the larger is judged: {trends['l1'].tau:.2f} (p = "
        f"{trends['l1'].p_value:.2g}) for q = 1 under l_2 attacks, {trends['l2'].tau:.2f} (p = "
        f"{trends['l2'].p_value:.2g}) for q = 2 under l_inf attacks."
    )
    penalised = of_methods(nets, [PLAIN, *PENALTIES.values()])
    scale = f"{scale_of_nets(penalised)}, eps = {penalised['eps'].max():g}"
    largest = max(trend.tau for trend in trends.values())
    return judged(claim, outcome(holds), largest, found, scale=scale, figure="dimension.html#methods")
