"""Axes of the ellipsoid that a quadratic net has for a boundary (Gilmer et al. 2018, sec. 4, app. B)."""

from collections.abc import Callable

import keras
import numpy as np
import pandas as pd

from advdim.artefacts.tables import write_table
from advdim.datasets.spheres import sample_sphere
from advdim.datasets.stored import read_info
from advdim.job import Job
from advdim.models.snapshots import measure_snapshots
from advdim.seeds import named_seed
from advdim.statistics.ellipsoid import ellipsoid_of


def measure(job: Job) -> None:
    """Write the alphas of each snapshot: one row an axis, and the agreement of net and ellipsoid in every row."""
    write_table(measure_snapshots(job, prepare), job.output / "table.parquet")


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Prepare the measurement of a quadratic net.

    The table has `axis`, `alpha`, and, the same in each row, the number of `points` of the two spheres and of the space
    between them on which the net and its ellipsoid were compared, and on how many they agree (`agreeing`). A net
    whose output bias is not negative has no ellipsoid: its alphas are NaN, and it agrees nowhere.
    """
    info = read_info(job.inputs["dataset"])
    count = job.settings["points"]
    directions = sample_sphere(3 * count, info["dimension"], named_seed(job.seed, "alphas", "points"))
    radii = np.linspace(1.0, info["outer_radius"], 3).repeat(count)[:, None].astype(np.float32)
    points = directions * radii

    def run() -> pd.DataFrame:
        alpha, _, axes = ellipsoid_of(model)
        by_ellipsoid = (points.astype(np.float64) @ axes) ** 2 @ alpha > 1
        by_net = model(points, training=False).numpy()[:, 0] > 0
        agreeing = 0 if np.isnan(alpha).any() else int((by_net == by_ellipsoid).sum())
        table = {"axis": np.arange(len(alpha)), "alpha": alpha, "points": len(points), "agreeing": agreeing}
        return pd.DataFrame(table)

    return run
