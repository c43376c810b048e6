"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, in the order and with the split of the published files."""

from collections.abc import Mapping, Sequence

import numpy as np

from advdim.datasets import chosen_classes, mnist_files
from advdim.datasets.chosen_classes import Arrays
from advdim.datasets.images import ImageSplits


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
    """Keep the images of some digits, in their order.

    Args:
        splits: for "train" and "test" the images, shape (n, height, width), uint8, and the digits, shape (n,), uint8.
        classes: the digits that are kept, in the order of their labels.

    Returns:
        Images of one channel, see `advdim.datasets.chosen_classes.in_order_of_files`.

    Raises:
        AdvdimError: a class is without images in a split, or named twice.

    Source:
        Tanay & Griffin 2018, A New Angle on the L2 Regularization, takes the first 3000 images of each class.
    """
    return chosen_classes.in_order_of_files(
        {split: (images[..., np.newaxis], digits) for split, (images, digits) in splits.items()},
        names=[str(digit) for digit in classes],
        numbers=classes,
        title="mnist",
        choice="digits from 0 to 9",
    )
