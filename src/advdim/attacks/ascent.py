"""Gradient ascent of a loss inside a ball around each image: what the gradient attacks have in common."""

from dataclasses import dataclass
from typing import Literal

import keras
import tensorflow as tf

from advdim.models.loss import cross_entropy
from advdim.norms import Norm, along, project, steepest_direction

Loss = Literal["cross_entropy", "margin"]
LEAD = 1e-5
"""By how much another logit must lead for a class to count as changed while an attack searches, as a share of the
largest logit: float32 rounds differently for other batches, threads and folded layers, which it must outlast."""


@dataclass(frozen=True)
class Ascent:
    """How a loss is climbed.

    Attributes:
        norm: norm of the ball.
        radius: its radius, pixels on [0, 1].
        steps: gradient steps at most.
        step_size: length of a step in that norm.
        loss: the loss that is climbed.
        stop: whether an image stops at the first point where its class has changed.
    """

    norm: Norm
    radius: float
    steps: int
    step_size: float
    loss: Loss = "cross_entropy"
    stop: bool = False


def attacked_loss(loss: Loss, classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The loss that leads away from given classes.

    Args:
        loss: `cross_entropy` in nats, or `margin`: the largest other logit minus that of the class.
        classes: shape (n,).
        logits: shape (n, classes).

    Returns:
        Shape (n,).
    """
    if loss == "cross_entropy":
        return cross_entropy(classes, logits)
    own = tf.one_hot(classes, logits.shape[-1], dtype=tf.bool, on_value=True, off_value=False)
    others = tf.where(own, logits.dtype.min, logits)
    return tf.reduce_max(others, axis=1) - tf.gather(logits, classes, axis=1, batch_dims=1)


def lead(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """By how much another class than the given one leads, what may be rounding taken off; shape (n,)."""
    return attacked_loss("margin", classes, logits) - LEAD * tf.reduce_max(tf.abs(logits), axis=1)


def has_changed(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Whether another class than the given one leads, by more than rounding; shape (n,)."""
    return lead(classes, logits) > 0


def gradient_of(
    model: keras.Model, points: tf.Tensor, classes: tf.Tensor, loss: Loss
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Gradient of the attacked loss, shape as the points; with the losses (n,) and the logits."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        logits = model(points, training=False)
        losses = attacked_loss(loss, classes, logits)
    return tape.gradient(losses, points), losses, logits


def ascend(
    model: keras.Model, images: tf.Tensor, classes: tf.Tensor, starts: tf.Tensor, how: Ascent
) -> tuple[tf.Tensor, tf.Tensor]:
    """Climb the loss in steps of fixed size, projected on the ball and the pixel range after each.

    Where images stop at a change of class, those that have stopped are taken out of the batch.

    Args:
        model: a net from pixels on [0, 1] to logits.
        images: the centres, shape (n, height, width, channels), pixels on [0, 1].
        classes: the classes to lead away from, shape (n,).
        starts: where to start, shape as the images.
        how: norm, radius, steps, loss.

    Returns:
        The points reached, shape as the images, and the gradients evaluated for each, shape (n,).
    """

    def step(
        number: tf.Tensor, active: tf.Tensor, points: tf.Tensor, reached: tf.Tensor, taken: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        centres, own = tf.gather(images, active), tf.gather(classes, active)
        gradient, _, logits = gradient_of(model, points, own, how.loss)
        taken = tf.tensor_scatter_nd_add(taken, active[:, None], tf.ones_like(active))
        moved = project(how.norm, centres, points + how.step_size * steepest_direction(how.norm, gradient), how.radius)
        if not how.stop:
            return number + 1, active, moved, reached, taken
        stopped = has_changed(own, logits)
        reached = put(reached, active, points, stopped)
        return number + 1, tf.boolean_mask(active, ~stopped), tf.boolean_mask(moved, ~stopped), reached, taken

    def goes_on(number: tf.Tensor, active: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        return (number < how.steps) & (tf.size(active) > 0)

    everything = tf.range(tf.shape(images)[0])
    first = (tf.constant(0), everything, starts, starts, tf.zeros_like(everything))
    some = tf.TensorShape([None, *images.shape[1:]])
    shapes = (tf.TensorShape([]), tf.TensorShape([None]), some, some, tf.TensorShape([None]))
    _, active, points, reached, taken = tf.while_loop(goes_on, step, first, shape_invariants=shapes)
    return tf.tensor_scatter_nd_update(reached, active[:, None], points), taken


def put(whole: tf.Tensor, rows: tf.Tensor, values: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    """Set those rows of a tensor that are chosen.

    Args:
        whole: shape (n, ...).
        rows: which row each value belongs to, shape (k,).
        values: shape (k, ...).
        chosen: which of them are set, shape (k,).
    """
    return tf.tensor_scatter_nd_update(whole, tf.boolean_mask(rows, chosen)[:, None], tf.boolean_mask(values, chosen))


def draw_starts(
    images: tf.Tensor, seeds: tf.Tensor, number: int | tf.Tensor, norm: Norm, radius: float | tf.Tensor
) -> tf.Tensor:
    """Draw a point of the ball around each image, uniformly, cut to the pixel range.

    An image's point depends on its own seed and the number of the draw, on no other image.

    Args:
        images: shape (n, height, width, channels).
        seeds: one an image, shape (n, 2).
        number: number of the draw.
        norm: norm of the ball.
        radius: its radius, one for all, or shape (n,).

    Returns:
        Shape as the images.
    """
    shape, coordinates = images.shape[1:], images.shape[1:].num_elements()

    def offset(seed: tf.Tensor) -> tf.Tensor:
        own = tf.random.experimental.stateless_fold_in(seed, number)
        if norm == "linf":
            return tf.random.stateless_uniform(shape, own, -1.0, 1.0)
        towards = tf.random.stateless_normal(shape, own)
        share = tf.random.stateless_uniform([], tf.random.experimental.stateless_fold_in(own, 1))
        return towards / tf.norm(towards) * share ** (1.0 / coordinates)

    drawn = tf.map_fn(offset, seeds, fn_output_signature=tf.float32)
    each = tf.broadcast_to(tf.convert_to_tensor(radius, tf.float32), tf.shape(images)[:1])
    return project(norm, images, images + along(each, drawn) * drawn, radius)


def climb_from_starts(
    model: keras.Model, images: tf.Tensor, classes: tf.Tensor, seeds: tf.Tensor, how: Ascent, restarts: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Climb from several random starts and keep the worst point of each image.

    With `how.stop` that is one where the class has changed, and images that have one are not tried again; otherwise the
    one with the largest loss.

    Args:
        model: a net from pixels on [0, 1] to logits.
        images: the centres, shape (n, height, width, channels).
        classes: the classes to lead away from, shape (n,).
        seeds: one an image, shape (n, 2).
        how: norm, radius, steps, loss.
        restarts: number of starts.

    Returns:
        The points, shape as the images, and the gradients evaluated for each, shape (n,).
    """
    highest = images.dtype.max

    def attempt(number: tf.Tensor, best: tf.Tensor, worst: tf.Tensor, taken: tf.Tensor) -> tuple[tf.Tensor, ...]:
        rows = tf.cast(tf.where(worst < highest)[:, 0], tf.int32)
        centres, own = tf.gather(images, rows), tf.gather(classes, rows)
        starts = draw_starts(centres, tf.gather(seeds, rows), number, how.norm, how.radius)
        reached, more = ascend(model, centres, own, starts, how)
        logits = model(reached, training=False)
        value = attacked_loss(how.loss, own, logits)
        if how.stop:
            value = tf.where(has_changed(own, logits), highest, value)
        better = value > tf.gather(worst, rows)
        taken = tf.tensor_scatter_nd_add(taken, rows[:, None], more)
        return number + 1, put(best, rows, reached, better), put(worst, rows, value, better), taken

    count = tf.shape(images)[0]
    first = (tf.constant(0), images, tf.fill([count], images.dtype.min), tf.zeros([count], tf.int32))
    _, best, _, taken = tf.while_loop(
        lambda number, _, worst, __: (number < restarts) & tf.reduce_any(worst < highest), attempt, first
    )
    return best, taken


def is_saturated(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Whether the softmax of the class rounds to 1: its cross-entropy has lost its gradient to rounding; shape (n,)."""
    return tf.gather(tf.nn.softmax(logits), classes, axis=1, batch_dims=1) >= 1.0
