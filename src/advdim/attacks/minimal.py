"""The smallest adversarial perturbation of each image.

With several steps the nearest boundary is sought by walking along it (`advdim.attacks.boundary`). The single step
is tried in balls of every size: each image has a bracket, from the largest ball in which it failed to the smallest
perturbation that changed the class, and all images search together. A ball's radius is where the linearised margin
vanishes, kept inside the bracket.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import keras
import pandas as pd
import tensorflow as tf

from advdim.attacks.ascent import Ascent, ascend, gradient_of, has_changed, lead, put
from advdim.attacks.boundary import Smallest, Walk, walk, walk_from_starts
from advdim.attacks.deepfool import linearise, move_to_nearest, rivals_of
from advdim.attacks.on_images import Clean, attack_images
from advdim.datasets.stored import read_image_info
from advdim.job import Job
from advdim.norms import DUAL, along, length, project, radius_of, steepest_direction

TINY = 1e-6
"""Smallest radius that is tried, as a share of the largest."""
RIVALS = 10
"""Classes with the largest logits among which the nearest linearised boundary is sought for the first ball."""
IN_LARGEST = 10
"""Steps at most of the attack in the largest ball, which tells whether that fails where a smaller one did not."""


@dataclass(frozen=True)
class Search(Walk):
    """How sizes are searched: by a walk, or, if it has one step, by the single-step attack from the image.

    Attributes:
        precision: a single-step search ends where the attack fails in a ball that is smaller by this share than what
            was found.
    """

    precision: float


class _Balls(NamedTuple):
    """Where the search of each image stands that is not done.

    Attributes:
        image: which image, shape (k,).
        low: radius of the largest ball in which the step failed, shape (k,).
        high: size of the smallest perturbation found, shape (k,).
        radius: radius of the ball that is tried, shape (k,).
        stride: share by which the next ball is smaller at least, doubled by each success in a row, shape (k,).
    """

    image: tf.Tensor
    low: tf.Tensor
    high: tf.Tensor
    radius: tf.Tensor
    stride: tf.Tensor


def smallest(
    model: keras.Model,
    images: tf.Tensor,
    classes: tf.Tensor,
    how: Search,
    *,
    seeds: tf.Tensor | None = None,
    restarts: int = 1,
) -> Smallest:
    """Search the smallest perturbation that changes the class of each image, by ascent of the margin.

    Args:
        model: a net from pixels on [0, 1] to logits.
        images: shape (n, height, width, channels), pixels on [0, 1].
        classes: the classes to leave, shape (n,).
        how: norm, largest size, precision, steps.
        seeds: of random starts, shape (n, 2); without them, and for a single step, only the image is a start.
        restarts: number of random starts besides the image; the best of all is kept.

    Returns:
        The perturbed images with their sizes.
    """
    if how.steps == 1:
        gradient, _, logits = gradient_of(model, images, classes, "margin")
        return _least_step(model, images, classes, gradient, logits, how)
    if seeds is None:
        return walk(model, images, classes, images, how)
    return walk_from_starts(model, images, classes, seeds, how, restarts)


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the attack on a net; what is returned runs it with the net's weights of the moment.

    Images are led away from the class that the net predicts. The size in the table is measured on the returned image,
    and infinite where none was found in the largest ball.
    """
    settings = job.settings
    coordinates = math.prod(read_image_info(job.inputs["dataset"]).shape)
    largest = radius_of(settings["norm"], settings["largest_eps_pixel"], coordinates)
    how = Search(settings["norm"], largest, settings["steps"], settings["precision"])
    step_size = largest * (settings["relative_step"] if how.steps > 1 else 1.0)
    in_largest = Ascent(how.norm, largest, min(how.steps, IN_LARGEST), step_size, "margin", stop=True)

    def attack_batch(searched: keras.Model, clean: Clean) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        seeds = clean.seeds if settings["random_start"] else None
        found = smallest(searched, clean.images, clean.classes, how, seeds=seeds, restarts=settings["restarts"])
        gradient, _, _ = gradient_of(searched, clean.images, clean.classes, "margin")
        reached, _ = ascend(searched, clean.images, clean.classes, clean.images, in_largest)
        fails = ~has_changed(clean.classes, searched(reached, training=False))
        return found.images, {
            "zero_gradient": tf.reduce_all(gradient == 0, axis=[1, 2, 3]),
            "fails_larger": fails & (found.size < found.size.dtype.max),
            "gradients": found.gradients,
        }

    return attack_images(model, job, attack_batch, largest=settings["largest_eps_pixel"], minimal=True)


