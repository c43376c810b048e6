"""Training on images that several projected steps of ascent have attacked (Madry et al. 2018)."""

import math
from collections.abc import Callable
from typing import Literal

import keras
import tensorflow as tf

from advdim.norms import project, radius_of, steepest_direction
from advdim.training.objective import Loss, Objective, logits_in_training


def prepare(
    model: keras.Model,
    loss: Loss,
    *,
    norm: Literal["linf", "l2"],
    eps_pixel: float,
    steps: int,
    relative_step: float,
    random_start: bool,
) -> Objective:
    """Minimise the mean loss of attacked images, which stay in a ball around the clean ones and in the pixel range.

    The attack sees the net as an attacker does, with the moving averages of its batch normalisation; training on its
    images normalises by the batch.

    Args:
        model: a net.
        loss: its loss L.
        norm: the norm p of the ball.
        eps_pixel: eps, in pixels on [0, 1]; the radius is eps d^(1/p).
        steps: steps of ascent.
        relative_step: length of a step as a share of the radius.
        random_start: whether the attack starts at a random point of the ball: uniform for linf; for l2 a random point
            of the cube, scaled to the sphere.
    """

    def attack(inputs: tf.Tensor, labels: tf.Tensor, noise: Callable[[], tf.Tensor]) -> tf.Tensor:
        radius = radius_of(norm, eps_pixel, math.prod(inputs.shape[1:]))

        def climb(number: tf.Tensor, points: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(points)
                losses = loss(labels, tf.cast(model(points, training=False), points.dtype))
            direction = steepest_direction(norm, tape.gradient(losses, points))
            return number + 1, project(norm, inputs, points + relative_step * radius * direction, radius)

        start = inputs
        if random_start:
            offset = noise() if norm == "linf" else steepest_direction("l2", noise())
            start = project(norm, inputs, inputs + radius * offset, radius)
        _, attacked = tf.while_loop(lambda number, _: number < steps, climb, (tf.constant(0), start))
        return tf.stop_gradient(attacked)

    def objective(inputs: tf.Tensor, labels: tf.Tensor, noise: Callable[[], tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        losses = loss(labels, logits_in_training(model, attack(inputs, labels, noise)))
        return losses, losses

    return objective
