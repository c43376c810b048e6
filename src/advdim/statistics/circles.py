"""Every error of a net in two dimensions, by a grid of angles on both circles (Gilmer et al. 2018, fig. 2 right)."""

from collections.abc import Callable

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from advdim.artefacts.tables import write_table
from advdim.datasets.stored import read_info
from advdim.job import Job
from advdim.models.snapshots import measure_snapshots
from advdim.statistics.slices import in_plane


def measure(job: Job) -> None:
    """Write what each snapshot says around both circles."""
    write_table(measure_snapshots(job, prepare), job.output / "table.parquet")


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the measurement of a net of two inputs.

    The table has one row an angle and circle: `angle_deg`, `radius`, the `logit`, positive for the outer circle, and
    whether it is in `error`.
    """
    outer_radius, angles = read_info(job.inputs["dataset"])["outer_radius"], job.settings["angles"]
    turns = np.arange(angles) * 360 / angles
    points, table = in_plane(np.eye(2, dtype=np.float32), turns, np.array([1.0, outer_radius]))
    asked = tf.function(lambda: model(tf.constant(points), training=False)[:, 0], autograph=False)

    def run() -> pd.DataFrame:
        logits = asked().numpy()
        return table.assign(logit=logits, error=(logits > 0) != (table["radius"] > 1))

    return run
