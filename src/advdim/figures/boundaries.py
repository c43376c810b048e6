"""Printed figures of tilted boundaries (figures 2, 5 and 7 of Tanay & Griffin 2018), and of their path."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.typing import ColorType
from numpy.typing import NDArray

from advdim.figures import style
from advdim.figures.frames import straight
from advdim.figures.rotation import boundary_in_plane
from advdim.figures.tilting import CLASSES, HALF_LENGTH, PairPath, picture

FloatArray = NDArray[np.float64]

FAN = 9
"""Boundaries that are drawn at once."""


def draw_adversarial(path: PairPath) -> tuple[Figure, pd.DataFrame]:
    """Draw an image of each class, and its perturbation and mirror image at the named levels (figure 2).

    All pictures have one scale of grey: a perturbation is as faint or strong as it is in the mirror image.

    Returns:
        The figure, and the distances in it: one row an image and level.
    """
    rows = []
    ratios = [1, *[0.22, 1, 1] * len(path.named_levels)]
    fig = plt.figure(figsize=(style.PAGE[0], 2.9))
    grid = fig.add_gridspec(2, len(ratios), width_ratios=ratios, wspace=0.06, hspace=0.25)
    for line, (y, class_name) in enumerate(zip((-1, 1), path.pair, strict=True)):
        image = path.first_image(y)
        _show(fig.add_subplot(grid[line, 0]), image, f"image of a {class_name}")
        for place, (name, number) in enumerate(path.named_levels.items()):
            level = float(path.levels["log10_lambda"].iloc[number])
            perturbation = path.perturbation(image, number)
            length = float(np.linalg.norm(perturbation))
            left, right = (fig.add_subplot(grid[line, 3 * place + offset]) for offset in (2, 3))
            _show(left, 0.5 + perturbation / 2, "perturbation")
            _show(right, image + perturbation, f"{length:.2f} away")
            if line == 0:
                left.set_title(f"{name}, $\\lambda = 10^{{{level:g}}}$", fontsize=9)
            row = {"class": class_name, "level": name, "log10_lambda": level}
            rows.append(row | {"distance_to_boundary": length / 2, "distance_to_mirror_image": length})
    return fig, pd.DataFrame(rows)


def draw_planes(path: PairPath) -> Figure:
    """Draw the training images in the tilting plane of the named levels, with boundary and angle (figure 5)."""
    fig, panels = plt.subplots(
        1, len(path.named_levels), figsize=(style.PAGE[0], 3.4), sharex=True, sharey=True, layout="constrained"
    )
    for axes, (name, number) in zip(panels, path.named_levels.items(), strict=True):
        level = path.levels.iloc[number]
        _scatter(axes, path, path.points(number))
        angle, offset = float(np.radians(level["angle_deg"])), float(level["bias_over_normw"])
        _line(axes, straight(angle, offset, HALF_LENGTH), style.INK, label="boundary")
        axes.set(title=f"{name}: {level['angle_deg']:.1f}°", xlabel="along z (pixels)", aspect="equal")
    reach = 1.06 * max(
        float(np.abs(cloud).max()) for number in path.named_levels.values() for cloud in path.points(number)
    )
    panels[0].set(ylabel="along n (pixels)", xlim=(-reach, reach), ylim=(-reach, reach))
    fig.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def draw_path(levels: pd.DataFrame) -> Figure:
    """Draw tilting angle, adversarial distance and errors of a pair of classes over its path of regularisation.

    Args:
        levels: those of a `PairPath`.
    """
    fig, panels = plt.subplots(1, 3, figsize=(style.PAGE[0], 2.8))
    sns.lineplot(levels, x="log10_lambda", y="angle_deg", errorbar=None, ax=panels[0])
    panels[0].set(title="Tilting angle", ylabel="degrees")
    sns.lineplot(levels, x="log10_lambda", y="d_adv", errorbar=None, ax=panels[1])
    panels[1].axhline(levels["half_centroid_distance"].iloc[0], color="grey", ls=":", lw=1)
    panels[1].set(title="Adversarial distance", ylabel="pixels on [0, 1]", ylim=(0, None))
    for column, label in (("err_train", "training"), ("err_test", "test")):
        sns.lineplot(levels, x="log10_lambda", y=column, label=label, errorbar=None, ax=panels[2])
    panels[2].set(title="Errors", ylabel="percent", ylim=(0, None))
    for axes in panels:
        axes.set_xlabel(r"$\log_{10}\lambda$")
    fig.tight_layout()
    return fig


def draw_rotation(path: PairPath) -> Figure:
    """Draw the boundaries of some levels as a fan over the data, and how far w leaves their plane (figure 7)."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(style.PAGE[0], 3.6), width_ratios=[1.25, 1], layout="constrained")
    levels = path.rotation["log10_lambda"]
    norm, shades = Normalize(levels.min(), levels.max()), plt.colormaps["viridis_r"]
    _scatter(left, path, path.points(0))
    for number in _fan(path.rotation):
        _line(left, boundary_in_plane(path.rotation.iloc[number]), shades(float(norm(levels[number]))))
    left.set(title="Boundaries", xlabel="along z (pixels)", ylabel="along n of the weakest (pixels)")
    left.set_aspect("equal", adjustable="datalim")
    left.legend(loc="upper left", frameon=True)
    fig.colorbar(ScalarMappable(norm, shades), ax=left, label=r"$\log_{10}\lambda$")
    right.plot(levels, 100 * path.rotation["outside"], color=style.INK)
    right.set(title="Part of w outside the plane", xlabel=r"$\log_{10}\lambda$", ylabel="percent of |w|", ylim=(0, 100))
    return fig


def _fan(rotation: pd.DataFrame) -> NDArray[np.int64]:
    """Rows whose boundaries are about evenly spread in angle: at either end many levels have the same."""
    angles = np.arctan2(rotation["along_n"].to_numpy(), rotation["along_z"].to_numpy())
    targets = np.linspace(angles.min(), angles.max(), FAN)
    return np.unique(np.abs(angles - targets[:, None]).argmin(axis=1))


def _show(axes: Axes, pixels: FloatArray, words: str) -> None:
    axes.imshow(picture(pixels), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.set_xlabel(words, fontsize=8)
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)


def _scatter(axes: Axes, path: PairPath, points: Sequence[FloatArray]) -> None:
    for cloud, marker, name, of in zip(points, ("o", "D"), CLASSES, path.pair, strict=True):
        axes.scatter(cloud[:, 0], cloud[:, 1], s=7, marker=marker, alpha=0.6, linewidths=0, label=f"{name}: {of}")


def _line(axes: Axes, ends: FloatArray, colour: ColorType, label: str = "") -> None:
    """Draw a boundary; as an artist, so that the axes make no room for its far ends."""
    axes.add_artist(Line2D(ends[:, 0], ends[:, 1], color=colour, linewidth=1.4, label=label))
