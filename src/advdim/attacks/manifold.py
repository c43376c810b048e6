"""The manifold attack: gradient ascent along the sphere until the first error (Gilmer et al. 2018, sec. 3)."""

from collections.abc import Callable

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from advdim.datasets.spheres import sample_sphere
from advdim.datasets.stored import read_info
from advdim.job import Job
from advdim.seeds import named_seed


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the attack on a net; what is returned runs it with the net's weights of the moment.

    The table has one row a start: `start`, whether an error was `found`, its chord `distance` from the start (in units
    of the inner radius; that of the last point where none was found), and the `attack_steps` that it took.
    """
    dimension = read_info(job.inputs["dataset"])["dimension"]
    starts = sample_sphere(job.settings["starts"], dimension, named_seed(job.seed, "attack", "manifold", "starts"))

    @tf.function(jit_compile=True)  # type: ignore[untyped-decorator]
    def attack(points: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return nearest_error_on_sphere(model, points, job.settings["steps"], job.settings["step_size"])

    def run() -> pd.DataFrame:
        reached, found, steps = (tensor.numpy() for tensor in attack(tf.constant(starts)))
        distance = np.linalg.norm(reached.astype(np.float64) - starts, axis=1)
        return pd.DataFrame(
            {"start": np.arange(len(starts)), "found": found, "distance": distance, "attack_steps": steps}
        )

    return run


def nearest_error_on_sphere(
    model: keras.Model, starts: tf.Tensor, steps: int, step_size: float
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Walk from each start along the unit sphere, up the logit of the outer sphere, to the first point in error.

    A step has a fixed length along the gradient and is followed by the projection on the sphere. The source fixes
    number and size of the steps and leaves open whether the gradient is normalised; it is here, since raw gradients
    of a saturated net have no length to speak of.

    Args:
        model: a net from (n, d) to (n, 1) logits, positive for the outer sphere.
        starts: points of the unit sphere, shape (n, d).
        steps: steps at most.
        step_size: length of a step, in units of the radius.

    Returns:
        The points reached, shape (n, d): the first error, or the last point; whether it is an error, shape (n,); the
        number of steps taken, shape (n,).
    """

    def is_error(points: tf.Tensor) -> tf.Tensor:
        return model(points, training=False)[:, 0] > 0

    def walk(number: tf.Tensor, points: tf.Tensor, found: tf.Tensor, taken: tf.Tensor) -> tuple[tf.Tensor, ...]:
        with tf.GradientTape() as tape:
            tape.watch(points)
            logits = model(points, training=False)
        gradient = tf.math.l2_normalize(tape.gradient(logits, points), axis=1)
        moved = tf.math.l2_normalize(points + step_size * gradient, axis=1)
        points = tf.where(found[:, None], points, moved)
        taken += tf.cast(~found, tf.int32)
        return number + 1, points, is_error(points), taken

    def goes_on(number: tf.Tensor, _: tf.Tensor, found: tf.Tensor, __: tf.Tensor) -> tf.Tensor:
        return (number < steps) & ~tf.reduce_all(found)

    first = (tf.constant(0), starts, is_error(starts), tf.zeros(tf.shape(starts)[0], tf.int32))
    _, points, found, taken = tf.while_loop(goes_on, walk, first)
    return points, found, taken
