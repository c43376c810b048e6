"""Norms of the gradients of the loss and of each logit at each image (Simon-Gabriel et al. 2018, sec. 2)."""

from collections.abc import Callable

import keras
import pandas as pd
import tensorflow as tf

from advdim.artefacts.tables import write_table
from advdim.job import Job
from advdim.models.each_image import map_images
from advdim.models.loss import cross_entropy, predict
from advdim.models.snapshots import measure_snapshots
from advdim.norms import Norm, length

LENGTHS: tuple[Norm, ...] = ("l1", "l2", "linf")
NORMS = (*LENGTHS, "mean_abs")
"""What is measured of a gradient: three norms, and the mean modulus of its coordinates."""


def measure(job: Job) -> None:
    """Write the norms at each test image and snapshot: of the loss to `table`, of each logit to `logits`.

    `table` has one row an image: `image`, `label`, `prediction`, `loss` in nats, and of its gradient with respect to
    the pixels on [0, 1] the norms `l1`, `l2`, `linf` and the mean modulus of a coordinate, `mean_abs`; `logit_l2` is
    the l_2 norm of the gradient of a logit, the mean over the classes. `logits` has the four of each logit: one row
    an image and `logit`.
    """
    wide = measure_snapshots(job, prepare, draws=False)
    of_logits = [name for name in wide.columns if name.startswith("logit_") and name != "logit_l2"]
    write_table(wide.drop(columns=of_logits), job.output / "table.parquet")
    stubs = [f"logit_{norm}" for norm in NORMS]
    long = pd.wide_to_long(wide[["image", "step", *of_logits]], stubs, i=["step", "image"], j="logit", sep="_of_")
    names = dict(zip(stubs, NORMS, strict=True))
    write_table(long.rename(columns=names).sort_index().reset_index(), job.output / "logits.parquet")


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the measurement of a net.

    What is returned gives the columns of `table`, and those of `logits` side by side: `logit_l1_of_0` and so on.
    """
    run = map_images(job, lambda batch, labels: gradient_norms(model, batch, labels))

    def frame() -> pd.DataFrame:
        measured = run()
        columns = {name: values for name, values in measured.items() if values.ndim == 1}
        for name, values in measured.items():
            if values.ndim == 2:
                columns |= {f"{name}_of_{logit}": values[:, logit] for logit in range(values.shape[1])}
        columns["logit_l2"] = measured["logit_l2"].mean(axis=1)
        return pd.DataFrame(columns)

    return frame


def gradient_norms(model: keras.Model, images: tf.Tensor, labels: tf.Tensor) -> dict[str, tf.Tensor]:
    """Differentiate the loss and each logit with respect to the images.

    The backward pass is traced once and run for each logit: tracing one for each takes longer than running them.

    Args:
        model: a net with a logit a class.
        images: pixels on [0, 1], shape (n, height, width, channels).
        labels: classes, shape (n,).

    Returns:
        `prediction` and `loss`; `l1`, `l2`, `linf` and `mean_abs` of the loss, shape (n,) each; `logit_l1` and so on
        of the logits, shape (n, classes).
    """
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(images)
        logits = model(images, training=False)
        losses = cross_entropy(labels, logits)
    classes = logits.shape[-1]

    def of_logit(number: tf.Tensor) -> dict[str, tf.Tensor]:
        chosen = tf.broadcast_to(tf.one_hot(number, classes, dtype=logits.dtype), tf.shape(logits))
        return _norms(tape.gradient(logits, images, output_gradients=chosen))

    of_logits = tf.map_fn(of_logit, tf.range(classes), fn_output_signature=dict.fromkeys(NORMS, images.dtype))
    by_logit = {f"logit_{norm}": tf.transpose(values) for norm, values in of_logits.items()}
    return {"prediction": predict(logits), "loss": losses} | _norms(tape.gradient(losses, images)) | by_logit


def _norms(gradient: tf.Tensor) -> dict[str, tf.Tensor]:
    flat = tf.reshape(gradient, (tf.shape(gradient)[0], -1))
    lengths: dict[str, tf.Tensor] = {norm: length(norm, flat) for norm in LENGTHS}
    return lengths | {"mean_abs": tf.reduce_mean(tf.abs(flat), axis=1)}
