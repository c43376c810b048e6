"""Loss and accuracy on images that are kept apart from training."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from advdim.datasets.stored import read_images
from advdim.errors import AdvdimError
from advdim.models.loss import cross_entropy, predict
from advdim.seeds import named_seed

BATCH = 128
Images = tuple[NDArray[np.uint8], NDArray[np.int64]]


def split(dataset: Path, share: float, seed: int) -> tuple[NDArray[np.int64], Images | None]:
    """Divide the training images of a dataset.

    Args:
        dataset: folder of the dataset.
        share: share of each class that is kept apart, rounded up; 0 keeps none. Where the dataset has images for
            validation, these are taken instead.
        seed: root seed of the draw.

    Returns:
        Rows of the training images to train on, in rising order; images and labels for validation, if there are any.

    Raises:
        AdvdimError: no image would be left to train on.
    """
    images, labels = read_images(dataset, "train")
    everything = np.arange(len(labels))
    if not share:
        return everything, None
    if (dataset / "validation-images.npy").is_file():
        return everything, read_images(dataset, "validation")
    generator = np.random.Generator(np.random.Philox(list(named_seed(seed, "training", "validation"))))
    kept = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        kept[generator.permutation(rows)[: int(np.ceil(share * len(rows)))]] = True
    if kept.all():
        raise AdvdimError(
            f"validation_share: {share:g} keeps all {len(labels)} training images apart; expected some to train on; "
            "lower it, or have more images of each class"
        )
    return everything[~kept], (images[kept], labels[kept])


def validator(model: keras.Model, images: Images) -> Callable[[], tuple[float, float]]:
    """Compile the validation of a net; what is returned gives its mean loss in nats and its accuracy of the moment."""
    pixels, labels = images

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def sums(batch: tf.Tensor, batch_labels: tf.Tensor) -> tf.Tensor:
        inputs = tf.cast(batch, tf.float32) / 255
        logits = tf.cast(model(inputs, training=False), tf.float32)
        right = tf.cast(predict(logits) == batch_labels, tf.float32)
        return tf.stack([tf.reduce_sum(cross_entropy(batch_labels, logits)), tf.reduce_sum(right)])

    def run() -> tuple[float, float]:
        parts = [slice(start, start + BATCH) for start in range(0, len(labels), BATCH)]
        total = sum(sums(tf.constant(pixels[part]), tf.constant(labels[part])).numpy().astype(float) for part in parts)
        loss, accuracy = total / len(labels)
        return float(loss), float(accuracy)

    return run
