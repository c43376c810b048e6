"""The start of the quadratic net at which it makes no error (Gilmer et al. 2018, sec. 4)."""

import math

from scipy import special


def perfect_output_layer(inner: float, outer: float, outer_radius: float) -> tuple[float, float]:
    """Output weight and bias that give chosen probabilities on the two spheres when W1 has orthonormal columns.

    Args:
        inner: sigmoid probability of "outer" on the inner sphere, in (0, 1/2).
        outer: sigmoid probability of "outer" on the outer sphere, in (1/2, 1).
        outer_radius: R, above 1.

    Returns:
        (w, b); all coefficients of the ellipsoid are then w / (-b), inside (1/R^2, 1).

    Raises:
        ValueError: if a probability lies on the wrong side of 1/2 or the radius is not above 1.

    Source:
        Gilmer et al. 2018, section 4 (claim S12: 0.0016 and 0.9994 at R = 1.3).
    """
    if not (math.isfinite(outer_radius) and outer_radius > 1.0):
        raise ValueError(f"outer_radius must be above 1 and finite, found {outer_radius}")
    if not (0.0 < inner < 0.5 < outer < 1.0):
        raise ValueError(f"probabilities must satisfy 0 < inner < 1/2 < outer < 1, found {inner} and {outer}")
    low, high = float(special.logit(inner)), float(special.logit(outer))
    weight = (high - low) / (outer_radius**2 - 1.0)
    return weight, low - weight
