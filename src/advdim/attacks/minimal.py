"""The smallest adversarial perturbation of each image that the gradient attack finds, by search over the ball's size.

Each image has a bracket of its own, from the largest ball in which the attack failed to the smallest perturbation that
changed its class, and all images take their steps together. A ball that is tried goes on from the point where the last
one ended. Its radius is where the linearised margin vanishes, kept inside the bracket.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import keras
import pandas as pd
import tensorflow as tf

from advdim.attacks.ascent import Ascent, ascend, draw_starts, gradient_of, has_changed, lead, put
from advdim.attacks.deepfool import linearise, move_to_nearest, rivals_of
from advdim.attacks.on_images import Clean, attack_images
from advdim.datasets.stored import read_image_info
from advdim.job import Job
from advdim.norms import DUAL, Norm, along, length, project, radius_of, steepest_direction

TINY = 1e-6
"""Smallest radius that is tried, as a share of the largest."""
RIVALS = 10
"""Classes with the largest logits among which the nearest linearised boundary is sought for the first step."""
LAST_STEP = 0.1
"""Size of the last step in a ball as a share of the first one's; between them it falls linearly."""


@dataclass(frozen=True)
class Search:
    """How sizes are searched.

    Attributes:
        norm: norm of the balls.
        largest: largest radius, pixels on [0, 1].
        precision: the search ends where the attack fails in a ball that is smaller by this share than what was found.
        steps: gradient steps in a ball; if it is one, that starts at the image (the single-step attack).
        relative_step: first step in a ball as a share of its radius.
    """

    norm: Norm
    largest: float
    precision: float
    steps: int
    relative_step: float


class Smallest(NamedTuple):
    """What was found; one entry an image.

    Attributes:
        images: the nearest points whose class has changed; the images themselves where there are none.
        size: their distance in the norm of the search, shape (n,); the largest float without one.
        gradients: points at which the net was evaluated, shape (n,).
    """

    images: tf.Tensor
    size: tf.Tensor
    gradients: tf.Tensor


class _Balls(NamedTuple):
    """Where the search of each image stands that is not done.

    Attributes:
        image: which image, shape (k,).
        points: where the attack is, shape (k, height, width, channels).
        low: radius of the largest ball in which the attack failed, shape (k,).
        high: size of the smallest perturbation found, shape (k,).
        radius: radius of the ball that is tried, shape (k,).
        stride: share by which the next ball is smaller at least, doubled by each success in a row, shape (k,).
        taken: steps taken in this ball, shape (k,).
    """

    image: tf.Tensor
    points: tf.Tensor
    low: tf.Tensor
    high: tf.Tensor
    radius: tf.Tensor
    stride: tf.Tensor
    taken: tf.Tensor


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
        seeds: of random starts, shape (n, 2); without them the attack starts at the image.
        restarts: number of random starts; each that is not the first tries to undercut what was found.

    Returns:
        The perturbed images with their sizes.
    """
    gradient, losses, logits = gradient_of(model, images, classes, "margin")
    rivals = rivals_of(logits, classes, min(RIVALS, logits.shape[-1] - 1))
    move, _ = move_to_nearest(how.norm, *linearise(model, images, classes, rivals)[1:])
    guess = length(how.norm, move) * (1 + 0.5 * how.precision)
    upwards = steepest_direction(how.norm, gradient if how.steps == 1 else move)
    none = tf.fill(tf.shape(losses), losses.dtype.max)

    def undercut(number: tf.Tensor, found: Smallest) -> tuple[tf.Tensor, Smallest]:
        radius = tf.where(found.size < none, found.size / (1 + how.precision), guess)
        radius = tf.clip_by_value(radius, TINY * how.largest, how.largest)
        if seeds is None or how.steps == 1:
            starts, taken = images + along(radius, images) * upwards, tf.ones_like(found.gradients)
        else:
            starts, taken = draw_starts(images, seeds, number, how.norm, radius), tf.zeros_like(found.gradients)
        balls = _Balls(
            image=tf.range(tf.shape(images)[0]),
            points=project(how.norm, images, starts, radius),
            low=tf.zeros_like(radius),
            high=found.size,
            radius=radius,
            stride=tf.fill(tf.shape(radius), how.precision),
            taken=taken,
        )
        return number + 1, _search(model, images, classes, gradient, balls, found, how)

    first = (tf.constant(0), Smallest(images, none, tf.ones_like(classes, tf.int32)))
    shapes = (tf.TensorShape([]), _shapes_of_found(images))
    _, found = tf.while_loop(lambda number, _: number < restarts, undercut, first, shape_invariants=shapes)
    return Smallest(*found)


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the attack on a net; what is returned runs it with the net's weights of the moment.

    Images are led away from the class that the net predicts. The size in the table is measured on the returned image,
    and infinite where none was found in the largest ball.
    """
    settings = job.settings
    coordinates = math.prod(read_image_info(job.inputs["dataset"]).shape)
    how = Search(
        norm=settings["norm"],
        largest=radius_of(settings["norm"], settings["largest_eps_pixel"], coordinates),
        precision=settings["precision"],
        steps=settings["steps"],
        relative_step=settings["relative_step"],
    )
    step_size = how.largest * (how.relative_step if how.steps > 1 else 1.0)
    in_largest = Ascent(how.norm, how.largest, how.steps, step_size, "margin", stop=True)

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


