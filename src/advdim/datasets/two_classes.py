"""Two classes of images as linear classifiers see them: flat vectors, and signs for labels."""

import numpy as np
from numpy.typing import NDArray


def flat_images(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Flatten images of shape (n, height, width, channels) to (n, d), pixels on [0, 1]."""
    return images.reshape(len(images), -1).astype(np.float64) / 255


def signs(labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Turn the labels 0 and 1 into y = -1 and y = +1."""
    return np.where(labels == 1, 1.0, -1.0)


def first_of_each_class(labels: NDArray[np.int64], count: int | None) -> NDArray[np.int64]:
    """Indices of the first ``count`` examples of each class, in order; all of them where ``count`` is None."""
    chosen = [np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]
    return np.sort(np.concatenate(chosen))
