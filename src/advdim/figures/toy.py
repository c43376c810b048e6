"""The toy problem of the tilting study, printed: planes with tilted boundaries, and distance against tilt."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advdim.figures.style import INK, PANELS

HALF_WIDTH = 1.15
"""Half of the edge of a drawn plane: the classes reach from -1 to 1."""
SHOWN_DEG = (0, 45, 85)
"""Tilts of the boundaries that are drawn in the planes."""
MARKS = (("o", 9.0), ("x", 6.0), (".", 3.0))
"""Marks of the dimensions and their sizes, from low to high: each is seen within the one before."""


def draw_toy(tilts: pd.DataFrame, points: pd.DataFrame) -> Figure:
    """Draw a plane for each dimension, and the adversarial distance of all dimensions against the tilt.

    Args:
        tilts: the table `tilts` of the statistic `toy_tilt`, of one or more dimensions.
        points: its table `points`, of the same dimensions.

    Returns:
        The figure.
    """
    dimensions = sorted(tilts["dimension"].unique())
    fig = plt.figure(figsize=PANELS, layout="constrained")
    grid = fig.add_gridspec(len(dimensions), 2, width_ratios=(1, 1.5))
    planes = [fig.add_subplot(grid[row, 0]) for row in range(len(dimensions))]
    for axes, dimension in zip(planes, dimensions, strict=True):
        _draw_plane(axes, points[points["dimension"] == dimension])
        axes.set(title=f"d = {dimension}", ylabel="along n")
    planes[-1].set_xlabel("along z, between the centroids")
    handles, labels = planes[0].get_legend_handles_labels()
    curve = fig.add_subplot(grid[:, 1])
    _draw_distances(curve, tilts, dimensions)
    curve.add_artist(curve.legend(handles, labels, loc="lower left", title="Planes"))
    curve.legend(loc="upper right", title="Adversarial distance")
    return fig


def _draw_plane(axes: Axes, points: pd.DataFrame) -> None:
    """Draw the points, a boundary for each tilt, and the mirror image of one point in each boundary."""
    for name, sign, colour in (("class I", -1, "C0"), ("class J", 1, "C1")):
        own = points[points["y"] == sign]
        axes.scatter(own["along_z"], own["along_n"], s=5, color=colour, label=name, zorder=2)
    image = points.loc[points["y"] < 0, ["along_z", "along_n"]].to_numpy()
    image = image[np.argmin(np.abs(image[:, 0] - np.median(image[:, 0])))]  # one from the middle of class I
    for tilt, colour in zip(SHOWN_DEG, sns.light_palette("purple", len(SHOWN_DEG) + 2)[2:], strict=True):
        normal = np.array([np.cos(np.radians(tilt)), np.sin(np.radians(tilt))])
        mirror = image - 2 * (image @ normal) * normal
        ends = np.outer((-2 * HALF_WIDTH, 2 * HALF_WIDTH), (-normal[1], normal[0]))
        axes.plot(*ends.T, color=colour, lw=1.4, label=f"boundary, tilt {tilt:g}°", zorder=1)
        axes.plot(*np.transpose([image, mirror]), color=colour, lw=0.9, ls=":", zorder=3)
        axes.plot(*mirror, marker="D", ms=5, color=colour, mec="white", mew=0.6, zorder=4)
    axes.plot(*image, "o", ms=6, color=INK, mec="white", mew=0.6, ls="none", label="an image x", zorder=5)
    axes.plot([], [], "D", ms=5, color="grey", label="its mirror image")
    axes.set(xlim=(-HALF_WIDTH, HALF_WIDTH), ylim=(-HALF_WIDTH, HALF_WIDTH), aspect="equal")


def _draw_distances(axes: Axes, tilts: pd.DataFrame, dimensions: Sequence[int]) -> None:
    """Draw the theory as a line and each dimension's measured distances as marks."""
    angles = np.linspace(0, 90, 181)
    half_distance = tilts["half_centroid_distance"].mean()
    axes.plot(angles, half_distance * np.cos(np.radians(angles)), color="grey", label="theory, any d", zorder=1)
    for number, dimension in enumerate(dimensions):
        own = tilts[tilts["dimension"] == dimension]
        mark, size = MARKS[number % len(MARKS)]
        label = f"measured, d = {dimension}"
        axes.plot(own["tilt_deg"], own["d_adv_measured"], mark, ms=size, color=INK, mfc="none", mew=1.4, label=label)
    axes.set(title="Distance against tilt", xlabel="tilt of the weight vector (degrees)")
    axes.set(ylabel="mean adversarial distance", xlim=(-2, 92), ylim=(0, None))
