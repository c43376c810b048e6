"""The judges that compare ways of training: curves that should coincide, and the price in accuracy."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.ledger.claims import Claim
from advdim.ledger.dimension_comparison import (
    WORDS,
    compared_nets,
    enough,
    exponential,
    factor_of,
    not_shown,
    of_whole_seeds,
    scale_of_methods,
)
from advdim.ledger.dimension_nets import (
    AUGMENTATIONS,
    CROSS_LIPSCHITZ,
    METHODS,
    PENALTIES,
    PLAIN,
    THROUGH,
    of_methods,
)
from advdim.ledger.resampling import inside, jackknife, percentiles
from advdim.ledger.verdict import Verdict, judged, unjudged
from advdim.ledger.wording import counted, outcome, told
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
SEEDS, METHODS_COMPARED, THROUGH_SEEDS = 3, 5, 5
"""Fewest seeds, methods, and seeds of D16, that the claims ask for."""
POINTS = 21
"""Points of a common grid."""
SAMPLES = 999
"""Bootstrap samples of D08, each of which fits curves."""
P_OF = {"linf": "p = inf", "l2": "p = 2"}


def judge_dual_curves(claim: Claim, results: Results) -> Verdict:
    """D07: compare the curves of pairs of methods over the strength."""
    nets = of_whole_seeds(of_methods(compared_nets(results), FOUR), FOUR)
    if not enough(nets, FOUR, SEEDS):
        return unjudged(claim)
    limits = {"log_l1": np.log(claim.limit("factor")), "log_vulnerability": np.log(claim.limit("factor"))}
    limits["accuracy"] = claim.limit("accuracy")

    def gaps(sample: pd.DataFrame) -> FloatArray:
        return np.array([_curve_gap(sample, pair, column) for pair in PAIRS for column in limits])

    estimates = [_at_least_0(one) for one in jackknife(nets, gaps)]
    named = dict(zip(((pair, column) for pair in PAIRS for column in limits), estimates, strict=True))
    failing = [(pair, column) for (pair, column), one in named.items() if not one.high < limits[column]]
    worst = {
        column: max((one for (_, c), one in named.items() if c == column), key=lambda e: e.high) for column in limits
    }
    found = (
        "Mean gaps of the pair whose interval reaches farthest: E||dL/dx||_1 by a factor of "
        f"{factor_of(worst['log_l1'])}, vulnerability by {factor_of(worst['log_vulnerability'])}, accuracy by "
        f"{told(worst['accuracy'], 4)}."
    )
    found += not_shown("to coincide", (f"{WORDS[column]} ({a} / {b})" for (a, b), column in failing))
    scale, gradient = scale_of_methods(nets), exponential(worst["log_l1"])
    return judged(claim, outcome(not failing), gradient, found, scale=scale, figure="dimension.html#methods")


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


def _at_least_0(estimate: Estimate) -> Estimate:
    """The estimate of a mean absolute gap, whose pseudo-values may lie below 0."""
    return Estimate(*(max(number, 0.0) for number in (estimate.value, estimate.low, estimate.high)))


def judge_one_function(claim: Claim, results: Results) -> Verdict:
    """D08: fit vulnerability as a rising function of the gradient, for all nets and for each method."""
    nets = compared_nets(results)
    methods = [method for method in METHODS if method not in (PLAIN, *THROUGH.values())]
    methods = [method for method in methods if enough(nets, [method])]
    if len(methods) < METHODS_COMPARED:
        return unjudged(claim)
    nets = of_methods(nets, [PLAIN, *methods])
    x, y = nets["log_l1"].to_numpy(), nets["log_vulnerability"].to_numpy()
    groups = [np.flatnonzero(nets["method"] == method) for method in (*methods, PLAIN)]
    gap = largest_gap(x, y, groups[:-1], groups[-1])
    generator = np.random.default_rng(named_seed(0, "ledger", claim.id))
    drawn = []
    for _ in range(SAMPLES):
        *own, plain = (generator.choice(group, len(group)) for group in groups)
        drawn.append(largest_gap(x, y, own, plain))
    estimate = percentiles(gap, np.array(drawn))
    found = (
        "Largest mean gap between a method's curve of vulnerability over E||dL/dx||_1 and the common one: a factor of "
        f"{factor_of(estimate)} ({counted(len(methods), 'method')})."
    )
    holds = estimate.high < np.log(claim.limit("factor"))
    scale, factor = scale_of_methods(nets), exponential(estimate)
    return judged(claim, outcome(holds), factor, found, scale=scale, figure="dimension.html#methods")


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
    methods = [method for method in METHODS if method not in (PLAIN, *THROUGH.values()) and enough(nets, [method])]
    if len(methods) < METHODS_COMPARED:
        return unjudged(claim)
    by_method = {method: nets[nets["method"] == method] for method in methods}
    slopes = {m: slope(own["log_l2"], own["log_l1"], level=0.9) for m, own in by_method.items()}
    factors = {method: own["log_l1"] - own["log_l2"] for method, own in by_method.items()}
    ratios = {(a, b): difference_of_means(factors[a], factors[b], 0.9) for a, b in combinations(methods, 2)}
    margin, factor = claim.limit("slope"), float(np.log(claim.limit("factor")))
    bent = [method for method, one in slopes.items() if not inside(one, 1.0 - margin, 1.0 + margin)]
    apart = [pair for pair, one in ratios.items() if not inside(one, -factor, factor)]
    name, worst = max(slopes.items(), key=lambda item: max(abs(item[1].low - 1.0), abs(item[1].high - 1.0)))
    (more, less), ratio = max(ratios.items(), key=lambda item: max(-item[1].low, item[1].high))
    if ratio.value < 0.0:
        (more, less), ratio = (less, more), Estimate(-ratio.value, -ratio.high, -ratio.low)
    found = (
        "Slope of log E||dL/dx||_1 on log E||dL/dx||_2 of the method whose interval reaches farthest from 1: "
        f"{told(worst, 3)} ({name}); slopes lie between {min(s.value for s in slopes.values()):.3f} and "
        f"{max(s.value for s in slopes.values()):.3f}. The ratio of the two norms differs most, by a factor of "
        f"{factor_of(ratio)}, between two methods ({more} / {less}). All are 90 % intervals."
    )
    found += not_shown("to be proportional", bent) + not_shown("to have one ratio", (f"{a} / {b}" for a, b in apart))
    holds = not bent and not apart
    shown = of_methods(nets, methods)
    return judged(claim, outcome(holds), worst, found, scale=scale_of_methods(shown), figure="dimension.html#methods")


def judge_trade_off(claim: Claim, results: Results) -> Verdict:
    """D10: compare the accuracies of the methods at common vulnerabilities."""
    methods = (*FOUR, CROSS_LIPSCHITZ)
    nets = of_whole_seeds(of_methods(compared_nets(results), (PLAIN, *methods)), methods)
    if not enough(nets, methods, SEEDS) or PLAIN not in set(nets["method"]):
        return unjudged(claim)
    reached = nets.groupby(["method", "strength"])["vulnerability"].mean()
    plain = float(reached[PLAIN].iloc[0])  # the end of every line
    low = max(min(reached[method].min(), plain) for method in methods)
    high = min(max(reached[method].max(), plain) for method in methods)
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
    behind_others = cross.high < 0.0
    found = (
        f"In the lowest third of the vulnerabilities that all methods reach, {low:.3f} to {high:.3f}, the accuracy of "
        f"the cross-Lipschitz penalty less that of the common curve is {told(cross, 4)}; over all of them the others' "
        f"is {'; '.join(f'{told(one, 4)} ({name})' for name, one in zip(FOUR, same, strict=True))}."
    )
    found += not_shown("to lie behind", () if behind_others else (CROSS_LIPSCHITZ,))
    found += not_shown(f"to lie within {margin:g} of the curve", apart)
    holds = not apart and behind_others
    return judged(claim, outcome(holds), cross, found, scale=scale_of_methods(nets), figure="dimension.html#fronts")


def _accuracies(nets: pd.DataFrame, method: str, grid: FloatArray) -> FloatArray:
    """Accuracy of a method at each vulnerability of a grid, from its means over seeds; the plain net is its end."""
    own = nets[nets["method"].isin([method, PLAIN])]
    means = own.groupby(["method", "strength"])[["vulnerability", "accuracy"]].mean().sort_values("vulnerability")
    return np.asarray(np.interp(grid, means["vulnerability"], means["accuracy"]))


def judge_through_attack(claim: Claim, results: Results) -> Verdict:
    """D16: compare nets of equal seed that were trained with and without back-propagation through the attack."""
    nets = compared_nets(results)
    norms = [norm for norm in AUGMENTATIONS if enough(nets, [AUGMENTATIONS[norm], THROUGH[norm]], THROUGH_SEEDS)]
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
    (norm, strength, _), largest = max(
        ((key, one) for key, one in estimates.items() if key[2] == "log_l1"),
        key=lambda item: max(-item[1].low, item[1].high),
    )
    found = (
        f"E||dL/dx||_1 of nets trained through the attack is {factor_of(largest)} times that of their twins at "
        f"{P_OF[norm]}, eps = {strength:g}, where the interval reaches farthest from 1. Largest differences that the "
        f"90 % intervals of all strengths allow: {'; '.join(_allowed(estimates, norm) for norm in norms)}."
    )
    found += not_shown("to be the same", (f"{WORDS[c]} at {P_OF[n]}, eps = {s:g}" for n, s, c in failing))
    found += " For p = inf the two are one by mathematics: the derivative of the sign is 0."
    scale = scale_of_methods(of_methods(nets, [name[norm] for norm in norms for name in (AUGMENTATIONS, THROUGH)]))
    figure = "dimension.html#through-attack"
    return judged(claim, outcome(not failing), exponential(largest), found, scale=scale, figure=figure)


def _allowed(estimates: dict[tuple[str, float, str], Estimate], norm: str) -> str:
    """The largest differences that the intervals of all strengths of a norm allow."""
    accuracy, vulnerability, gradient = (
        max(max(-one.low, one.high) for (p, _, c), one in estimates.items() if (p, c) == (norm, column))
        for column in ("accuracy", "log_vulnerability", "log_l1")
    )
    return (
        f"at {P_OF[norm]} accuracy by {accuracy:z.4f}, vulnerability by a factor of {np.exp(vulnerability):.3f}, "
        f"gradient by {np.exp(gradient):.3f}"
    )
