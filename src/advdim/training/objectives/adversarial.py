"""Augmentation by first-order adversarial images (Simon-Gabriel et al. 2018, sec. 2, prop. 3, app. F)."""

import math
from collections.abc import Callable
from typing import Literal

import keras
import tensorflow as tf

from advdim.models.batch_norm import held_averages
from advdim.norms import radius_of, steepest_direction
from advdim.training.objective import Loss, Objective, logits_in_training, losses_and_gradient


def prepare(
    model: keras.Model, loss: Loss, *, norm: Literal["linf", "l2"], eps_pixel: float, through_attack: bool
) -> Objective:
    """Minimise the mean of (L(x) + L(x + delta)) / 2, delta the steepest step of size eps_p = eps d^(1/p).

    Attacked images are not clipped to the range of pixels, as in prop. 3, which the penalties are compared by.

    Args:
        model: a net.
        loss: its loss L.
        norm: the norm p of the attack.
        eps_pixel: eps, in pixels on [0, 1].
        through_attack: whether delta is differentiated as a function of the weights (app. F). For linf that changes
            nothing: the derivative of the sign is zero almost everywhere.
    """

    def objective(inputs: tf.Tensor, labels: tf.Tensor, noise: Callable[[], tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        # Any multiple has the same steepest direction. This one is part of what is minimised, so that the pass back
        # to the images is the training's own, and the graph runs it once.
        losses, gradient = losses_and_gradient(model, loss, inputs, labels, lambda each: tf.reduce_mean(each / 2))
        direction = steepest_direction(norm, gradient)
        if not through_attack:
            direction = tf.stop_gradient(direction)
        attacked = inputs + radius_of(norm, eps_pixel, math.prod(inputs.shape[1:])) * direction
        with held_averages(model):
            return (losses + loss(labels, logits_in_training(model, attacked))) / 2, losses

    return objective
