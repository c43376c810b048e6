"""Average and worst-case loss of a quadratic net on both spheres (Gilmer et al. 2018, fig. 3 right)."""

from collections.abc import Callable

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from advdim.artefacts.tables import write_table
from advdim.datasets.spheres import between_spheres, labels_of_points, points_on_sphere
from advdim.datasets.stored import read_info
from advdim.job import Job
from advdim.models.loss import cross_entropy
from advdim.models.snapshots import measure_snapshots
from advdim.seeds import named_seed
from advdim.statistics.ellipsoid import ellipsoid_of
from advdim.theory.losses import worst_losses
from advdim.theory.quadratic import wrong_alphas


def measure(job: Job) -> None:
    """Write the losses of each snapshot."""
    write_table(measure_snapshots(job, prepare), job.output / "table.parquet")


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the measurement of a quadratic net.

    The table has one row a snapshot: `mean_loss` over fresh points, half of them on each sphere and the same for every
    snapshot; `worst_loss`, the largest loss that any point of the spheres has, exactly; the number of `wrong` alphas.
    Losses are in nats. Where the net has no ellipsoid the last two are NaN.
    """
    info, points = read_info(job.inputs["dataset"]), 2 * job.settings["points"]
    seed = named_seed(job.seed, "quadratic losses", "points")
    labels = labels_of_points(0, points)
    fresh = between_spheres(points_on_sphere(0, points, info["dimension"], seed), labels, info["outer_radius"])
    mean_loss = tf.function(
        lambda: tf.reduce_mean(cross_entropy(labels, model(fresh, training=False))), autograph=False
    )

    def run() -> pd.DataFrame:
        alpha, bias, _ = ellipsoid_of(model)
        if np.isnan(alpha).any():
            return pd.DataFrame({"mean_loss": [float(mean_loss())], "worst_loss": np.nan, "wrong": np.nan})
        row = {
            "mean_loss": float(mean_loss()),
            "worst_loss": max(worst_losses(alpha, bias, info["outer_radius"])),
            "wrong": int(wrong_alphas(alpha, info["outer_radius"]).sum()),
        }
        return pd.DataFrame([row])

    return run
