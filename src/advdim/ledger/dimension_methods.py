"""The judges that compare ways of training: curves that should coincide, and the price in accuracy."""

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.ledger.claims import Claim
from advdim.ledger.dimension_nets import (
    AUGMENTATIONS,
    CROSS_LIPSCHITZ,
    METHODS,
    PENALTIES,
    PLAIN,
    THROUGH,
    floored,
    largest_family,
    net_rows,
    of_methods,
    scale_of_nets,
)
from advdim.ledger.resampling import inside, jackknife, percentiles
from advdim.ledger.verdict import Verdict, judged, unjudged
from advdim.ledger.wording import counted, listed, outcome, told
from advdim.seeds import named_seed
from advdim.statistics import monotone_curve
from advdim.statistics.collect import Results
from advdim.statistics.intervals import Estimate, difference_of_means, mean, slope

FloatArray = NDArray[np.float64]
Indices = NDArray[np.int64]

FOUR = (*PENALTIES.values(), *AUGMENTATIONS.values())
PAIRS = (
    (PENALTIES["l1"], AUGMENTATIONS["linf"]),
    (PENALTIES["l2"], AUGMENTATIONS["l2"]),
    (PENALTIES["l1"], PENALTIES["l2"]),
    (AUGMENTATIONS["linf"], AUGMENTATIONS["l2"]),
)
"""Pairs of methods whose curves should coincide: dual ones, and the two norms."""
STRENGTHS, SEEDS, METHODS_COMPARED, THROUGH_SEEDS = 5, 3, 5, 5
"""Fewest strengths, seeds, methods, and seeds of D16, that the claims ask for."""
POINTS = 21
"""Points of a common grid."""
SAMPLES = 1999
CURVE_SAMPLES = 999
"""Bootstrap samples; fewer where each fits curves."""


def compared_nets(results: Results) -> pd.DataFrame:
    """One row a net of the family that was trained by most methods, with `log_l1`, `log_l2` and `log_vulnerability`."""
    nets = net_rows(results)
    if nets.empty:
        return nets
    nets = largest_family(nets[nets["vulnerability"].notna()])
    share = floored(nets["vulnerability"], nets["images"])
    return nets.assign(log_l1=np.log(nets["l1"]), log_l2=np.log(nets["l2"]), log_vulnerability=np.log(share))


def _enough(nets: pd.DataFrame, methods: Sequence[str], seeds: int = 1) -> bool:
    """Whether each method has enough strengths, and each strength enough seeds."""
    if nets.empty:
        return False
    counts = nets.groupby(["method", "strength"])["seed"].nunique()
    counts = counts[counts >= seeds].groupby(level="method").size()
    return all(counts.get(method, 0) >= STRENGTHS for method in methods)


