"""CIFAR-10: 60,000 coloured images of 32 x 32 pixels, in the order and with the split of the published files."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from advdim.datasets import chosen_classes, cifar10_files
from advdim.datasets.chosen_classes import Arrays
from advdim.datasets.images import ImageSplits


def build(*, classes: Sequence[str] | None, seed: int) -> ImageSplits:
    """Build the dataset from the files in ``data/sources/cifar10``.

    Args:
        classes: the classes that are kept, at least two, in the order of their labels; None keeps all ten.
        seed: not used, since nothing is drawn.

    Returns:
        Images of three channels in the order of the files, see `advdim.datasets.chosen_classes.in_order_of_files`; the
        rows of the five training files count on from one to the next.

    Raises:
        AdvdimError: the files are missing or not CIFAR-10's, or a class is unknown or named twice.
    """
    records = cifar10_files.read()
    batches = [records[file.name] for file in cifar10_files.TRAIN_BATCHES]
    splits = {
        "train": _images_and_labels(np.concatenate(batches)),
        "test": _images_and_labels(records[cifar10_files.TEST_BATCH.name]),
    }
    known = cifar10_files.CLASSES
    names = known if classes is None else classes
    return chosen_classes.in_order_of_files(
        splits,
        names=names,
        numbers=[known.index(name) if name in known else -1 for name in names],
        title="cifar10",
        choice=f"classes of {', '.join(known)}",
    )


def _images_and_labels(records: npt.NDArray[np.uint8]) -> Arrays:
    """Take records of shape (n, 3073) apart: images of shape (n, 32, 32, 3), labels of shape (n,)."""
    planes = records[:, 1:].reshape(-1, *cifar10_files.IMAGE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), records[:, 0]
