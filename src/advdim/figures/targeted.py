"""Images, the perturbations that lead them to a wrong class, and the results (Tanay & Griffin 2018, fig. 1)."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advdim.artefacts.tables import read_table
from advdim.statistics.collect import Results

FloatArray = npt.NDArray[np.float32]

SIDE = 2.0
"""Edge of a picture, inches."""
ROOM_FOR_TITLES = 0.42
"""Height above each row, inches."""

NET = ["dataset", "model", "training", "seed", "measurement"]


def shown_attacks(results: Results) -> list[dict[str, Any]]:
    """Choose the targeted attacks to draw: the first seed of each net, those on pictures of the user first."""
    rows: dict[tuple[object, ...], dict[str, Any]] = {}
    for row in results.select(kind="targeted").rows:
        rows.setdefault(tuple(row["labels"][name] for name in NET if name != "seed"), row)
    datasets = results.datasets
    return sorted(rows.values(), key=lambda row: bool(datasets["kind"][row["labels"]["dataset"]] != "pictures"))


def read_pictures(folder: Path) -> tuple[FloatArray, FloatArray, pd.DataFrame]:
    """Read the images that an attack kept.

    Args:
        folder: an artefact of the attack `targeted`.

    Returns:
        The images and what became of them, shape (k, height, width, channels), pixels on [0, 1]; and their rows of the
        table, of the last snapshot.
    """
    with np.load(folder / "pictures.npz", allow_pickle=False) as pictures:
        images, adversarial = pictures["images"], pictures["adversarial"]
    table = read_table(folder / "table.parquet")
    return images, adversarial, table[table["step"] == table["step"].max()].head(len(images))


def shares_reached(results: Results) -> pd.DataFrame:
    """Summarise the targeted attacks of a study.

    Returns:
        One row a net, attack and snapshot: `images` (without those that the net takes for their target as they are),
        `accuracy` on them, share `reached`, and `grey_levels`, the median over those of the largest change of a
        pixel, of 255.
    """
    table = results.table("targeted").drop_duplicates([*NET, "step", "image"])
    moved = table[table["prediction"] != table["target"]]
    moved = moved.assign(
        correct=moved["label"] == moved["prediction"], grey_levels=255 * moved["linf"].where(moved["reached"])
    )
    summary = moved.groupby([*NET, "step"]).agg(
        images=("image", "size"),
        accuracy=("correct", "mean"),
        reached=("reached", "mean"),
        grey_levels=("grey_levels", "median"),
    )
    return summary.reset_index()


def amplification(images: FloatArray, adversarial: FloatArray) -> int:
    """The largest whole factor at which every perturbation, added to mid-grey, stays within black and white.

    Args:
        images: shape (k, height, width, channels), pixels on [0, 1].
        adversarial: likewise.

    Returns:
        At least 1.
    """
    largest = float(np.abs(adversarial - images).max())
    return max(1, int(0.5 / largest)) if largest > 0 else 1


def draw_targeted(images: FloatArray, adversarial: FloatArray, table: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Draw a row of three pictures for each image: as it is, its amplified perturbation, and the result.

    Args:
        images: shape (k, height, width, channels), pixels on [0, 1].
        adversarial: what became of them, likewise.
        table: the attack's rows of these images, in their order.
        names: names of the classes, in the order of the labels.

    Returns:
        The figure, with classes and confidences above the images and sizes above the perturbations.
    """
    height = len(images) * (SIDE + ROOM_FOR_TITLES)
    fig, panels = plt.subplots(len(images), 3, figsize=(3 * SIDE + 0.4, height), squeeze=False, layout="constrained")
    factor = amplification(images, adversarial)
    for row, image, changed, told in zip(panels, images, adversarial, table.to_dict("records"), strict=True):
        _show(row[0], image, _before(told, names))
        _show(
            row[1], 0.5 + factor * (changed - image), f"perturbation × {factor}\nat most {255 * told['linf']:.1f} / 255"
        )
        _show(row[2], changed, _after(told, names))
    return fig


def _before(told: dict[Hashable, float], names: Sequence[str]) -> str:
    predicted = f"{_name(names, told['prediction'])} ({_percent(told['confidence'])})"
    return predicted if told["prediction"] == told["label"] else f"{predicted},\nin truth {_name(names, told['label'])}"


def _after(told: dict[Hashable, float], names: Sequence[str]) -> str:
    target = f"{_name(names, told['target'])} ({_percent(told['adversarial_target_confidence'])})"
    return target if told["reached"] else f"{_name(names, told['adversarial_prediction'])},\nnot {target}"


def _name(names: Sequence[str], label: float) -> str:
    return names[int(label)].replace("_", " ")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _show(axes: Axes, pixels: FloatArray, title: str) -> None:
    axes.imshow(np.clip(pixels, 0, 1).squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=8.5, loc="center", fontweight="normal")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
