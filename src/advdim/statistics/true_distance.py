"""How far the errors of a quadratic net really are from the starts of the attacks."""

from collections.abc import Callable

import keras
import numpy as np
import pandas as pd

from advdim.artefacts.tables import write_table
from advdim.attacks.manifold import draw_starts
from advdim.datasets.stored import read_info
from advdim.job import Job
from advdim.models.snapshots import measure_snapshots
from advdim.statistics.ellipsoid import ellipsoid_of
from advdim.theory.ellipsoid import nearest_error_in_shell, nearest_error_on_sphere


def measure(job: Job) -> None:
    """Write the exact distances of each snapshot."""
    write_table(measure_snapshots(job, prepare), job.output / "table.parquet")


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Prepare the measurement of a quadratic net.

    The table has one row a start, the attack's first ones of the same seed: `start`; `on_sphere`, the distance to the
    nearest error on the inner sphere; `in_shell`, that to the nearest point between the spheres that is called outer,
    and its `norm`. Distances are infinite where there is no such point, and the norm is NaN then. All three are NaN
    where the net has no ellipsoid.
    """
    info = read_info(job.inputs["dataset"])
    starts = draw_starts(job.settings["starts"], info["dimension"], job.seed).astype(np.float64)

    def run() -> pd.DataFrame:
        alpha, _, axes = ellipsoid_of(model)
        number = np.arange(len(starts))
        if np.isnan(alpha).any():
            return pd.DataFrame({"start": number, "on_sphere": np.nan, "in_shell": np.nan, "norm": np.nan})
        turned = starts @ axes
        shell = nearest_error_in_shell(alpha, turned, info["outer_radius"])
        table = {
            "start": number,
            "on_sphere": nearest_error_on_sphere(alpha, turned).distance,
            "in_shell": shell.distance,
            "norm": shell.norm,
        }
        return pd.DataFrame(table)

    return run
