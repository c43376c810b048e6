"""Intervals by resampling: against closed forms, and against the resampling of what is not independent."""

import math

import numpy as np
import pandas as pd
import pytest

from advdim.ledger.resampling import jackknife, over_runs, slope_over_groups
from advdim.statistics.intervals import mean


def test_bootstrap_of_runs_is_wider_than_one_of_points() -> None:
    noise = np.random.default_rng(3)
    runs = [centre + 0.01 * noise.standard_normal(50) for centre in noise.standard_normal(6)]
    whole = over_runs(runs, lambda values: float(values.mean()), name="runs")
    points = over_runs([np.concatenate(runs)], lambda values: float(values.mean()), name="points", within=True)
    assert whole.high - whole.low > 5 * (points.high - points.low)
    assert whole.low < whole.value == points.value < whole.high
    assert whole == over_runs(runs, lambda values: float(values.mean()), name="runs")


def test_bootstrap_of_a_slope() -> None:
    noise = np.random.default_rng(4)
    x = [0.0, 1.0, 3.0]
    groups = [2.0 * one + 0.1 * noise.standard_normal(8) for one in x]
    estimate = slope_over_groups(x, groups, name="slope", level=0.95)
    assert estimate.value == pytest.approx(np.polyfit(np.repeat(x, 8), np.concatenate(groups), 1)[0])
    assert estimate.low < 2.0 < estimate.high
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 * 0.1 / math.sqrt(8 * np.var(x) * 3), rel=0.35)


def test_the_jackknife_of_a_mean_over_seeds_is_students_interval() -> None:
    """The pseudo-values of a mean are the values themselves."""
    values = np.array([0.18, 0.21, 0.17, 0.19, 0.2])
    nets = pd.DataFrame(
        {"seed": np.repeat(range(5), 2), "value": np.repeat(values, 2), "twice": np.repeat(2 * values, 2)}
    )
    one, two = jackknife(nets, lambda some: some[["value", "twice"]].mean().to_numpy())
    for found, expected in ((one, mean(values)), (two, mean(2 * values))):
        assert (found.value, found.low, found.high) == pytest.approx((expected.value, expected.low, expected.high))
