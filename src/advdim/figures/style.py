"""One look for all figures: colour-blind palette, quiet axes, the same bytes from the same data."""

import os

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.colors import to_hex

Size = tuple[float, float]
"""Width and height in inches."""

COLUMN: Size = (4.1, 3.1)
"""Half of the page's width."""
PAGE: Size = (8.3, 3.5)
"""The page's width; one row of panels."""
PANELS: Size = (8.3, 6.0)
"""The page's width; two rows of panels."""

DPI = 150
INK = "#22272e"
GRID = "#e3e5e8"


def apply() -> None:
    """Set seaborn's theme and Matplotlib's settings for the rest of the process.

    Works with every backend, Agg included. SVG identifiers get a fixed salt, and the dates that vector formats write
    are those of ``SOURCE_DATE_EPOCH``, set to 0 unless it is set already.
    """
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    sns.set_theme(context="paper", style="ticks", palette="colorblind", rc=_settings())


def shades(count: int) -> list[str]:
    """Colours of an ordered sequence from dark to light, none so light that it is lost on white."""
    return [to_hex(colour) for colour in plt.colormaps["viridis"](np.linspace(0.0, 0.75, count))]


def _settings() -> dict[str, object]:
    return {
        **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor"), INK),
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.linewidth": 0.8,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 10,
        "axes.titleweight": "semibold",
        "axes.labelsize": 9,
        "figure.dpi": DPI,
        "figure.figsize": PAGE,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9,
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "image.cmap": "cividis",
        "legend.fontsize": 8.5,
        "legend.frameon": False,
        "legend.title_fontsize": 8.5,
        "lines.linewidth": 1.6,
        "lines.markersize": 4.5,
        "mathtext.fontset": "dejavusans",
        "savefig.bbox": "tight",
        "savefig.dpi": DPI,
        "savefig.facecolor": "white",
        "savefig.pad_inches": 0.04,
        "svg.hashsalt": "advdim",
        "xtick.labelsize": 8.5,
        "xtick.major.size": 3,
        "xtick.major.width": 0.8,
        "ytick.labelsize": 8.5,
        "ytick.major.size": 3,
        "ytick.major.width": 0.8,
    }
