"""The nearest-centroid classifier: without tilt, where strong regularisation leads to (Tanay & Griffin 2018)."""

import numpy as np
from numpy.typing import NDArray

from advdim.datasets.two_classes import read_pair
from advdim.job import Job
from advdim.models.linear import LinearPath


def nearest_centroid(images: NDArray[np.float64], y: NDArray[np.float64]) -> LinearPath:
    """Separate two classes by the plane halfway between their centroids, across the line that joins them.

    As lambda grows, the weights of support vector machine and logistic regression shrink and turn to this direction, so
    the classifier stands at lambda = infinity.

    Args:
        images: shape (n, d), pixels on [0, 1].
        y: classes -1 and +1, shape (n,), both present.

    Returns:
        A path of one level, w the difference of the centroids, `log10_lambda` infinite. It is exact, so the gap is 0.
    """
    class_i, class_j = images[y < 0].mean(axis=0), images[y > 0].mean(axis=0)
    weights = class_j - class_i
    bias = -float(weights @ (class_i + class_j)) / 2
    return LinearPath(np.array([np.inf]), weights[None], np.array([bias]), np.zeros(1))


def train(job: Job) -> None:
    """Find the centroids of the job's pair of classes."""
    images_per_class = job.settings["training"]["images_per_class"]
    images, y = read_pair(job.inputs["dataset"], "train", job.settings["pair"], images_per_class)
    nearest_centroid(images, y).save(job.output)
