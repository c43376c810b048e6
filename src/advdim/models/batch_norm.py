"""Batch normalisation whose second derivatives are exact, for losses that hold a gradient with respect to the inputs.

TensorFlow's kernel normalises a batch of images in half the time of single operations, but has no exact second
derivative. Here the first derivative is the kernel's, and the second is written out. Single operations on the result of
`tf.nn.moments` would not do either: it hides from the tape that the variance depends on the mean.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

EPSILON = 1e-3
"""Added to the variance, as in Keras; the sources do not state theirs."""
MOMENTUM = 0.9
"""Share of the old moving average at each step; the sources do not state it."""


def normalise(values: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Normalise each channel by the mean and the variance of the batch, scale and shift it.

    Replicas of a distributed step share their means and variances: what comes out does not depend on their number.

    Args:
        values: shape (n, ..., channels); a half precision is normalised in that of gamma.
        gamma: factor of each channel, shape (channels,).
        beta: offset of each channel, shape (channels,).

    Returns:
        gamma (x - mean) / sqrt(variance + EPSILON) + beta, shape and type as the values; mean and variance of each
        channel, shape (channels,), of which no derivative is taken.
    """
    if values.shape.rank == 4 and gamma.dtype == tf.float32 and _replicas() == 1:
        outputs, mean, variance = _by_kernel(values, gamma, beta)
    else:
        outputs, mean, variance = _by_operations(values, gamma, beta)
    return outputs, tf.stop_gradient(mean), tf.stop_gradient(variance)


def _replicas() -> int:
    context = tf.distribute.get_replica_context()
    return 1 if context is None else int(context.num_replicas_in_sync)


