"""Accuracy on random points of any norm, against the boundary in the middle (Gilmer et al. 2018, fig. 2 left)."""

from collections.abc import Callable

import keras
import pandas as pd
import tensorflow as tf

from advdim.artefacts.tables import write_table
from advdim.datasets.stored import read_info
from advdim.job import Job
from advdim.models.snapshots import measure_snapshots
from advdim.seeds import named_seed
from advdim.statistics.sampled_errors import error_counter


def measure(job: Job) -> None:
    """Count the errors of each snapshot at each norm: one row a snapshot and `radius`, with `points` and `errors`."""
    write_table(measure_snapshots(job, prepare), job.output / "table.parquet")


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the counting for a net. An answer is right that is that of the boundary (1 + R) / 2."""
    info, settings = read_info(job.inputs["dataset"]), job.settings
    counters = [
        error_counter(
            model,
            dimension=info["dimension"],
            radius=radius,
            outer=radius > (1 + info["outer_radius"]) / 2,
            points=settings["points"],
            seed=named_seed(job.seed, "norm sweep", str(radius)),
        )
        for radius in settings["radii"]
    ]
    count_errors = tf.function(lambda: [count() for count in counters], autograph=False)

    def run() -> pd.DataFrame:
        errors = [int(count) for count in count_errors()]
        return pd.DataFrame({"radius": settings["radii"], "points": settings["points"], "errors": errors})

    return run
