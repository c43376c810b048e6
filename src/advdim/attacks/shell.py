"""The attack between the spheres: from the inner one to the nearest point that is called outer (Gilmer et al. 2018)."""

from collections.abc import Callable

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from advdim.attacks.manifold import draw_starts, logits_and_gradient
from advdim.datasets.stored import read_info
from advdim.job import Job
from advdim.models.sphere_logits import sphere_logits


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Compile the attack on a net; what is returned runs it with the net's weights of the moment.

    The table has one row a start: `start`, whether a point called outer was `found`, its `distance` from the start and
    its `norm` (in units of the inner radius; those of the last point where none was found), and the `attack_steps`.
    """
    settings, info = job.settings, read_info(job.inputs["dataset"])
    starts = draw_starts(settings["starts"], info["dimension"], job.seed)

    @tf.function(autograph=False, jit_compile=True)  # type: ignore[untyped-decorator]
    def attack() -> tuple[tf.Tensor, ...]:
        return nearest_called_outer(
            model,
            tf.constant(starts),
            info["outer_radius"],
            steps=settings["steps"],
            step_size=settings["step_size"],
        )

    def run() -> pd.DataFrame:
        reached, found, steps = (tensor.numpy() for tensor in attack())
        reached = reached.astype(np.float64)
        return pd.DataFrame(
            {
                "start": np.arange(len(starts)),
                "found": found,
                "distance": np.linalg.norm(reached - starts, axis=1),
                "norm": np.linalg.norm(reached, axis=1),
                "attack_steps": steps,
            }
        )

    return run


def nearest_called_outer(
    model: keras.Model, starts: tf.Tensor, outer_radius: float, *, steps: int, step_size: float
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Walk from each start up the logit, inside the shell between the spheres, to the first point called outer.

    The ball around the start grows by `step_size` at each step, and the walk stands where the logit seems largest in
    it: at the ball's edge, in the direction of the gradient at the last place. So it reaches the boundary near the
    point that is nearest to the start, where the gradient points away from the start. The source does not describe its
    search.

    Args:
        model: a net from (n, d) to (n, 1) logits, positive for the outer sphere.
        starts: points of the inner sphere, of radius 1, shape (n, d).
        outer_radius: radius R of the outer sphere.
        steps: steps at most.
        step_size: growth of the ball in a step, in units of the inner radius.

    Returns:
        The points reached, shape (n, d); whether they are called outer, shape (n,); the number of steps, shape (n,).
    """
    logits_of = sphere_logits(model)

    def walk(number: tf.Tensor, points: tf.Tensor, logits: tf.Tensor, *rest: tf.Tensor) -> tuple[tf.Tensor, ...]:
        gradient, taken = rest
        length = step_size * tf.cast(number + 1, tf.float32)
        moved = _into_shell(starts + length * tf.math.l2_normalize(gradient, axis=1), outer_radius)
        points = tf.where(logits[:, None] > 0, points, moved)
        return number + 1, points, *logits_and_gradient(logits_of, points), taken + tf.cast(logits <= 0, tf.int32)

    def goes_on(number: tf.Tensor, _: tf.Tensor, logits: tf.Tensor, *__: tf.Tensor) -> tf.Tensor:
        return (number < steps) & ~tf.reduce_all(logits > 0)

    first = (tf.constant(0), starts, *logits_and_gradient(logits_of, starts), tf.zeros(tf.shape(starts)[0], tf.int32))
    _, points, logits, _, taken = tf.while_loop(goes_on, walk, first)
    return points, logits > 0, taken


def _into_shell(points: tf.Tensor, outer_radius: float) -> tf.Tensor:
    norms = tf.norm(points, axis=1, keepdims=True)
    return points * (tf.clip_by_value(norms, 1.0, outer_radius) / norms)
