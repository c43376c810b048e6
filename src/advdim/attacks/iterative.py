"""The iterated gradient attack inside an l_inf or l_2 ball (Simon-Gabriel et al. 2018, sec. 4; one step is FGSM)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from advdim.datasets.stored import read_image_info
from advdim.job import Job
from advdim.models.each_image import measure_each_image
from advdim.models.loss import cross_entropy, predict

Norm = Literal["linf", "l2"]


@dataclass(frozen=True)
class Attacked:
    """Results of an attack, one entry an image.

    Attributes:
        images: adversarial images, shape (n, height, width, channels), pixels on [0, 1].
        prediction: class predicted for the clean image, shape (n,).
        adversarial_prediction: class predicted for the adversarial one, shape (n,).
        loss: cross-entropy of the clean image in nats, shape (n,).
        adversarial_loss: that of the adversarial one, shape (n,).
        zero_gradient: whether the loss had no gradient at the clean image, shape (n,): the attack was blind then.
    """

    images: tf.Tensor
    prediction: tf.Tensor
    adversarial_prediction: tf.Tensor
    loss: tf.Tensor
    adversarial_loss: tf.Tensor
    zero_gradient: tf.Tensor


def radius_of(norm: Norm, eps_pixel: float, coordinates: int) -> float:
    """Radius of the ball: eps for l_inf, eps * sqrt(d) for l_2 (eq. 3), pixels on [0, 1]."""
    return eps_pixel if norm == "linf" else eps_pixel * coordinates**0.5


def steepest_direction(norm: Norm, gradient: tf.Tensor) -> tf.Tensor:
    """Direction of steepest ascent per unit of the norm, shape as the gradient; zero where the gradient is."""
    if norm == "linf":
        return tf.sign(gradient)
    return gradient / tf.maximum(_length(gradient), np.finfo(np.float32).tiny)


def project(norm: Norm, centre: tf.Tensor, points: tf.Tensor, radius: float) -> tf.Tensor:
    """Nearest points inside the ball around each centre, then inside the pixel range [0, 1]."""
    offset = points - centre
    if norm == "linf":
        offset = tf.clip_by_value(offset, -radius, radius)
    else:
        offset *= tf.minimum(1.0, radius / tf.maximum(_length(offset), np.finfo(np.float32).tiny))
    return tf.clip_by_value(centre + offset, 0.0, 1.0)


def loss_gradient(model: keras.Model, points: tf.Tensor, classes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Gradient of the cross-entropy of some classes, shape as the points; with the losses (n,) and the logits."""
    with tf.GradientTape() as tape:
        tape.watch(points)
        logits = model(points, training=False)
        losses = cross_entropy(classes, logits)
    return tape.gradient(losses, points), losses, logits


def attack(
    model: keras.Model,
    images: tf.Tensor,
    labels: tf.Tensor,
    *,
    norm: Norm,
    radius: float,
    steps: int,
    step_size: float,
) -> Attacked:
    """Climb the loss in steps of fixed size, projected on the ball and the pixel range after each.

    Args:
        model: a net from pixels on [0, 1] to logits.
        images: shape (n, height, width, channels), pixels on [0, 1].
        labels: true classes, shape (n,).
        norm: norm of the ball.
        radius: its radius, in pixels on [0, 1].
        steps: number of steps.
        step_size: length of a step in that norm.

    Returns:
        The adversarial images and what the net says of them.
    """

    def climb(number: tf.Tensor, points: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        gradient, _, _ = loss_gradient(model, points, labels)
        return number + 1, project(norm, images, points + step_size * steepest_direction(norm, gradient), radius)

    gradient, loss, logits = loss_gradient(model, images, labels)
    first = project(norm, images, images + step_size * steepest_direction(norm, gradient), radius)
    _, adversarial = tf.while_loop(lambda number, _: number < steps, climb, (tf.constant(1), first))
    adversarial_logits = model(adversarial, training=False)
    return Attacked(
        images=adversarial,
        prediction=predict(logits),
        adversarial_prediction=predict(adversarial_logits),
        loss=loss,
        adversarial_loss=cross_entropy(labels, adversarial_logits),
        zero_gradient=tf.reduce_all(gradient == 0, axis=[1, 2, 3]),
    )


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the attack on a net; what is returned runs it with the net's weights of the moment.

    The table has one row a test image: `image`, `label`, the fields of `Attacked` except the images, whether the class
    was `fooled` (changed: definition 1 of the source), and the sizes `linf` and `l2` of the perturbation.
    """
    settings = job.settings
    shape = read_image_info(job.inputs["dataset"]).shape
    radius = radius_of(settings["norm"], settings["eps_pixel"], math.prod(shape))
    step_size = radius * (settings["relative_step"] if settings["steps"] > 1 else 1.0)

    def attack_batch(batch: tf.Tensor, batch_labels: tf.Tensor) -> dict[str, tf.Tensor]:
        result = attack(
            model,
            batch,
            batch_labels,
            norm=settings["norm"],
            radius=radius,
            steps=settings["steps"],
            step_size=step_size,
        )
        offset = tf.reshape(result.images - batch, (tf.shape(batch)[0], -1))
        columns = {name: value for name, value in vars(result).items() if name != "images"}
        return columns | {
            "linf": tf.reduce_max(tf.abs(offset), axis=1),
            "l2": tf.norm(offset, axis=1),
            "fooled": result.prediction != result.adversarial_prediction,
        }

    return measure_each_image(job, attack_batch)


def _length(tensor: tf.Tensor) -> tf.Tensor:
    largest = tf.reduce_max(tf.abs(tensor), axis=[1, 2, 3], keepdims=True)  # squares of small gradients underflow
    scaled = tf.math.divide_no_nan(tensor, largest)
    return largest * tf.sqrt(tf.reduce_sum(scaled**2, axis=[1, 2, 3], keepdims=True))
