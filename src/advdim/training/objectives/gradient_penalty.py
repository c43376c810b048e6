"""A penalty on the norm of the loss gradient, by double back-propagation (Simon-Gabriel et al. 2018, sec. 2)."""

import math
from collections.abc import Callable
from typing import Literal

import keras
import tensorflow as tf

from advdim.norms import DUAL, length, radius_of
from advdim.training.objective import Loss, Objective, losses_and_gradient


def prepare(model: keras.Model, loss: Loss, *, norm: Literal["l1", "l2"], eps_pixel: float) -> Objective:
    """Minimise the mean of L + (eps_p / 2) ||dL/dx||_q, with eps_p = eps d^(1/p) and 1/p + 1/q = 1 (eq. 2, 3).

    Args:
        model: a net.
        loss: its loss L.
        norm: the norm q of the gradient.
        eps_pixel: eps, in pixels on [0, 1].
    """

    def objective(inputs: tf.Tensor, labels: tf.Tensor, noise: Callable[[], tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        losses, gradient = losses_and_gradient(model, loss, inputs, labels)
        radius = radius_of(DUAL[norm], eps_pixel, math.prod(inputs.shape[1:]))
        return losses + radius / 2 * length(norm, gradient), losses

    return objective
