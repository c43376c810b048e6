"""The quadratic net of the spheres study: w * sum((W1 x)^2) + b (Gilmer et al. 2018, sec. 4)."""

import keras
from keras import ops

from advdim.seeds import named_seed


@keras.saving.register_keras_serializable(package="advdim")
class SumOfSquares(keras.layers.Layer):  # type: ignore[misc]
    """Sum of the squares of the last axis, kept as an axis of length one."""

    def call(self, values: keras.KerasTensor) -> keras.KerasTensor:
        """Map (n, h) to (n, 1)."""
        return ops.sum(ops.square(values), axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Shape (n, 1) for an input of shape (n, h)."""
        return (*input_shape[:-1], 1)


def build(dimension: int, *, width: int, seed: int) -> keras.Model:
    """Build the net: a linear map to `width` units, the sum of their squares, one scalar and one bias.

    The entries of W1 start with variance 1 / h, so that sum((W1 x)^2) starts near |x|^2 on every input; scalar
    and bias start at 1 and -1, so the first boundary is near the inner sphere. The source does not state its
    initialisation.

    Args:
        dimension: input dimension d.
        width: rows h of W1.
        seed: root seed of the initialisation.

    Returns:
        A net from (n, d) to (n, 1) logits; a positive logit means the outer sphere.
    """
    first, _ = named_seed(seed, "initialisation", "hidden")
    inputs = keras.Input((dimension,), name="points")
    start = keras.initializers.RandomNormal(stddev=width**-0.5, seed=first)
    hidden = keras.layers.Dense(width, use_bias=False, kernel_initializer=start, name="hidden")(inputs)
    squares = SumOfSquares(name="squares")(hidden)
    logit = keras.layers.Dense(
        1, kernel_initializer="ones", bias_initializer=keras.initializers.Constant(-1.0), name="logit"
    )
    return keras.Model(inputs, logit(squares), name="quadratic")
