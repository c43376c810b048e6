"""The loss alone."""

from collections.abc import Callable

import keras
import tensorflow as tf

from advdim.training.objective import Loss, Objective, logits_in_training


def prepare(model: keras.Model, loss: Loss) -> Objective:
    """Minimise the mean loss."""

    def objective(inputs: tf.Tensor, labels: tf.Tensor, noise: Callable[[], tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        losses = loss(labels, logits_in_training(model, inputs))
        return losses, losses

    return objective
