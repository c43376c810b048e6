"""The course of the learning rate, as a share of the rate that the settings name."""

import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf


def share_of_rate(schedule: Mapping[str, Any], step: tf.Tensor, steps: int) -> tf.Tensor:
    """Share of the learning rate that a step takes, inside a graph.

    Args:
        schedule: settings of the schedule, by their `kind`.
        step: number of the step from 0, a whole number.
        steps: number of all steps.

    Returns:
        A number on [0, 1], float32.
    """
    if schedule["kind"] == "steps":
        passed = tf.reduce_sum(tf.cast(step >= tf.constant(schedule["at"], step.dtype), tf.float32))
        return tf.pow(tf.constant(schedule["factor"], tf.float32), passed)
    if schedule["kind"] == "cosine":
        return (1 + tf.cos(tf.cast(step, tf.float32) * (math.pi / steps))) / 2
    return tf.constant(1.0)