def _by_operations(values: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    exact = tf.cast(values, gamma.dtype)
    mean = _mean(exact)
    variance = _mean(tf.math.squared_difference(exact, mean))
    scale = gamma * tf.math.rsqrt(variance + EPSILON)
    return tf.cast(exact * scale + (beta - mean * scale), values.dtype), mean, variance


def _mean(values: tf.Tensor) -> tf.Tensor:
    mean = tf.reduce_mean(values, axis=list(range(values.shape.rank - 1)))
    if _replicas() == 1:
        return mean
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, mean)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _by_kernel(values: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> Any:
    outputs, mean, variance, *saved = tf.raw_ops.FusedBatchNormV3(
        x=values, scale=gamma, offset=beta, mean=[], variance=[], epsilon=EPSILON, is_training=True
    )
    count = tf.cast(tf.size(values) / tf.size(gamma), gamma.dtype)
    variance *= (count - 1) / count  # the kernel's estimate is the unbiased one

    def gradient(of_outputs: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, ...]:
        first = _kernel_gradient(of_outputs, values, gamma, saved)
        return _of_values(of_outputs, values, gamma, *first, mean, variance, *saved), *first[1:]

    return (outputs, mean, variance), gradient


def _kernel_gradient(of_outputs: tf.Tensor, values: tf.Tensor, gamma: tf.Tensor, saved: Any) -> list[tf.Tensor]:
    """Derivatives by values, gamma and beta."""
    reserved = {f"reserve_space_{number}": tensor for number, tensor in enumerate(saved, 1)}
    kernel = tf.raw_ops.FusedBatchNormGradV3
    return list(kernel(y_backprop=of_outputs, x=values, scale=gamma, epsilon=EPSILON, is_training=True, **reserved)[:3])


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _of_values(
    of_outputs: tf.Tensor,
    values: tf.Tensor,
    gamma: tf.Tensor,
    of_values: tf.Tensor,
    of_gamma: tf.Tensor,
    of_beta: tf.Tensor,
    mean: tf.Tensor,
    variance: tf.Tensor,
    *saved: tf.Tensor,
) -> Any:
    """The derivative by the values, as a function of the first three, whose own derivative is written out.

    With a hat for normalised values, r = 1 / sqrt(variance + EPSILON), M values in a channel and g for `of_outputs`, it
    is gamma r (g - sum(g) / M - x^ sum(g x^) / M). The sums are `of_beta` and `of_gamma`.
    """
    count = tf.cast(tf.size(values) / tf.size(gamma), gamma.dtype)
    inverse = tf.math.rsqrt(variance + EPSILON)

    def gradient(cotangent: tf.Tensor) -> tuple[tf.Tensor | None, ...]:
        # The derivative is symmetric as a map of g, so that the kernel applies it to the cotangent, with its two sums.
        by_outputs, with_hat, alone = _kernel_gradient(cotangent, values, gamma, saved)
        product = _channel_sums(tf.cast(of_outputs * cotangent, gamma.dtype))
        weight = gamma * inverse**2 / count
        of_hat = weight * ((alone * of_beta + 3 * with_hat * of_gamma) / count - product)
        of_one = weight * (with_hat * of_beta + of_gamma * alone) / count - of_hat * inverse * mean
        factors = (of_hat * inverse, -weight * with_hat, -weight * of_gamma, of_one)
        by_x, by_g, by_cotangent, constant = (tf.cast(factor, values.dtype) for factor in factors)
        by_values = by_x * values + by_g * of_outputs + by_cotangent * cotangent + constant
        by_gamma = inverse * (product - (alone * of_beta + with_hat * of_gamma) / count)
        return by_outputs, by_values, by_gamma, *[None] * (5 + len(saved))

    return tf.identity(of_values), gradient


def _channel_sums(values: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.BiasAddGrad(out_backprop=values)  # four times as fast as a general sum


class Statistics:
    """Moving averages of means and variances, that a layer keeps for when it does not train."""

    def __init__(self, layer: keras.layers.Layer, channels: int) -> None:
        # Half precision is too coarse for averages, so that no variable of the normalisation is cast.
        options = {"shape": (channels,), "autocast": False}
        self.gamma = layer.add_weight(name="gamma", initializer="ones", **options)
        self.beta = layer.add_weight(name="beta", initializer="zeros", **options)
        self.mean = layer.add_weight(name="moving_mean", initializer="zeros", trainable=False, **options)
        self.variance = layer.add_weight(name="moving_variance", initializer="ones", trainable=False, **options)
        self.follow = True

    def normalise(self, values: tf.Tensor) -> tf.Tensor:
        """Normalise by the batch, and let the moving averages follow unless they are held."""
        outputs, mean, variance = normalise(values, self.gamma.value, self.beta.value)
        if self.follow:
            for average, new in ((self.mean, mean), (self.variance, variance)):
                average.assign(average.value * MOMENTUM + new * (1 - MOMENTUM))
        return outputs

    def affine(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Factor and offset of each channel by the moving averages, shape (channels,)."""
        scale = self.gamma.value * tf.math.rsqrt(self.variance.value + EPSILON)
        return scale, self.beta.value - self.mean.value * scale


@keras.saving.register_keras_serializable(package="advdim")
class BatchNorm(keras.layers.Layer):  # type: ignore[misc]
    """Batch normalisation of the last axis: by the batch in training, by moving averages otherwise."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the variables, for an input of shape (n, ..., channels)."""
        self.statistics = Statistics(self, int(input_shape[-1] or 0))

    def call(self, values: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Normalise; shape (n, ..., channels) stays."""
        if training:
            return self.statistics.normalise(values)
        scale, offset = self.statistics.affine()
        return values * tf.cast(scale, values.dtype) + tf.cast(offset, values.dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return input_shape


@contextlib.contextmanager
def held_averages(model: keras.Model) -> Iterator[None]:
    """Hold the moving averages of a net: calls that are traced inside normalise by the batch, and leave no trace."""
    layers = [layer.statistics for layer in model.layers if isinstance(getattr(layer, "statistics", None), Statistics)]
    for layer in layers:
        layer.follow = False
    try:
        yield
    finally:
        for layer in layers:
            layer.follow = True
