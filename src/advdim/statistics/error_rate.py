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

BATCH = 1000


def measure(job: Job) -> None:
    """Count the errors of each snapshot: one row a snapshot and sphere, with `points` and `errors`."""
    write_table(measure_snapshots(job, prepare), job.output / "table.parquet")


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the counting for a net; every snapshot sees the same fresh points, which no training ever drew."""
    info = read_info(job.inputs["dataset"])
    points = job.settings["points"]
    seed = named_seed(job.seed, "error rate", "points")
    whole, rest = divmod(points, BATCH)

    def errors_in_batch(number: tf.Tensor, size: int, radius: float, label: int) -> tf.Tensor:
        stream = tf.stack([tf.constant(seed[0] ^ label, tf.int32), tf.constant(seed[1], tf.int32) ^ number])
        directions = tf.math.l2_normalize(tf.random.stateless_normal((size, info["dimension"]), stream), axis=1)
        outer = model(radius * directions, training=False)[:, 0] > 0
        return tf.reduce_sum(tf.cast(outer != bool(label), tf.int32))

    @tf.function(jit_compile=True)  # type: ignore[untyped-decorator]
    def count_errors() -> tuple[tf.Tensor, ...]:
        counts = []
        for label, radius in enumerate((1.0, info["outer_radius"])):

            def add(number: tf.Tensor, total: tf.Tensor, r: float = radius, y: int = label) -> tuple[tf.Tensor, ...]:
                return number + 1, total + errors_in_batch(number, BATCH, r, y)

            start = (tf.constant(0), tf.constant(0))
            total = tf.while_loop(lambda number, _: number < whole, add, start)[1]
            if rest:
                total += errors_in_batch(tf.constant(whole), rest, radius, label)
            counts.append(total)
        return tuple(counts)

    def run() -> pd.DataFrame:
        errors = [int(count) for count in count_errors()]
        return pd.DataFrame({"sphere": ["inner", "outer"], "points": points, "errors": errors})

    return run
