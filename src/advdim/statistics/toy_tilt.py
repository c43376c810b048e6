"""Adversarial distance of the toy classes against the tilt of the weight vector (Tanay & Griffin 2018, fig. 3 and 4).

A boundary through the midpoint m of the centroids c_I and c_J has the unit normal w = cos(t) z + sin(t) n, where z is
the unit vector from c_I to c_J, n is orthogonal to z and t is the tilt. The distance of a point with its sign is
d(x) = w.(x - m), and the adversarial distance is the mean of y d(x). Class J contributes the mean w.(c_J - m), class I
the mean -w.(c_I - m). Both are w.(c_J - c_I) / 2 = cos(t) |c_J - c_I| / 2, because n is orthogonal to c_J - c_I. So
the adversarial distance is cos(t) times half of the centroids' distance, whatever the dimension, the spread of the
classes and the direction n. (With as many points of I as of J it is so for any bias: the bias drops out of the mean.)
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.artefacts.tables import write_table
from advdim.datasets.stored import read_info
from advdim.datasets.toy_classes import plane, sample
from advdim.job import Job
from advdim.statistics.tilting_plane import centroid_direction, tilting_plane

DRAWN = 300
"""Points that are kept for the figure, half of them of each class."""
RESOLUTION = 1e-9
"""Width at which the search for a smallest step ends, in units of the points."""
LARGEST_STEP = 1e6
"""Where the search gives up, in the same units."""

Points = NDArray[np.float64]
Classifier = Callable[[Points], NDArray[np.bool_]]
"""Takes points of shape (n, d), says of each whether it is of class J, shape (n,)."""


@dataclass(frozen=True)
class CentroidAxes:
    """The axes in which a boundary is tilted.

    Attributes:
        midpoint: midpoint of the centroids, shape (d,).
        z: unit vector from the centroid of class I to that of class J, shape (d,).
        n: unit vector across z, shape (d,).
        half_distance: half of the distance of the centroids.
    """

    midpoint: Points
    z: Points
    n: Points
    half_distance: float

    def normal(self, tilt_deg: float) -> Points:
        """Unit weight vector of the boundary at a tilt, shape (d,)."""
        tilt = math.radians(tilt_deg)
        return np.asarray(math.cos(tilt) * self.z + math.sin(tilt) * self.n)


def measure(job: Job) -> None:
    """Write `tilts`, one row a tilt, and `points`, one row a drawn point."""
    info = read_info(job.inputs["dataset"])
    points, y = sample(info)
    axes = centroid_axes(points, y, plane(info)[:, 1])
    tilts = measure_tilts(points, y, axes, job.settings["tilts_deg"])
    drawn = (points - axes.midpoint)[:DRAWN]
    columns = {"along_z": drawn @ axes.z, "along_n": drawn @ axes.n, "y": y[:DRAWN]}
    write_table(tilts, job.output / "tilts.parquet")
    write_table(pd.DataFrame(columns).assign(dimension=info["dimension"]), job.output / "points.parquet")


def centroid_axes(points: Points, y: NDArray[np.float64], across: Points) -> CentroidAxes:
    """Find the axes of two classes.

    Args:
        points: shape (n, d).
        y: their classes, -1 and +1, shape (n,).
        across: the direction towards which boundaries are tilted, shape (d,); its part across z becomes n.

    Returns:
        Midpoint, z, n and half of the distance of the centroids of this sample.
    """
    centroids = [points[y < 0].mean(axis=0), points[y > 0].mean(axis=0)]
    z = centroid_direction(points, y)
    half_distance = float(np.linalg.norm(centroids[1] - centroids[0])) / 2
    return CentroidAxes((centroids[0] + centroids[1]) / 2, z, tilting_plane(across, z).n, half_distance)


def measure_tilts(
    points: Points, y: NDArray[np.float64], axes: CentroidAxes, tilts_deg: Sequence[float]
) -> pd.DataFrame:
    """Measure the adversarial distance at each tilt, and set the theory beside it.

    Args:
        points: shape (n, d).
        y: their classes, -1 and +1, shape (n,).
        axes: their axes.
        tilts_deg: tilts of the weight vector in degrees, at least 0 and below 90.

    Returns:
        One row a tilt: `tilt_deg`, `dimension`, `d_adv_theory` (cos(tilt) times half of the centroids' distance),
        `d_adv_measured` (mean of the distances that a search finds), `ratio_to_upright` (the latter divided by that at
        tilt 0), `err` (percent on the wrong side) and `half_centroid_distance`.
    """
    found = {tilt: signed_distances(points, y, axes.normal(tilt), axes.midpoint) for tilt in {0.0, *tilts_deg}}
    upright = found[0.0].mean()
    rows = [
        {
            "tilt_deg": tilt,
            "dimension": points.shape[1],
            "d_adv_theory": math.cos(math.radians(tilt)) * axes.half_distance,
            "d_adv_measured": found[tilt].mean(),
            "ratio_to_upright": found[tilt].mean() / upright,
            "err": 100 * np.mean(found[tilt] < 0),
            "half_centroid_distance": axes.half_distance,
        }
        for tilt in tilts_deg
    ]
    return pd.DataFrame(rows)


def signed_distances(points: Points, y: NDArray[np.float64], w: Points, origin: Points) -> NDArray[np.float64]:
    """Search for the distance of each point to the boundary through `origin`, without the formula for it.

    Each point walks along the gradient of the score w.(x - origin), towards the boundary, and the shortest walk that
    changes its class is found by bisection.

    Args:
        points: shape (n, d).
        y: their classes, -1 and +1, shape (n,).
        w: weight vector, shape (d,), not zero.
        origin: a point of the boundary, shape (d,).

    Returns:
        Distances of shape (n,), to within `RESOLUTION`; those of wrongly classified points are negative.
    """
    bias = -float(w @ origin)

    def classify(moved: Points) -> NDArray[np.bool_]:
        return np.asarray(moved @ w + bias > 0)

    class_j = classify(points)
    uphill = w / np.linalg.norm(w)
    steps = smallest_steps(classify, points, np.where(class_j, -1.0, 1.0)[:, np.newaxis] * uphill)
    return np.where(class_j == (y > 0), steps, -steps)


def smallest_steps(classify: Classifier, points: Points, directions: Points) -> NDArray[np.float64]:
    """Find by bisection how far each point must go before its class changes.

    Args:
        classify: the classifier; nothing but its classes is used.
        points: shape (n, d).
        directions: where each point goes, unit vectors, shape (n, d). Its class changes once on the way.

    Returns:
        Lengths of the steps, shape (n,), to within `RESOLUTION`.

    Raises:
        ValueError: a point keeps its class up to `LARGEST_STEP`.
    """
    before = classify(points)

    def changed(steps: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(classify(points + steps[:, np.newaxis] * directions) != before)

    low, high = np.zeros(len(points)), np.ones(len(points))
    while not (crossed := changed(high)).all():
        if high.max() > LARGEST_STEP:
            raise ValueError(f"{np.sum(~crossed)} points keep their class within {LARGEST_STEP:g}; expected a change")
        low, high = np.where(crossed, low, high), np.where(crossed, high, 2 * high)
    while np.max(high - low) > RESOLUTION:
        middle = (low + high) / 2
        crossed = changed(middle)
        low, high = np.where(crossed, low, middle), np.where(crossed, middle, high)
    return np.asarray((low + high) / 2)