def _of_whole_seeds(nets: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """The nets of the seeds by which each method was trained with enough strengths: resampled, they give all curves."""
    if nets.empty:
        return nets
    strengths = nets.pivot_table(index="seed", columns="method", values="strength", aggfunc="nunique", fill_value=0)
    enough = (strengths.reindex(columns=list(methods), fill_value=0) >= STRENGTHS).all(axis=1)
    return nets[nets["seed"].isin(enough[enough].index)]


def _bootstrap(nets: pd.DataFrame, statistic: Callable[[pd.DataFrame], FloatArray], name: str) -> list[Estimate]:
    """Statistics of the nets, with intervals of a bootstrap that resamples seeds, of all methods alike."""
    seeds = np.sort(nets["seed"].unique())
    by_seed = [nets[nets["seed"] == seed] for seed in seeds]
    value = statistic(nets)
    generator = np.random.default_rng(named_seed(0, "ledger", name))
    draws = np.sort(generator.integers(len(seeds), size=(SAMPLES, len(seeds))), axis=1)
    distinct, inverse = np.unique(draws, axis=0, return_inverse=True)
    drawn = np.array([statistic(pd.concat([by_seed[number] for number in chosen])) for chosen in distinct])
    return [percentiles(float(value[place]), drawn[inverse.ravel(), place]) for place in range(len(value))]


def judge_dual_curves(claim: Claim, results: Results) -> Verdict:
    """D07: compare the curves of pairs of methods over the strength."""
    nets = _of_whole_seeds(of_methods(compared_nets(results), FOUR), FOUR)
    if not _enough(nets, FOUR, SEEDS):
        return unjudged(claim)
    limits = {"log_l1": np.log(claim.limit("factor")), "log_vulnerability": np.log(claim.limit("factor"))}
    limits["accuracy"] = claim.limit("accuracy")

    def gaps(sample: pd.DataFrame) -> FloatArray:
        return np.array([_curve_gap(sample, pair, column) for pair in PAIRS for column in limits])

    estimates = _bootstrap(nets, gaps, claim.id)
    named = dict(zip(((pair, column) for pair in PAIRS for column in limits), estimates, strict=True))
    failing = [(pair, column) for (pair, column), one in named.items() if not one.high < limits[column]]
    worst = {
        column: max((one for (_, c), one in named.items() if c == column), key=lambda e: e.high) for column in limits
    }
    found = (
        f"Largest mean gaps of the four pairs: E||dL/dx||_1 by a factor of {_factor(worst['log_l1'])}, vulnerability "
        f"by {_factor(worst['log_vulnerability'])}, accuracy by {told(worst['accuracy'], 4)}."
    )
    if failing:
        words = {"log_l1": "gradient", "log_vulnerability": "vulnerability", "accuracy": "accuracy"}
        found += f" Apart: {listed(f'{words[column]} of {a} and {b}' for (a, b), column in failing)}."
    return judged(
        claim, outcome(not failing), _exp(worst["log_l1"]), found, scale=_scale(nets), figure="dimension.html#methods"
    )


def _curve_gap(nets: pd.DataFrame, pair: tuple[str, str], column: str) -> float:
    """Mean absolute gap of two methods' curves, means over seeds, over the logarithm of the strength."""
    curves = []
    for method in pair:
        own = nets[nets["method"] == method].groupby("strength")[column].mean()
        curves.append((np.log(own.index.to_numpy(np.float64)), own.to_numpy()))
    low, high = max(x[0] for x, _ in curves), min(x[-1] for x, _ in curves)
    grid = np.linspace(low, high, POINTS)
    first, second = (np.interp(grid, x, y) for x, y in curves)
    return float(np.abs(first - second).mean())


def _exp(estimate: Estimate) -> Estimate:
    """The factor of which a logarithm was estimated."""
    return Estimate(*(float(np.exp(number)) for number in (estimate.value, estimate.low, estimate.high)))


def _factor(estimate: Estimate) -> str:
    return told(_exp(estimate), 3)


def judge_one_function(claim: Claim, results: Results) -> Verdict:
    """D08: fit vulnerability as a rising function of the gradient, for all nets and for each method."""
    nets = compared_nets(results)
    methods = [method for method in METHODS if method not in (PLAIN, *THROUGH.values())]
    methods = [method for method in methods if _enough(nets, [method])]
    if len(methods) < METHODS_COMPARED:
        return unjudged(claim)
    nets = of_methods(nets, [PLAIN, *methods])
    x, y = nets["log_l1"].to_numpy(), nets["log_vulnerability"].to_numpy()
    groups = [np.flatnonzero(nets["method"] == method) for method in (*methods, PLAIN)]
    gap = largest_gap(x, y, groups[:-1], groups[-1])
    generator = np.random.default_rng(named_seed(0, "ledger", claim.id))
    drawn = []
    for _ in range(CURVE_SAMPLES):
        *own, plain = (generator.choice(group, len(group)) for group in groups)
        drawn.append(largest_gap(x, y, own, plain))
    estimate = percentiles(gap, np.array(drawn))
    found = (
        "Largest mean gap between a method's curve of vulnerability over E||dL/dx||_1 and the common one: a factor of "
        f"{_factor(estimate)} ({counted(len(methods), 'method')})."
    )
    holds = estimate.high < np.log(claim.limit("factor"))
    return judged(claim, outcome(holds), _exp(estimate), found, scale=_scale(nets), figure="dimension.html#methods")


def largest_gap(x: FloatArray, y: FloatArray, methods: Sequence[Indices], others: Indices) -> float:
    """Largest mean absolute gap between a method's rising curve and that of all nets, at the method's own nets.

    Args:
        x: log E||dL/dx||_1 of each net, shape (n,).
        y: log vulnerability, shape (n,).
        methods: the nets of each method.
        others: nets that take part in the common curve alone.
    """
    everyone = np.concatenate([*methods, others])
    common = monotone_curve.fit(x[everyone], y[everyone])
    gaps = [
        float(np.abs(monotone_curve.fit(x[own], y[own])(x[own]) - common(x[own])).mean())
        for own in methods
        if np.ptp(x[own]) > 0.0
    ]
    return max(gaps, default=0.0)


def judge_proportion(claim: Claim, results: Results) -> Verdict:
    """D09: regress the logarithms of both gradient norms on each other, and compare the factors of the methods."""
    nets = compared_nets(results)
    methods = [method for method in METHODS if method not in (PLAIN, *THROUGH.values()) and _enough(nets, [method])]
    if len(methods) < METHODS_COMPARED:
        return unjudged(claim)
    by_method = {method: nets[nets["method"] == method] for method in methods}
    slopes = {m: slope(own["log_l2"], own["log_l1"], level=0.9) for m, own in by_method.items()}
    factors = {method: own["log_l1"] - own["log_l2"] for method, own in by_method.items()}
    ratios = {(a, b): difference_of_means(factors[a], factors[b], 0.9) for a, b in combinations(methods, 2)}
    margin, factor = claim.limit("slope"), float(np.log(claim.limit("factor")))
    bent = [method for method, one in slopes.items() if not inside(one, 1.0 - margin, 1.0 + margin)]
    apart = [pair for pair, one in ratios.items() if not inside(one, -factor, factor)]
    worst = max(slopes.values(), key=lambda one: max(abs(one.low - 1.0), abs(one.high - 1.0)))
    ratio = max(ratios.values(), key=lambda one: max(-one.low, one.high))
    found = (
        f"Slopes of log E||dL/dx||_1 on log E||dL/dx||_2 lie between {min(s.value for s in slopes.values()):.3f} and "
        f"{max(s.value for s in slopes.values()):.3f}, the worst 90 % interval is {told(worst, 3)}; the factors of two "
        f"methods differ by at most {_factor(ratio)}."
    )
    found += f" Not proportional: {listed(bent)}." if bent else ""
    found += f" Factors apart: {listed(f'{a} and {b}' for a, b in apart)}." if apart else ""
    holds = not bent and not apart
    shown = of_methods(nets, methods)
    return judged(claim, outcome(holds), worst, found, scale=_scale(shown), figure="dimension.html#methods")


def judge_trade_off(claim: Claim, results: Results) -> Verdict:
    """D10: compare the accuracies of the methods at common vulnerabilities."""
    methods = (*FOUR, CROSS_LIPSCHITZ)
    nets = _of_whole_seeds(of_methods(compared_nets(results), (PLAIN, *methods)), methods)
    if not _enough(nets, methods, SEEDS):
        return unjudged(claim)
    reached = nets.groupby(["method", "strength"])["vulnerability"].mean()
    low = max(reached[method].min() for method in methods)
    high = min(reached[method].max() for method in methods)
    if low >= high:
        return unjudged(
            claim, f"The methods reach no common vulnerability; strengths that do are needed. {claim.needs}"
        )
    grid = np.linspace(low, high, POINTS)
    lowest = grid <= low + (high - low) / 3

    def behind(sample: pd.DataFrame) -> FloatArray:
        curves = {method: _accuracies(sample, method, grid) for method in methods}
        common = np.mean([curves[method] for method in FOUR], axis=0)
        differences = [float((curves[method] - common).mean()) for method in FOUR]
        return np.array([*differences, float((curves[CROSS_LIPSCHITZ] - common)[lowest].mean())])

    *same, cross = jackknife(nets, behind)
    margin = claim.limit("accuracy")
    apart = [method for method, one in zip(FOUR, same, strict=True) if not inside(one, -margin, margin)]
    found = (
        f"At common vulnerabilities from {low:.3f} to {high:.3f} the methods' accuracies differ from the common curve "
        f"by {listed(told(one, 4) for one in same)} ({listed(FOUR)}); that of the cross-Lipschitz penalty, in the "
        f"lowest third, by {told(cross, 4)}."
    )
    found += f" Off the curve: {listed(apart)}." if apart else ""
    holds = not apart and cross.high < 0.0
    return judged(claim, outcome(holds), cross, found, scale=_scale(nets), figure="dimension.html#fronts")


def _accuracies(nets: pd.DataFrame, method: str, grid: FloatArray) -> FloatArray:
    """Accuracy of a method at each vulnerability of a grid, from its means over seeds; the plain net is its end."""
    own = nets[nets["method"].isin([method, PLAIN])]
    means = own.groupby(["method", "strength"])[["vulnerability", "accuracy"]].mean().sort_values("vulnerability")
    return np.asarray(np.interp(grid, means["vulnerability"], means["accuracy"]))


def judge_through_attack(claim: Claim, results: Results) -> Verdict:
    """D16: compare nets of equal seed that were trained with and without back-propagation through the attack."""
    nets = compared_nets(results)
    norms = [norm for norm in AUGMENTATIONS if _enough(nets, [AUGMENTATIONS[norm], THROUGH[norm]], THROUGH_SEEDS)]
    if not norms:
        return unjudged(claim)
    margins = {column: float(np.log(claim.limit("factor"))) for column in ("log_vulnerability", "log_l1")}
    margins["accuracy"] = claim.limit("accuracy")
    estimates: dict[tuple[str, float, str], Estimate] = {}
    for norm in norms:
        keys = ["strength", "seed"]
        one, other = (nets[nets["method"] == name[norm]].set_index(keys) for name in (AUGMENTATIONS, THROUGH))
        differences = (other[list(margins)] - one[list(margins)]).dropna()
        for strength in differences.index.unique("strength"):
            own = differences.xs(strength, level="strength")
            if len(own) >= THROUGH_SEEDS:
                estimates |= {(norm, float(strength), column): mean(own[column], level=0.9) for column in margins}
    failing = [key for key, one in estimates.items() if not inside(one, -margins[key[2]], margins[key[2]])]
    parts = []
    for norm in norms:
        worst = {
            column: max(max(-e.low, e.high) for (n, _, c), e in estimates.items() if n == norm and c == column)
            for column in margins
        }
        parts.append(
            f"{AUGMENTATIONS[norm]}: accuracy {worst['accuracy']:z.4f}, vulnerability by a factor of "
            f"{np.exp(worst['log_vulnerability']):.3f}, gradient {np.exp(worst['log_l1']):.3f}"
        )
    found = f"Largest differences that the 90 % intervals allow: {'; '.join(parts)}."
    if failing:
        words = {"log_l1": "gradient", "log_vulnerability": "vulnerability", "accuracy": "accuracy"}
        found += f" Not shown to be the same: {listed(f'{words[c]} at p = {n}, eps = {s:g}' for n, s, c in failing)}."
    found += " For p = inf the two are one by mathematics: the derivative of the sign is 0."
    used = of_methods(nets, [name[norm] for norm in norms for name in (AUGMENTATIONS, THROUGH)])
    gradients = [one for (_, _, column), one in estimates.items() if column == "log_l1"]
    extreme = _exp(max(gradients, key=lambda one: max(-one.low, one.high)))
    return judged(
        claim, outcome(not failing), extreme, found, scale=_scale(used), figure="dimension.html#through-attack"
    )


def _scale(nets: pd.DataFrame) -> str:
    seeds = counted(nets["seed"].nunique(), "seed")
    return f"{scale_of_nets(nets)}, {seeds}, iterated l_inf attack with eps = {nets['eps'].max():g}"
