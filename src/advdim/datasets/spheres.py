"""Points on two concentric spheres (Gilmer et al. 2018, sec. 2).

Points are numbered. A counter-based generator makes each from its number and a named seed, so that point i is the same
whatever the batch that it is drawn in, and on every device up to rounding. Nothing is stored: the seed and the settings
are the dataset.
"""

import math

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from advdim.seeds import named_seed

PHILOX = 1
WORDS = 4
"""Philox makes four words at each count of its counter, and TensorFlow one uniform number of each word."""
BLOCK = 32
"""Numbers are drawn for a point in multiples of this. So its half is whole vector registers, and no number is computed
by other instructions, with another last digit, because it stands at the end of a batch."""
LEAST = 1e-7
"""Smallest uniform number of which a logarithm is taken, near the distance 2^-23 of two such numbers."""
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
    numbers = BLOCK * -(-dimension // BLOCK)
    start = tf.cast(first, tf.int64) * (numbers // WORDS)
    high, low = tf.unstack(tf.cast(seed, tf.uint64))
    uniform = tf.raw_ops.StatelessRandomUniformV2(
        shape=[count, numbers],
        key=tf.bitwise.bitwise_or(tf.bitwise.left_shift(high, 32), low)[None],
        counter=tf.cast(tf.stack([start, tf.zeros_like(start)]), tf.uint64),
        alg=PHILOX,
    )
    points = _gaussian(uniform)[:, :dimension]
    # In float32 the last digit of a sum depends on the number of rows; in float64 that is rounded away.
    length = tf.norm(tf.cast(points, tf.float64), axis=1, keepdims=True)
    return points / tf.cast(length, tf.float32)


def _gaussian(uniform: tf.Tensor) -> tf.Tensor:
    """Make Gaussian numbers of uniform ones, both of shape (n, k), k even: in half the time of TensorFlow's own.

    Source:
        Box and Muller 1958, "A note on the generation of random normal deviates".
    """
    of_length, of_angle = tf.split(uniform, 2, axis=1)
    length, angle = tf.sqrt(-2 * tf.math.log(tf.maximum(of_length, LEAST))), 2 * math.pi * of_angle
    return tf.concat([length * tf.cos(angle), length * tf.sin(angle)], axis=1)


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
