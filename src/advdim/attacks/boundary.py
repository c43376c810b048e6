"""The point of the classes' boundaries that is nearest to an image, by steps along them that become smaller.

Each step linearises the lead of one rival class at the present point and goes to a small perturbation on that plane,
near the present one (`advdim.attacks.planes`). As in DDN (Rony et al. 2019) and FMN (Pintor et al. 2021) the size may
change with every step and the steps are annealed; other than there it does not change by a fixed share, but is where
the linearised lead is as asked. Several rivals are followed at first, and those that turn out to be farther are
dropped.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import keras
import tensorflow as tf

from advdim.attacks.ascent import LEAD, draw_starts, has_changed, put
from advdim.attacks.deepfool import rivals_of
from advdim.attacks.planes import dot, smallest_on_plane
from advdim.norms import DUAL, Norm, along, length, project

RIVALS = 4
"""Classes with the largest logits whose boundaries are followed."""
SLACK = (1.4, 1.25, 1.15, 1.1, 1.07, 1.05, 1.04, 1.03, 1.02, 1.01)
"""How much farther than the nearest a rival's boundary may look at each step; afterwards the nearest alone is kept."""
ASKED = 2.0
"""Lead that a step aims at, in units of the smallest that counts as a change of class."""
MOMENTUM = 0.5
"""Share of the last step by which the next one goes on."""
STRIDES: dict[str, tuple[float, float]] = {"l2": (0.8, 0.02), "linf": (60.0, 0.05)}
"""First and last stride, as `smallest_on_plane` takes them."""
BEYOND = {"l2": 1.0, "linf": 0.3}
"""Lead that the first step aims at, as a share of the gap at the image: it goes beyond the boundary."""
RAY, HALVINGS = 0.004, 6
"""In the end the point found moves towards its image by at most this share, found by so many halvings."""


class Smallest(NamedTuple):
    """What was found; one entry an image.

    Attributes:
        images: the nearest points whose class has changed; the images themselves where there are none.
        size: their distance in the norm of the search, shape (n,); the largest float without one.
        gradients: gradients that were evaluated, shape (n,).
    """

    images: tf.Tensor
    size: tf.Tensor
    gradients: tf.Tensor


@dataclass(frozen=True)
class Walk:
    """How the nearest boundary is sought.

    Attributes:
        norm: l2 or linf.
        largest: largest size, pixels on [0, 1].
        steps: gradients an image and rival at most.
    """

    norm: Norm
    largest: float
    steps: int


class _Tracks(NamedTuple):
    """Images on their way to the boundary of one rival each.

    Attributes:
        image: which image, shape (k,).
        rival: which class, shape (k,).
        points: where they are, shape (k, height, width, channels).
        before: where they were one step earlier.
        asked: lead that the last step aimed at, logits, shape (k,).
        gap: how far the rival lagged behind in the beginning, logits, shape (k,).
    """

    image: tf.Tensor
    rival: tf.Tensor
    points: tf.Tensor
    before: tf.Tensor
    asked: tf.Tensor
    gap: tf.Tensor


