"""The loss of a net: cross-entropy of its logits, in nats."""

import tensorflow as tf


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of each example.

    Args:
        labels: classes of shape (n,), integers.
        logits: shape (n, 1), where a positive logit means class 1, or (n, classes).

    Returns:
        Losses of shape (n,), in nats.
    """
    if logits.shape[-1] == 1:
        return tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(labels, logits.dtype), logits[:, 0])
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


def predict(logits: tf.Tensor) -> tf.Tensor:
    """The predicted class of each example, integers of shape (n,)."""
    if logits.shape[-1] == 1:
        return tf.cast(logits[:, 0] > 0, tf.int64)
    return tf.argmax(logits, axis=-1)
