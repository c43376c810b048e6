"""The smallest perturbation whose linearised margin is as asked, near a given one and inside the pixel range.

Both norms come down to one number an image: how far to go along the gradient (l_2), or how large the ball is (l_inf).
Newton's method finds it; it is piecewise linear in that number.
"""

import tensorflow as tf

from advdim.norms import Norm, along, length

ITERATIONS = 6
"""Newton steps at most; two or three are enough but for pixels that meet the end of their range."""
FLATTEST = 0.1
"""Smallest slope of a margin in the radius that is believed, as a share of the gradient's l1 norm."""


def smallest_on_plane(
    norm: Norm,
    centres: tf.Tensor,
    moves: tf.Tensor,
    slope: tf.Tensor,
    level: tf.Tensor,
    radius: tf.Tensor,
    stride: tf.Tensor,
) -> tf.Tensor:
    """Find a small perturbation on a plane, slope . move = level, that stays near a given one.

    In l_2 that is the projection on the plane of the given move, shrunk by `stride` towards zero (as in Croce and Hein
    2020). In l_inf it is the given move after a step along the slope, cut to the smallest ball in
    which it reaches the plane: coordinates with steep slopes lie at the edge, those whose slopes change sign from one
    plane to the next come to rest inside, where signs would throw them from edge to edge (as in Pintor et al. 2021).

    Args:
        norm: l2 or linf.
        centres: the images, shape (n, height, width, channels), pixels on [0, 1].
        moves: perturbations to stay near to, shape as the images, pixels.
        slope: gradient of the margin, logits per pixel, shape as the images.
        level: what slope . move shall be, logits, shape (n,).
        radius: first guess of the size, pixels, shape (n,).
        stride: in l_2 the share to shrink by; in l_inf the l2 length of the step along the slope over radius * sqrt(d);
            a scalar.

    Returns:
        Shape as the images; they stay where they are if the slope is zero.
    """
    low, high = -centres, 1 - centres
    if norm == "l2":
        return _on_plane_l2((1 - stride) * moves, slope, level, low, high)
    coordinates = tf.cast(tf.size(slope[0]), slope.dtype)
    step = stride * tf.math.divide_no_nan(radius * tf.sqrt(coordinates), length("l2", slope))
    ahead = tf.clip_by_value(moves + along(step, slope) * slope, low, high)
    return _on_plane_linf(ahead, slope, level, radius)


def _on_plane_l2(base: tf.Tensor, slope: tf.Tensor, level: tf.Tensor, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    """Go along the slope until the plane is met, with coordinates that leave [low, high] held at its ends."""
    share = tf.math.divide_no_nan(level - dot(slope, base), dot(slope, slope))
    for _ in range(ITERATIONS):
        raw = base + along(share, slope) * slope
        free = tf.where((raw > low) & (raw < high), slope, 0)
        lacking = level - dot(slope, tf.clip_by_value(raw, low, high))
        share += tf.math.divide_no_nan(lacking, dot(free, slope))
    return tf.clip_by_value(base + along(share, slope) * slope, low, high)


def _on_plane_linf(ahead: tf.Tensor, slope: tf.Tensor, level: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
    """Cut a perturbation to the l_inf ball in which it lies on the plane."""
    reach, gain = tf.abs(ahead), tf.sign(ahead) * slope
    flattest = FLATTEST * length("l1", slope)
    for _ in range(ITERATIONS):
        edge = along(radius, slope)
        lacking = level - tf.reduce_sum(gain * tf.minimum(reach, edge), axis=[1, 2, 3])
        at_edge = tf.reduce_sum(tf.where(reach >= edge, gain, 0), axis=[1, 2, 3])
        change = tf.math.divide_no_nan(lacking, tf.maximum(at_edge, flattest))
        radius = tf.clip_by_value(radius + change, 0.5 * radius, 2 * radius)
    edge = along(radius, slope)
    return tf.maximum(tf.minimum(ahead, edge), -edge)


def dot(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Scalar product of each pair of images, shape (n,)."""
    return tf.reduce_sum(first * second, axis=[1, 2, 3])
