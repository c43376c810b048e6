"""The iterated gradient attack inside an l_inf or l_2 ball (Simon-Gabriel et al. 2018, sec. 4; one step is FGSM)."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import keras
import pandas as pd
import tensorflow as tf

from advdim.attacks.ascent import Ascent, ascend, climb_from_starts, gradient_of, is_saturated
from advdim.attacks.on_images import Clean, attack_images
from advdim.datasets.stored import read_image_info
from advdim.job import Job
from advdim.models.loss import cross_entropy, predict
from advdim.norms import project, radius_of, steepest_direction


@dataclass(frozen=True)
class Reached:
    """Results of an attack, one entry an image.

    Attributes:
        images: adversarial images, shape (n, height, width, channels), pixels on [0, 1].
        zero_gradient: whether the loss had no gradient at the clean image, shape (n,): the attack was blind then.
        saturated: whether the softmax of the attacked class rounds to 1 there, shape (n,).
        single_step: what one step to the edge of the ball reaches, shape as the images.
        gradients: gradients evaluated, shape (n,).
    """

    images: tf.Tensor
    zero_gradient: tf.Tensor
    saturated: tf.Tensor
    single_step: tf.Tensor
    gradients: tf.Tensor


def attack(
    model: keras.Model,
    images: tf.Tensor,
    classes: tf.Tensor,
    how: Ascent,
    *,
    seeds: tf.Tensor | None = None,
    restarts: int = 1,
) -> Reached:
    """Climb the loss of given classes inside the ball around each image.

    Args:
        model: a net from pixels on [0, 1] to logits.
        images: shape (n, height, width, channels), pixels on [0, 1].
        classes: the true ones for the adversarial damage, the predicted ones for the vulnerability, shape (n,).
        how: norm, radius, steps, loss.
        seeds: of the random starts, shape (n, 2); without them the attack starts at the image.
        restarts: random starts of each image; the worst is kept.

    Returns:
        The adversarial images, and what was seen on the way.
    """
    gradient, _, logits = gradient_of(model, images, classes, how.loss)
    upwards = steepest_direction(how.norm, gradient)
    single_step = project(how.norm, images, images + how.radius * upwards, how.radius)
    if seeds is not None:
        reached, taken = climb_from_starts(model, images, classes, seeds, how, restarts)
    elif how.steps > 1:  # the gradient at the image is at hand
        first = project(how.norm, images, images + how.step_size * upwards, how.radius)
        reached, taken = ascend(model, images, classes, first, replace(how, steps=how.steps - 1))
    else:
        reached, taken = single_step, tf.zeros_like(classes, tf.int32)
    return Reached(
        images=reached,
        zero_gradient=tf.reduce_all(gradient == 0, axis=[1, 2, 3]),
        saturated=is_saturated(classes, logits),
        single_step=single_step,
        gradients=taken + 1,
    )


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the attack on a net; what is returned runs it with the net's weights of the moment.

    With the aim `damage` (adversarial damage, definition 1 of the source) the loss of the true label is climbed in all
    steps; with `vulnerability` (class changes, same definition) images are led away from the class that the net
    predicts, and stop at the first change.
    """
    settings = job.settings
    vulnerability = settings["aim"] == "vulnerability"
    radius = radius_of(settings["norm"], settings["eps_pixel"], math.prod(read_image_info(job.inputs["dataset"]).shape))
    several = settings["steps"] > 1
    step_size = radius * (settings["relative_step"] if several else 1.0)
    how = Ascent(settings["norm"], radius, settings["steps"], step_size, settings["loss"], stop=vulnerability)

    def attack_batch(searched: keras.Model, clean: Clean) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        classes = clean.classes if vulnerability else clean.labels
        seeds = clean.seeds if settings["random_start"] else None
        result = attack(searched, clean.images, classes, how, seeds=seeds, restarts=settings["restarts"])
        columns = {
            "zero_gradient": result.zero_gradient,
            "masked_gradient": result.saturated & (settings["loss"] == "cross_entropy"),
            "gradients": result.gradients,
        }
        if several:
            logits = searched(result.single_step, training=False)
            columns["single_step_fooled"] = predict(logits) != clean.classes
            columns["single_step_loss"] = cross_entropy(clean.labels, logits)
        return result.images, columns

    return attack_images(model, job, attack_batch, largest=settings["eps_pixel"], minimal=False)
