"""Counting a net's errors on fresh points of a sphere, the whole count in one compiled graph."""

from collections.abc import Callable

import keras
import tensorflow as tf

from advdim.datasets.spheres import points_on_sphere
from advdim.models.sphere_logits import sphere_logits

BATCH = 1000


def error_counter(
    model: keras.Model, *, dimension: int, radius: float, outer: bool, points: int, seed: tuple[int, int]
) -> Callable[[], tf.Tensor]:
    """Prepare the count for a net; what is returned counts with the net's weights of the moment.

    Args:
        model: a net from (n, d) to (n, 1) logits, positive for the outer sphere.
        dimension: dimension d of the space.
        radius: radius of the sphere, in units of the inner one.
        outer: whether the right answer is "outer".
        points: how many points.
        seed: of the points, see `advdim.seeds.named_seed`.

    Returns:
        A function that gives the number of errors, an integer of shape (); for use inside a graph.
    """
    whole, rest = divmod(points, BATCH)

    def count() -> tf.Tensor:
        logits_of = sphere_logits(model)

        def in_batch(number: tf.Tensor, size: int) -> tf.Tensor:
            directions = points_on_sphere(number * BATCH, size, dimension, seed)
            return tf.math.count_nonzero((logits_of(radius * directions) > 0) != outer)

        def add(number: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return number + 1, total + in_batch(number, BATCH)

        start = (tf.constant(0, tf.int64), tf.constant(0, tf.int64))
        _, total = tf.while_loop(lambda number, _: number < whole, add, start)
        return total + in_batch(tf.constant(whole, tf.int64), rest) if rest else total

    return count
