"""The figure of models that see a part of their input: figure 4 of Gilmer et al. 2018."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from advdim.figures import style
from advdim.theory.quadratic import partial_model_log_error, partial_model_log_error_exact

DIMENSIONS = (500, 1000, 2000, 3000)
SHARES = np.linspace(0.05, 0.95, 19)
STATED = (3000, 0.5, -14.0)
"""Dimension, share of the inputs seen and log10 of the error rate of the source's example (claim S15)."""


def draw_half_input() -> tuple[Figure, pd.DataFrame]:
    """Draw the error rate against the share of the inputs that a model sees, its threshold at its best.

    Returns:
        The figure, and its table: `dimension`, `share`, and log10 of the rate by the source's formula (`formula`) and
        by the exact law (`exact`), each with the threshold that gives both spheres the same rate.
    """
    table = pd.DataFrame([_row(dimension, round(share * dimension)) for dimension in DIMENSIONS for share in SHARES])
    fig, axes = plt.subplots(figsize=style.PAGE, layout="constrained")
    for color, (dimension, rows) in zip(
        sns.color_palette("viridis", len(DIMENSIONS)), table.groupby("dimension"), strict=True
    ):
        axes.plot(rows["share"], rows["formula"], color=color, label=f"d = {dimension:,}")
        axes.plot(rows["share"], rows["exact"], color=color, ls="--", lw=1)
    dimension, share, stated = STATED
    found = _row(dimension, round(share * dimension))["formula"]
    axes.annotate("", (share, found), (share, stated), arrowprops={"arrowstyle": "->", "color": style.INK})
    axes.scatter([share], [stated], marker="x", color="C3", zorder=3, label=f"stated for d = {dimension:,}")
    axes.scatter([share], [found], marker="o", color="C3", zorder=3, label="what its formula gives there")
    axes.plot([], [], color="grey", ls="--", lw=1, label="exact")
    axes.set(xlabel="share of the inputs that the model sees", ylabel="log10 of the error rate", ylim=(-60, 0))
    axes.legend(fontsize=8)
    return fig, table


def _row(dimension: int, seen: int) -> dict[str, float]:
    logs = (partial_model_log_error(dimension, seen), partial_model_log_error_exact(dimension, seen))
    formula, exact = (log / math.log(10) for log in logs)
    return {"dimension": dimension, "share": seen / dimension, "formula": formula, "exact": exact}
