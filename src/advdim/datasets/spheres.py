"""Points on two concentric spheres (Gilmer et al. 2018, sec. 2).

A finite set is drawn by NumPy's counter-based Philox generator, so it is the same on every machine and is never stored:
the seed and the settings are the dataset.
"""

import numpy as np
from numpy.typing import NDArray

from advdim.seeds import named_seed


def sample_sphere(count: int, dimension: int, seed: tuple[int, int]) -> NDArray[np.float32]:
    """Draw points uniformly from the unit sphere: Gaussian vectors divided by their length.

    Args:
        count: number of points n.
        dimension: dimension d of the space.
        seed: two integers, see `advdim.seeds.named_seed`.

    Returns:
        Points of shape (n, d).
    """
    generator = np.random.Generator(np.random.Philox(list(seed)))
    points = generator.standard_normal((count, dimension), dtype=np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points


def finite_set(
    points: int, dimension: int, outer_radius: float, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Draw a finite training set, half of it on each sphere, inner and outer points in turn.

    Args:
        points: number of points N.
        dimension: dimension d of the space.
        outer_radius: radius R of the outer sphere; the inner one has radius 1.
        seed: root seed of the dataset.

    Returns:
        Points of shape (N, d), and labels of shape (N,): 0 on the inner sphere, 1 on the outer one.
    """
    positions = sample_sphere(points, dimension, named_seed(seed, "spheres", "finite set"))
    labels = np.arange(points, dtype=np.int64) % 2
    positions[labels == 1] *= np.float32(outer_radius)
    return positions, labels
