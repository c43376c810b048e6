"""A net in training: stretches of steps inside one compiled graph, on one device or shared by several."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from advdim.training.adam import Adam
from advdim.training.objective import Objective
from advdim.training.schedules import share_of_rate
from advdim.training.sources import Source

LONGEST_STRETCH = 500
"""Steps in the graph at a time: short enough that progress is shown and checkpoints are on time."""
CONSTANT = {"kind": "constant"}


class Trainer:
    """A net, its objective, its optimiser and its batches, advanced by stretches of steps.

    Where a stretch ends has no effect on the weights: each step is a function of the state and its number.

    Args:
        model: a net, built in the scope of the strategy where there are several replicas.
        source: its batches.
        objective: what is minimised.
        learning_rate: size of Adam's steps.
        schedule: settings of the course of the learning rate.
        steps: number of all steps, for the schedule.
        seed: seed of what an objective draws, two integers.
        xla: whether the graph is compiled by XLA.

    Attributes:
        model: the net, with its weights of the moment.
    """

    def __init__(
        self,
        model: keras.Model,
        source: Source,
        objective: Objective,
        learning_rate: float,
        *,
        schedule: Mapping[str, Any] = CONSTANT,
        steps: int = 1,
        seed: tuple[int, int] = (0, 0),
        xla: bool = False,
    ) -> None:
        self.model = model
        self._source, self._objective = source, objective
        self._learning_rate, self._schedule, self._steps, self._seed = learning_rate, schedule, steps, seed
        self._strategy = tf.distribute.get_strategy()
        self._adam = Adam(model.trainable_variables, learning_rate)
        # Loops are written as such: reading the source text for others would take a third of the time of tracing.
        self._stretch = tf.function(self._run_stretch, autograph=False, jit_compile=xla or None)

    @property
    def variables(self) -> list[keras.Variable | tf.Variable]:
        """All that a resumed run must start from."""
        return [*self.model.variables, *self._adam.variables]

    def restart(self, weights: list[NDArray[np.float32]], source: Source, seed: tuple[int, int]) -> None:
        """Start anew as the net of another seed: what was compiled serves again.

        Args:
            weights: its weights, as `keras.Model.get_weights` gives them.
            source: its batches, of the same dataset and settings.
            seed: seed of what its objective draws.
        """
        self.model.set_weights(weights)
        for state in self._adam.variables:
            state.assign(tf.zeros_like(state))
        self._source, self._seed = source, seed

    def learning_rate(self, step: int) -> float:
        """The learning rate of a step."""
        return self._learning_rate * float(share_of_rate(self._schedule, tf.constant(step), self._steps))

    def advance(self, start: int, stop: int) -> tuple[float, float]:
        """Take the steps from `start` up to, and without, `stop`.

        Returns:
            The mean over the steps of the loss, in nats, and of what is minimised.
        """
        feed = self._source.feed(start, stop)
        rest = [[0, 0]] * (feed.shape.rank - 1)
        # One shape for every stretch, so that the graph is compiled once.
        feed = tf.pad(feed, [[0, LONGEST_STRETCH - (stop - start)], *rest])
        loss, objective = self._stretch(
            feed, tf.constant(self._seed), tf.constant(start), tf.constant(stop - start)
        ).numpy()
        return float(loss), float(objective)

    def _run_stretch(self, feed: tf.Tensor, seed: tf.Tensor, start: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:

        def step(number: tf.Tensor, totals: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            parts = self._strategy.run(self._step, (feed[number], seed, start + number))
            return number + 1, totals + self._strategy.reduce(tf.distribute.ReduceOp.SUM, parts, axis=None)

        _, totals = tf.while_loop(lambda number, _: number < steps, step, [tf.constant(0), tf.zeros(2)])
        return totals / tf.cast(steps, tf.float32)

    def _step(self, row: tf.Tensor, seed: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        """Take one step on this replica's part of a batch; gives its part of the mean loss and objective."""
        replicas = tf.distribute.get_replica_context()
        count, part = replicas.num_replicas_in_sync, replicas.replica_id_in_sync_group
        inputs, labels = self._source.batch(row)
        whole, mine = inputs.shape, (lambda batch: batch[part::count]) if count > 1 else tf.identity

        def noise() -> tf.Tensor:
            return mine(tf.random.stateless_uniform(whole, tf.stack([seed[0], seed[1] ^ number]), -1, 1, inputs.dtype))

        with tf.GradientTape() as tape:
            terms, losses = self._objective(mine(inputs), mine(labels), noise)
            objective = tf.reduce_mean(terms) / count
        gradients = tape.gradient(objective, [weight.value for weight in self.model.trainable_variables])
        if count > 1:
            gradients = replicas.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        self._adam.apply(gradients, share_of_rate(self._schedule, number, self._steps))
        return tf.stack([tf.reduce_mean(losses) / count, objective])