def walk(model: keras.Model, images: tf.Tensor, classes: tf.Tensor, starts: tf.Tensor, how: Walk) -> Smallest:
    """Walk from given points to the boundaries of several rivals, and along them towards the image.

    Args:
        model: a net from pixels on [0, 1] to logits.
        images: shape (n, height, width, channels), pixels on [0, 1].
        classes: the classes to leave, shape (n,).
        starts: where to start, shape as the images.
        how: norm, largest size, steps.

    Returns:
        The nearest points whose class has changed, of all that were evaluated.
    """
    tracks = _first_tracks(model, images, classes, starts)
    none = tf.fill(tf.shape(images)[:1], images.dtype.max)

    def step(number: tf.Tensor, tracks: _Tracks, found: Smallest) -> tuple[tf.Tensor, _Tracks, Smallest]:
        centres, own = tf.gather(images, tracks.image), tf.gather(classes, tracks.image)
        slope, ahead, logits = _lead_of(model, tracks.points, own, tracks.rival)
        size = length(how.norm, tracks.points - centres)
        found = _note(found, tracks, size, has_changed(own, logits) & (size <= how.largest * (1 + 1e-6)))
        distance = size - tf.math.divide_no_nan(ahead, length(DUAL[how.norm], slope))
        kept = _look_near(number, tracks, distance, tf.shape(images)[0])
        least = ASKED * LEAD * tf.reduce_max(tf.abs(logits), axis=1)
        moved = _move(number, tracks, centres, slope, ahead, least, how)
        return number + 1, _Tracks(*(tf.boolean_mask(part, kept) for part in moved)), found

    def goes_on(number: tf.Tensor, tracks: _Tracks, _: Smallest) -> tf.Tensor:
        return (number <= how.steps) & (tf.size(tracks.image) > 0)

    some, rows = tf.TensorShape([None, *images.shape[1:]]), tf.TensorShape([None])
    shapes = (tf.TensorShape([]), _Tracks(rows, rows, some, some, rows, rows), Smallest(some, rows, rows))
    first = (tf.constant(0), tracks, Smallest(images, none, tf.zeros_like(classes, tf.int32)))
    _, _, found = tf.while_loop(goes_on, step, first, shape_invariants=shapes)
    return _draw_in(model, images, classes, Smallest(*found), how)


def _first_tracks(model: keras.Model, images: tf.Tensor, classes: tf.Tensor, starts: tf.Tensor) -> _Tracks:
    logits = model(images, training=False)
    count = min(RIVALS, logits.shape[-1] - 1)
    rivals = rivals_of(logits, classes, count)
    gaps = tf.gather(logits, classes, axis=1, batch_dims=1)[:, None] - tf.gather(logits, rivals, axis=1, batch_dims=1)
    gap = tf.reshape(gaps, [-1])
    points = tf.repeat(starts, count, axis=0)
    image = tf.repeat(tf.range(tf.shape(images)[0]), count)
    return _Tracks(image, tf.reshape(rivals, [-1]), points, points, tf.zeros_like(gap), gap)


