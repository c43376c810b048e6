"""The tilt of any net at each image: the gradient of a difference of logits against the line between two centroids.

Near an image a net decides between its class c and another class k by the sign of f_c - f_k, to first order a linear
classifier with the gradient g for its weight vector. The angle of g and the direction from the centroid of k to that of
c is the tilting angle of Tanay & Griffin (2018), taken at the image. A linear net of two classes has theirs at every
image: for an image of the other class both vectors turn round, and their angle stays.

The null: a gradient of random direction in d pixels has an angle of 90 degrees, give or take 1 / sqrt(d) in radians;
the mean of |cos| is sqrt(2 / (pi d)) for large d.
"""

from collections.abc import Callable

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from advdim.artefacts.tables import write_table
from advdim.datasets.stored import read_images
from advdim.job import Job
from advdim.models.each_image import measure_each_image
from advdim.models.snapshots import measure_snapshots


def measure(job: Job) -> None:
    """Write the local tilt at each test image and snapshot."""
    write_table(measure_snapshots(job, prepare, draws=False), job.output / "table.parquet")


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the measurement of a net.

    The table has one row an image: `image`, `label` c, `runner_up` k, the class other than c with the largest logit,
    `margin` f_c - f_k, negative where the image is misclassified; of its gradient g with respect to the pixels, on
    [0, 1], `gradient_l1` and `gradient_l2`; `angle_deg`, the angle of g and the direction from the centroid of k to
    that of c (training images); `d_l2` and `d_linf`, margin over |g|_2 and over |g|_1: to first order the distances to
    the boundary of c and k in l_2 and l_inf; `half_centroid_distance`, half of the distance of the two centroids in
    l_2. Where g is zero the angle and both distances are not defined, and NaN.
    """
    centroids = tf.constant(class_centroids(*read_images(job.inputs["dataset"], "train")))

    def measure_batch(batch: tf.Tensor, labels: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(batch)
            logits = model(batch, training=False)
            own = tf.one_hot(labels, logits.shape[1], on_value=True, off_value=False)
            runner_up = tf.argmax(tf.where(own, logits.dtype.min, logits), axis=1)
            margin = tf.gather(logits, labels, batch_dims=1) - tf.gather(logits, runner_up, batch_dims=1)
        gradient = tf.cast(tf.reshape(tape.gradient(margin, batch), (tf.shape(batch)[0], -1)), tf.float64)
        between = tf.gather(centroids, labels) - tf.gather(centroids, runner_up)
        norm1, norm2 = tf.norm(gradient, ord=1, axis=1), tf.norm(gradient, axis=1)
        defined, distance = norm2 > 0, tf.cast(margin, tf.float64)
        return {
            "runner_up": runner_up,
            "margin": margin,
            "angle_deg": tf.where(defined, angle_degrees(gradient, between), np.nan),
            "gradient_l1": norm1,
            "gradient_l2": norm2,
            "d_l2": tf.where(defined, distance / norm2, np.nan),
            "d_linf": tf.where(defined, distance / norm1, np.nan),
            "half_centroid_distance": tf.norm(between, axis=1) / 2,
        }

    return measure_each_image(job, measure_batch)


def class_centroids(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean image of each class.

    Args:
        images: shape (n, height, width, channels), 0 to 255.
        labels: shape (n,), every class present.

    Returns:
        Shape (classes, d), pixels on [0, 1].
    """
    means = [images[labels == label].mean(axis=0, dtype=np.float64) for label in range(int(labels.max()) + 1)]
    return np.stack(means).reshape(len(means), -1) / 255


def angle_degrees(vectors: tf.Tensor, directions: tf.Tensor) -> tf.Tensor:
    """Angles between vectors and directions, row by row, by atan2 of the parts across and along.

    Args:
        vectors: shape (n, d).
        directions: shape (n, d), not zero.

    Returns:
        Degrees from 0 to 180, shape (n,).
    """
    units = directions / tf.norm(directions, axis=1, keepdims=True)
    along = tf.reduce_sum(vectors * units, axis=1)
    across = tf.norm(vectors - along[:, None] * units, axis=1)
    return tf.atan2(across, along) * (180 / np.pi)
