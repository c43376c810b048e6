"""Figures of the experiment on widths: gradient, vulnerability and accuracy against the number of inputs."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advdim.figures.poolings import NORMS
from advdim.figures.style import PAGE
from advdim.figures.vulnerability import GRADIENT
from advdim.ledger.dimension_widths import Attacked, Sweep
from advdim.ledger.observations import NET
from advdim.statistics.collect import Results


def dimensions_by_dataset(sweep: Sweep) -> dict[str, int]:
    """Number of inputs d of each dataset of a sweep."""
    return {net.labels[0]: d for nets, d in zip(sweep.nets, sweep.dimensions, strict=True) for net in nets}


def average_gradients(results: Results, sweep: Sweep) -> pd.DataFrame:
    """Average the gradients of the nets of a sweep over the test images.

    Returns:
        One row a snapshot of a net: `NET`, `step`, `d`, `sqrt_d`, means of `l1`, `l2`, `linf` and `logit_l2`, and
        `correct`, the accuracy. Empty, with these columns, where no gradients were measured.
    """
    columns = [*NORMS, "correct"]
    gradients = sweep.table(results, "gradient_norms")
    if gradients.empty:
        return pd.DataFrame(columns=[*NET, "step", "d", "sqrt_d", *columns])
    d = gradients["dataset"].map(dimensions_by_dataset(sweep))
    rows = gradients.assign(d=d, sqrt_d=np.sqrt(d), correct=gradients["label"] == gradients["prediction"])
    return rows.groupby([*NET, "step", "d", "sqrt_d"])[columns].mean().reset_index()


def join_vulnerability(trained: pd.DataFrame, sweep: Sweep, attacked: Attacked) -> pd.DataFrame:
    """Add the share of images of each net that an attack fools, `fooled`."""
    shares = {
        net.labels: share
        for nets, part in zip(sweep.nets, attacked.shares, strict=True)
        for net, share in zip(nets, part, strict=True)
    }
    return trained.assign(fooled=[shares[labels] for labels in trained[NET].itertuples(index=False, name=None)])


def draw_sweep(fooled: pd.DataFrame, initial: pd.DataFrame) -> Figure:
    """Draw vulnerability, gradient norm and accuracy against the square root of d (the source's fig. 3).

    Args:
        fooled: trained nets, from `join_vulnerability`.
        initial: rows of `average_gradients` before training; may be empty.
    """
    fig, panels = plt.subplots(1, 3, figsize=(PAGE[0], 2.9))
    _draw_quantiles(panels[0], fooled, "fooled", "trained", "C0")
    panels[0].set(title="Vulnerability", xlabel=r"$\sqrt{d}$", ylabel="share of classes changed", ylim=(0, 1))
    _draw_quantiles(panels[1], fooled, "l1", "trained", "C0")
    if not initial.empty:
        _draw_quantiles(panels[1], initial, "l1", "at initialisation", "C1")
    panels[1].set(title=GRADIENT, xlabel=r"$\sqrt{d}$", ylim=(0, None))
    panels[1].legend()
    _draw_quantiles(panels[2], fooled, "correct", "trained", "C0")
    panels[2].set(title="Accuracy", xlabel=r"$\sqrt{d}$", ylabel="share of test images", ylim=(0, 1))
    fig.tight_layout()
    return fig


def _draw_quantiles(axes: Axes, nets: pd.DataFrame, column: str, label: str, colour: str) -> None:
    """Draw medians with bars from the 10 % to the 90 % quantile."""
    by_width = nets.groupby("sqrt_d")[column]
    low, middle, high = (by_width.quantile(share) for share in (0.1, 0.5, 0.9))
    bars = [middle - low, high - middle]
    axes.errorbar(middle.index, middle, yerr=bars, marker="o", capsize=3, label=label, color=colour)
