"""The ellipsoid that is the boundary of a quadratic net (Gilmer et al. 2018, sec. 4, app. B)."""

import math

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from advdim.theory.quadratic import alphas

FloatArray = NDArray[np.float64]


def ellipsoid_of(model: keras.Model) -> tuple[FloatArray, float, FloatArray]:
    """Read the ellipsoid sum(alpha_i z_i^2) = 1 off the weights of a quadratic net.

    Args:
        model: a net of kind `quadratic` in d dimensions.

    Returns:
        The alphas, shape (d,), NaN where the output bias is not negative, for then the boundary is no such ellipsoid;
        the output bias b; the axes, shape (d, d): z = x @ axes.
    """
    matrix = model.get_layer("hidden").get_weights()[0].astype(np.float64)
    weight, bias = (array.item() for array in model.get_layer("logit").get_weights())
    # The columns of Keras' kernel are the rows of W1; its left singular vectors are the axes in input space.
    axes, singular, _ = np.linalg.svd(matrix, full_matrices=True)
    values = np.zeros(len(axes))
    values[: len(singular)] = singular
    alpha = alphas(values, weight, bias) if bias < 0 else np.full(len(axes), math.nan)
    return alpha, bias, axes


def set_ellipsoid(model: keras.Model, alpha: ArrayLike, axes: FloatArray) -> None:
    """Give a quadratic net the boundary sum(alpha_i z_i^2) = 1, z = x @ axes, by output weight 1 and bias -1.

    Args:
        model: a net of kind `quadratic` with as many units as inputs, d.
        alpha: shape (d,), not negative.
        axes: orthonormal columns, shape (d, d).
    """
    model.get_layer("hidden").set_weights([axes * np.sqrt(alpha)])
    model.get_layer("logit").set_weights([np.ones((1, 1)), -np.ones(1)])
