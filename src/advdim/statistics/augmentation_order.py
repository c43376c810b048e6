"""How far adversarial augmentation and the gradient penalty dual to it are apart (Simon-Gabriel et al. 2018, prop. 3).

Both objectives are those that nets are trained by, here as plain numbers in double precision, on nets without kinks.
"""

from collections.abc import Iterator
from typing import Literal

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from advdim.artefacts.tables import write_table
from advdim.datasets.stored import ImageInfo, read_image_info, read_images
from advdim.device import configure_tensorflow
from advdim.job import Job
from advdim.models.initialisation import he
from advdim.models.loss import cross_entropy
from advdim.seeds import named_seed
from advdim.training.objectives import adversarial, gradient_penalty


def measure(job: Job) -> None:
    """Write one row a net, norm p and size: `net`, `norm`, `eps_pixel`, `augmented` and `penalised` loss, nats."""
    configure_tensorflow(job.execution)
    settings, info = job.settings, read_image_info(job.inputs["dataset"])
    images, labels = (part[: settings["images"]] for part in read_images(job.inputs["dataset"], "test"))
    pixels, classes = tf.constant(images.astype(np.float64) / 255), tf.constant(labels)
    sizes = [settings["eps_pixel"] / 2**halving for halving in range(settings["halvings"] + 1)]
    rows = []
    for number in range(settings["nets"]):
        seed = named_seed(job.seed, "augmentation order", str(number))[0]
        net = smooth_net(info, width=settings["width"], depth=settings["depth"], seed=seed)
        rows += [row | {"net": number} for row in compare(net, pixels, classes, sizes)]
    write_table(pd.DataFrame(rows), job.output / "table.parquet")


def smooth_net(images: ImageInfo, *, width: int, depth: int, seed: int) -> keras.Model:
    """Draw a dense net with softplus units in double precision, from pixels to one logit a class.

    Args:
        images: shape, classes and channel statistics of the dataset.
        width: units of each hidden layer.
        depth: number of hidden layers.
        seed: root seed of the initialisation of He.
    """
    inputs = keras.Input(images.shape, name="pixels", dtype="float64")
    scale = [1 / deviation for deviation in images.channel_deviations]
    offset = [-mean / dev for mean, dev in zip(images.channel_means, images.channel_deviations, strict=True)]
    values = keras.layers.Rescaling(scale, offset, name="normalise", dtype="float64")(inputs)
    values = keras.layers.Flatten(name="flat", dtype="float64")(values)
    units = {f"hidden_{layer}": (width, "softplus") for layer in range(1, depth + 1)}
    for name, (count, activation) in (units | {"logits": (len(images.class_names), None)}).items():
        dense = keras.layers.Dense(count, activation, kernel_initializer=he(seed, name), name=name, dtype="float64")
        values = dense(values)
    return keras.Model(inputs, values, name="smooth")


def compare(
    net: keras.Model, pixels: tf.Tensor, labels: tf.Tensor, sizes: list[float]
) -> Iterator[dict[str, str | float]]:
    """Evaluate both objectives for p = inf and p = 2 and each size eps; means over the images, in nats.

    Args:
        net: a smooth net in the type of the pixels.
        pixels: on [0, 1], shape (n, height, width, channels).
        labels: classes, shape (n,).
        sizes: sizes eps in pixels.

    Yields:
        `norm` p, `eps_pixel`, `augmented` and `penalised`.
    """

    def no_noise() -> tf.Tensor:
        return tf.zeros_like(pixels)

    duals: tuple[tuple[Literal["linf", "l2"], Literal["l1", "l2"]], ...] = (("linf", "l1"), ("l2", "l2"))
    for norm, dual in duals:
        for eps in sizes:
            augmented = adversarial.prepare(net, cross_entropy, norm=norm, eps_pixel=eps, through_attack=False)
            penalised = gradient_penalty.prepare(net, cross_entropy, norm=dual, eps_pixel=eps)
            first, second = (float(tf.reduce_mean(one(pixels, labels, no_noise)[0])) for one in (augmented, penalised))
            yield {"norm": norm, "eps_pixel": eps, "augmented": first, "penalised": second}
