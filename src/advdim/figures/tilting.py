"""The slider of the tilting study: a path of linear classifiers, frame by frame."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.artefacts.tables import read_table
from advdim.figures.frames import Frame, Measure, straight
from advdim.models.linear import LinearPath

HALF_LENGTH = 10.0
"""Length of the drawn boundary on either side, in pixels: more than any picture of digits is wide."""


def measures_of_path() -> list[Measure]:
    """What is drawn as curves over the path and told beside the slider."""
    return [
        Measure("angle_deg", "Tilting angle", "°", 1),
        Measure("d_adv", "Adversarial distance", "", 3),
        Measure("err_train", "Training error", " %", 2, panel="Errors"),
        Measure("err_test", "Test error", " %", 2, panel="Errors"),
    ]


def frames_of_path(folder: Path, path: LinearPath) -> list[Frame]:
    """Make the frames of a slider from weakest to strongest regularisation.

    Args:
        folder: an artefact of the statistic `tilting`.
        path: the classifiers that it measured.

    Returns:
        One frame a level: the training images in the tilting plane, the boundary, the numbers of the level, and the
        first kept image with its adversarial perturbation and its mirror image.
    """
    levels = read_table(folder / "levels.parquet")
    plane = read_table(folder / "plane.parquet").groupby("log10_lambda")
    with np.load(folder / "pictures.npz", allow_pickle=False) as pictures:
        image = pictures["images"][0]
    ascending = np.argsort(path.log10_lambda)
    return [
        _frame(
            levels.iloc[number],
            plane.get_group(path.log10_lambda[number]),
            image,
            path.weights[number],
            float(path.biases[number]),
        )
        for number in ascending
    ]


def _frame(
    level: "pd.Series[float]",
    plane: pd.DataFrame,
    image: NDArray[np.float64],
    weights: NDArray[np.float64],
    bias: float,
) -> Frame:
    distance = (image.ravel() @ weights + bias) / np.linalg.norm(weights)
    perturbation = (-2 * distance * weights / np.linalg.norm(weights)).reshape(image.shape)
    train = plane[plane["split"] == "train"]
    groups = {"class I": train[train["y"] < 0], "class J": train[train["y"] > 0]}
    angle = float(np.radians(level["angle_deg"]))
    normal = np.array([np.cos(angle), np.sin(angle)])
    start = groups["class I"][["along_z", "along_n"]].to_numpy()[0]
    return Frame(
        level=float(level["log10_lambda"]),
        points={name: group[["along_z", "along_n"]].to_numpy() for name, group in groups.items()},
        boundary=straight(angle, float(level["bias_over_normw"]), HALF_LENGTH),
        values={measure.key: float(level[measure.key]) for measure in measures_of_path()},
        pictures={
            "image": _grey(image),
            "perturbation": _grey(0.5 + perturbation / 2),
            "mirror image": _grey(image + perturbation),
        },
        marks={"image": start, "mirror image": start - 2 * distance * normal},
    )


def _grey(pixels: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Pixels on [0, 1], clipped, as an 8-bit picture of shape (height, width)."""
    return np.asarray(np.round(255 * np.clip(pixels[..., 0], 0, 1)), dtype=np.uint8)
