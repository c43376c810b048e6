"""Intervals by resampling that respect how the data were made: whole runs or seeds, or nets within a width."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.seeds import named_seed
from advdim.statistics.intervals import Estimate, mean

FloatArray = NDArray[np.float64]

SAMPLES = 9999


def over_runs(
    runs: Sequence[FloatArray], statistic: Callable[[FloatArray], float], *, name: str, within: bool = False
) -> Estimate:
    """A statistic of pooled values, with the 95 % percentile interval of a bootstrap that resamples whole runs.

    Args:
        runs: values of each run, shape (values,) each; values of one run are not independent.
        statistic: maps the pooled values, shape (all values,), to a number.
        name: names the draw, such as the id of a claim; the same name gives the same interval.
        within: resample the values of each drawn run too.

    Returns:
        The statistic of all values, and its interval.

    Source:
        Davison and Hinkley 1997, section 3.8.
    """
    generator = np.random.default_rng(named_seed(0, "ledger", name))
    drawn = np.empty(SAMPLES)
    for sample, chosen in enumerate(generator.integers(len(runs), size=(SAMPLES, len(runs)))):
        parts = [runs[run] for run in chosen]
        if within:
            parts = [part[generator.integers(len(part), size=len(part))] for part in parts]
        drawn[sample] = statistic(np.concatenate(parts))
    return percentiles(statistic(np.concatenate(runs)), drawn)


def slope_over_groups(x: Sequence[float], groups: Sequence[FloatArray], *, name: str, level: float) -> Estimate:
    """Slope of the least-squares line, with the percentile interval of a bootstrap within each group.

    Args:
        x: abscissa of each group, not all equal.
        groups: ordinates of each group, shape (values,) each, for example one a net of the same width.
        name: names the draw.
        level: coverage, in (0, 1).

    Returns:
        The slope and its interval.

    Source:
        Davison and Hinkley 1997, section 6.2.4: strata are resampled apart.
    """
    generator = np.random.default_rng(named_seed(0, "ledger", name))
    abscissa = np.repeat(np.asarray(x, dtype=np.float64), [len(group) for group in groups])
    lever = abscissa - abscissa.mean()
    lever /= float(lever @ lever)
    shifted = [group - groups[0][0] for group in groups]  # so that equal ordinates have the slope 0, not its rounding
    resampled = [group[generator.integers(len(group), size=(SAMPLES, len(group)))] for group in shifted]
    return percentiles(float(np.concatenate(shifted) @ lever), np.concatenate(resampled, axis=1) @ lever, level)


def jackknife(nets: pd.DataFrame, statistic: Callable[[pd.DataFrame], FloatArray]) -> list[Estimate]:
    """Statistics of the nets, with Student's intervals over the pseudo-values of a jackknife that leaves out seeds.

    With few seeds a bootstrap's interval is too narrow: of three it is at most the range of their values.

    Source:
        Davison and Hinkley 1997, section 2.7.3; Tukey's pseudo-values.
    """
    seeds, value = nets["seed"].unique(), statistic(nets)
    without = np.array([statistic(nets[nets["seed"] != seed]) for seed in seeds])
    return [mean(pseudo) for pseudo in (len(seeds) * value - (len(seeds) - 1) * without).T]


def inside(estimate: Estimate, low: float, high: float) -> bool:
    """Whether the whole interval of an estimate lies in a range: the test of equivalence."""
    return low <= estimate.low and estimate.high <= high


def resampled(count: int, *, name: str) -> NDArray[np.int64]:
    """Indices of the bootstrap samples of some runs, shape (samples, count).

    Args:
        count: number of runs.
        name: names the draw.
    """
    generator = np.random.default_rng(named_seed(0, "ledger", name))
    return generator.integers(count, size=(SAMPLES, count))


def percentiles(value: float, drawn: FloatArray, level: float = 0.95) -> Estimate:
    """An estimate with the percentile interval of a bootstrap.

    Args:
        value: the statistic of the data themselves.
        drawn: that of each bootstrap sample, shape (samples,).
        level: coverage, in (0, 1).
    """
    low, high = np.quantile(drawn, [0.5 * (1.0 - level), 0.5 * (1.0 + level)])
    return Estimate(value, float(low), float(high))
