"""Adam on mini-batches: the whole loop inside a compiled graph, resumable to the bit."""

import shutil
import time
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from advdim.artefacts.tables import write_table
from advdim.device import configure_tensorflow
from advdim.job import Job
from advdim.models.loss import cross_entropy
from advdim.models.network import build, save_architecture, save_weights
from advdim.training.adam import Adam
from advdim.training.checkpoint import restore_checkpoint, save_checkpoint
from advdim.training.sources import Source, open_source

HISTORY_ROWS = 50
LONGEST_STRETCH = 500
"""Steps in the graph at a time: short enough that progress is shown and checkpoints are on time."""


class Trainer:
    """A net, its optimiser and its batches, advanced by stretches of steps.

    Where a stretch ends has no effect on the weights: each step is a function of the state and its number.
    """

    def __init__(self, model: keras.Model, source: Source, learning_rate: float) -> None:
        self._model = model
        self._source = source
        self._adam = Adam(model.trainable_variables, learning_rate)
        self._stretch = tf.function(self._run_stretch)

    @property
    def variables(self) -> list[keras.Variable | tf.Variable]:
        """All that a resumed run must start from."""
        return [*self._model.variables, *self._adam.variables]

    def advance(self, start: int, stop: int) -> float:
        """Take the steps from `start` up to, and without, `stop`; returns their mean loss in nats."""
        feed = self._source.feed(start, stop)
        missing = LONGEST_STRETCH - (stop - start)
        if missing:  # one shape for every stretch, so that the graph is compiled once
            feed = tf.concat([feed, tf.repeat(feed[-1:], missing, axis=0)], axis=0)
        return float(self._stretch(feed, tf.constant(stop - start)))

    def _run_stretch(self, feed: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:

        def step(number: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return number + 1, total + self._step(feed[number])

        _, total = tf.while_loop(lambda number, _: number < steps, step, [tf.constant(0), tf.constant(0.0)])
        return total / tf.cast(steps, tf.float32)

    def _step(self, row: tf.Tensor) -> tf.Tensor:
        inputs, labels = self._source.batch(row)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(cross_entropy(labels, self._model(inputs, training=True)))
        self._adam.apply(tape.gradient(loss, [weight.value for weight in self._model.trainable_variables]))
        return loss


def train(job: Job) -> None:
    """Train the net of a job, keeping the weights of the steps that its settings name."""
    configure_tensorflow(job.execution)
    settings, model_settings = job.settings["training"], job.settings["model"]
    model = build(model_settings, job.inputs["dataset"], job.seed)
    source = open_source(job.inputs["dataset"], settings["batch"], job.seed)
    trainer = Trainer(model, source, settings["learning_rate"])
    history = _run(trainer, model, settings, job)
    for path in sorted(job.checkpoint.glob("step-*.weights.h5")):
        shutil.copyfile(path, job.output / path.name)  # no move: the checkpoint must stay whole until the end
    save_architecture(model, job.output)
    write_table(history, job.output / "history.parquet")


def _run(trainer: Trainer, model: keras.Model, settings: dict[str, Any], job: Job) -> pd.DataFrame:
    kept = {*settings["snapshots"], settings["steps"]}
    ends = _stretch_ends(settings["steps"], kept)
    step, losses = restore_checkpoint(job.checkpoint, trainer.variables)
    progress = job.progress("step", settings["steps"])
    saved = time.monotonic()
    if step == 0 and 0 in kept:
        save_weights(model, job.checkpoint, 0)
    for end in ends:
        if end <= step:
            continue
        losses.append((end, trainer.advance(step, end)))
        step = end
        progress.at(step)
        if step in kept:
            save_weights(model, job.checkpoint, step)
        if time.monotonic() - saved > job.checkpoint_seconds:
            save_checkpoint(job.checkpoint, trainer.variables, step, losses)
            saved = time.monotonic()
    return pd.DataFrame(losses, columns=["step", "loss"])


def _stretch_ends(steps: int, kept: set[int]) -> list[int]:
    """Ends of the stretches: the rows of the history, and every step whose weights are kept."""
    length = min(max(steps // HISTORY_ROWS, 1), LONGEST_STRETCH)
    regular = np.arange(length, steps + length, length).clip(max=steps)
    return sorted({int(end) for end in regular} | (kept - {0}))
