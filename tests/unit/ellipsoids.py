"""Quadratic nets whose ellipsoid is known, and datasets of spheres for them."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from advdim.datasets.stored import write_info
from advdim.job import Job
from advdim.models import quadratic
from advdim.statistics.ellipsoid import set_ellipsoid

OUTER_RADIUS = 1.3


def sphere_job(folder: Path, dimension: int, **settings: Any) -> Job:
    """A measurement of a net between spheres of this dimension."""
    dataset = spheres(folder, dimension)
    return Job("test", settings, 0, {"device": "cpu", "threads": 1}, {"dataset": dataset}, dataset, dataset, 60)


def ellipsoid_net(alpha: list[float]) -> tuple[keras.Model, NDArray[np.float64]]:
    """A quadratic net with these axes, turned by a rotation; returns the rotation too, a column an axis."""
    dimension = len(alpha)
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(dimension, dimension)))[0]
    model = quadratic.build(dimension, width=dimension, seed=0)
    set_ellipsoid(model, alpha, rotation)
    return model, rotation


def spheres(folder: Path, dimension: int) -> Path:
    write_info(folder, {"kind": "spheres", "dimension": dimension, "outer_radius": OUTER_RADIUS, "points": None})
    return folder
