"""Intervals against published values, other implementations and their own coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from advdim.seeds import named_seed
from advdim.statistics import intervals


@pytest.mark.parametrize(
    ("errors", "trials", "low", "high"),
    [  # Newcombe 1998, table I, method 5
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0000, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_binomial_against_published_values(errors: int, trials: int, low: float, high: float) -> None:
    estimate = intervals.binomial(errors, trials)
    assert estimate.value == errors / trials
    assert estimate.low == pytest.approx(low, abs=1e-4)
    assert estimate.high == pytest.approx(high, abs=1e-4)


def test_binomial_without_errors() -> None:
    estimate = intervals.binomial(0, 20_000_000)
    assert (estimate.value, estimate.low) == (0.0, 0.0)
    assert estimate.high == pytest.approx(1.0 - 0.025 ** (1.0 / 2e7), rel=1e-6)
    assert intervals.binomial(0, 20_000_000, level=0.9).high == pytest.approx(-math.log(0.05) / 2e7, rel=1e-6)


def test_binomial_with_errors_only() -> None:
    estimate = intervals.binomial(10, 10)
    assert estimate.high == 1.0
    assert estimate.low == pytest.approx(0.025**0.1)


@pytest.mark.parametrize("errors", [0, 1, 7, 40])
def test_binomial_against_scipy(errors: int) -> None:
    expected = stats.binomtest(errors, 40).proportion_ci(0.9, method="exact")
    estimate = intervals.binomial(errors, 40, level=0.9)
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_mean_against_scipy() -> None:
    values = [0.18, 0.21, 0.17, 0.19, 0.2]
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.99)
    estimate = intervals.mean(values, level=0.99)
    assert estimate.value == pytest.approx(0.19)
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high))


def test_intervals_of_mean_shares_end_at_0_and_1() -> None:
    wide = intervals.mean_share([0.1, 0.9, 0.8])
    assert (wide.value, wide.low, wide.high) == (pytest.approx(0.6), 0.0, 1.0)
    narrow = [0.5, 0.51, 0.52]
    assert intervals.mean_share(narrow) == intervals.mean(narrow)
    assert intervals.mean_share([0.3]) == intervals.Estimate(0.3, 0.0, 1.0)


def test_mean_covers_as_often_as_it_says() -> None:
    samples = np.random.default_rng(0).standard_normal((2000, 4)) + 3.0
    estimates = [intervals.mean(sample, level=0.8) for sample in samples]
    covered = np.mean([estimate.low <= 3.0 <= estimate.high for estimate in estimates])
    assert covered == pytest.approx(0.8, abs=4.0 * math.sqrt(0.16 / 2000))


def test_single_values_have_no_interval() -> None:
    everything = intervals.Estimate(0.5, -math.inf, math.inf)
    assert intervals.mean([0.5]) == everything
    assert intervals.bootstrap_median([0.5], seed=1) == everything
    assert intervals.slope([0.0, 2.0], [1.0, 2.0]) == everything


def test_slope_against_scipy() -> None:
    rng = np.random.default_rng(1)
    x = np.log([32.0, 64.0, 128.0, 256.0, 512.0])
    y = 0.5 * x + 0.1 * rng.standard_normal(5)
    expected = stats.linregress(x, y)
    half = stats.t.ppf(0.975, 3) * expected.stderr
    estimate = intervals.slope(x, y)
    assert estimate.value == pytest.approx(expected.slope)
    assert (estimate.low, estimate.high) == pytest.approx((expected.slope - half, expected.slope + half))


def test_slope_of_an_exact_power_law() -> None:
    dimension = np.array([1e3, 1e4, 1e5])
    estimate = intervals.slope(np.log(dimension), np.log(3.0 * np.sqrt(dimension)))
    assert estimate.value == pytest.approx(0.5)
    assert (estimate.low, estimate.high) == pytest.approx((0.5, 0.5), abs=1e-9)


def test_monotone_exact_p_values() -> None:
    """Of the 5! orders one rises throughout and one falls throughout."""
    rising = intervals.monotone([1, 2, 3, 4, 5], [1, 3, 7, 8, 10])
    assert (rising.tau, rising.p_value) == pytest.approx((1.0, 2.0 / 120.0))
    assert intervals.monotone([1, 2, 3, 4, 5], [1, 3, 7, 8, 10], "greater").p_value == pytest.approx(1.0 / 120.0)
    assert intervals.monotone([1, 2, 3, 4, 5], [9, 8, 7, 6, 5], "greater").p_value == pytest.approx(1.0)


def test_monotone_with_ties() -> None:
    expected = stats.kendalltau([1, 1, 2, 2, 3, 3], [1, 2, 2, 3, 3, 4])
    found = intervals.monotone([1, 1, 2, 2, 3, 3], [1, 2, 2, 3, 3, 4])
    assert (found.tau, found.p_value) == pytest.approx((expected.statistic, expected.pvalue))


def test_holm_adjusts_a_family_in_its_own_order() -> None:
    """By hand: 4 x 0.005, 3 x 0.01, 2 x 0.03, and then no less than that."""
    assert intervals.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert intervals.holm([0.8, 0.6]) == [1.0, 1.0]


def test_bootstrap_median_is_seeded() -> None:
    values = np.random.default_rng(5).exponential(size=25)
    first = intervals.bootstrap_median(values, seed=named_seed(1, "median"))
    again = intervals.bootstrap_median(values, seed=named_seed(1, "median"))
    assert first == again
    assert first.value == np.median(values)
    assert first.low < first.value < first.high


def test_bootstrap_median_against_order_statistics() -> None:
    """The percentile interval of a median lies near the binomial order statistics."""
    values = np.arange(1.0, 102.0)
    estimate = intervals.bootstrap_median(values, seed=3)
    low, high = (values[int(stats.binom.ppf(p, 101, 0.5))] for p in (0.025, 0.975))
    assert estimate.low == pytest.approx(low, abs=1.5)
    assert estimate.high == pytest.approx(high, abs=1.5)


def test_equal_values_give_a_point() -> None:
    assert intervals.mean([2.0, 2.0, 2.0]) == intervals.Estimate(2.0, 2.0, 2.0)
    assert intervals.bootstrap_median([2.0, 2.0, 2.0], seed=0) == intervals.Estimate(2.0, 2.0, 2.0)


def test_bad_arguments_are_named() -> None:
    for errors, trials in ((-1, 3), (4, 3), (0, 0)):
        with pytest.raises(ValueError, match="expected 0 <= errors <= trials and trials >= 1"):
            intervals.binomial(errors, trials)
    for level in (0.0, 1.0, 95.0):
        with pytest.raises(ValueError, match=r"level must lie in \(0, 1\)"):
            intervals.mean([1.0, 2.0], level)
    for values in ([], [[1.0]], [1.0, math.nan]):
        with pytest.raises(ValueError, match="values must be a non-empty vector"):
            intervals.mean(values)
    with pytest.raises(ValueError, match="x and y must have one length, found 2 and 3"):
        intervals.slope([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="a slope needs at least two different x"):
        intervals.slope([1.0, 1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="a trend needs at least two different x and y, found 2 and 1"):
        intervals.monotone([1.0, 2.0], [3.0, 3.0])


def test_difference_of_means_is_welchs() -> None:
    noise = np.random.default_rng(5)
    one, other = noise.normal(1.0, 0.3, 12), noise.normal(0.5, 0.9, 20)
    estimate = intervals.difference_of_means(one, other, level=0.9)
    welch = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.9)
    assert (estimate.low, estimate.high) == pytest.approx((welch.low, welch.high))
    same = intervals.difference_of_means([0.1] * 3, [0.3] * 4)
    assert (same.value, same.low, same.high) == pytest.approx((-0.2, -0.2, -0.2))
    with pytest.raises(ValueError, match="two values on each side, found 1 and 3"):
        intervals.difference_of_means([1.0], [1.0, 2.0, 3.0])
