"""Errors on fresh points of both spheres (Gilmer et al. 2018, sec. 3)."""

from collections.abc import Callable

import keras
import pandas as pd
import tensorflow as tf

from advdim.artefacts.tables import write_table
from advdim.datasets.spheres import points_on_sphere
from advdim.datasets.stored import read_info
from advdim.job import Job
from advdim.models.snapshots import measure_snapshots
from advdim.seeds import named_seed

BATCH = 1000


def measure(job: Job) -> None:
    """Count the errors of each snapshot: one row a snapshot and sphere, with `points` and `errors`."""
    write_table(measure_snapshots(job, prepare), job.output / "table.parquet")


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the counting for a net; every snapshot sees the same fresh points, which no training ever drew."""
    info, points = read_info(job.inputs["dataset"]), job.settings["points"]
    radii = {"inner": 1.0, "outer": info["outer_radius"]}
    whole, rest = divmod(points, BATCH)

    def errors_in_batch(number: tf.Tensor, size: int, sphere: str) -> tf.Tensor:
        seed = named_seed(job.seed, "error rate", sphere)
        directions = points_on_sphere(number * BATCH, size, info["dimension"], seed)
        outer = model(radii[sphere] * directions, training=False)[:, 0] > 0
        return tf.math.count_nonzero(outer != (sphere == "outer"))

    def errors_on(sphere: str) -> tf.Tensor:
        def add(number: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return number + 1, total + errors_in_batch(number, BATCH, sphere)

        start = (tf.constant(0, tf.int64), tf.constant(0, tf.int64))
        _, total = tf.while_loop(lambda number, _: number < whole, add, start)
        return total + errors_in_batch(tf.constant(whole, tf.int64), rest, sphere) if rest else total

    count_errors = tf.function(lambda: [errors_on(sphere) for sphere in radii])

    def run() -> pd.DataFrame:
        errors = [int(count) for count in count_errors()]
        return pd.DataFrame({"sphere": list(radii), "points": points, "errors": errors})

    return run
