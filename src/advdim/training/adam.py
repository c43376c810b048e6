"""Adam by TensorFlow's fused kernel: one pass over the memory of a variable and its slots instead of ten."""

from collections.abc import Sequence

import keras
import tensorflow as tf

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""As in Keras; the sources do not state theirs."""


class Adam:
    """The optimiser of a fixed list of variables.

    Keras' own Adam takes the same step by single operations, each of which reads and writes all weights; for nets that
    see small batches that costs as much as a product of matrices.

    Args:
        weights: what is trained.
        learning_rate: size of the steps.

    Source:
        Kingma and Ba 2015, algorithm 1, in the form that ends section 2: both corrections stand in the step size.
    """

    def __init__(self, weights: Sequence[keras.Variable], learning_rate: float) -> None:
        self._weights = [weight.value for weight in weights]
        self._learning_rate = learning_rate
        self._steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._means, self._squares = (
            [tf.Variable(tf.zeros_like(weight), trainable=False) for weight in self._weights] for _ in range(2)
        )

    @property
    def variables(self) -> list[tf.Variable]:
        """Its state: the number of steps, and both averages of each weight's gradient."""
        return [self._steps, *self._means, *self._squares]

    def apply(self, gradients: Sequence[tf.Tensor], share: float | tf.Tensor = 1.0) -> None:
        """Take one step, inside a graph or outside.

        Args:
            gradients: one for each weight, in their order and of their shapes.
            share: share of the learning rate that this step takes.
        """
        # Updates wait for `steps`, and so for all gradients: weights that one has yet to read would be copied first.
        with tf.control_dependencies(gradients):
            steps = self._steps.assign_add(1)
        for weight, mean, square, gradient in zip(self._weights, self._means, self._squares, gradients, strict=True):
            exponent = tf.cast(steps, weight.dtype)
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle,
                m=mean.handle,
                v=square.handle,
                beta1_power=tf.pow(tf.constant(BETA_1, weight.dtype), exponent),
                beta2_power=tf.pow(tf.constant(BETA_2, weight.dtype), exponent),
                lr=self._learning_rate * tf.cast(share, weight.dtype),
                beta1=tf.constant(BETA_1, weight.dtype),
                beta2=tf.constant(BETA_2, weight.dtype),
                epsilon=tf.constant(EPSILON, weight.dtype),
                grad=gradient,
            )
