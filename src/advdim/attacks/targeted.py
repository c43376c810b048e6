"""The targeted attack: towards a wrong class of our choice, and no further (Tanay & Griffin 2018, fig. 1)."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from advdim.attacks.ascent import gradient_of
from advdim.datasets.stored import read_images
from advdim.job import Job
from advdim.models.each_image import map_images
from advdim.models.loss import predict
from advdim.norms import project, steepest_direction
from advdim.seeds import named_seed

PICTURES = "pictures.npz"
WRITES_FILES = True
"""It writes these beside its table, so what is compiled for one net cannot serve another."""


@dataclass(frozen=True)
class Led:
    """Results of a targeted attack, one entry an image.

    Attributes:
        images: adversarial images, shape (n, height, width, channels), pixels on [0, 1].
        prediction: class predicted for the clean image, shape (n,).
        adversarial_prediction: class predicted for the adversarial one, shape (n,); the target where it was reached.
        confidence: softmax of the class predicted for the clean image, at the clean image, shape (n,).
        target_confidence: softmax of the target at the clean image, shape (n,).
        adversarial_target_confidence: that at the adversarial one, shape (n,).
        zero_gradient: whether the loss had no gradient at the clean image, shape (n,): the attack was blind then.
    """

    images: tf.Tensor
    prediction: tf.Tensor
    adversarial_prediction: tf.Tensor
    confidence: tf.Tensor
    target_confidence: tf.Tensor
    adversarial_target_confidence: tf.Tensor
    zero_gradient: tf.Tensor


def lead(
    model: keras.Model, images: tf.Tensor, targets: tf.Tensor, *, radius: float, steps: int, step_size: float
) -> Led:
    """Descend the target's cross-entropy by steps of signs inside an l_inf ball, until the net predicts the target.

    An image stops at the first step at which its target is predicted, so that it is changed no more than that takes.

    Args:
        model: a net from pixels on [0, 1] to logits, one a class.
        images: shape (n, height, width, channels), pixels on [0, 1].
        targets: the class that each image is to be taken for, shape (n,).
        radius: radius of the ball, in pixels on [0, 1].
        steps: steps at most.
        step_size: largest change of a pixel in a step.

    Returns:
        The images that were reached, and what the net says of them.
    """

    def arrived(logits: tf.Tensor) -> tf.Tensor:
        return predict(logits) == targets

    def goes_on(number: tf.Tensor, _: tf.Tensor, __: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        return (number < steps) & ~tf.reduce_all(arrived(logits))

    def step(
        number: tf.Tensor, points: tf.Tensor, gradient: tf.Tensor, logits: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        moved = project("linf", images, points - step_size * steepest_direction("linf", gradient), radius)
        points = tf.where(arrived(logits)[:, None, None, None], points, moved)
        gradient, _, logits = gradient_of(model, points, targets, "cross_entropy")
        return number + 1, points, gradient, logits

    gradient, _, logits = gradient_of(model, images, targets, "cross_entropy")
    _, adversarial, _, adversarial_logits = tf.while_loop(goes_on, step, (tf.constant(0), images, gradient, logits))
    return Led(
        images=adversarial,
        prediction=predict(logits),
        adversarial_prediction=predict(adversarial_logits),
        confidence=_confidence(logits, predict(logits)),
        target_confidence=_confidence(logits, targets),
        adversarial_target_confidence=_confidence(adversarial_logits, targets),
        zero_gradient=tf.reduce_all(gradient == 0, axis=[1, 2, 3]),
    )


def random_targets(labels: NDArray[np.int64], classes: int, seed: int) -> NDArray[np.int64]:
    """Draw a wrong class for each image, uniformly; an image's draw depends on its position alone.

    Args:
        labels: true classes, shape (n,).
        classes: number of classes, at least 2.
        seed: root seed.

    Returns:
        Classes of shape (n,), none of them the label at its place.
    """
    drawn = [named_seed(seed, "attack", "targeted", image)[0] for image in range(len(labels))]
    further = 1 + np.array(drawn, np.int64) % (classes - 1)  # the remainder of 31 bits is uniform to a part in 1e6
    return (labels + further) % classes


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the attack on a net; what is returned runs it with the net's weights of the moment.

    The table has one row a test image: `image`, `label`, `target`, the fields of `Led` except the images, whether the
    target was `reached`, and the sizes `linf` and `l2` of the perturbation. `pictures.npz` holds the first few images
    and what became of them (`images`, `adversarial`; float32, pixels on [0, 1]), of the snapshot that was run last.
    """
    settings = job.settings
    radius = settings["eps_pixel"]
    images, labels = read_images(job.inputs["dataset"], "test")
    kept = images[: min(settings["pictures"], settings["images"])].astype(np.float32) / 255

    def lead_batch(batch: tf.Tensor, batch_labels: tf.Tensor, targets: tf.Tensor) -> dict[str, tf.Tensor]:
        step_size = radius * settings["relative_step"]
        result = lead(model, batch, targets, radius=radius, steps=settings["steps"], step_size=step_size)
        offset = tf.reshape(result.images - batch, (tf.shape(batch)[0], -1))
        return vars(result) | {
            "target": targets,
            "reached": result.adversarial_prediction == targets,
            "linf": tf.reduce_max(tf.abs(offset), axis=1),
            "l2": tf.norm(offset, axis=1),
        }

    lead_all = map_images(job, lead_batch, random_targets(labels, model.output_shape[-1], job.seed))

    def run() -> pd.DataFrame:
        columns = lead_all()
        adversarial = columns.pop("images")
        np.savez(job.output / PICTURES, images=kept, adversarial=adversarial[: len(kept)])
        return pd.DataFrame(columns)

    return run


def _confidence(logits: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
    """Softmax of one class an example, shape (n,)."""
    return tf.gather(tf.nn.softmax(logits), classes, axis=1, batch_dims=1)
