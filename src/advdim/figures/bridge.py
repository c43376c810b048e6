"""Figures between the studies: three linear classifiers, their first-order damage, and the local tilt of the nets."""

import math
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter

from advdim.datasets.stored import read_info
from advdim.figures.style import PAGE, PANELS
from advdim.statistics.collect import Results

CLASSIFIERS = {
    "svm_path": "support vector machine",
    "logistic_path": "logistic regression",
    "nearest_centroid": "nearest centroid",
}
"""Name of the linear classifiers by the kind of training, in the order of the legend."""
COLOURS = {"support vector machine": "C0", "logistic regression": "C1", "nearest centroid": "0.35"}
PREFERRED_PAIR = "2-3"
"""The source's pair of digits."""
STATES = {True: "at initialisation", False: "trained"}
"""State of a net by whether its snapshot is of step 0."""


def compared_levels(results: Results) -> pd.DataFrame:
    """Read what the statistic `tilting` says of the pair that most kinds of linear classifier have separated.

    Among equals MNIST goes first, and then the source's pair.

    Returns:
        One row a level, from strong to weak regularisation within a `classifier`; empty where there is none.
    """
    trained = results.select(kind="linear", stage="models")
    kinds = {row["labels"]["training"]: results.settings(row)["training"]["kind"] for row in trained.rows}
    levels = results.table("tilting", "levels")
    if levels.empty:
        return levels
    levels["classifier"] = levels["training"].map(kinds).map(CLASSIFIERS)
    kind = results.datasets["kind"]
    counts = levels.groupby(["dataset", "pair"])["classifier"].nunique()
    dataset, pair = min(
        counts.index,
        key=lambda place: (-counts[place], kind[place[0]] != "mnist", place[1] != PREFERRED_PAIR, place),
    )
    own = levels[(levels["dataset"] == dataset) & (levels["pair"] == pair)]
    first = own.groupby("classifier")[["training", "measurement", "seed"]].transform("first")
    own = own[(own[["training", "measurement", "seed"]] == first).all(axis=1)]
    own = own.drop_duplicates(["classifier", "log10_lambda"])
    ranks = own["classifier"].map(list(CLASSIFIERS.values()).index)
    order = own.assign(rank=ranks).sort_values(["rank", "log10_lambda"], ascending=[True, False]).index
    return pd.DataFrame(own.loc[order].reset_index(drop=True))


def pixels_of(results: Results) -> dict[str, int]:
    """Number of input coordinates d of each image dataset, by its name."""
    found = {}
    for row in results.select(stage="datasets").rows:
        info = read_info(results.folder(row))
        if "shape" in info:
            found[row["labels"]["dataset"]] = math.prod(info["shape"])
    return found


def draw_comparison(levels: pd.DataFrame) -> Figure:
    """Draw angle, adversarial distance and test error over the path, and the test error against the angle.

    Args:
        levels: of one pair, from `compared_levels`.
    """
    fig, panels = plt.subplots(2, 2, figsize=PANELS, layout="constrained")
    over_path = {"angle_deg": "Tilting angle", "d_adv": "Adversarial distance", "err_test": "Test error"}
    units = {"angle_deg": "degrees", "d_adv": r"$d_\mathrm{adv}$ (pixels on [0, 1])", "err_test": "percent"}
    for axes, (column, title) in zip(panels.flat, over_path.items(), strict=False):
        _draw_over_path(axes, levels, column)
        axes.set(title=title, xlabel=r"$\log_{10}\lambda$", ylabel=units[column], ylim=(0, None))
    _draw_over_tilt(panels[1, 1], levels, "err_test")
    panels[1, 1].set(title="The price of standing upright", ylabel="test error (percent)", ylim=(0, None))
    panels[0, 0].legend()
    return fig


def draw_bridge(levels: pd.DataFrame, pixels: int) -> Figure:
    """Draw what a tilt does to the distance in l_inf, to |w|_1 / |w|_2 and to the share fooled, and predicted damage.

    Args:
        levels: of one pair, from `compared_levels`.
        pixels: d, the number of input coordinates.
    """
    fig, panels = plt.subplots(2, 2, figsize=PANELS, layout="constrained")
    levels = levels.assign(ratio=levels["norm1_w"] / levels["norm_w"])
    _draw_distance(panels[0, 0], levels)
    _draw_over_tilt(panels[0, 1], levels, "ratio")
    panels[0, 1].axhline(math.sqrt(pixels), color="black", lw=1, ls=":", label=r"$\sqrt{d}$, the largest there can be")
    panels[0, 1].set(title="Spread of the weights", ylabel=r"$\Vert w\Vert_1 / \Vert w\Vert_2$", ylim=(0, None))
    panels[0, 1].legend(*(entries[-1:] for entries in panels[0, 1].get_legend_handles_labels()))
    _draw_over_tilt(panels[1, 0], levels, "fooled_percent")
    panels[1, 0].set(title="Fooled test images", ylabel="percent", ylim=(0, 100))
    _draw_damage(panels[1, 1], levels)
    return fig


