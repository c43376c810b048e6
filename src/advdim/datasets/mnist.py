"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, in the order and with the split of the published files."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from advdim.datasets import mnist_files
from advdim.datasets.images import ImageSplits
from advdim.errors import AdvdimError

Arrays = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]


def build(*, classes: Sequence[int], seed: int) -> ImageSplits:
    """Build the dataset from the files in ``data/sources/mnist``.

    Args:
        classes: the digits that are kept, at least two, in the order of their labels.
        seed: not used, since nothing is drawn.

    Returns:
        Images of one channel in the order of the files, see `in_order_of_files`.

    Raises:
        AdvdimError: the files are missing or not MNIST's, or a class is no digit or named twice.
    """
    arrays = mnist_files.read()
    splits = {
        "train": (arrays[mnist_files.TRAIN_IMAGES.name], arrays[mnist_files.TRAIN_LABELS.name]),
        "test": (arrays[mnist_files.TEST_IMAGES.name], arrays[mnist_files.TEST_LABELS.name]),
    }
    return in_order_of_files(splits, classes=classes)


def in_order_of_files(splits: Mapping[str, Arrays], *, classes: Sequence[int]) -> ImageSplits:
    """Keep the images of some classes, in their order.

    The classes do not take turns: the first 3000 images of a class are those of the file.

    Args:
        splits: for "train" and "test" the images, shape (n, height, width), uint8, and the digits, shape (n,), uint8.
        classes: the digits that are kept, in the order of their labels.

    Returns:
        Images of one channel, labels re-indexed in the order of ``classes``; the manifest says in ``row`` which row of
        its file each image is, counted from 0.

    Raises:
        AdvdimError: a class is without images in a split, or named twice.

    Source:
        Tanay & Griffin 2018, A New Angle on the L2 Regularization, takes the first 3000 images of each class.
    """
    images, labels, manifests = {}, {}, []
    names = tuple(str(digit) for digit in classes)
    for split, (all_images, digits) in splits.items():
        matches = digits[:, np.newaxis] == np.asarray(classes)
        rows = np.flatnonzero(matches.any(axis=1))
        labels[split] = matches[rows].argmax(axis=1).astype(np.int64)
        _check_classes(names, labels[split], split)
        images[split] = all_images[rows, ..., np.newaxis]
        class_names = np.array(names, dtype=object)[labels[split]]
        columns = {"index": np.arange(len(rows)), "label": labels[split], "class": class_names, "row": rows}
        manifests.append(pd.DataFrame({"split": split} | columns))
    table = pd.concat(manifests, ignore_index=True)
    return ImageSplits(images["train"], labels["train"], images["test"], labels["test"], table, names)


def _check_classes(names: Sequence[str], labels: npt.NDArray[np.int64], split: str) -> None:
    """Refuse a class that no image bears: it is no digit, or an earlier class of the same name has them all."""
    counts = np.bincount(labels, minlength=len(names))
    if len(names) < 2 or not counts.all():
        raise AdvdimError(
            f"mnist: classes are {', '.join(names)} with {counts.tolist()} images for {split}, expected some of each "
            "of at least two different digits from 0 to 9: correct them"
        )
