"""Arguments that several exact results share, and what is wrong with them."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def finite_vector(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return a non-empty vector of finite floats, or raise a ValueError that names what else it is."""
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1 or vector.size == 0 or not np.all(np.isfinite(vector)):
        raise ValueError(f"{name} must be a non-empty vector of finite numbers, found shape {vector.shape}: {vector}")
    return vector


def check_radius(outer_radius: float) -> None:
    """Raise a ValueError if the outer sphere does not lie outside the inner one."""
    if not (math.isfinite(outer_radius) and outer_radius > 1.0):
        raise ValueError(f"outer_radius must be above 1 and finite, found {outer_radius}")
