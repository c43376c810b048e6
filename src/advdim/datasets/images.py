"""What every dataset of images hands on: arrays for training and test, and a table of where each image is from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True, eq=False)
class ImageSplits:
    """Images and labels of the training and the test set.

    The rows of both sets are interleaved over the classes, so that the first n rows are class-balanced as far as n and
    the size of the classes allow, unless the dataset has an order of its own that matters (as MNIST has).

    Attributes:
        train_images: shape (n_train, width, width, channels), uint8, 0 to 255.
        train_labels: shape (n_train,), int64, a position in ``class_names``.
        test_images: shape (n_test, width, width, channels), uint8, 0 to 255.
        test_labels: shape (n_test,), int64, a position in ``class_names``.
        manifest: one row an image, training set first: ``split`` ("train" or "test"), ``index`` (the image's position
            in its set), ``label``, ``class``, and columns of the dataset that say where the image was taken from.
        class_names: the names of the classes in the order of their labels.
    """

    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.int64]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.int64]
    manifest: pd.DataFrame
    class_names: tuple[str, ...]


def interleaved_order(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Order rows so that the classes take turns, and keep the order within each class.

    Args:
        labels: shape (n,), int64, the class of each row.

    Returns:
        Shape (n,), int64: a permutation. Round k holds the k-th row of each class that has so many, by rising label.
    """
    turn = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        turn[rows] = np.arange(len(rows))
    return np.lexsort((labels, turn)).astype(np.int64)
