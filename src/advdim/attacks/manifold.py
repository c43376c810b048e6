"""The manifold attack: gradient ascent along a sphere, to the first error or the worst (Gilmer et al. 2018, sec. 3)."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from advdim.datasets.spheres import sample_sphere
from advdim.datasets.stored import read_info
from advdim.job import Job
from advdim.models.sphere_logits import Logits, sphere_logits
from advdim.seeds import named_seed


@dataclass(frozen=True)
class Walked:
    """Where walks along a sphere ended, one entry a start.

    Attributes:
        points: the points reached, shape (n, d).
        found: whether they are in error, shape (n,).
        steps: number of steps taken, shape (n,).
        logits: the net's output there, shape (n,); positive means the outer sphere.
    """

    points: tf.Tensor
    found: tf.Tensor
    steps: tf.Tensor
    logits: tf.Tensor


def draw_starts(count: int, dimension: int, seed: int) -> np.ndarray:
    """Directions of the attack's starts, shape (count, d): whoever asks with the same seed gets the same ones."""
    return sample_sphere(count, dimension, named_seed(seed, "attack", "manifold", "starts"))


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the attack on a net; what is returned runs it with the net's weights of the moment.

    The table has one row a sphere and start: the `radius` of the sphere, `start`, whether an error was `found`, its
    chord `distance` from the start (in units of the inner radius; that of the last point where none was found), the
    `attack_steps` that it took, and the `logit` there.
    """
    settings, info = job.settings, read_info(job.inputs["dataset"])
    starts = draw_starts(settings["starts"], info["dimension"], job.seed)
    radii = np.repeat(np.float32(settings["radii"]), len(starts))
    points = np.tile(starts, (len(settings["radii"]), 1)) * radii[:, None]
    outer = radii > (1 + info["outer_radius"]) / 2

    @tf.function(autograph=False, jit_compile=True)  # type: ignore[untyped-decorator]
    def attack() -> dict[str, tf.Tensor]:
        walked = walk_on_sphere(
            model,
            tf.constant(points),
            tf.constant(outer),
            steps=settings["steps"],
            step_size=settings["step_size"],
            stop_at_errors=settings["aim"] == "nearest",
        )
        return vars(walked)

    def run() -> pd.DataFrame:
        walked = {name: tensor.numpy() for name, tensor in attack().items()}
        return pd.DataFrame(
            {
                "radius": radii.astype(np.float64).round(6),
                "start": np.tile(np.arange(len(starts)), len(settings["radii"])),
                "found": walked["found"],
                "distance": np.linalg.norm(walked["points"].astype(np.float64) - points, axis=1),
                "attack_steps": walked["steps"],
                "logit": walked["logits"],
            }
        )

    return run


def logits_and_gradient(logits_of: Logits, points: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The logits at some points, shape (n,), and their gradients with respect to the points, shape (n, d)."""
    with tf.GradientTape() as tape:
        tape.watch(points)
        logits = logits_of(points)
    return logits, tape.gradient(logits, points)


def walk_on_sphere(
    model: keras.Model,
    starts: tf.Tensor,
    outer: tf.Tensor,
    *,
    steps: int,
    step_size: float,
    stop_at_errors: bool = True,
) -> Walked:
    """Walk from each start along its sphere about the origin, towards the wrong answer.

    A step has a fixed length along the sphere, in the direction of the gradient of the logit without its radial part,
    and is followed by the projection on the sphere. The source fixes number and size of the steps and leaves open
    whether the gradient is normalised. It is here, since raw gradients of a saturated net have no length to speak of;
    and without its radial part, which takes most of the gradient of a net that tells radii apart, and which the
    projection would undo.

    Args:
        model: a net from (n, d) to (n, 1) logits, positive for the outer sphere.
        starts: points, shape (n, d).
        outer: whether a start counts as outer, shape (n,): the walk goes down the logit then, else up.
        steps: steps at most.
        step_size: length of a step, in units of the inner radius.
        stop_at_errors: whether a walk ends at its first error; otherwise it goes on to the last step.

    Returns:
        Where each walk ended.
    """
    logits_of = sphere_logits(model)
    radii = tf.norm(starts, axis=1, keepdims=True)
    uphill = tf.where(outer, -1.0, 1.0)[:, None]

    def error(logits: tf.Tensor) -> tf.Tensor:
        return (logits > 0) != outer

    def walk(number: tf.Tensor, points: tf.Tensor, logits: tf.Tensor, *rest: tf.Tensor) -> tuple[tf.Tensor, ...]:
        gradient, taken = rest
        outward = points / radii
        along = gradient - outward * tf.reduce_sum(gradient * outward, axis=1, keepdims=True)
        moved = points + step_size * uphill * tf.math.l2_normalize(along, axis=1)
        moved = radii * tf.math.l2_normalize(moved, axis=1)
        ended = error(logits) & stop_at_errors
        points = tf.where(ended[:, None], points, moved)
        return number + 1, points, *logits_and_gradient(logits_of, points), taken + tf.cast(~ended, tf.int32)

    def goes_on(number: tf.Tensor, _: tf.Tensor, logits: tf.Tensor, *__: tf.Tensor) -> tf.Tensor:
        return (number < steps) & ~(tf.reduce_all(error(logits)) & stop_at_errors)

    first = (tf.constant(0), starts, *logits_and_gradient(logits_of, starts), tf.zeros(tf.shape(starts)[0], tf.int32))
    _, points, logits, _, taken = tf.while_loop(goes_on, walk, first)
    return Walked(points, error(logits), taken, logits)
