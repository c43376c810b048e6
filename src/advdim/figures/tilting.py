"""The path of regularisation of a pair of classes, as the figures of the tilting study read and show it."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.core.groupby import DataFrameGroupBy

from advdim.artefacts.tables import read_table
from advdim.figures.frames import Frame, Measure, straight
from advdim.models.linear import load_path
from advdim.statistics.collect import Results

FloatArray = NDArray[np.float64]

SOURCE_PAIR = ("2", "3")
"""The source's pair of digits, which is shown first."""
HALF_LENGTH = 1000.0
"""Length of the drawn boundary on either side, in pixels: more than any plane shows."""
CLASSES = ("class I", "class J")


@dataclass(frozen=True, eq=False)
class PairPath:
    """The support vector machines of a pair of classes, from weakest to strongest regularisation.

    Attributes:
        pair: names of class I (y = -1) and class J (y = +1).
        labels: dataset, model, training, seed and pair, as the results call them.
        levels: table `levels` of the statistic `tilting`.
        plane: table `plane` of the statistic `projections`.
        rotation: table `rotation` of the statistic `projections`.
        weights: w, shape (levels, d), for pixels on [0, 1].
        biases: b, shape (levels,).
        images: some training images, shape (k, height, width, channels), pixels on [0, 1]: the first of class I, then
            as many of class J.
        image_y: their classes, shape (k,).
    """

    pair: tuple[str, str]
    labels: dict[str, Any]
    levels: pd.DataFrame
    plane: pd.DataFrame
    rotation: pd.DataFrame
    weights: FloatArray
    biases: FloatArray
    images: FloatArray
    image_y: FloatArray

    @property
    def name(self) -> str:
        """What the pair is called."""
        return " against ".join(self.pair)

    @cached_property
    def named_levels(self) -> dict[str, int]:
        """Rows of the levels that are printed: the ends, and the best test error between them."""
        return {"weakest": 0, "best test error": int(self.levels["err_test"].argmin()), "strongest": -1}

    def first_image(self, y: int) -> FloatArray:
        """The first kept image of a class, shape (height, width, channels)."""
        return np.asarray(self.images[self.image_y == y][0])

    def perturbation(self, image: FloatArray, row: int) -> FloatArray:
        """What takes an image to its mirror image x - 2 d(x) w / |w| at a level, of the image's shape."""
        weights = self.weights[row]
        square = float(weights @ weights)
        return np.asarray(-2 * (image.ravel() @ weights + self.biases[row]) * weights / square).reshape(image.shape)

    def points(self, row: int, split: str = "train") -> list[FloatArray]:
        """Images of class I and of class J in the tilting plane of a level, each (n, 2): along z, along n."""
        at_level = self._planes.get_group((self.levels["log10_lambda"].iloc[row], split))
        return [at_level.loc[at_level["y"] == y, ["along_z", "along_n"]].to_numpy(np.float64) for y in (-1, 1)]

    @cached_property
    def _planes(self) -> "DataFrameGroupBy[Any, Any]":
        return self.plane.groupby(["log10_lambda", "split"])


def pair_paths(results: Results) -> list[PairPath]:
    """Read every pair whose support vector machines were projected.

    Args:
        results: artefacts of the tilting study; what other ways of training gave is left out.

    Returns:
        One path a pair, the source's pair first, in the order of the results otherwise.
    """
    nets = {tuple(_net(row).items()): row for row in results.select(kind="projections").rows}.values()
    paths = [path for row in nets for path in _pair_path(results, row)]
    return sorted(paths, key=lambda path: path.pair != SOURCE_PAIR)


def used_by(results: Results, paths: Sequence[PairPath]) -> Results:
    """The artefacts behind some paths: the classifiers, what the statistic `tilting` and `projections` made of them."""
    wanted, kinds = [path.labels for path in paths], ("linear", "tilting", "projections")
    kept = [row for row in results.rows if row["kind"] in kinds and _net(row) in wanted]
    return Results(tuple(kept), results.root)


def _net(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row["labels"].get(name) for name in ("dataset", "model", "training", "seed", "pair")}


