"""All pairs of classes at once: which boundaries tilt most, what that does to the distances, and why."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advdim.figures.style import PAGE, PANELS
from advdim.statistics.collect import Results
from advdim.statistics.intervals import Trend, monotone

COLUMNS = ["pair", "log10_lambda", "angle_deg", "d_adv", "err_train", "err_test", "norm_w", "bias_over_normw"]
"""What is told of each level of each pair."""
FEWEST = 2
"""Pairs below which there is nothing to compare."""


@dataclass(frozen=True)
class Measure:
    """One number of a pair.

    Attributes:
        column: its column in `summary_of_pairs`.
        title: what it is, with its unit.
        digits: decimals in the matrix.
    """

    column: str
    title: str
    digits: int


MATRICES = (
    Measure("largest_angle", "Largest tilting angle (degrees)", 1),
    Measure("d_adv_best", "Adversarial distance at the best test error", 2),
    Measure("best_error", "Best test error (%)", 2),
    Measure("price", "Price of standing upright (points of test error)", 1),
)
REASONS = (
    Measure("upright_error", "Training error of the upright boundary (%)", 1),
    Measure("half_centroid_distance", "Half of the centroids' distance", 2),
    Measure("best_error", "Best test error (%)", 2),
)
"""What may make a pair's boundary tilt."""


def levels_of_pairs(results: Results) -> pd.DataFrame:
    """Read the support vector machines' levels of the dataset with most pairs, MNIST before others.

    Returns:
        The columns of the statistic `tilting` and the labels, from weak to strong regularisation within a pair; empty
        where there are fewer than two pairs.
    """
    trained = results.select(kind="linear", stage="models").rows
    kinds = {row["labels"]["training"]: results.settings(row)["training"]["kind"] for row in trained}
    levels = results.table("tilting", "levels")
    if levels.empty:
        return levels
    levels = pd.DataFrame(levels[levels["training"].map(kinds) == "svm_path"])
    pairs = levels.groupby("dataset")["pair"].nunique()
    if pairs.empty or pairs.max() < FEWEST:
        return pd.DataFrame()
    kind = results.datasets["kind"]
    dataset = min(pairs.index, key=lambda name: (kind[name] != "mnist", -pairs[name], name))
    own = levels[levels["dataset"] == dataset].drop_duplicates(["pair", "log10_lambda"])
    return pd.DataFrame(own.sort_values(["pair", "log10_lambda"], ignore_index=True))


def summary_of_pairs(levels: pd.DataFrame) -> pd.DataFrame:
    """Sum up each pair in one row.

    Returns:
        `pair`, `class_i`, `class_j`, `largest_angle` (degrees), `best_error` (smallest test error, percent), the level
        `log10_lambda_best` that has it and `d_adv_best` there, `price` (test error at the strongest regularisation less
        the smallest one, in points), `upright_error` (training error at the strongest, percent: how far the classes
        overlap along the centroids' direction), `half_centroid_distance`.
    """
    rows = []
    for pair, path in levels.groupby("pair", sort=False):
        best = path.iloc[int(path["err_test"].argmin())]
        upright = path.iloc[int(path["log10_lambda"].argmax())]
        class_i, _, class_j = str(pair).partition("-")
        rows.append(
            {
                "pair": pair,
                "class_i": class_i,
                "class_j": class_j,
                "largest_angle": path["angle_deg"].max(),
                "best_error": best["err_test"],
                "log10_lambda_best": best["log10_lambda"],
                "d_adv_best": best["d_adv"],
                "price": upright["err_test"] - best["err_test"],
                "upright_error": upright["err_train"],
                "half_centroid_distance": upright["half_centroid_distance"],
            }
        )
    return pd.DataFrame(rows)


def trends(summary: pd.DataFrame) -> dict[str, Trend]:
    """Kendall's rank correlation of each reason with the largest angle, by the reason's title.

    A reason that is the same for all pairs, or an angle that is, has none.
    """
    reasons = [reason for reason in REASONS if _varies(summary[reason.column])]
    if not _varies(summary["largest_angle"]):
        return {}
    return {reason.title: monotone(summary[reason.column], summary["largest_angle"]) for reason in reasons}


def draw_paths(levels: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """Draw angle, distance and test error of every pair over the regularisation, the extreme pairs in colour."""
    order = summary.sort_values("largest_angle")["pair"]
    extremes = {order.iloc[0]: "C0", order.iloc[-1]: "C1"}
    fig, panels = plt.subplots(1, 3, figsize=(PAGE[0], 2.9))
    named = (("angle_deg", "degrees"), ("d_adv", "pixels on [0, 1]"), ("err_test", "percent"))
    titles = ("Tilting angle", "Adversarial distance", "Test error")
    for axes, (column, unit), title in zip(panels, named, titles, strict=True):
        for pair, path in levels.groupby("pair", sort=False):
            if pair not in extremes:
                axes.plot(path["log10_lambda"], path[column], color="0.75", lw=0.7, zorder=1)
        for pair, colour in extremes.items():
            path = levels[levels["pair"] == pair]
            axes.plot(path["log10_lambda"], path[column], color=colour, lw=1.8, label=f"{pair}", zorder=2)
        axes.set(title=title, xlabel=r"$\log_{10}\lambda$", ylabel=unit)
    panels[0].legend(title="smallest and largest", fontsize=7, title_fontsize=7)
    fig.tight_layout()
    return fig


def draw_matrices(summary: pd.DataFrame) -> Figure:
    """Draw one matrix a measure, class I down and class J across."""
    names = list(dict.fromkeys([*summary["class_i"], *summary["class_j"]]))
    fig, panels = plt.subplots(2, 2, figsize=(PAGE[0], PAGE[0]))
    for axes, measure in zip(panels.flat, MATRICES, strict=True):
        matrix = summary.pivot_table(index="class_i", columns="class_j", values=measure.column)
        matrix = matrix.reindex(index=names[:-1], columns=names[1:])
        sns.heatmap(
            matrix,
            annot=True,
            fmt=f".{measure.digits}f",
            annot_kws={"fontsize": 7},
            cmap="crest",
            cbar=False,
            square=True,
            linewidths=0.5,
            ax=axes,
        )
        axes.grid(visible=False)
        axes.set(xlabel="class J", ylabel="class I", title=measure.title)
        axes.tick_params(rotation=0)
    fig.tight_layout()
    return fig


def draw_reasons(summary: pd.DataFrame) -> Figure:
    """Draw the largest angle of each pair against what may explain it, pairs named."""
    fig, panels = plt.subplots(1, len(REASONS), figsize=(PAGE[0], PANELS[1] / 1.9), sharey=True)
    for axes, reason in zip(panels, REASONS, strict=True):
        sns.scatterplot(summary, x=reason.column, y="largest_angle", s=14, color="C0", ax=axes)
        _name_extremes(axes, summary, reason.column)
        axes.set(xlabel=reason.title, ylabel="largest tilting angle (degrees)")
    fig.tight_layout()
    return fig


def _varies(values: "pd.Series[float]") -> bool:
    return bool(values.min() < values.max())


def _name_extremes(axes: Axes, summary: pd.DataFrame, column: str) -> None:
    """Name the pairs at both ends of either axis, so that the labels stay apart."""
    rows = {int(summary[name].to_numpy().argsort()[end]) for name in (column, "largest_angle") for end in (0, -1)}
    for row in sorted(rows):
        place = (float(summary[column].iloc[row]), float(summary["largest_angle"].iloc[row]))
        axes.annotate(str(summary["pair"].iloc[row]), place, fontsize=6.5, xytext=(3, 3), textcoords="offset points")
