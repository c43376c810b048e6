"""The ellipsoid that is the boundary of a quadratic net (Gilmer et al. 2018, sec. 4, app. B)."""

import keras
import numpy as np
from numpy.typing import NDArray

from advdim.theory.quadratic import alphas

FloatArray = NDArray[np.float64]


def ellipsoid_of(model: keras.Model) -> tuple[FloatArray, float, FloatArray]:
    """Read the ellipsoid sum(alpha_i z_i^2) = 1 off the weights of a quadratic net.

    Args:
        model: a net of kind `quadratic` in d dimensions, with a negative output bias.

    Returns:
        The alphas, shape (d,); the output bias b; the axes, shape (d, d): z = x @ axes.
    """
    matrix = model.get_layer("hidden").get_weights()[0].astype(np.float64)
    weight, bias = (array.item() for array in model.get_layer("logit").get_weights())
    # The columns of Keras' kernel are the rows of W1; its left singular vectors are the axes in input space.
    axes, singular, _ = np.linalg.svd(matrix, full_matrices=True)
    values = np.zeros(len(axes))
    values[: len(singular)] = singular
    return alphas(values, weight, bias), bias, axes
