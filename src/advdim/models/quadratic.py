"""The quadratic net of the spheres study: w * sum((W1 x)^2) + b (Gilmer et al. 2018, sec. 4)."""

import keras
from keras import ops

from advdim.errors import AdvdimError
from advdim.seeds import named_seed
from advdim.theory.perfect_start import perfect_output_layer

INNER_PROBABILITY, OUTER_PROBABILITY = 0.0016, 0.9994
"""Probability of the outer sphere on each sphere after the source's perfect start (sec. 4, claim S12)."""


@keras.saving.register_keras_serializable(package="advdim")
class SumOfSquares(keras.layers.Layer):  # type: ignore[misc]
    """Sum of the squares of the last axis, kept as an axis of length one."""

    def call(self, values: keras.KerasTensor) -> keras.KerasTensor:
        """Map (n, h) to (n, 1)."""
        return ops.sum(ops.square(values), axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Shape (n, 1) for an input of shape (n, h)."""
        return (*input_shape[:-1], 1)


def build(dimension: int, *, width: int, perfect_radius: float | None = None, seed: int) -> keras.Model:
    """Build the net: a linear map to `width` units, the sum of their squares, one scalar and one bias.

    At random the entries of W1 have variance 1 / h, so that sum((W1 x)^2) starts near |x|^2 on every input; scalar and
    bias start at 1 and -1, so the first boundary is near the inner sphere. The source does not state its random start.

    From the perfect start W1 has orthonormal columns, so that every alpha is the same, and scalar and bias give the
    probabilities that the source reports of its perfect start (claim S12).

    Args:
        dimension: input dimension d.
        width: rows h of W1.
        perfect_radius: start without an error on the spheres of radius 1 and this one; None starts at random.
        seed: root seed of the initialisation.

    Returns:
        A net from (n, d) to (n, 1) logits; a positive logit means the outer sphere.

    Raises:
        AdvdimError: a perfect start is asked of a net with fewer units than inputs, which has none.
    """
    first, _ = named_seed(seed, "initialisation", "hidden")
    weight, bias = 1.0, -1.0
    start: keras.Initializer = keras.initializers.RandomNormal(stddev=width**-0.5, seed=first)
    if perfect_radius is not None:
        if width < dimension:
            raise AdvdimError(
                f"a quadratic net of width {width} has no perfect start in {dimension} dimensions; expected a width of "
                f"{dimension} or more; raise it, or leave out perfect_radius"
            )
        weight, bias = perfect_output_layer(INNER_PROBABILITY, OUTER_PROBABILITY, perfect_radius)
        start = keras.initializers.Orthogonal(seed=first)
    inputs = keras.Input((dimension,), name="points")
    hidden = keras.layers.Dense(width, use_bias=False, kernel_initializer=start, name="hidden")(inputs)
    squares = SumOfSquares(name="squares")(hidden)
    constants = [keras.initializers.Constant(value) for value in (weight, bias)]
    logit = keras.layers.Dense(1, kernel_initializer=constants[0], bias_initializer=constants[1], name="logit")
    return keras.Model(inputs, logit(squares), name="quadratic")
