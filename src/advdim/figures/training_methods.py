"""Figures that compare ways of training: curves over the strength, one function of the gradient, the price."""

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation
from pandas.api.typing import SeriesGroupBy

from advdim.figures.order import in_natural_order
from advdim.figures.style import COLUMN, PAGE, PANELS
from advdim.figures.vulnerability import GRADIENT
from advdim.ledger.dimension_nets import (
    AUGMENTATIONS,
    CROSS_LIPSCHITZ,
    METHODS,
    PENALTIES,
    PGD,
    PLAIN,
    THROUGH,
    of_methods,
)
from advdim.statistics.intervals import Estimate, mean_share

COLOURS = {
    PLAIN: "black",
    PENALTIES["l1"]: "C0",
    AUGMENTATIONS["linf"]: "C9",
    PENALTIES["l2"]: "C3",
    AUGMENTATIONS["l2"]: "C1",
    PGD["linf"]: "C4",
    PGD["l2"]: "C6",
    CROSS_LIPSCHITZ: "C2",
}
DASHED = tuple(AUGMENTATIONS.values())
BY_EPS = (*PENALTIES.values(), *AUGMENTATIONS.values(), *PGD.values())
"""Methods whose strength is an eps, on one axis."""


def nets_to_compare(nets: pd.DataFrame, attacked: str = "vulnerability") -> pd.DataFrame:
    """Keep the nets whose means over seeds can be compared: all methods by the same seeds.

    Of each method the strengths that were trained with as many seeds as any of it, and of those the seeds that all
    have. Methods of app. F have a figure of their own, and are left out.

    Args:
        nets: one row a net, from `advdim.ledger.dimension_comparison.compared_nets`.
        attacked: the column of the vulnerability, without which a net is left out.
    """
    nets = of_methods(nets.dropna(subset=[attacked]), shown_methods(nets))
    seeds = nets.groupby(["method", "strength"])["seed"].transform("nunique")
    nets = nets[seeds == seeds.groupby(nets["method"]).transform("max")]
    each = [set(own) for _, own in nets.groupby(["method", "strength"])["seed"]]
    return nets[nets["seed"].isin(set.intersection(*each))] if each else nets


def shown_methods(nets: pd.DataFrame) -> list[str]:
    """The methods of some nets in the order of the legend, without those of app. F."""
    return [method for method in METHODS if (nets["method"] == method).any() and method not in THROUGH.values()]


def draw_methods(nets: pd.DataFrame, attacked: str = "vulnerability") -> Figure:
    """Draw the source's figure 2: a to c over the strength, d to f against each other; means over seeds with bars.

    Args:
        nets: from `nets_to_compare`.
        attacked: the column of the vulnerability.
    """
    fig, panels = plt.subplots(2, 3, figsize=PANELS, layout="constrained")
    over = (("l1", GRADIENT), (attacked, "vulnerability"), ("accuracy", "accuracy"))
    for axes, (column, words), letter in zip(panels[0], over, "abc", strict=True):
        for method in BY_EPS:
            _curve(axes, nets, method, "strength", column)
        plain = nets.loc[nets["method"] == PLAIN, column].mean()
        axes.axhline(plain, color="black", ls=":", lw=1)
        axes.set(xscale="log", title=f"{letter}) {words}", xlabel=r"$\epsilon$ (pixels on [0, 1])")
        axes.xaxis.set_major_formatter(LogFormatterSciNotation())
    against = (
        ("l1", attacked, GRADIENT, "vulnerability"),
        ("l2", "l1", r"$E\,\Vert\partial_x L\Vert_2$", GRADIENT),
        (attacked, "accuracy", "vulnerability", "accuracy"),
    )
    for axes, (x, y, below, beside), letter in zip(panels[1], against, "def", strict=True):
        for method in shown_methods(nets):
            _curve(axes, nets, method, x, y)
        axes.set(title=f"{letter}) {beside}", xlabel=below)
    handles, labels = panels[1, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=4)
    return fig


