"""Norms of perturbations and of gradients: lengths, steepest directions, and the ball around an image.

For images of shape (n, height, width, channels), or any shape (n, ...), in any floating type.
"""

from typing import Literal

import tensorflow as tf

Norm = Literal["l1", "l2", "linf"]
DUAL: dict[str, Norm] = {"l1": "linf", "l2": "l2", "linf": "l1"}
"""The norm q of the gradients that belongs to the norm p of the perturbations: 1/p + 1/q = 1."""
EXPONENTS = {"l1": 1.0, "l2": 0.5, "linf": 0.0}


def radius_of(norm: Norm, eps_pixel: float, coordinates: int) -> float:
    """Radius eps_p = eps d^(1/p) of the ball, in pixels on [0, 1] (Simon-Gabriel et al. 2018, eq. 3).

    Args:
        norm: norm p of the ball.
        eps_pixel: eps, the radius for p = inf.
        coordinates: number d of coordinates of an image.
    """
    return float(eps_pixel * coordinates ** EXPONENTS[norm])


def length(norm: Norm, tensor: tf.Tensor) -> tf.Tensor:
    """Norm of each image, shape (n,); its derivative is zero where the image is."""
    axes = list(range(1, tensor.shape.rank))
    if norm == "l1":
        return tf.reduce_sum(tf.abs(tensor), axis=axes)
    largest = tf.reduce_max(tf.abs(tensor), axis=axes, keepdims=True)
    if norm == "linf":
        return tf.squeeze(largest, axes)
    largest = tf.stop_gradient(largest)  # squares of small gradients would underflow
    squares = tf.reduce_sum(tf.math.divide_no_nan(tensor, largest) ** 2, axis=axes)
    return tf.squeeze(largest, axes) * tf.sqrt(tf.where(squares > 0, squares, 1))


def steepest_direction(norm: Norm, gradient: tf.Tensor) -> tf.Tensor:
    """Direction of steepest ascent per unit of the norm, l2 or linf, shape as the gradient; zero where that is."""
    if norm == "linf":
        return tf.sign(gradient)
    return tf.math.divide_no_nan(gradient, along(length("l2", gradient), gradient))


def project(norm: Norm, centre: tf.Tensor, points: tf.Tensor, radius: float | tf.Tensor) -> tf.Tensor:
    """Nearest points inside the l2 or linf ball around each centre, then inside the pixel range [0, 1].

    Args:
        norm: norm of the balls.
        centre: shape (n, ...).
        points: shape as the centres.
        radius: one for all, or shape (n,).

    Returns:
        Shape as the points.
    """
    offset = points - centre
    radius = tf.convert_to_tensor(radius, offset.dtype)
    if norm == "linf":
        edge = along(radius, offset) if radius.shape.rank else radius
        offset = tf.maximum(tf.minimum(offset, edge), -edge)
    else:
        distance = length("l2", offset)
        offset *= along(tf.where(distance > radius, tf.math.divide_no_nan(radius, distance), 1), offset)
    return tf.clip_by_value(centre + offset, 0, 1)


def along(values: tf.Tensor, tensor: tf.Tensor) -> tf.Tensor:
    """Values of shape (n,) with as many axes as the tensor."""
    return tf.reshape(values, (-1, *[1] * (tensor.shape.rank - 1)))