def _by_classifier(levels: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for name in dict.fromkeys(levels["classifier"]):
        yield str(name), levels[levels["classifier"] == name]


def _draw_over_path(axes: Axes, levels: pd.DataFrame, column: str) -> None:
    """Draw a column over log10 of lambda; where lambda is infinite, as a dashed line."""
    for name, own in _by_classifier(levels):
        finite = own[np.isfinite(own["log10_lambda"])]
        if finite.empty:
            axes.axhline(own[column].iloc[0], color=COLOURS[name], ls="--", lw=1.2, clip_on=False, label=name)
        else:
            axes.plot(finite["log10_lambda"], finite[column], color=COLOURS[name], label=name)


def _draw_over_tilt(axes: Axes, levels: pd.DataFrame, column: str) -> None:
    """Draw a column against the tilting angle: paths as lines, a single classifier as a mark."""
    for name, own in _by_classifier(levels):
        form = "D" if len(own) == 1 else ".-"
        axes.plot(own["angle_deg"], own[column], form, ms=4, lw=1, color=COLOURS[name], label=name, clip_on=False)
    axes.set(xlabel="tilting angle (degrees)")


def _draw_distance(axes: Axes, levels: pd.DataFrame) -> None:
    """Draw the distance in l_inf against the angle, the size eps of the perturbation, and the cosine alone."""
    _draw_over_tilt(axes, levels, "d_adv_linf")
    angles = np.linspace(0, levels["angle_deg"].max(), 100)
    upright = levels.sort_values("angle_deg", kind="stable")["d_adv_linf"].iloc[0]
    axes.plot(angles, upright * np.cos(np.radians(angles)), color="black", lw=1, ls="--", label="the cosine alone")
    axes.axhline(levels["eps"].iloc[0], color="black", lw=1, ls=":", label=r"$\epsilon$")
    axes.set(title=r"Distance in $\ell_\infty$", ylabel="pixels on [0, 1]", ylim=(0, None))
    axes.legend(loc="lower left")


def _draw_damage(axes: Axes, levels: pd.DataFrame) -> None:
    """Draw the true rise of the loss against the predicted one, with the diagonal."""
    shown = levels[(levels["damage_first_order"] > 0) & (levels["damage_true"] > 0)]
    for name, own in _by_classifier(shown):
        form = "D" if len(own) == 1 else "."
        axes.plot(own["damage_first_order"], own["damage_true"], form, ms=4, color=COLOURS[name], label=name)
    both = shown[["damage_first_order", "damage_true"]].to_numpy()
    axes.plot([both.min(), both.max()], [both.min(), both.max()], color="black", lw=1)
    axes.set(xscale="log", yscale="log", title="Damage", ylabel="true rise of the loss")
    axes.minorticks_off()
    axes.set_xlabel(r"predicted rise, $\epsilon\,E\,\Vert\partial_x L\Vert_1$")


def local_tilts(results: Results) -> pd.DataFrame:
    """Read what the statistic `local_tilt` says of nets at initialisation and at their last step.

    Returns:
        One row an image, net and `state`, with the number of input coordinates `d`, |cos| of the angle in `cosine`, and
        in `chance` the mean that it would have for gradients of random direction; empty where there is none.
    """
    tilts = results.table("local_tilt")
    if tilts.empty:
        return tilts
    net = ["dataset", "model", "training", "seed"]
    tilts = tilts.drop_duplicates([*net, "measurement", "step", "image"])
    last = tilts.groupby(net)["step"].transform("max")
    tilts = tilts[(tilts["step"] == 0) | (tilts["step"] == last)]
    d = tilts["dataset"].map(pixels_of(results))
    cosine = np.cos(np.radians(tilts["angle_deg"])).abs()
    state = (tilts["step"] == 0).map(STATES)
    return tilts.assign(state=state, d=d, cosine=cosine, chance=np.sqrt(2 / (math.pi * d)))


def draw_local_tilt(tilts: pd.DataFrame) -> Figure:
    """Draw the angles of the nets at each number of input coordinates, and how far they are from chance.

    Args:
        tilts: from `local_tilts`.
    """
    sizes, states = sorted(tilts["d"].unique()), [name for name in STATES.values() if (tilts["state"] == name).any()]
    fig, (boxes, cosines) = plt.subplots(1, 2, figsize=PAGE, layout="constrained")
    look = {"order": sizes, "hue_order": states, "whis": (5, 95), "showfliers": False, "linewidth": 0.9, "width": 0.7}
    sns.boxplot(tilts, x="d", y="angle_deg", hue="state", ax=boxes, **look)
    for place, size in enumerate(sizes):
        half = math.degrees(1.645 / math.sqrt(size))
        label = "random direction, 5 % to 95 %" if place == 0 else None
        boxes.fill_between([place - 0.48, place + 0.48], 90 - half, 90 + half, color="0.88", zorder=0, label=label)
    boxes.set(title="Local tilt", xlabel="input dimension $d$", ylabel="angle (degrees)")
    boxes.legend()
    for state in states:
        own = tilts[tilts["state"] == state].groupby("d")["cosine"].mean()
        cosines.plot(own.index, own, "o-", label=state)
    grid = np.geomspace(min(sizes), max(sizes), 50)
    cosines.plot(grid, np.sqrt(2 / (math.pi * grid)), color="grey", ls="--", lw=1.2, label=r"$\sqrt{2/(\pi d)}$")
    cosines.set(xscale="log", yscale="log", title="Alignment", xlabel="input dimension $d$", ylabel=r"mean $|\cos|$")
    cosines.set_xticks(sizes, labels=sizes)
    cosines.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    cosines.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    cosines.minorticks_off()
    cosines.legend()
    return fig
