"""Input gradients of nets as they are drawn, before any training, at several widths of the images.

Theorems 4 to 7 and 11 of Simon-Gabriel et al. 2018 are about such nets. No net is kept: each is a draw of its seed.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from advdim.artefacts.tables import write_table
from advdim.datasets.stored import ImageInfo, read_image_info, read_images
from advdim.device import configure_tensorflow
from advdim.errors import AdvdimError
from advdim.job import Job
from advdim.models import convolutional, dense
from advdim.models.batch_norm import MOMENTUM, Statistics
from advdim.seeds import named_seed
from advdim.statistics.gradient_norms import LENGTHS, gradient_norms

BUILDERS: dict[str, Callable[..., keras.Model]] = {"convolutional": convolutional.build, "dense": dense.build}
"""What builds the nets, by the kind of the model."""


def measure(job: Job) -> None:
    """Write one row an image, width and drawn net.

    Columns: `width` in pixels; `d`, the number of input coordinates; `net`, the number of the draw; `image`; of the
    gradient of the loss with respect to the pixels on [0, 1] the norms `l1`, `l2` and `linf`; `logit_l1`, `logit_l2`
    and `logit_linf`, root mean squares over the logits of the norms of their gradients.
    """
    configure_tensorflow(job.execution)
    settings, info = job.settings, read_image_info(job.inputs["dataset"])
    images, labels = read_images(job.inputs["dataset"], "test")
    images, labels = images[: settings["images"]], labels[: settings["images"]]
    progress = job.progress("width", len(settings["widths"]))
    tables = []
    for number, width in enumerate(settings["widths"]):
        progress.at(number)
        pixels = at_width(images, width)
        nets = draw_nets(settings["model"], info_of(pixels, info), job.seed, settings["nets"])
        table = measure_nets(nets, tf.constant(pixels), tf.constant(labels))
        tables.append(table.assign(width=width, d=pixels[0].size))
    write_table(pd.concat(tables, ignore_index=True), job.output / "table.parquet")


def at_width(images: NDArray[np.uint8], width: int) -> NDArray[np.float32]:
    """Images at another width: means of whole blocks of pixels, or each pixel repeated.

    Args:
        images: shape (n, side, side, channels), 0 to 255.
        width: a divisor or a multiple of the side.

    Returns:
        Pixels on [0, 1], shape (n, width, width, channels).

    Raises:
        AdvdimError: the width is neither.
    """
    side = images.shape[1]
    pixels = images.astype(np.float32) / 255
    if side % width == 0:
        block = side // width
        return np.asarray(pixels.reshape(len(pixels), width, block, width, block, -1).mean(axis=(2, 4)))
    if width % side == 0:
        return np.asarray(pixels.repeat(width // side, axis=1).repeat(width // side, axis=2))
    raise AdvdimError(
        f"images of {side} pixels cannot be measured at width {width}; expected widths that divide {side}, or that it "
        "divides; change the statistic's widths, or the dataset's width"
    )


def info_of(pixels: NDArray[np.float32], info: ImageInfo) -> ImageInfo:
    """What nets must know of images at another width: their means of blocks deviate less than single pixels."""
    deviations = pixels.std(axis=(0, 1, 2), dtype=np.float64)
    return replace(
        info,
        shape=(pixels.shape[1], pixels.shape[2], pixels.shape[3]),
        channel_means=tuple(pixels.mean(axis=(0, 1, 2), dtype=np.float64).tolist()),
        channel_deviations=tuple(np.where(deviations > 0.0, deviations, 1.0).tolist()),
    )


def draw_nets(settings: dict[str, Any], info: ImageInfo, seed: int, count: int) -> Iterator[keras.Model]:
    """Draw nets one after the other, each in the place of the last: what is compiled of one stays valid.

    Args:
        settings: settings of the model, its kind among them.
        info: shape, classes and channel statistics of the images.
        seed: root seed; each net has a seed of its own by its number.
        count: number of nets.
    """
    options = {key: value for key, value in settings.items() if key != "kind"}
    model: keras.Model | None = None
    for number in range(count):
        drawn = BUILDERS[settings["kind"]](info, **options, seed=named_seed(seed, "initial gradients", str(number))[0])
        model = model or drawn
        model.set_weights(drawn.get_weights())
        yield model


def measure_nets(nets: Iterator[keras.Model], pixels: tf.Tensor, labels: tf.Tensor) -> pd.DataFrame:
    """Measure the gradients of each net; see `measure` for the columns.

    Batch normalisation is measured as after training, by moving averages; those are the means and variances of these
    images, to which a fresh net's are set first: as they are drawn, 0 and 1, they would normalise nothing.

    Args:
        nets: the draws, in one and the same model.
        pixels: on [0, 1], shape (n, width, width, channels).
        labels: classes, shape (n,).
    """
    tables = []
    norms: Callable[..., dict[str, tf.Tensor]] | None = None
    for number, model in enumerate(nets):
        norms = norms or tf.function(lambda *batch, net=model: gradient_norms(net, *batch), autograph=False)
        adopt_statistics(model, pixels)
        measured = {name: values.numpy() for name, values in norms(pixels, labels).items()}
        columns = {str(name): measured[name] for name in LENGTHS}
        columns |= {f"logit_{name}": np.sqrt((measured[f"logit_{name}"] ** 2).mean(axis=1)) for name in LENGTHS}
        tables.append(pd.DataFrame(columns).assign(net=number, image=range(len(labels))))
    return pd.concat(tables, ignore_index=True)


def adopt_statistics(model: keras.Model, pixels: tf.Tensor) -> None:
    """Set the moving averages of a net's batch normalisation to the means and variances of one batch."""
    layers = [layer.statistics for layer in model.layers if isinstance(getattr(layer, "statistics", None), Statistics)]
    averages = [average for layer in layers for average in (layer.mean, layer.variance)]
    if averages:
        before = [average.numpy() for average in averages]
        model(pixels, training=True)
        for average, old in zip(averages, before, strict=True):
            average.assign((average.numpy() - MOMENTUM * old) / (1 - MOMENTUM))
