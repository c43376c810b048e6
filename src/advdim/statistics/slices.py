"""What a net says in planes through the origin (Gilmer et al. 2018, fig. 1).

Three sorts of plane: `random` ones; `one worst`, spanned by a worst-case point and a random direction; `two worst`,
spanned by two worst-case points, made orthogonal. A worst-case point is where gradient descent of the logit along a
sphere ends. The source holds its worst cases to neither of the two spheres and does not say to what; here the sphere is
one of `search_radius`, outside of both: what is called inner there, with confidence, is as wrong as can be.
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
from advdim.models.sphere_logits import sphere_logits
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

    @tf.function(autograph=False, jit_compile=True)  # type: ignore[untyped-decorator]
    def worst_points() -> tf.Tensor:
        outer = tf.ones(len(starts), tf.bool)
        options = {"steps": settings["steps"], "step_size": settings["step_size"], "stop_at_errors": False}
        return walk_on_sphere(
            model, tf.constant(starts * np.float32(settings["search_radius"])), outer, **options
        ).points

    asked = tf.function(lambda points: sphere_logits(model)(points), autograph=False, jit_compile=True)

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


def boundary_radii(plane: pd.DataFrame) -> "pd.Series[float]":
    """Where the rays of a plane first leave what is called inner.

    Args:
        plane: rows of one plane, as `prepare` makes them.

    Returns:
        The radius by `angle_deg`, between the two points asked by linear interpolation of the logit; that of the
        farthest point where nothing on the ray is called outer.
    """
    logits = plane.pivot_table(index="angle_deg", columns="radius", values="logit")
    radii, values = logits.columns.to_numpy(dtype=np.float64), logits.to_numpy(dtype=np.float64)
    outside = values > 0
    first = np.where(outside.any(axis=1), outside.argmax(axis=1), len(radii) - 1)
    before, rows = np.maximum(first - 1, 0), np.arange(len(values))
    rise = values[rows, first] - values[rows, before]
    way = np.divide(-values[rows, before], rise, out=np.ones(len(values)), where=outside.any(axis=1) & (first > 0))
    return pd.Series(radii[before] + way * (radii[first] - radii[before]), index=logits.index)


def called_inner_at(plane: pd.DataFrame, radius: float) -> "pd.Series[bool]":
    """Whether the rays of a plane are called inner at some radius, by linear interpolation of the logit.

    Args:
        plane: rows of one plane, as `prepare` makes them.
        radius: distance from the origin, at most the largest that was asked.

    Returns:
        One truth value an `angle_deg`.
    """
    logits = plane.pivot_table(index="angle_deg", columns="radius", values="logit")
    radii = logits.columns.to_numpy(dtype=np.float64)
    values = [np.interp(radius, radii, ray) for ray in logits.to_numpy(dtype=np.float64)]
    return pd.Series(np.array(values) <= 0, index=logits.index)
