"""What attacks on images share: the net without batch norm, the batches, what the net says, sizes, kept images."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from advdim.attacks.kept import STORED
from advdim.datasets.stored import read_images
from advdim.job import Job
from advdim.models.each_image import map_images
from advdim.models.folding import fold
from advdim.models.loss import cross_entropy, predict
from advdim.norms import Norm, along, length, radius_of
from advdim.seeds import named_seed

ROUNDING = 2.0**-24
"""Room for float32 in the size of a perturbation, as `eps_pixel`: half the distance of the numbers below 1."""


@dataclass(frozen=True)
class Clean:
    """A batch of images as an attack gets them.

    Attributes:
        images: shape (n, height, width, channels), pixels on [0, 1].
        labels: true classes, shape (n,).
        classes: classes that the net predicts, shape (n,).
        seeds: two integers an image for random draws, shape (n, 2); an image's depend on its place in the set alone.
    """

    images: tf.Tensor
    labels: tf.Tensor
    classes: tf.Tensor
    seeds: tf.Tensor


Attack = Callable[[keras.Model, Clean], tuple[tf.Tensor, dict[str, tf.Tensor]]]
"""Takes a net and a batch, and gives the adversarial images and further columns of shape (n,)."""


def attack_images(
    model: keras.Model, job: Job, attack: Attack, *, largest: float, minimal: bool
) -> Callable[[], pd.DataFrame]:
    """Compile an attack on images; what is returned runs it with the net's weights of the moment.

    The attack searches on a copy of the net whose batch normalisations are folded; what the table says is said by the
    net itself, of the images that are returned.

    Args:
        model: a net from pixels on [0, 1] to (n, classes) logits.
        job: with the settings `images`, `norm` and `stored`.
        attack: finds the adversarial images; it is compiled.
        largest: largest size that counts as inside, as `eps_pixel`; inf where there is no ball.
        minimal: whether sizes of images that are not fooled are infinite, and their clean images returned.

    Returns:
        A function that gives one row an image, see docs/attacks.md for the columns.
    """
    searched, refresh = fold(model)
    norm, stored = job.settings["norm"], job.settings["stored"]

    def attack_batch(images: tf.Tensor, labels: tf.Tensor, seeds: tf.Tensor) -> dict[str, tf.Tensor]:
        classes = predict(model(images, training=False))
        found, columns = attack(searched, Clean(images, labels, classes, seeds))
        return columns | tell(model, images, labels, found, norm=norm, largest=largest, minimal=minimal)

    run = map_images(job, attack_batch, image_seeds(job, job.settings["kind"]))

    def table() -> pd.DataFrame:
        refresh()
        return keep_first(run(), stored)

    return table


def tell(
    model: keras.Model,
    images: tf.Tensor,
    labels: tf.Tensor,
    found: tf.Tensor,
    *,
    norm: Norm,
    largest: float,
    minimal: bool,
) -> dict[str, tf.Tensor]:
    """Say of the images that an attack returns what holds for attacks of any kind.

    Args:
        model: the net that was attacked.
        images: the clean images, shape (n, height, width, channels), pixels on [0, 1].
        labels: true classes, shape (n,).
        found: what the attack returns, shape as the images.
        norm: norm of the attack.
        largest: as in `attack_images`.
        minimal: likewise.

    Returns:
        The columns that docs/attacks.md lists first, of shape (n,), and the images to keep.
    """
    logits, again = model(images, training=False), model(images, training=False)
    classes, found_logits = predict(logits), model(found, training=False)
    if minimal:
        changed = predict(found_logits) != classes
        found = tf.where(along(changed, images), found, images)
        found_logits = tf.where(changed[:, None], found_logits, logits)
    fooled = predict(found_logits) != classes
    measured = sizes(images, found, norm, largest)
    if minimal:
        measured["eps_pixel"] = tf.where(fooled, measured["eps_pixel"], np.inf)
    return measured | {
        "prediction": classes,
        "adversarial_prediction": predict(found_logits),
        "fooled": fooled,
        "loss": cross_entropy(labels, logits),
        "adversarial_loss": cross_entropy(labels, found_logits),
        "random_output": tf.reduce_any(again != logits, axis=1),
        "probabilities": are_probabilities(logits),
        STORED: found,
    }


def are_probabilities(logits: tf.Tensor) -> tf.Tensor:
    """Whether outputs look like a softmax: not negative, and their sum is 1; shape (n,)."""
    return tf.reduce_all(logits >= 0, axis=1) & (tf.abs(tf.reduce_sum(logits, axis=1) - 1) < 1e-4)


def sizes(images: tf.Tensor, found: tf.Tensor, norm: Norm, largest: float) -> dict[str, tf.Tensor]:
    """Sizes of perturbations in both norms and as `eps_pixel`, and whether they stay inside; each of shape (n,)."""
    offset = tf.cast(found, tf.float64) - tf.cast(images, tf.float64)
    lengths = {name: length(name, offset) for name in ("linf", "l2")}
    eps = lengths[norm] / radius_of(norm, 1.0, images.shape[1:].num_elements())
    in_range = tf.reduce_all((found >= 0) & (found <= 1), axis=[1, 2, 3])
    inside = in_range & (eps <= largest * (1 + 1e-6) + ROUNDING)
    return {name: tf.cast(value, tf.float32) for name, value in lengths.items()} | {"eps_pixel": eps, "inside": inside}


def image_seeds(job: Job, name: str) -> NDArray[np.int64]:
    """Two integers for each test image, by its place in the set, shape (n, 2)."""
    _, labels = read_images(job.inputs["dataset"], "test")
    return np.array([named_seed(job.seed, "attack", name, image) for image in range(len(labels))], np.int64)


def keep_first(columns: dict[str, NDArray[Any]], count: int) -> pd.DataFrame:
    """Make a table in which the first rows whose class changed hold their adversarial images, and the others none."""
    found = columns.pop(STORED)
    kept = set(np.flatnonzero(columns["fooled"])[:count].tolist())
    images = [found[row] if row in kept else None for row in range(len(found))]
    return pd.DataFrame(columns).assign(**{STORED: pd.Series(images, dtype=object)})
