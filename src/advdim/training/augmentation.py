"""Random changes of training images, inside the graph."""

import tensorflow as tf


def augment(images: tf.Tensor, seed: tf.Tensor, *, flip: bool, shift: int) -> tf.Tensor:
    """Shift each image by random whole pixels along both axes, and mirror half of them.

    What comes in at an edge is the image itself, reflected at its outermost pixels, as at a crop of a padded image.

    Args:
        images: shape (n, height, width, channels), n fixed.
        seed: two integers; the same ones give the same changes.
        flip: whether to mirror left to right.
        shift: largest shift, pixels, below height and width.

    Returns:
        Images of the same shape and type.
    """
    count, height, width, _ = images.shape
    draws = tf.random.stateless_uniform((2, count), seed, -shift, shift + 1, tf.int32)
    signs = tf.random.stateless_uniform((count,), seed + 1, 0, 2, tf.int32)
    rows = _reflected(tf.range(height) + draws[0][:, None], height)
    columns = _reflected(tf.range(width) + draws[1][:, None], width)
    if flip:
        columns = tf.where(signs[:, None] == 1, columns[:, ::-1], columns)
    positions = rows[:, :, None] * width + columns[:, None, :]
    flat = tf.reshape(images, (count, height * width, -1))
    return tf.reshape(tf.gather(flat, tf.reshape(positions, (count, -1)), batch_dims=1), images.shape)


def _reflected(positions: tf.Tensor, size: int) -> tf.Tensor:
    """Positions inside an axis, those beyond its ends reflected."""
    return (size - 1) - tf.abs((size - 1) - tf.abs(positions))
