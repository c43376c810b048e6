"""Two classes of images as linear classifiers see them: flat vectors, and signs for labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from advdim.datasets.stored import Split, read_image_info, read_images


def read_pair(
    folder: Path, split: Split, pair: Sequence[str], images_per_class: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read the images of two classes in the order of their file.

    Args:
        folder: folder of an image dataset.
        split: its training or its test images.
        pair: names of class I (y = -1) and class J (y = +1).
        images_per_class: the first so many images of each class; None takes all.

    Returns:
        Images of shape (n, d), pixels on [0, 1], and y of shape (n,), -1 and +1.
    """
    names = read_image_info(folder).class_names
    class_i, class_j = (names.index(name) for name in pair)
    images, labels = read_images(folder, split)
    of_either = [np.flatnonzero(labels == label)[:images_per_class] for label in (class_i, class_j)]
    chosen = np.sort(np.concatenate(of_either))
    flat = images[chosen].reshape(len(chosen), -1).astype(np.float64) / 255
    return flat, np.where(labels[chosen] == class_j, 1.0, -1.0)
