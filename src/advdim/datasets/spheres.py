"""Points on two concentric spheres (Gilmer et al. 2018, sec. 2).

Points are numbered. A counter-based generator makes each from its number and a named seed, so that point i is the same
whatever the batch that it is drawn in, and on every device up to rounding. Nothing is stored: the seed and the settings
are the dataset.
"""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from advdim.seeds import named_seed

PHILOX = 1
WORDS = 4
"""Philox makes four words at each count of its counter, and TensorFlow one Gaussian number of each word."""
CHUNK = 100_000
"""Points that are drawn at a time where many are asked for: it bounds the memory that this takes."""


def points_on_sphere(
    first: tf.Tensor | int, count: int, dimension: int, seed: tuple[int, int] | tf.Tensor
) -> tf.Tensor:
    """Draw the points of some numbers uniformly from the unit sphere: Gaussian vectors divided by their length.

    Leave it outside of what XLA compiles: XLA draws other numbers, and ten times slower on the CPU.

    Args:
        first: number of the first point, an integer or an integer tensor of shape ().
        count: how many points n, from that number on.
        dimension: dimension d of the space.
        seed: two integers, see `advdim.seeds.named_seed`, or an integer tensor of shape (2,).

    Returns:
        Points of shape (n, d), float32.

    Source:
        Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", for the generator.
    """
    counts = -(-dimension // WORDS)
    start = tf.cast(first, tf.int64) * counts
    high, low = tf.unstack(tf.cast(seed, tf.uint64))
    normal = tf.raw_ops.StatelessRandomNormalV2(
        shape=[count, counts * WORDS],
        key=tf.bitwise.bitwise_or(tf.bitwise.left_shift(high, 32), low)[None],
        counter=tf.cast(tf.stack([start, tf.zeros_like(start)]), tf.uint64),
        alg=PHILOX,
    )
    points = normal[:, :dimension]
    # In float32 the last digit of a sum depends on the number of rows; in float64 that is rounded away.
    length = tf.norm(tf.cast(points, tf.float64), axis=1, keepdims=True)
    return points / tf.cast(length, tf.float32)


def sample_sphere(count: int, dimension: int, seed: tuple[int, int]) -> NDArray[np.float32]:
    """Draw the first points from the unit sphere, as an array.

    Args:
        count: number of points n.
        dimension: dimension d of the space.
        seed: two integers, see `advdim.seeds.named_seed`.

    Returns:
        Points of shape (n, d).
    """
    points = np.empty((count, dimension), np.float32)
    for first in range(0, count, CHUNK):
        part = points[first : first + CHUNK]
        part[:] = points_on_sphere(first, len(part), dimension, seed)
    return points


def labels_of_points(first: tf.Tensor | int, count: int) -> tf.Tensor:
    """Labels of numbered points: inner and outer sphere in turn, 0 and 1.

    Args:
        first: number of the first point.
        count: how many points n.

    Returns:
        Labels of shape (n,), int64.
    """
    return (tf.cast(first, tf.int64) + tf.range(count, dtype=tf.int64)) % 2


def between_spheres(directions: tf.Tensor, labels: tf.Tensor, outer_radius: float) -> tf.Tensor:
    """Put points of the unit sphere on the sphere of their label.

    Args:
        directions: points of the unit sphere, shape (n, d).
        labels: 0 for the inner sphere, of radius 1, and 1 for the outer one, shape (n,).
        outer_radius: radius R of the outer sphere.

    Returns:
        Points of shape (n, d).
    """
    return directions * tf.where(labels == 1, tf.constant(outer_radius, directions.dtype), 1.0)[:, None]


def finite_set(
    points: int, dimension: int, outer_radius: float, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Draw a finite training set, half of it on each sphere, inner and outer points in turn.

    Args:
        points: number of points N.
        dimension: dimension d of the space.
        outer_radius: radius R of the outer sphere; the inner one has radius 1.
        seed: root seed of the dataset.

    Returns:
        Points of shape (N, d), and labels of shape (N,): 0 on the inner sphere, 1 on the outer one.
    """
    positions = sample_sphere(points, dimension, named_seed(seed, "spheres", "finite set"))
    positions[1::2] *= np.float32(outer_radius)
    return positions, labels_of_points(0, points).numpy()
