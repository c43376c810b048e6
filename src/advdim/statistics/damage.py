"""The rise of the loss after one step of growing size, beside its first-order prediction (Simon-Gabriel et al. 2018).

Lemma 2 predicts eps_p ||dL/dx||_q; lemma 12 compares sizes by the ratio of signal to noise, ||x||_2 / ||delta||_2.
"""

import math
from collections.abc import Callable

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from advdim.artefacts.tables import write_table
from advdim.job import Job
from advdim.models.each_image import map_images
from advdim.models.loss import cross_entropy
from advdim.models.snapshots import measure_snapshots
from advdim.norms import DUAL, Norm, length, radius_of, steepest_direction


def measure(job: Job) -> None:
    """Write one row an image, norm, size and snapshot."""
    write_table(measure_snapshots(job, prepare, draws=False), job.output / "table.parquet")


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the steps from the images of a net.

    The table has the columns `image`, `label`, `norm` p and `eps_pixel` of the step; `predicted` and `measured`, the
    rise of the loss in nats; `signal_to_noise`, inf where the gradient is zero. Steps are not clipped to [0, 1].
    """
    norms, sizes = job.settings["norms"], job.settings["eps_pixel"]

    def measure_batch(batch: tf.Tensor, labels: tf.Tensor) -> dict[str, tf.Tensor]:
        parts = [step_damage(model, batch, labels, norm, sizes) for norm in norms]
        return {name: tf.stack([part[name] for part in parts], axis=1) for name in parts[0]}

    run = map_images(job, measure_batch)

    def frame() -> pd.DataFrame:
        measured = run()
        count = len(measured["image"])
        columns = {name: np.repeat(measured[name], len(norms) * len(sizes)) for name in ("image", "label")}
        columns["norm"] = np.tile(np.repeat(norms, len(sizes)), count)
        columns["eps_pixel"] = np.tile(sizes, count * len(norms))
        columns |= {name: measured[name].ravel() for name in ("predicted", "measured", "signal_to_noise")}
        return pd.DataFrame(columns)

    return frame


def step_damage(
    model: keras.Model, images: tf.Tensor, labels: tf.Tensor, norm: Norm, sizes: list[float]
) -> dict[str, tf.Tensor]:
    """Take one steepest step of each size from each image.

    Args:
        model: a net.
        images: pixels on [0, 1], shape (n, height, width, channels).
        labels: classes, shape (n,).
        norm: norm p of the step.
        sizes: sizes eps in pixels; the step's length in the norm is eps d^(1/p).

    Returns:
        `predicted` and `measured` rise of the loss and `signal_to_noise`, shape (n, sizes) each.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        losses = cross_entropy(labels, model(images, training=False))
    gradient = tape.gradient(losses, images)
    direction = steepest_direction(norm, gradient)
    radii = tf.constant([radius_of(norm, eps, math.prod(images.shape[1:])) for eps in sizes], images.dtype)

    def rise(radius: tf.Tensor) -> tf.Tensor:
        return cross_entropy(labels, model(images + radius * direction, training=False)) - losses

    noise = length("l2", direction)[:, None] * radii
    signal = length("l2", images)[:, None]
    return {
        "predicted": length(DUAL[norm], gradient)[:, None] * radii,
        "measured": tf.transpose(tf.map_fn(rise, radii)),
        "signal_to_noise": tf.where(noise > 0, tf.math.divide_no_nan(signal, noise), math.inf),
    }
