"""Two classes of points on a strip of a plane, embedded in any dimension (Tanay & Griffin 2018, fig. 3 and 4).

In the source an image is a function of two numbers a and b; class I holds the images with a in [-1, -0.2] and b = 0,
class J those with a in [0.2, 1] and b = 0. Here b varies a little, so both classes are thin boxes. A boundary through
the middle still separates them without error up to a tilt of arctan(0.2 / 0.015) = 85.7 degrees; beyond, it makes
errors, and the sign of a distance begins to matter.

In more than two dimensions the plane is embedded by a random isometry: all distances stay as they are, and the other
directions hold no data. The source's second figure has 785 dimensions, one more than the 28 x 28 pixels of MNIST; only
the size of that number matters here. The points are the same in every dimension, and are never stored: the seed and
the settings are the dataset.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from advdim.seeds import named_seed

NEAREST, FARTHEST = 0.2, 1.0
"""Range of \\|a\\|, along the axis between the classes."""
HALF_THICKNESS = 0.015
"""Range of \\|b\\|, across that axis; the source has 0."""


def sample(info: dict[str, Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw the points of both classes.

    Args:
        info: `dimension` d, `per_class` (points of each class) and `seed`, as `advdim.datasets.stored.read_info` gives.

    Returns:
        Points of shape (2 * per_class, d), classes I and J in turn, and y of shape (2 * per_class,), -1 for class I and
        +1 for class J.
    """
    count = 2 * info["per_class"]
    generator = _generator(info["seed"], "points")
    y = np.tile([-1.0, 1.0], info["per_class"])
    along = y * generator.uniform(NEAREST, FARTHEST, count)
    across = generator.uniform(-HALF_THICKNESS, HALF_THICKNESS, count)
    return np.column_stack([along, across]) @ plane(info).T, y


def plane(info: dict[str, Any]) -> NDArray[np.float64]:
    """Draw the plane that holds the points.

    Args:
        info: as in `sample`.

    Returns:
        The directions of a and b as columns, shape (d, 2), orthonormal; in two dimensions the axes themselves.
    """
    if info["dimension"] == 2:
        return np.eye(2)
    gaussian = _generator(info["seed"], "plane").standard_normal((info["dimension"], 2))
    columns, triangle = np.linalg.qr(gaussian)
    return np.asarray(columns * np.sign(np.diag(triangle)))  # QR leaves the signs open: take those of Gram-Schmidt


def _generator(seed: int, what: str) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(list(named_seed(seed, "toy classes", what))))
