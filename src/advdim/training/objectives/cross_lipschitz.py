"""The cross-Lipschitz penalty (Hein and Andriushchenko 2017; Simon-Gabriel et al. 2018, app. C, eq. 17)."""

from collections.abc import Callable

import keras
import tensorflow as tf
from scipy.linalg import helmert

from advdim.training.objective import Loss, Objective, logits_in_training


def prepare(model: keras.Model, loss: Loss, *, weight: float) -> Objective:
    """Minimise the mean of L + weight / K^2 sum_{l,m} ||g_l - g_m||_2^2, g_k the gradient of the logit k.

    The sum over all ordered pairs of the K classes is 2 K ||H J||^2, where J holds the K gradients, and H is any
    orthonormal basis of the K - 1 directions in which classes differ: K - 1 gradients instead of K^2 differences.

    Args:
        model: a net with a logit for each of K >= 2 classes.
        loss: its loss L.
        weight: weight of the penalty, in units of squared pixels on [0, 1].
    """

    def objective(inputs: tf.Tensor, labels: tf.Tensor, noise: Callable[[], tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(inputs)
            logits = logits_in_training(model, inputs)
            basis = tf.constant(helmert(logits.shape[1]), logits.dtype)
            contrasts = tf.unstack(tf.matmul(logits, basis, transpose_b=True), axis=1)
        gradients = [tape.gradient(contrast, inputs) for contrast in contrasts]
        axes = list(range(1, inputs.shape.rank))
        squares = tf.add_n([tf.reduce_sum(gradient**2, axis=axes) for gradient in gradients])
        losses = loss(labels, logits)
        return losses + 2 * weight / logits.shape[1] * squares, losses

    return objective