def _pair_path(results: Results, row: dict[str, Any]) -> Iterator[PairPath]:
    labels = _net(row)
    of_net = results.select(**labels)
    models, measured = of_net.select(stage="models").rows, of_net.select(kind="tilting").rows
    if not models or not measured or results.settings(models[0])["training"]["kind"] != "svm_path":
        return
    class_i, class_j = results.settings(models[0])["pair"]
    path, folder = load_path(results.folder(models[0])), results.folder(row)
    ascending = np.argsort(path.log10_lambda)
    with np.load(folder / "pictures.npz", allow_pickle=False) as pictures:
        images, image_y = pictures["images"], pictures["y"]
    yield PairPath(
        pair=(class_i, class_j),
        labels=labels,
        levels=_ascending(results.folder(measured[0]) / "levels.parquet"),
        plane=read_table(folder / "plane.parquet"),
        rotation=_ascending(folder / "rotation.parquet"),
        weights=path.weights[ascending],
        biases=path.biases[ascending],
        images=images,
        image_y=image_y,
    )


def _ascending(table: Path) -> pd.DataFrame:
    return read_table(table).sort_values("log10_lambda", ignore_index=True)


def choices_of(paths: Sequence[PairPath], images: int) -> dict[str, list[str]]:
    """What the slider lets choose: the pair, and one of so many images of each class."""
    several = len({path.labels["dataset"] for path in paths}) > 1
    pairs = [f"{path.name} ({path.labels['dataset']})" if several else path.name for path in paths]
    numbers = [f" (no. {number + 1})" if images > 1 else "" for number in range(images)]
    return {"Classes": pairs, "Image": [f"of {name}{number}" for name in CLASSES for number in numbers]}


def series_of(paths: Sequence[PairPath], images: int) -> list[list[Frame]]:
    """Frames of every pair and image, in the order of ``choices_of``."""
    pictures = itertools.product((-1, 1), range(images))
    return [frames_of_path(path, y, number) for path, (y, number) in itertools.product(paths, list(pictures))]


def measures_of_path() -> list[Measure]:
    """What is drawn as curves over the path and told beside the slider."""
    return [
        Measure("angle_deg", "Tilting angle", "°", 1),
        Measure("d_adv", "Adversarial distance", "", 3),
        Measure("err_train", "Training error", " %", 2, panel="Errors"),
        Measure("err_test", "Test error", " %", 2, panel="Errors"),
    ]


def frames_of_path(path: PairPath, y: int = -1, number: int = 0) -> list[Frame]:
    """Make the frames of a slider from weakest to strongest regularisation.

    Args:
        path: the classifiers.
        y: class of the image shown, -1 or +1.
        number: which of the kept images of that class, 0 the first.

    Returns:
        One frame a level: the training images in the tilting plane, the boundary, the numbers of the level, and one
        image with its adversarial perturbation and its mirror image.
    """
    return [_frame(path, row, y, number) for row in range(len(path.levels))]


def _frame(path: PairPath, row: int, y: int, number: int) -> Frame:
    level, groups = path.levels.iloc[row], dict(zip(CLASSES, path.points(row), strict=True))
    image = path.images[path.image_y == y][number]
    perturbation = path.perturbation(image, row)
    angle = float(np.radians(level["angle_deg"]))
    start = groups[CLASSES[y > 0]][number]
    distance = float(np.linalg.norm(perturbation)) * np.sign(perturbation.ravel() @ path.weights[row])
    return Frame(
        level=float(level["log10_lambda"]),
        points=groups,
        boundary=straight(angle, float(level["bias_over_normw"]), HALF_LENGTH),
        values={measure.key: float(level[measure.key]) for measure in measures_of_path()},
        pictures={
            "image": picture(image),
            "perturbation": picture(0.5 + perturbation / 2),
            "mirror image": picture(image + perturbation),
        },
        marks={"image": start, "mirror image": start + distance * np.array([np.cos(angle), np.sin(angle)])},
    )


def picture(pixels: FloatArray) -> NDArray[np.uint8]:
    """Pixels on [0, 1], clipped, as an 8-bit picture; (height, width) if grey."""
    grey = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    return np.asarray(np.round(255 * np.clip(grey, 0, 1)), dtype=np.uint8)
