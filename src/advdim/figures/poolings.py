"""The figure of nets that differ in how they reduce an image, and those of nets before training."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from advdim.figures.style import PAGE, shades
from advdim.figures.vulnerability import GRADIENT
from advdim.ledger.dimension_initial import THEOREMS
from advdim.ledger.dimension_pooling import POOLINGS
from advdim.statistics.intervals import mean_share

NORMS = {
    "l1": r"$\Vert\partial_x L\Vert_1$",
    "l2": r"$\Vert\partial_x L\Vert_2$",
    "linf": r"$\Vert\partial_x L\Vert_\infty$",
    "logit_l2": r"$\Vert\partial_x f_k\Vert_2$",
}


def draw_poolings(nets: pd.DataFrame) -> Figure:
    """Draw accuracy, vulnerability, and gradients before and after training by the kind of pooling (fig. 4).

    Args:
        nets: one row a net, from `advdim.ledger.dimension_pooling.pooling_nets`.
    """
    fig, panels = plt.subplots(1, 3, figsize=(PAGE[0], 2.9), layout="constrained")
    look = {"x": "pooling", "order": POOLINGS, "size": 4}  # a swarm, for a strip would jitter differently in each run
    for axes, column in zip(panels, ("accuracy", "vulnerability"), strict=False):
        sns.swarmplot(nets, y=column, ax=axes, color="C0", alpha=0.6, **look)
        sns.pointplot(
            nets, x="pooling", y=column, order=POOLINGS, errorbar=_interval, ax=axes, color="black",
            linestyle="none", marker="_", markersize=14, capsize=0.15, linewidth=1.2,
        )  # fmt: skip
        axes.set(title=column.capitalize(), xlabel="", ylabel="share of test images")
    long = nets.melt(id_vars=["pooling"], value_vars=["l1_initial", "l1"], var_name="state", value_name="norm")
    long["state"] = long["state"].map({"l1_initial": "at initialisation", "l1": "trained"})
    sns.swarmplot(long, y="norm", hue="state", dodge=True, ax=panels[2], palette=["C1", "C0"], alpha=0.8, **look)
    panels[2].set(title=GRADIENT, xlabel="", ylabel="", yscale="log")
    panels[2].legend(title="")
    return fig


def _interval(shares: "pd.Series[float]") -> tuple[float, float]:
    """Ends of the interval of a mean, as Seaborn asks for them."""
    one = mean_share(shares)
    return one.low, one.high


def draw_initial_exponents(exponents: pd.DataFrame) -> Figure:
    """Draw the exponents of d before training for each sort of net, with intervals and the theorems' values.

    Args:
        exponents: from `advdim.ledger.dimension_initial.initial_exponents`; further sorts, such as trained nets, have
            rows of the same form.
    """
    sorts = list(dict.fromkeys(exponents["sort"]))
    size = (PAGE[0], 1.2 + 0.27 * len(sorts))
    fig, panels = plt.subplots(1, len(NORMS), figsize=size, sharey=True, layout="constrained")
    places = {name: -number for number, name in enumerate(sorts)}
    groups = list(zip((*THEOREMS, ""), ("C0", "C2", "C1"), (*THEOREMS, "no theorem"), strict=True))
    groups = [group for group in groups if (exponents["covered"] == group[0]).any()]
    for axes, (norm, words) in zip(panels, NORMS.items(), strict=True):
        own = exponents[exponents["norm"] == norm]
        look = {"color": "grey", "marker": "|", "ms": 13, "ls": "", "label": "by the theorems"}
        axes.plot(own["predicted"], own["sort"].map(places), **look)
        for covered, colour, label in groups:
            part = own[own["covered"] == covered]
            bars = [part["slope"] - part["low"], part["high"] - part["slope"]]
            look = {"fmt": "o", "color": colour, "capsize": 2, "ms": 4, "label": label}
            axes.errorbar(part["slope"], part["sort"].map(places), xerr=bars, **look)
        axes.set(title=words, xlabel="exponent of $d$")
        axes.locator_params(axis="x", nbins=4)
    panels[0].set_yticks(list(places.values()), labels=sorts)
    fig.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def draw_areas(pooled: pd.DataFrame) -> Figure:
    """Draw gradients of logits before training against the areas of average poolings (theorems 7 and 11).

    Args:
        pooled: from `advdim.ledger.dimension_theorems.pooled_gradients`.
    """
    fig, panels = plt.subplots(1, 2, figsize=(PAGE[0], 2.9), layout="constrained")
    pooled = pooled.assign(component=pooled["logit_l2"] / np.sqrt(pooled["d"]), inputs=pooled["d"] * pooled["area"])
    for axes, (x, y) in zip(panels, (("area", "logit_l2"), ("inputs", "component")), strict=True):
        look = {"hue": "width", "palette": shades(pooled["width"].nunique()), "s": 14, "alpha": 0.8}
        sns.scatterplot(pooled, x=x, y=y, ax=axes, legend=axes is panels[0], **look)
        grid = np.array([pooled[x].min(), pooled[x].max()])
        line = 1 / np.sqrt(grid)  # theorems 7 and 11
        axes.plot(grid, line * (pooled[y] * np.sqrt(pooled[x])).median(), color="black", lw=1)
        axes.set(xscale="log", yscale="log")
    panels[0].set(title="A logit's gradient", xlabel=r"$a_1 \cdots a_n$", ylabel=NORMS["logit_l2"])
    panels[1].set(title="One component", xlabel=r"$d\,a_1 \cdots a_n$", ylabel="root mean square")
    return fig


def draw_order(losses: pd.DataFrame) -> Figure:
    """Draw how far augmented and penalised loss are apart against eps, with a line of slope 2.

    Args:
        losses: of the statistic `augmentation_order`, with the column `gap`.
    """
    fig, axes = plt.subplots(figsize=(4.6, 3.1), layout="constrained")
    names = {"linf": r"$p = \infty$", "l2": "$p = 2$"}
    shown = losses.assign(norm=losses["norm"].map(names))
    sns.lineplot(shown, x="eps_pixel", y="gap", hue="norm", marker="o", errorbar=("pi", 80), ax=axes)
    sizes = np.array([shown["eps_pixel"].min(), shown["eps_pixel"].max()])
    start = shown.loc[shown["eps_pixel"] == sizes[0], "gap"].min() / 2
    axes.plot(sizes, start * (sizes / sizes[0]) ** 2, color="grey", ls=":", label="slope 2")
    axes.set(xscale="log", yscale="log", xlabel=r"$\epsilon$ (pixels on [0, 1])")
    axes.set_ylabel("|augmented $-$ penalised| (nats)")
    axes.legend(title="")
    return fig
