"""Twelve classes of natural images: random crops of twelve photographs, one photograph a class.

Each photograph is cut across its longer side into a training part (the first 70 %) and a test part (the rest), and
crops are drawn inside their part: no pixel of a photograph is in both sets. The cut depends on nothing but the size of
the photograph, so that the test set shows the same parts of the scenes at every crop size.

A photograph whose parts are narrower than the crop size that was asked for is enlarged. It is not resampled as a
whole: the smaller square that fits is cut from the original pixels and resized to the output width in one step, which
shows the same scene as a crop of the enlarged photograph, interpolates once instead of twice, and interpolates not at
all where the output is narrower than the square. The factor is written down for each image (``enlargement``), and more
than `MAX_ENLARGEMENT` is refused. Moving the cut instead would have given each crop size another test set.

Crops are not flipped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from advdim.datasets.images import ImageSplits, interleaved_order
from advdim.datasets.photographs import PHOTOGRAPHS, Photograph, load
from advdim.errors import AdvdimError
from advdim.seeds import named_seed

Split = Literal["train", "test"]

TRAINING_SHARE = 0.7
"""Share of the longer side of each photograph that belongs to the training part."""

MAX_ENLARGEMENT = 2.0
"""Largest factor by which a photograph may be enlarged to hold the crops."""


@dataclass(frozen=True)
class Region:
    """A rectangle of a photograph, in its own pixels.

    Attributes:
        top: first row.
        left: first column.
        height: number of rows.
        width: number of columns.
    """

    top: int
    left: int
    height: int
    width: int


def regions(height: int, width: int, crop: int) -> dict[Split, Region]:
    """Cut a photograph into two disjoint parts, each wide enough for a square crop.

    Args:
        height: height of the photograph, pixels, at least 1.
        width: width of the photograph, pixels, at least 1.
        crop: side of the crops, original pixels, at least 1.

    Returns:
        The training part (left or upper, 70 % of the longer side) and the test part (the rest). A square photograph is
        cut into left and right.

    Raises:
        AdvdimError: one of the parts is narrower than the crop.
    """
    largest = min(*_cut(max(height, width)), height, width)
    if crop > largest:
        raise AdvdimError(
            f"A photograph of {height} x {width} pixels holds crops of at most {largest} pixels in both its training "
            f"and its test part, but {crop} were asked for: ask for a smaller crop or use a larger photograph"
        )
    first, second = _cut(max(height, width))
    if width >= height:
        return {"train": Region(0, 0, height, first), "test": Region(0, first, height, second)}
    return {"train": Region(0, 0, first, width), "test": Region(first, 0, second, width)}


def original_crop(height: int, width: int, crop: int) -> int:
    """Find the side, in original pixels, of the square that stands for a crop of the enlarged photograph.

    Args:
        height: height of the photograph, pixels.
        width: width of the photograph, pixels.
        crop: side of the crops that was asked for, pixels, at least 1.

    Returns:
        ``crop`` where both parts of the photograph hold it, otherwise the largest side that they hold; the photograph
        is then enlarged by ``crop`` over this number.

    Raises:
        AdvdimError: the enlargement would exceed `MAX_ENLARGEMENT`.
    """
    side = min(crop, *_cut(max(height, width)), height, width)
    if crop > MAX_ENLARGEMENT * side:
        raise AdvdimError(
            f"A photograph of {height} x {width} pixels would have to be enlarged by more than {MAX_ENLARGEMENT:g} to "
            f"hold crops of {crop} pixels in both its training and its test part: ask for a crop of at most "
            f"{int(MAX_ENLARGEMENT * side)}"
        )
    return side


def crop_origins(
    region: Region, *, side: int, count: int, seed: int, photograph: str, split: Split
) -> npt.NDArray[np.int64]:
    """Draw the upper left corners of random square crops, uniformly over the positions inside a region.

    Crop i depends on the seed, the photograph, the split, the region and the side alone, never on ``count``.

    Args:
        region: where the crops must lie.
        side: side of the crops, original pixels, at most the height and the width of the region.
        count: number of crops, at least 0.
        seed: root seed of the dataset.
        photograph: name of the photograph, part of the name of the draw.
        split: "train" or "test", part of the name of the draw.

    Returns:
        Shape (count, 2), int64: row and column in the photograph's own pixels.

    Raises:
        AdvdimError: the region does not hold the crop.
    """
    free = np.array([region.height - side + 1, region.width - side + 1])
    if free.min() < 1:
        raise AdvdimError(
            f"The {split} part of the photograph '{photograph}' has {region.height} x {region.width} pixels, too few "
            f"for a crop of {side}: ask for a smaller crop"
        )
    generator = np.random.Generator(np.random.Philox(list(named_seed(seed, "photos12", split, photograph))))
    # One double a number: unlike integers(), random() consumes the stream at the same pace whatever the bounds.
    steps = np.floor(generator.random((count, 2)) * free)
    origins: npt.NDArray[np.int64] = (steps + np.array([region.top, region.left])).astype(np.int64)
    return origins


def crop_table(
    photographs: Sequence[Photograph], *, crop: int, per_class: Mapping[Split, int], seed: int
) -> pd.DataFrame:
    """Choose all crops of the dataset, before any pixel is read.

    Args:
        photographs: one photograph a class, in the order of the labels.
        crop: side of the crops that was asked for, pixels.
        per_class: number of crops of each class in each split.
        seed: root seed of the dataset.

    Returns:
        One row an image, interleaved over the classes in each split: ``split``, ``index`` (position in the split),
        ``label``, ``class``, ``photograph`` (package and file), ``top`` and ``left`` (corner of the crop, original
        pixels), ``crop`` (its side, original pixels) and ``enlargement`` (side asked for over side taken, 1 to 2).
    """
    parts = []
    for split, count in per_class.items():
        rows = [
            _class_rows(label, photograph, crop=crop, count=count, seed=seed, split=split)
            for label, photograph in enumerate(photographs)
        ]
        part = pd.concat(rows, ignore_index=True)
        part = part.iloc[interleaved_order(part["label"].to_numpy(dtype=np.int64))].reset_index(drop=True)
        part.insert(1, "index", np.arange(len(part), dtype=np.int64))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def cut_and_resize(
    image: npt.NDArray[np.uint8], *, top: int, left: int, side: int, width: int
) -> npt.NDArray[np.uint8]:
    """Cut a square from a photograph and resize it, bilinear with antialiasing.

    The square is cut first, so that the filter reads no pixel outside of it.

    Args:
        image: shape (height, width of the photograph, 3), uint8.
        top: first row of the square.
        left: first column of the square.
        side: side of the square, pixels.
        width: side of the result, pixels.

    Returns:
        Shape (width, width, 3), uint8.
    """
    square = Image.fromarray(image[top : top + side, left : left + side])
    resized = square.resize((width, width), resample=Image.Resampling.BILINEAR, reducing_gap=None)
    return np.asarray(resized, dtype=np.uint8)


def build(*, width: int, crop: int, train_per_class: int, test_per_class: int, seed: int) -> ImageSplits:
    """Build the dataset: the same crops at every width.

    Args:
        width: side of the images, pixels, from 1 to ``crop``.
        crop: side of the crops, pixels of the (enlarged) photographs; all twelve photographs hold up to 256.
        train_per_class: number of training images of each class, at least 1.
        test_per_class: number of test images of each class, at least 1.
        seed: root seed of the crops.

    Returns:
        RGB images and labels of twelve classes; the manifest has the columns of `crop_table`.

    Raises:
        AdvdimError: a number is out of its range, or a photograph is missing or not the recorded one.
    """
    numbers = {"width": width, "crop": crop, "train_per_class": train_per_class, "test_per_class": test_per_class}
    for name, number in numbers.items():
        if number < 1:
            raise AdvdimError(f"photos12: {name} is {number}, expected a whole number of at least 1: correct it")
    if width > crop:
        raise AdvdimError(
            f"photos12: width is {width}, expected at most crop, which is {crop}, because a wider image shows no more "
            "of the scene: lower width or raise crop"
        )
    table = crop_table(PHOTOGRAPHS, crop=crop, per_class={"train": train_per_class, "test": test_per_class}, seed=seed)
    sources = [load(photograph) for photograph in PHOTOGRAPHS]
    images = {split: _render(table[table["split"] == split], sources, width) for split in ("train", "test")}
    labels = {split: table.loc[table["split"] == split, "label"].to_numpy(dtype=np.int64) for split in images}
    names = tuple(photograph.name for photograph in PHOTOGRAPHS)
    return ImageSplits(images["train"], labels["train"], images["test"], labels["test"], table, names)


def _cut(length: int) -> tuple[int, int]:
    """Divide the longer side into the lengths of the training and the test part."""
    training = round(TRAINING_SHARE * length)
    return training, length - training


def _class_rows(label: int, photograph: Photograph, *, crop: int, count: int, seed: int, split: Split) -> pd.DataFrame:
    """List the crops of one photograph in one split, in the order in which they were drawn."""
    side = original_crop(photograph.height, photograph.width, crop)
    region = regions(photograph.height, photograph.width, side)[split]
    origins = crop_origins(region, side=side, count=count, seed=seed, photograph=photograph.name, split=split)
    constant = {"split": split, "label": label, "class": photograph.name}
    constant |= {"photograph": f"{photograph.package}/{photograph.file}"}
    rows = pd.DataFrame({name: [value] * count for name, value in constant.items()})
    return rows.assign(top=origins[:, 0], left=origins[:, 1], crop=side, enlargement=crop / side)


def _render(table: pd.DataFrame, sources: Sequence[npt.NDArray[np.uint8]], width: int) -> npt.NDArray[np.uint8]:
    """Cut and resize the crops of a table, in its order."""
    images = np.empty((len(table), width, width, 3), dtype=np.uint8)
    columns = (table[name].to_numpy(dtype=np.int64) for name in ("label", "top", "left", "crop"))
    for row, (label, top, left, side) in enumerate(zip(*columns, strict=True)):
        images[row] = cut_and_resize(sources[label], top=int(top), left=int(left), side=int(side), width=width)
    return images
