"""Estimates with intervals: rates, means, slopes, medians, and a test of monotony."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from advdim.theory.arguments import finite_vector

FloatArray = NDArray[np.float64]

_EXACT_KENDALL = 200  # the exact law of Kendall's tau takes seconds beyond


@dataclass(frozen=True)
class Estimate:
    """A number and its confidence interval.

    Attributes:
        value: point estimate.
        low: lower end, -inf where the data give none.
        high: upper end, inf where the data give none.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Trend:
    """Kendall's rank correlation and its test.

    Attributes:
        tau: Kendall's tau-b, in [-1, 1].
        p_value: probability of a tau at least as extreme when the order is random, in [0, 1].
    """

    tau: float
    p_value: float


def binomial(errors: int, trials: int, level: float = 0.95) -> Estimate:
    """Rate of independent events with its Clopper-Pearson interval.

    Args:
        errors: number of events, from 0 to trials.
        trials: number of trials, at least 1.
        level: coverage of the two-sided interval, in (0, 1).

    Returns:
        errors / trials; the interval reaches 0 without errors, where the upper end is 1 - ((1-level)/2)^(1/trials), and
        1 with errors only. A one-sided upper bound at level 0.95 is the upper end at level 0.9.

    Raises:
        ValueError: if the counts are out of range or the level is not in (0, 1).

    Source:
        Clopper and Pearson 1934; claim S01 asks for it.
    """
    _check_level(level)
    if trials < 1 or not 0 <= errors <= trials:
        raise ValueError(f"expected 0 <= errors <= trials and trials >= 1, found {errors} errors in {trials} trials")
    tail = 0.5 * (1.0 - level)
    low = float(stats.beta.ppf(tail, errors, trials - errors + 1)) if errors > 0 else 0.0
    high = float(stats.beta.isf(tail, errors + 1, trials - errors)) if errors < trials else 1.0
    return Estimate(errors / trials, low, high)


def mean(values: ArrayLike, level: float = 0.95) -> Estimate:
    """Mean over seeds with Student's interval.

    Args:
        values: shape (n,), finite, one value a seed.
        level: coverage, in (0, 1).

    Returns:
        Arithmetic mean; with a single value the interval is (-inf, inf).

    Raises:
        ValueError: if the values are not a non-empty vector of finite numbers or the level is not in (0, 1).

    Source:
        Student 1908.
    """
    _check_level(level)
    sample = finite_vector(values, "values")
    centre = float(sample.mean())
    if sample.size == 1:
        return Estimate(centre, -math.inf, math.inf)
    error = float(sample.std(ddof=1)) / math.sqrt(sample.size)
    return _student(centre, error, sample.size - 1, level)


def mean_share(shares: ArrayLike) -> Estimate:
    """Mean over seeds of shares, with that part of Student's 95 % interval that lies in [0, 1].

    Args:
        shares: shape (n,), in [0, 1], one value a seed.

    Returns:
        Arithmetic mean; with a single value the interval is (0, 1).

    Raises:
        ValueError: as :func:`mean`.

    Source:
        Student 1908.
    """
    one = mean(shares)
    return Estimate(one.value, max(one.low, 0.0), min(one.high, 1.0))


def difference_of_means(first: ArrayLike, second: ArrayLike, level: float = 0.95) -> Estimate:
    """Difference of two means with Welch's interval.

    Args:
        first: shape (n,), finite, n at least 2.
        second: shape (m,), finite, m at least 2.
        level: coverage, in (0, 1).

    Returns:
        Mean of the first less that of the second; where neither varies beyond rounding, without an interval's width.

    Raises:
        ValueError: if one is not a vector of two or more finite numbers, or the level is not in (0, 1).

    Source:
        Welch 1947.
    """
    _check_level(level)
    one, other = finite_vector(first, "first"), finite_vector(second, "second")
    if min(one.size, other.size) < 2:
        raise ValueError(f"a difference of means needs two values on each side, found {one.size} and {other.size}")
    value = float(one.mean() - other.mean())
    errors = [float(sample.var(ddof=1)) / sample.size for sample in (one, other)]
    if sum(errors) <= (1e-12 * max(np.abs(one).max(), np.abs(other).max())) ** 2:
        return Estimate(value, value, value)
    freedom = sum(errors) ** 2 / sum(e**2 / (s.size - 1) for e, s in zip(errors, (one, other), strict=True))
    half = float(stats.t.isf(0.5 * (1.0 - level), freedom)) * math.sqrt(sum(errors))
    return Estimate(value, value - half, value + half)


