"""Figures of nets between spheres beyond their error rates: planes, norms, circles, dimensions."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from scipy import special

from advdim.figures import style
from advdim.statistics.intervals import Estimate, binomial
from advdim.statistics.slices import SORTS

TITLES = {"random": "random plane", "one worst": "one worst case", "two worst": "two worst cases"}
LIMIT = 3.0
"""How far from the origin slices are drawn."""


def draw_slices(table: pd.DataFrame, outer_radius: float) -> Figure:
    """Draw what a net says in the first plane of each sort (figure 1 of Gilmer et al. 2018).

    Args:
        table: rows of `advdim.statistics.slices` of one snapshot.
        outer_radius: radius R of the outer sphere.
    """
    fig, panels = plt.subplots(1, len(SORTS), figsize=(style.PAGE[0], 2.9), sharex=True, sharey=True)
    first = table[table["plane"] == table["plane"].min()]
    for axes, sort in zip(panels, SORTS, strict=True):
        rays = first[first["sort"] == sort].pivot_table(index="angle_deg", columns="radius", values="logit")
        turns = np.radians(np.append(rays.index, 360.0))
        values = special.expit(np.vstack([rays.to_numpy(), rays.to_numpy()[:1]]))
        shown = axes.pcolormesh(
            np.outer(np.cos(turns), rays.columns),
            np.outer(np.sin(turns), rays.columns),
            values,
            cmap="coolwarm",
            vmin=0,
            vmax=1,
            shading="gouraud",
            rasterized=True,
        )
        _circles(axes, (1.0, outer_radius))
        axes.set(title=TITLES[sort], aspect="equal", xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT))
    fig.colorbar(shown, ax=panels, label="probability of outer", shrink=0.85)
    return fig


def draw_norms(accuracy: pd.DataFrame, attacked: pd.DataFrame, middle: float) -> tuple[Figure, pd.DataFrame]:
    """Draw accuracy on random points and the share of starts in error after a search, by norm (figure 2 left).

    Args:
        accuracy: rows of `advdim.statistics.norm_sweep`.
        attacked: rows of `advdim.attacks.manifold`.
        middle: norm of the boundary that answers are judged by.

    Returns:
        The figure, and what is in it: one row a norm and way of looking.
    """
    random = accuracy.groupby("radius").agg(trials=("points", "sum"), errors=("errors", "sum"))
    searched = attacked.groupby("radius").agg(trials=("found", "size"), errors=("found", "sum"))
    table = pd.concat({"random points": random, "points after the search": searched}, names=["way"]).reset_index()
    table = table.assign(right=table["trials"] - table["errors"])
    bounds = binomial_bounds(table["right"], table["trials"])
    table = table.assign(accuracy=[b.value for b in bounds], low=[b.low for b in bounds], high=[b.high for b in bounds])
    fig, axes = plt.subplots(figsize=style.COLUMN)
    for (way, rows), colour in zip(table.groupby("way", sort=False), ("C0", "C3"), strict=True):
        axes.plot(rows["radius"], rows["accuracy"], marker="o", ms=3, color=colour, label=way)
        axes.fill_between(rows["radius"], rows["low"], rows["high"], color=colour, alpha=0.2, lw=0)
    axes.axvline(middle, color="grey", ls=":", label=f"boundary {middle:g}")
    axes.set(xlabel="norm (inner radius = 1)", ylabel="share of right answers", ylim=(-0.03, 1.03))
    axes.legend(fontsize=7)
    return fig, table


def draw_circles(table: pd.DataFrame) -> Figure:
    """Draw the logit of nets in two dimensions around both circles (figure 2 right).

    Args:
        table: rows of `advdim.statistics.circles`.
    """
    fig, axes = plt.subplots(figsize=style.COLUMN)
    every = max(1, table["angle_deg"].nunique() // 360)
    thinned = table.sort_values("angle_deg").groupby(["seed", "radius"]).nth(slice(None, None, every))
    thinned = thinned.assign(circle=np.where(thinned["radius"] > 1, "outer circle", "inner circle"))
    sns.lineplot(
        thinned, x="angle_deg", y="logit", hue="circle", units="seed", estimator=None, lw=0.8, ax=axes, palette="deep"
    )
    axes.axhline(0, color="black", lw=0.8)
    axes.set(xlabel="angle (degrees)", ylabel="logit (positive: outer)", xlim=(0, 360))
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return fig


def draw_dimensions(attacked: pd.DataFrame, power: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw from which share of the starts a search finds errors, by dimension (claim S08), beside its power.

    Args:
        attacked: rows of `advdim.attacks.manifold` at the end of training, with a column `dimension`.
        power: rows of `advdim.statistics.search_power`, with a column `dimension`; may be empty.

    Returns:
        The figure, and what is in it: one row a dimension and `net`.
    """
    parts = [attacked.assign(net="trained nets")]
    if not power.empty:
        parts.append(power.assign(net="ellipsoid, one alpha " + power["alpha"].map("{:g}".format)))
    rows = pd.concat(parts, ignore_index=True)
    counts = rows.groupby(["net", "dimension"], sort=False).agg(starts=("found", "size"), found=("found", "sum"))
    counts = counts.reset_index().sort_values(["net", "dimension"], ascending=[False, True])
    bounds = binomial_bounds(counts["found"], counts["starts"])
    counts = counts.assign(share=[b.value for b in bounds], low=[b.low for b in bounds], high=[b.high for b in bounds])
    fig, axes = plt.subplots(figsize=style.COLUMN)
    for net, of_net in counts.groupby("net", sort=False):
        axes.errorbar(
            of_net["dimension"],
            of_net["share"],
            [of_net["share"] - of_net["low"], of_net["high"] - of_net["share"]],
            fmt="o-" if net == "trained nets" else "x:",
            ms=4,
            capsize=2,
            label=net,
        )
    axes.axvline(60, color="grey", ls=":", label="none up to here in the source")
    axes.set(xlabel="dimension d", ylabel="share of starts with an error found", ylim=(-0.03, 1.03))
    axes.legend(fontsize=7)
    return fig, counts


def binomial_bounds(events: "pd.Series[int]", trials: "pd.Series[int]", level: float = 0.95) -> list[Estimate]:
    """Shares of events with their exact two-sided intervals."""
    pairs = zip(events.to_numpy(dtype=int), trials.to_numpy(dtype=int), strict=True)
    return [binomial(int(number), int(of), level) for number, of in pairs]


def _circles(axes: Axes, radii: tuple[float, ...]) -> None:
    for radius in radii:
        axes.add_patch(Circle((0, 0), radius, fill=False, color="black", lw=0.8))