def _least_step(
    model: keras.Model, images: tf.Tensor, classes: tf.Tensor, gradient: tf.Tensor, logits: tf.Tensor, how: Search
) -> Smallest:
    """Narrow each image's bracket down to the precision, or until the single step has failed in the largest ball."""
    rivals = rivals_of(logits, classes, min(RIVALS, logits.shape[-1] - 1))
    nearest, _ = move_to_nearest(how.norm, *linearise(model, images, classes, rivals)[1:])
    guess = length(how.norm, nearest) * (1 + 0.5 * how.precision)
    upwards = steepest_direction(how.norm, gradient)

    def step(balls: _Balls, found: Smallest) -> tuple[_Balls, Smallest]:
        centres, own, up = (tf.gather(part, balls.image) for part in (images, classes, upwards))
        points = project(how.norm, centres, centres + along(balls.radius, up) * up, balls.radius)
        ahead = lead(own, model(points, training=False))
        changed = ahead > 0
        size = length(how.norm, points - centres)
        better = changed & (size < balls.high)
        found = Smallest(
            put(found.images, balls.image, points, better),
            put(found.size, balls.image, size, better),
            tf.tensor_scatter_nd_add(found.gradients, balls.image[:, None], tf.ones_like(balls.image)),
        )
        # A pixel is rounded to 6e-8: what was found in a tiny ball may measure more than the ball, which bounds it.
        high = tf.where(changed, tf.minimum(tf.minimum(size, balls.radius), balls.high), balls.high)
        aim = _aim(how, size, ahead, tf.gather(gradient, balls.image))
        narrowed, done = _narrow(balls, changed, high, aim, how)
        return _Balls(*(tf.boolean_mask(part, ~done) for part in narrowed)), found

    none = tf.fill(tf.shape(guess), guess.dtype.max)
    radius = tf.clip_by_value(guess, TINY * how.largest, how.largest)
    stride = tf.fill(tf.shape(radius), how.precision)
    balls = _Balls(tf.range(tf.shape(images)[0]), tf.zeros_like(radius), none, radius, stride)
    rows = tf.TensorShape([None])
    shapes = (_Balls(*[rows] * 5), Smallest(tf.TensorShape([None, *images.shape[1:]]), rows, rows))
    first = (balls, Smallest(images, none, tf.ones_like(classes, tf.int32)))
    _, found = tf.while_loop(lambda balls, _: tf.size(balls.image) > 0, step, first, shape_invariants=shapes)
    return Smallest(*found)


def _aim(how: Search, size: tf.Tensor, ahead: tf.Tensor, slope: tf.Tensor) -> tf.Tensor:
    """Radius at which the linearised margin is just above zero, shape (n,).

    Args:
        how: norm and precision.
        size: distance of the points from their images, shape (n,).
        ahead: by how much another logit leads there, shape (n,).
        slope: gradient of that.
    """
    return (size - tf.math.divide_no_nan(ahead, length(DUAL[how.norm], slope))) * (1 + 0.5 * how.precision)


def _narrow(
    balls: _Balls, changed: tf.Tensor, high: tf.Tensor, aim: tf.Tensor, how: Search
) -> tuple[_Balls, tf.Tensor]:
    """Choose the next ball of each image; and tell which images are done."""
    low = tf.where(changed, balls.low, balls.radius)
    bounded = high < high.dtype.max
    middle = tf.where(bounded, tf.sqrt(low) * tf.sqrt(high), 2 * low)  # in vain so far: 1.25 to 3.2 times that
    smaller = tf.maximum(tf.minimum(aim, high / (1 + balls.stride)), tf.where(low > 0, middle, 0.25 * high))
    quarter = tf.where(bounded, tf.sqrt(tf.math.divide_no_nan(middle, low)), 1.6)
    larger = tf.clip_by_value(aim, middle / quarter, middle * quarter)
    in_vain = ~changed & ~bounded & (balls.radius >= how.largest * (1 - 1e-6))
    narrowed = _Balls(
        image=balls.image,
        low=low,
        high=high,
        radius=tf.minimum(tf.where(changed, smaller, larger), how.largest),
        stride=tf.where(changed, 2 * balls.stride, how.precision),
    )
    return narrowed, in_vain | (high <= low * (1 + how.precision) * (1 + 1e-6))