def _lead_of(
    model: keras.Model, points: tf.Tensor, own: tf.Tensor, rival: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Gradient of a rival's lead, shape as the points; the lead (k,), and the logits."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        logits = model(points, training=False)
        ahead = tf.gather(logits, rival, axis=1, batch_dims=1) - tf.gather(logits, own, axis=1, batch_dims=1)
    return tape.gradient(ahead, points), ahead, logits


def _note(found: Smallest, tracks: _Tracks, size: tf.Tensor, counts: tf.Tensor) -> Smallest:
    """Take up the points that are nearer than what was found; of an image's several, the nearest."""
    images = tf.shape(found.size)[0]
    nearest = tf.math.unsorted_segment_min(tf.where(counts, size, size.dtype.max), tracks.image, images)
    better = counts & (size < tf.gather(found.size, tracks.image)) & (size <= tf.gather(nearest, tracks.image))
    return Smallest(
        put(found.images, tracks.image, tracks.points, better),
        tf.minimum(found.size, nearest),
        tf.tensor_scatter_nd_add(found.gradients, tracks.image[:, None], tf.ones_like(tracks.image)),
    )


def _look_near(number: tf.Tensor, tracks: _Tracks, distance: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
    """Whether a track goes on: its boundary looks about as near as the nearest of its image's; shape (k,)."""
    lowest = tf.gather(tf.math.unsorted_segment_min(distance, tracks.image, images), tracks.image)
    slack = tf.gather(tf.constant([*SLACK, 1.0], distance.dtype), tf.minimum(number, len(SLACK)))
    return distance <= lowest + (slack - 1) * tf.abs(lowest)


def _move(
    number: tf.Tensor,
    tracks: _Tracks,
    centres: tf.Tensor,
    slope: tf.Tensor,
    ahead: tf.Tensor,
    least: tf.Tensor,
    how: Walk,
) -> _Tracks:
    """Step to the plane on which the lead is the least that counts, and as much more as the last step fell short.

    The first step goes beyond the boundary: from there the walk sees more of it than from the image's side.
    """
    gap = tf.abs(tracks.gap)
    asked = least + tf.where(number > 0, tf.clip_by_value(tracks.asked - ahead, 0.0, 0.3 * gap), BEYOND[how.norm] * gap)
    moves = tracks.points - centres
    level = asked - ahead + dot(slope, moves)
    radius = length(how.norm, moves) + tf.math.divide_no_nan(asked - ahead, length(DUAL[how.norm], slope))
    first, last = STRIDES[how.norm]
    share = tf.cast(number, ahead.dtype) / max(how.steps - 1, 1)
    if how.norm == "l2":
        stride = last + (first - last) * 0.5 * (1 + tf.cos(math.pi * tf.minimum(share, 1.0)))
    else:
        stride = first * (last / first) ** share * tf.where(number > 0, 1.0, 1e3)  # the first step is one of signs
    onwards = MOMENTUM * (tracks.points - tracks.before) * tf.where((number > 1) & (number < how.steps - 1), 1.0, 0.0)
    nearer = smallest_on_plane(
        how.norm, centres, moves + onwards, slope, level, tf.maximum(radius, 1e-9), tf.cast(stride, ahead.dtype)
    )
    points = project(how.norm, centres, centres + nearer, how.largest)
    return tracks._replace(points=points, before=tracks.points, asked=asked)


def _draw_in(model: keras.Model, images: tf.Tensor, classes: tf.Tensor, found: Smallest, how: Walk) -> Smallest:
    """Move what was found along the ray to its image, as far as its class stays changed."""
    far = tf.zeros_like(found.size)

    def halve(number: tf.Tensor, share: tf.Tensor, best: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        tried = share + RAY * 0.5 ** tf.cast(number + 1, share.dtype)
        points = tf.clip_by_value(found.images + along(tried, images) * (images - found.images), 0.0, 1.0)
        changed = has_changed(classes, model(points, training=False))
        return number + 1, tf.where(changed, tried, share), tf.where(along(changed, images), points, best)

    _, _, best = tf.while_loop(lambda number, *_: number < HALVINGS, halve, (tf.constant(0), far, found.images))
    size = tf.where(found.size < found.size.dtype.max, length(how.norm, best - images), found.size)
    return Smallest(
        tf.where(along(size < found.size, images), best, found.images), tf.minimum(size, found.size), found.gradients
    )


def walk_from_starts(
    model: keras.Model, images: tf.Tensor, classes: tf.Tensor, seeds: tf.Tensor, how: Walk, restarts: int
) -> Smallest:
    """Walk from each image, then from random points around it, and keep the nearest of what the walks find.

    Args:
        model: a net from pixels on [0, 1] to logits.
        images: shape (n, height, width, channels), pixels on [0, 1].
        classes: the classes to leave, shape (n,).
        seeds: one an image, shape (n, 2).
        how: norm, largest size, steps.
        restarts: number of random starts, in balls as large as what was found before.

    Returns:
        The nearest of all.
    """

    def again(number: tf.Tensor, found: Smallest) -> tuple[tf.Tensor, Smallest]:
        ball = tf.minimum(found.size, how.largest)
        other = walk(model, images, classes, draw_starts(images, seeds, number, how.norm, ball), how)
        nearer = other.size < found.size
        best = tf.where(along(nearer, images), other.images, found.images)
        return number + 1, Smallest(best, tf.minimum(other.size, found.size), found.gradients + other.gradients)

    first = walk(model, images, classes, images, how)
    _, found = tf.while_loop(lambda number, _: number < restarts, again, (tf.constant(0), first))
    return Smallest(*found)
