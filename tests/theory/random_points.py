"""Random points for tests of the spheres' theory."""

import numpy as np


def sphere(points: int, dimension: int, seed: int) -> np.ndarray:
    """Draw uniform points of the unit sphere, shape (points, dimension)."""
    normal = np.random.default_rng(seed).standard_normal((points, dimension))
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True))