def draw_fronts(nets: pd.DataFrame) -> Figure:
    """Draw accuracy against vulnerability of each method: means over seeds, with Student's 95 % intervals of both.

    Both are shares, so the intervals end at 0 and 1.

    Args:
        nets: as in `draw_methods`.
    """
    fig, axes = plt.subplots(figsize=PAGE, layout="constrained")
    for method in shown_methods(nets):
        _curve(axes, nets, method, "vulnerability", "accuracy", intervals=True)
    axes.set(xlabel="vulnerability (share of classes changed)", ylabel="accuracy")
    handles, labels = axes.get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside right center")
    return fig


def _curve(axes: Axes, nets: pd.DataFrame, method: str, x: str, y: str, *, intervals: bool = False) -> None:
    """Draw the means over seeds at each strength; bars span the seeds' values, or are intervals of both means."""
    groups = nets[nets["method"] == method].groupby("strength")
    if not len(groups):
        return
    means = groups.mean(numeric_only=True).assign(strength=[strength for strength, _ in groups])
    bars = {column: _bars(groups[column], intervals) for column in (x, y) if column != "strength"}
    look: dict[str, Any] = {"color": COLOURS[method], "ls": "--" if method in DASHED else "-", "ms": 4, "lw": 1.3}
    look |= {"marker": "D" if method == PLAIN else "o", "label": method, "capsize": 2, "elinewidth": 0.8}
    axes.errorbar(means[x], means[y], yerr=bars[y], xerr=bars[x] if intervals else None, **look)


def _bars(groups: "SeriesGroupBy[Any, Any]", intervals: bool) -> list[list[float]]:
    """How far bars reach below and above the mean of each strength; intervals are of shares, of a single net none."""
    below, above = [], []
    for _, values in groups:
        centre = float(values.mean())
        one = mean_share(values) if intervals and len(values) > 1 else Estimate(centre, values.min(), values.max())
        below.append(max(centre - one.low, 0.0))  # the mean of equal values may lie a rounding beside them
        above.append(max(one.high - centre, 0.0))
    return [below, above]


def with_twins(nets: pd.DataFrame) -> pd.DataFrame:
    """Keep the nets that were trained through the attack, and those of the same norm, strength and seed that were not.

    Args:
        nets: one row a net, from `advdim.ledger.dimension_comparison.compared_nets`.
    """
    nets = of_methods(nets, [*AUGMENTATIONS.values(), *THROUGH.values()])
    norm = nets["method"].map({name: norm for names in (AUGMENTATIONS, THROUGH) for norm, name in names.items()})
    return nets[nets.groupby([norm, "strength", "seed"])["method"].transform("nunique") == 2]


def draw_through_attack(twins: pd.DataFrame) -> Figure:
    """Draw nets that were trained with back-propagation through the attack against their twins of the same seed.

    Args:
        twins: from `with_twins`.
    """
    fig, panels = plt.subplots(1, 3, figsize=(PAGE[0], COLUMN[1]), layout="constrained")
    for axes, (column, words) in zip(
        panels, (("l1", GRADIENT), ("vulnerability", "vulnerability"), ("accuracy", "accuracy")), strict=True
    ):
        for norm, colour in (("linf", "C9"), ("l2", "C1")):
            usual, through = (
                twins[twins["method"] == name[norm]].set_index(["strength", "seed"])[column].sort_index()
                for name in (AUGMENTATIONS, THROUGH)
            )
            if len(usual):
                axes.plot(usual, through, "o", ms=4, color=colour, label=AUGMENTATIONS[norm])
        middle = of_methods(twins, list(AUGMENTATIONS.values()))[column].mean()  # so the line widens no axis
        axes.axline((float(middle),) * 2, slope=1, color="grey", lw=1, ls=":")
        axes.set(title=words, xlabel="as usual", ylabel="through the attack" if column == "l1" else "")
    fig.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


def summarise(nets: pd.DataFrame) -> pd.DataFrame:
    """Medians over the nets of each dataset, model, method and strength.

    Args:
        nets: one row a net, from `advdim.ledger.dimension_nets.net_rows`.
    """
    medians = {name: (name, "median") for name in ("accuracy", "vulnerability", "l1", "l2")}
    groups = nets.groupby(["dataset", "model", "method", "strength"])
    rows = groups.agg(nets=("seed", "nunique"), d=("d", "first"), **medians).reset_index()
    return in_natural_order(rows, "dataset")
