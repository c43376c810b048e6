"""What a net says in planes through the origin (Gilmer et al. 2018, fig. 1).

Three sorts of plane: `random` ones; `one worst`, spanned by a worst-case point and a random direction; `two worst`, spanned
by two worst-case points, made orthogonal. A worst-case point is where gradient descent of the logit along the outer
sphere ends, so a point of the outer sphere that is called inner, with confidence.
"""

from collections.abc import Callable

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from advdim.artefacts.tables import write_table
from advdim.attacks.manifold import walk_on_sphere
from advdim.datasets.spheres import sample_sphere
from advdim.datasets.stored import read_info
from advdim.job import Job
from advdim.models.snapshots import measure_snapshots
from advdim.seeds import named_seed

FloatArray = NDArray[np.float32]

SORTS = ("random", "one worst", "two worst")


def measure(job: Job) -> None:
    """Write what each snapshot says in each plane."""
    write_table(measure_snapshots(job, prepare), job.output / "table.parquet")


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the measurement of a net.

    The table has one row a point of a plane: the plane's `sort` and number `plane`, `angle_deg` and `radius` of the
    point, and the net's `logit` there, positive for the outer sphere. Angles are measured from the plane's first
    direction, the worst-case point where there is one.
    """
    info, settings = read_info(job.inputs["dataset"]), job.settings
    count, dimension = settings["planes"], info["dimension"]
    angles = np.arange(settings["angles"]) * 360 / settings["angles"]
    radii = np.linspace(0, settings["largest_radius"], settings["radii"])
    starts = sample_sphere(2 * count, dimension, named_seed(job.seed, "slices", "starts"))
    randoms = sample_sphere(2 * count, dimension, named_seed(job.seed, "slices", "random directions"))

    @tf.function(jit_compile=True)  # type: ignore[untyped-decorator]
    def worst_points() -> tf.Tensor:
        outer = tf.ones(len(starts), tf.bool)
        options = {"steps": settings["steps"], "step_size": settings["step_size"], "stop_at_errors": False}
        return walk_on_sphere(model, tf.constant(starts * np.float32(info["outer_radius"])), outer, **options).points

    asked = tf.function(lambda points: model(points, training=False)[:, 0], jit_compile=True)

    def run() -> pd.DataFrame:
        worst = worst_points().numpy()
        spans = {
            "random": (randoms[:count], randoms[count:]),
            "one worst": (worst[:count], randoms[:count]),
            "two worst": (worst[:count], worst[count:]),
        }
        tables = []
        for sort in SORTS:
            for plane, basis in enumerate(map(orthonormal, *spans[sort])):
                points, table = in_plane(basis, angles, radii)
                logits = asked(tf.constant(points)).numpy()
                tables.append(table.assign(logit=logits, sort=sort, plane=plane))
        return pd.concat(tables, ignore_index=True)

    return run


def orthonormal(first: FloatArray, second: FloatArray) -> FloatArray:
    """Two orthonormal directions, shape (2, d): that of the first vector, and the second made orthogonal to it."""
    one = first / np.linalg.norm(first)
    other = second - (second @ one) * one
    return np.stack([one, other / np.linalg.norm(other)])


def in_plane(
    basis: FloatArray, angles: NDArray[np.float64], radii: NDArray[np.float64]
) -> tuple[FloatArray, pd.DataFrame]:
    """A polar grid in a plane.

    Args:
        basis: orthonormal directions, shape (2, d).
        angles: in degrees, from the first direction on.
        radii: distances from the origin.

    Returns:
        The points, shape (angles * radii, d), and their `angle_deg` and `radius`, one row a point.
    """
    turn, radius = (grid.ravel() for grid in np.meshgrid(angles, radii, indexing="ij"))
    across = np.stack([radius * np.cos(np.radians(turn)), radius * np.sin(np.radians(turn))], axis=1)
    return (across @ basis).astype(np.float32), pd.DataFrame({"angle_deg": turn, "radius": radius})
