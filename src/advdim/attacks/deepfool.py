"""DeepFool: steps to the nearest boundary of the net's linearisation (Moosavi-Dezfooli et al. 2016, algorithm 2)."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from advdim.attacks.ascent import has_changed, put
from advdim.attacks.on_images import Clean, attack_images
from advdim.job import Job
from advdim.norms import DUAL, Norm, along, length, steepest_direction

EXTRA = 1e-4
"""Added to the distance of a boundary, in logits, as in the authors' code: a point on it has not changed its class."""


def deepfool(
    model: keras.Model,
    images: tf.Tensor,
    classes: tf.Tensor,
    *,
    norm: Norm,
    steps: int,
    overshoot: float,
    candidates: int,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Step towards the nearest linearised boundary until the class changes; all images and classes in one graph.

    Points are cut to the pixel range after each step, which the source does not do. An image that is done leaves the
    batch.

    Args:
        model: a net from pixels on [0, 1] to logits.
        images: shape (n, height, width, channels), pixels on [0, 1].
        classes: the classes to leave, shape (n,).
        norm: norm in which distances are measured; l_inf as in the source's section 3.3.
        steps: steps at most.
        overshoot: share by which the sum of all steps is stretched.
        candidates: classes with the largest logits at the image whose boundaries are looked at, the class itself apart.

    Returns:
        The points reached, shape as the images; whether all gradients at the image were zero, shape (n,); the
        gradients evaluated, one a class and step, shape (n,).
    """
    candidates = min(candidates, model.output_shape[-1] - 1)

    def step(
        number: tf.Tensor, active: tf.Tensor, moves: tf.Tensor, points: tf.Tensor, reached: tf.Tensor, state: Any
    ) -> tuple[Any, ...]:
        blind, taken, rivals = state
        centres, own = tf.gather(images, active), tf.gather(classes, active)
        logits, gaps, slopes = linearise(model, points, own, tf.gather(rivals, active))
        changed = has_changed(own, logits)
        reached = put(reached, active, points, changed)
        goes_on = ~changed
        active, centres = (tf.boolean_mask(part, goes_on) for part in (active, centres))
        move, flat = move_to_nearest(norm, *(tf.boolean_mask(part, goes_on, axis=1) for part in (gaps, slopes)))
        moves = tf.boolean_mask(moves, goes_on) + move
        points = tf.clip_by_value(centres + (1 + overshoot) * moves, 0.0, 1.0)
        blind = tf.cond(number > 0, lambda: blind, lambda: put(blind, active, flat, tf.ones_like(flat)))
        taken = tf.tensor_scatter_nd_add(taken, active[:, None], candidates + tf.ones_like(active))
        return number + 1, active, moves, points, reached, (blind, taken, rivals)

    def pending(number: tf.Tensor, active: tf.Tensor, *_: Any) -> tf.Tensor:
        return (number < steps) & (tf.size(active) > 0)

    everything = tf.range(tf.shape(images)[0])
    rivals = rivals_of(model(images, training=False), classes, candidates)
    state = (tf.zeros_like(everything, tf.bool), tf.zeros_like(everything), rivals)
    first = (tf.constant(0), everything, tf.zeros_like(images), images, images, state)
    some, rows = tf.TensorShape([None, *images.shape[1:]]), tf.TensorShape([None])
    shapes = (tf.TensorShape([]), rows, some, some, some, (rows, rows, tf.TensorShape([None, candidates])))
    _, active, _, points, reached, state = tf.while_loop(pending, step, first, shape_invariants=shapes)
    return tf.tensor_scatter_nd_update(reached, active[:, None], points), state[0], state[1]


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the attack on a net; what is returned runs it with the net's weights of the moment.

    Images are led away from the class that the net predicts; sizes are infinite where it has not changed in the end.
    """
    names = {"norm": "norm", "steps": "steps", "overshoot": "overshoot", "candidates": "classes"}
    options = {name: job.settings[setting] for name, setting in names.items()}

    def attack_batch(searched: keras.Model, clean: Clean) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        found, blind, taken = deepfool(searched, clean.images, clean.classes, **options)
        return found, {"zero_gradient": blind, "gradients": taken}

    return attack_images(model, job, attack_batch, largest=np.inf, minimal=True)


def rivals_of(logits: tf.Tensor, classes: tf.Tensor, candidates: int) -> tf.Tensor:
    """The classes with the largest logits but for the given ones, shape (n, candidates)."""
    own = tf.one_hot(classes, logits.shape[-1], on_value=True, off_value=False, dtype=tf.bool)
    return tf.math.top_k(tf.where(own, logits.dtype.min, logits), candidates).indices


def linearise(
    model: keras.Model, points: tf.Tensor, own: tf.Tensor, rivals: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Logits (n, classes), how far each rival lags behind (candidates, n), and the gradients of minus that."""
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(points)
        logits = model(points, training=False)
        ahead = tf.gather(logits, rivals, axis=1, batch_dims=1) - tf.gather(logits, own, axis=1, batch_dims=1)[:, None]
        each = tf.unstack(ahead, axis=1)
    return logits, -tf.stack(each), tf.stack([tape.gradient(one, points) for one in each])


def move_to_nearest(norm: Norm, gaps: tf.Tensor, slopes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The shortest move to a linearised boundary, shape (n, ...), zero without one; and whether all slopes are zero."""
    steepness = tf.map_fn(lambda slope: length(DUAL[norm], slope), slopes, fn_output_signature=slopes.dtype)
    distances = tf.where(steepness > 0, (tf.abs(gaps) + EXTRA) / steepness, gaps.dtype.max)
    nearest = tf.stack([tf.argmin(distances, axis=0, output_type=tf.int32), tf.range(tf.shape(gaps)[1])], axis=1)
    flat = tf.reduce_all(steepness == 0, axis=0)
    distance = tf.where(flat, tf.zeros_like(flat, gaps.dtype), tf.gather_nd(distances, nearest))
    steepest = tf.gather_nd(slopes, nearest)
    return along(distance, steepest) * steepest_direction(norm, steepest), flat
