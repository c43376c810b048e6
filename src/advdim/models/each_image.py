"""Measuring a net on each test image of a dataset, a batch at a time."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from advdim.datasets.stored import read_images
from advdim.job import Job

BATCH = 60
"""Images a batch: what fits the caches of a core at small widths, and the memory of one at large ones."""


def measure_each_image(
    job: Job, measure: Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]
) -> Callable[[], pd.DataFrame]:
    """Compile a measurement of images; what is returned runs it on the first test images of the job's dataset.

    Args:
        job: with the input `dataset` and the setting `images`, how many are measured at most.
        measure: takes pixels on [0, 1] of shape (n, height, width, channels) and labels of shape (n,), and gives
            columns of shape (n,) by name; it is compiled once.

    Returns:
        A function that gives one row an image: `image`, `label` and the columns.
    """
    run = map_images(job, measure)
    return lambda: pd.DataFrame(run())


def map_images(
    job: Job, function: Callable[..., dict[str, tf.Tensor]], *further: NDArray[np.int64]
) -> Callable[[], dict[str, NDArray[np.generic]]]:
    """Compile a function of images; what is returned runs it on the first test images of the job's dataset.

    Args:
        job: as in `measure_each_image`.
        function: takes pixels, labels and `further`, and gives arrays of shape (n, ...) by name.
        further: arrays beside the labels, one entry a test image.

    Returns:
        A function that gives the arrays of all images, with `image` and `label` in front.
    """
    images, labels = read_images(job.inputs["dataset"], "test")
    count = min(job.settings["images"], len(labels))
    pixels = tf.constant(images[:count], tf.float32) / 255
    compiled = tf.function(function, autograph=False)

    def run() -> dict[str, NDArray[np.generic]]:
        parts = []
        for start in range(0, count, BATCH):
            rows = slice(start, min(start + BATCH, count))
            parts.append(compiled(pixels[rows], *(tf.constant(array[rows]) for array in (labels, *further))))
        measured = {name: np.concatenate([part[name].numpy() for part in parts]) for name in parts[0]}
        return {"image": np.arange(count), "label": labels[:count]} | measured

    return run