def _search(
    model: keras.Model,
    images: tf.Tensor,
    classes: tf.Tensor,
    gradient: tf.Tensor,
    balls: _Balls,
    found: Smallest,
    how: Search,
) -> Smallest:
    """Narrow the bracket of each image down to the precision, or until the attack has failed in the largest ball."""

    def step(balls: _Balls, found: Smallest) -> tuple[_Balls, Smallest]:
        centres, own = tf.gather(images, balls.image), tf.gather(classes, balls.image)
        slope, _, logits = gradient_of(model, balls.points, own, "margin")
        if how.steps == 1:
            slope = tf.gather(gradient, balls.image)
        ahead = lead(own, logits)
        changed = ahead > 0
        size = length(how.norm, balls.points - centres)
        better = changed & (size < balls.high)
        found = Smallest(
            put(found.images, balls.image, balls.points, better),
            put(found.size, balls.image, size, better),
            tf.tensor_scatter_nd_add(found.gradients, balls.image[:, None], tf.ones_like(balls.image)),
        )
        # A pixel is rounded to 6e-8: what was found in a tiny ball may measure more than the ball, which bounds it.
        high = tf.where(changed, tf.minimum(tf.minimum(size, balls.radius), balls.high), balls.high)
        narrowed, done = _narrow(balls, changed, high, _aim(how, size, ahead, slope), how)
        moved = narrowed._replace(points=_move(narrowed, centres, steepest_direction(how.norm, slope), how))
        return _Balls(*(tf.boolean_mask(part, ~done) for part in moved)), found

    shapes = (_shapes_of_balls(images), _shapes_of_found(images))
    _, found = tf.while_loop(lambda balls, _: tf.size(balls.image) > 0, step, (balls, found), shape_invariants=shapes)
    return Smallest(*found)


def _shapes_of_found(images: tf.Tensor) -> Smallest:
    rows = tf.TensorShape([None])
    return Smallest(tf.TensorShape([None, *images.shape[1:]]), rows, rows)


def _shapes_of_balls(images: tf.Tensor) -> _Balls:
    return _Balls(tf.TensorShape([None]), tf.TensorShape([None, *images.shape[1:]]), *[tf.TensorShape([None])] * 5)


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
    """Choose the next ball of each image whose ball is decided; and tell which images are done."""
    failed = ~changed & (balls.taken >= how.steps)
    low = tf.where(failed, balls.radius, balls.low)
    bounded = high < high.dtype.max
    middle = tf.where(bounded, tf.sqrt(low) * tf.sqrt(high), 2 * low)  # in vain so far: 1.25 to 3.2 times that
    smaller = tf.maximum(tf.minimum(aim, high / (1 + balls.stride)), tf.where(low > 0, middle, 0.25 * high))
    quarter = tf.where(bounded, tf.sqrt(tf.math.divide_no_nan(middle, low)), 1.6)
    larger = tf.clip_by_value(aim, middle / quarter, middle * quarter)
    radius = tf.where(changed, smaller, tf.where(failed, larger, balls.radius))
    in_vain = failed & ~bounded & (balls.radius >= how.largest * (1 - 1e-6))
    narrowed = _Balls(
        image=balls.image,
        points=balls.points,
        low=low,
        high=high,
        radius=tf.minimum(radius, how.largest),
        stride=tf.where(changed, 2 * balls.stride, tf.where(failed, how.precision, balls.stride)),
        taken=tf.where(changed | failed, 1, balls.taken + 1),
    )
    return narrowed, in_vain | (high <= low * (1 + how.precision) * (1 + 1e-6))


def _move(balls: _Balls, centres: tf.Tensor, upwards: tf.Tensor, how: Search) -> tf.Tensor:
    """Step inside each ball; the single-step attack starts at the image and goes to the edge."""
    if how.steps == 1:
        start, share = centres, tf.ones_like(balls.radius)
    else:
        done = tf.cast(balls.taken - 1, balls.radius.dtype) / (how.steps - 1)
        start, share = balls.points, how.relative_step * (1 - (1 - LAST_STEP) * done)
    return project(how.norm, centres, start + along(share * balls.radius, upwards) * upwards, balls.radius)
