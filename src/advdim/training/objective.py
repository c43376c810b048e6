"""What training minimises: the form that all objectives have, and the pieces that they share.

An objective is made once for a net by the `prepare` of its module in `advdim.training.objectives`, and called in every
step. It takes any loss, and nets and images in any floating type.

Batch normalisation: every pass that is trained on normalises by its own batch, a penalty's gradient included, so that
the derivative with respect to one image holds what it does to the others through mean and variance. The moving averages
follow the first such pass: the clean images, or the attacked ones where there are no others.
"""

from collections.abc import Callable
from typing import Protocol

import keras
import tensorflow as tf

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Takes labels of shape (n,) and logits of shape (n, classes); gives losses of shape (n,)."""


class Objective(Protocol):
    """What is minimised, as a function of a batch."""

    def __call__(
        self, inputs: tf.Tensor, labels: tf.Tensor, noise: Callable[[], tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Give the terms whose mean is minimised, and the losses, both of shape (n,).

        Args:
            inputs: pixels on [0, 1], shape (n, height, width, channels), or points (n, d).
            labels: classes, shape (n,).
            noise: gives uniform random numbers on [-1, 1], of the shape of the inputs, the same ones in each call.
        """


def logits_in_training(model: keras.Model, inputs: tf.Tensor) -> tf.Tensor:
    """Logits of the net in training, in the type of the inputs."""
    return tf.cast(model(inputs, training=True), inputs.dtype)


def losses_and_gradient(
    model: keras.Model,
    loss: Loss,
    inputs: tf.Tensor,
    labels: tf.Tensor,
    total: Callable[[tf.Tensor], tf.Tensor] = tf.reduce_sum,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Losses of shape (n,) in training, and the gradient of their total with respect to the inputs, of their shape."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        losses = loss(labels, logits_in_training(model, inputs))
        whole = total(losses)
    return losses, tape.gradient(whole, inputs)
