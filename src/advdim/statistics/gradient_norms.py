"""Norms of the gradient of the loss at each image (Simon-Gabriel et al. 2018, sec. 2)."""

from collections.abc import Callable

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from advdim.artefacts.tables import write_table
from advdim.job import Job
from advdim.models.each_image import measure_each_image
from advdim.models.loss import cross_entropy, predict
from advdim.models.snapshots import measure_snapshots


def measure(job: Job) -> None:
    """Write loss, prediction and gradient norms of each test image and snapshot."""
    write_table(measure_snapshots(job, prepare), job.output / "table.parquet")


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the measurement of a net.

    The table has one row an image: `image`, `label`, `prediction`, `loss` in nats, and of its gradient with respect to
    the pixels on [0, 1] the norms `l1`, `l2`, `linf`; `logit_l2` is the l_2 norm of the gradient of a logit, the mean
    over the classes.
    """

    def measure_batch(batch: tf.Tensor, batch_labels: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(batch)
            logits = model(batch, training=False)
            losses = cross_entropy(batch_labels, logits)
            each = tf.unstack(logits, axis=1)
        gradient = tf.reshape(tape.gradient(losses, batch), (tf.shape(batch)[0], -1))
        of_logits = [tf.norm(tf.reshape(tape.gradient(one, batch), (tf.shape(batch)[0], -1)), axis=1) for one in each]
        return {
            "prediction": predict(logits),
            "loss": losses,
            "l1": tf.norm(gradient, ord=1, axis=1),
            "l2": tf.norm(gradient, axis=1),
            "linf": tf.norm(gradient, ord=np.inf, axis=1),
            "logit_l2": tf.add_n(of_logits) / len(of_logits),
        }

    return measure_each_image(job, measure_batch)
