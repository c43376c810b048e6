"""The tilting plane: z between the centroids, n what is left of a weight vector across z (Tanay & Griffin 2018)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_DIRECTION = 1e-10
"""Share of |w| across z below which n is undefined: the rounding of w itself is all that is left."""


@dataclass(frozen=True)
class TiltingPlane:
    """An orthonormal basis in which a linear classifier lies.

    Attributes:
        z: unit vector from the centroid of class I (y = -1) to that of class J (y = +1), shape (d,).
        n: unit vector across z in the plane of z and w, shape (d,); zero where w is parallel to z.
        angle_deg: angle of w and z in degrees, by atan2 of the two components: arccos loses small angles.
    """

    z: NDArray[np.float64]
    n: NDArray[np.float64]
    angle_deg: float


def centroid_direction(images: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vector from the centroid of y = -1 to that of y = +1, shape (d,).

    Raises:
        ValueError: the centroids coincide.
    """
    difference = images[y > 0].mean(axis=0) - images[y < 0].mean(axis=0)
    length = np.linalg.norm(difference)
    if length == 0:
        raise ValueError("the centroids of the two classes coincide; expected classes that differ")
    return np.asarray(difference / length)


def tilting_plane(weights: NDArray[np.float64], z: NDArray[np.float64]) -> TiltingPlane:
    """Span the plane of a weight vector and the centroids' direction by Gram-Schmidt (claim T04).

    Args:
        weights: w, shape (d,), not zero.
        z: unit vector, shape (d,).

    Returns:
        The plane and the tilting angle.
    """
    along = float(weights @ z)
    across = weights - along * z
    across -= (across @ z) * z  # once more: the first pass leaves a rounding error along z
    length = float(np.linalg.norm(across))
    defined = length > NO_DIRECTION * np.linalg.norm(weights)
    n = across / length if defined else np.zeros_like(across)
    return TiltingPlane(z, n, float(np.degrees(np.arctan2(length if defined else 0.0, along))))