def slope(x: ArrayLike, y: ArrayLike, level: float = 0.95) -> Estimate:
    """Slope of the least-squares line with Student's interval; of logarithms, an exponent.

    Args:
        x: shape (n,), finite, not all equal, n at least 2.
        y: shape (n,), finite.
        level: coverage, in (0, 1).

    Returns:
        Slope of y on x; with two points the interval is (-inf, inf).

    Raises:
        ValueError: if x and y are not finite vectors of one length, x is constant or the level is not in (0, 1).

    Source:
        Ordinary least squares; used for the exponents of claims D04 and D12.
    """
    _check_level(level)
    abscissa, ordinate = _pair(x, y)
    if np.ptp(abscissa) == 0.0:
        raise ValueError(f"a slope needs at least two different x, found only {abscissa[0]}")
    dx, dy = abscissa - abscissa.mean(), ordinate - ordinate.mean()
    spread = float(np.sum(dx**2))
    value = float(np.sum(dx * dy)) / spread
    freedom = abscissa.size - 2
    if freedom == 0:
        return Estimate(value, -math.inf, math.inf)
    error = math.sqrt(float(np.sum((dy - value * dx) ** 2)) / freedom / spread)
    return _student(value, error, freedom, level)


def monotone(x: ArrayLike, y: ArrayLike, alternative: Literal["two-sided", "less", "greater"] = "two-sided") -> Trend:
    """Test whether y rises or falls with x.

    Args:
        x: shape (n,), finite, not all equal, n at least 2.
        y: shape (n,), finite, not all equal.
        alternative: "greater" tests for a rise, "less" for a fall.

    Returns:
        Kendall's tau-b; the p value is exact without ties up to n = 200, otherwise asymptotic.

    Raises:
        ValueError: if x and y are not finite vectors of one length or one of them is constant.

    Source:
        Kendall 1938.
    """
    first, second = _pair(x, y)
    distinct = np.unique(first).size, np.unique(second).size
    if min(distinct) < 2:
        raise ValueError(f"a trend needs at least two different x and y, found {distinct[0]} and {distinct[1]}")
    method = "exact" if min(distinct) == first.size <= _EXACT_KENDALL else "asymptotic"
    result = stats.kendalltau(first, second, method=method, alternative=alternative)
    return Trend(float(result.statistic), float(result.pvalue))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p values of a family of tests, so that each can be compared with the level of the family.

    Args:
        p_values: one a test, in [0, 1].

    Returns:
        Adjusted p values in the same order, in [0, 1].

    Source:
        Holm 1979.
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, number in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[number]))
        adjusted[number] = largest
    return adjusted


def bootstrap_median(values: ArrayLike, *, seed: int | tuple[int, ...]) -> Estimate:
    """Median with the 95 % percentile interval of 9999 bootstrap samples.

    Args:
        values: shape (n,), finite.
        seed: integer or integers at least 0, for example those of :func:`advdim.seeds.named_seed`.

    Returns:
        Median; with a single value the interval is (-inf, inf). The same seed gives the same interval.

    Raises:
        ValueError: if the values are not a non-empty vector of finite numbers.

    Source:
        Efron 1979; the percentile method, because the corrections of others degenerate for medians of few values.
    """
    sample = finite_vector(values, "values")
    centre = float(np.median(sample))
    if sample.size == 1:
        return Estimate(centre, -math.inf, math.inf)
    interval = stats.bootstrap(
        (sample,),
        np.median,
        confidence_level=0.95,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Estimate(centre, float(interval.low), float(interval.high))


def _student(value: float, error: float, freedom: int, level: float) -> Estimate:
    """Interval of Student's t around an estimate with a standard error."""
    half = float(stats.t.isf(0.5 * (1.0 - level), freedom)) * error
    return Estimate(value, value - half, value + half)


def _check_level(level: float) -> None:
    """Refuse coverages that no interval has."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie in (0, 1), found {level}")


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return two vectors of one length."""
    first, second = finite_vector(x, "x"), finite_vector(y, "y")
    if first.size != second.size:
        raise ValueError(f"x and y must have one length, found {first.size} and {second.size}")
    return first, second
