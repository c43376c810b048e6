"""The figure of what is in sets of pictures of the same classes, such as one set at several widths."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from advdim.datasets.stored import read_image_info, read_images
from advdim.figures.style import PAGE
from advdim.statistics.collect import Results

ROW = 8.64
"""Height of a row in inches, times the number of its pictures: they are square and fill the page's width."""


def learned_photographs(results: Results) -> Results:
    """Find the sets of photographs `photos12` that nets were trained on, each once and the smallest width first."""
    learned = {row["labels"]["dataset"] for row in results.select(stage="models").rows}
    rows = [row for row in results.select(kind="photos12").once.rows if row["labels"]["dataset"] in learned]
    return Results(tuple(sorted(rows, key=lambda row: int(results.settings(row)["width"]))), results.root)


def draw_pictures(sets: Results) -> Figure:
    """Draw the first test picture of each class, a row for each set; a class without one leaves a gap.

    Args:
        sets: datasets of the same classes.

    Returns:
        The figure.
    """
    folders = [sets.folder(row) for row in sets.rows]
    names = read_image_info(folders[0]).class_names
    size = (PAGE[0], ROW / len(names) * len(folders))
    fig, panels = plt.subplots(len(folders), len(names), figsize=size, squeeze=False)
    for row, folder in zip(panels, folders, strict=True):
        images, labels = read_images(folder, "test")
        for label, axes in enumerate(row):
            axes.set(xticks=[], yticks=[])
            axes.grid(visible=False)
            axes.spines[:].set_visible(False)
            for place in np.flatnonzero(labels == label)[:1]:
                axes.imshow(images[place], interpolation="nearest")
        row[0].set_ylabel(f"{images.shape[1]} px", rotation=0, ha="right", va="center")
    for name, axes in zip(names, panels[0], strict=True):
        look = {"fontsize": 8, "fontweight": "normal", "rotation": 30, "rotation_mode": "anchor"}
        axes.set_title(name.replace("_", " "), loc="left", **look)
    fig.subplots_adjust(wspace=0.05, hspace=0.05)
    return fig
