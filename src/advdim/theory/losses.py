"""Worst logistic loss of the quadratic net on each of the two spheres, without sampling."""

import math

import numpy as np
from numpy.typing import ArrayLike

from advdim.theory.arguments import check_radius, finite_vector


def worst_losses(alpha: ArrayLike, output_bias: float, outer_radius: float) -> tuple[float, float]:
    """Largest logistic loss at any point of each sphere.

    The logit -b (sum(alpha_i z_i^2) - 1) is extreme on the axes: of the largest alpha for the inner sphere, of the
    smallest for the outer one.

    Args:
        alpha: shape (d,), coefficients of the ellipsoid.
        output_bias: b, negative.
        outer_radius: R, above 1.

    Returns:
        log(1 + exp(-b (max alpha - 1))) on the inner sphere, log(1 + exp(b (R^2 min alpha - 1))) on the outer one.
        Below log(2) iff the sphere has no error.

    Raises:
        ValueError: if alpha is not a non-empty vector of finite numbers, the bias is not negative or the radius is not
            above 1.

    Source:
        Gilmer et al. 2018, section 4 and figure 3 right (claim S13).
    """
    values = finite_vector(alpha, "alpha")
    check_radius(outer_radius)
    if not (math.isfinite(output_bias) and output_bias < 0.0):
        raise ValueError(f"output_bias must be negative and finite, found {output_bias}")
    inner = -output_bias * (float(values.max()) - 1.0)
    outer = output_bias * (outer_radius**2 * float(values.min()) - 1.0)
    return float(np.logaddexp(0.0, inner)), float(np.logaddexp(0.0, outer))
