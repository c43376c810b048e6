"""Errors on fresh points of both spheres (Gilmer et al. 2018, sec. 3)."""

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
    """Count the errors of each snapshot: one row a snapshot and sphere, with `points` and `errors`."""
    write_table(measure_snapshots(job, prepare), job.output / "table.parquet")


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the counting for a net; every snapshot sees the same fresh points, which no training ever drew."""
    info, points = read_info(job.inputs["dataset"]), job.settings["points"]
    counters = {
        sphere: error_counter(
            model,
            dimension=info["dimension"],
            radius=radius,
            outer=sphere == "outer",
            points=points,
            seed=named_seed(job.seed, "error rate", sphere),
        )
        for sphere, radius in (("inner", 1.0), ("outer", info["outer_radius"]))
    }
    count_errors = tf.function(lambda: [count() for count in counters.values()], autograph=False)

    def run() -> pd.DataFrame:
        errors = [int(count) for count in count_errors()]
        return pd.DataFrame({"sphere": list(counters), "points": points, "errors": errors})

    return run
