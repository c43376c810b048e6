"""Where batches come from: each is a function of the step alone, so that a resumed run sees the same ones.

What depends on the seed stands in the feed, so that a compiled graph serves every seed.
"""

import functools
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from advdim.datasets.spheres import between_spheres, finite_set, labels_of_points, points_on_sphere
from advdim.datasets.stored import read_images, read_info
from advdim.errors import AdvdimError
from advdim.seeds import named_seed
from advdim.training.augmentation import augment
from advdim.training.validation import Images, split

IN_MEMORY_BYTES = 2**31
"""Largest set of images that is held in memory; of a larger one each batch is read from disk, by the page cache."""


class Source(Protocol):
    """Batches by step.

    What a stretch of steps needs from outside the graph is made by `feed`; `batch` turns one row of it into a batch
    inside the graph.
    """

    def feed(self, start: int, stop: int) -> tf.Tensor:
        """One row for each step from `start` up to, and without, `stop`."""

    def batch(self, row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Inputs and labels of the step whose row this is."""


class OnlineSpheres:
    """Fresh points in every step, inner and outer ones in turn (Gilmer et al. 2018, sec. 3)."""

    def __init__(self, dimension: int, outer_radius: float, batch: int, seed: int) -> None:
        self._dimension = dimension
        self._outer_radius = outer_radius
        self._batch = batch
        self._seed = named_seed(seed, "training", "online points")

    def feed(self, start: int, stop: int) -> tf.Tensor:
        """The number of each step's first point, and the seed."""
        numbers = tf.range(start, stop, dtype=tf.int64) * self._batch
        return tf.stack(
            [numbers, *(tf.fill(numbers.shape, tf.constant(part, tf.int64)) for part in self._seed)], axis=1
        )

    def batch(self, row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The points from this number on."""
        labels = labels_of_points(row[0], self._batch)
        directions = points_on_sphere(row[0], self._batch, self._dimension, row[1:])
        return between_spheres(directions, labels, self._outer_radius), labels


class FiniteSet:
    """A finite set in a new random order every epoch; a remainder smaller than a batch waits for the next order.

    Args:
        inputs: shape (n, ...), images of 8 bits or points.
        labels: shape (n,).
        batch: examples a batch.
        seed: root seed of the orders.
        rows: the rows that take part; None for all.
    """

    def __init__(
        self,
        inputs: NDArray[np.generic],
        labels: NDArray[np.int64],
        batch: int,
        seed: int,
        rows: NDArray[np.int64] | None = None,
    ) -> None:
        self._inputs = inputs
        self._in_memory = inputs.nbytes <= IN_MEMORY_BYTES
        self._labels = tf.constant(labels)
        self._rows = np.arange(len(labels)) if rows is None else rows
        self._batch = min(batch, len(self._rows))
        self._seed = seed

    def feed(self, start: int, stop: int) -> tf.Tensor:
        """The indices of each step's examples, shape (steps, batch)."""
        per_epoch = len(self._rows) // self._batch
        epochs = range(start // per_epoch, (stop - 1) // per_epoch + 1)
        rows = np.concatenate([self._epoch(epoch, per_epoch) for epoch in epochs])
        first = start - epochs[0] * per_epoch
        return tf.constant(rows[first : first + stop - start], tf.int32)

    def batch(self, row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The examples with these indices; images become pixels on [0, 1]."""
        inputs = tf.gather(self._held, row) if self._in_memory else self._read(row)
        if inputs.dtype == tf.uint8:
            inputs = tf.cast(inputs, tf.float32) / 255
        return inputs, tf.gather(self._labels, row)

    @functools.cached_property
    def _held(self) -> tf.Tensor:
        """The inputs in memory, made when a graph is traced: one that was traced for another seed has its own."""
        with tf.init_scope():
            return tf.constant(np.asarray(self._inputs))

    def _read(self, row: tf.Tensor) -> tf.Tensor:
        """The one call of Python in a step: these images would not fit into memory together."""
        inputs = tf.numpy_function(lambda chosen: self._inputs[chosen], [row], self._inputs.dtype, stateful=False)
        return tf.ensure_shape(inputs, (self._batch, *self._inputs.shape[1:]))

    def _epoch(self, epoch: int, per_epoch: int) -> NDArray[np.int64]:
        seed = named_seed(self._seed, "training", "order", epoch)
        order = np.random.Generator(np.random.Philox(list(seed))).permutation(self._rows)
        return order[: per_epoch * self._batch].reshape(per_epoch, self._batch)


class Augmented:
    """Another source's images, changed at random in each step."""

    def __init__(self, source: Source, seed: int, *, flip: bool, shift: int) -> None:
        self._source = source
        self._seed = named_seed(seed, "training", "augmentation")
        self._flip, self._shift = flip, shift

    def feed(self, start: int, stop: int) -> tf.Tensor:
        """The seed of each step's changes, and the row of the other source."""
        steps = tf.range(start, stop)
        seeds = tf.stack([tf.fill(steps.shape, self._seed[0]), self._seed[1] ^ steps], axis=1)
        return tf.concat([seeds, self._source.feed(start, stop)], axis=1)

    def batch(self, row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The images, changed by draws that depend on the step alone."""
        images, labels = self._source.batch(row[2:])
        return augment(images, row[:2], flip=self._flip, shift=self._shift), labels


def open_source(dataset: Path, settings: dict[str, Any], seed: int) -> tuple[Source, Images | None]:
    """Open the training part of a dataset.

    Args:
        dataset: folder of the dataset.
        settings: `batch`, and of images `augmentation` and `validation_share`.
        seed: root seed of the order, of what is kept apart and of the changes; or of the points that are drawn online.

    Returns:
        Its batches by step, and what is kept apart for validation.

    Raises:
        AdvdimError: images are too small for the shifts.
    """
    info, batch = read_info(dataset), settings["batch"]
    if info.get("kind") == "spheres":
        if info["points"] is None:
            return OnlineSpheres(info["dimension"], info["outer_radius"], batch, seed), None
        points, labels = finite_set(info["points"], info["dimension"], info["outer_radius"], info["seed"])
        return FiniteSet(points, labels, batch, seed), None
    rows, apart = split(dataset, settings["validation_share"], seed)
    images = FiniteSet(*read_images(dataset, "train"), batch, seed, rows)
    changes = settings["augmentation"]
    if not changes:
        return images, apart
    if changes["shift"] >= min(info["shape"][:2]):
        raise AdvdimError(
            f"images are {info['shape'][1]} pixels wide; expected more than the augmentation's shift {changes['shift']}"
        )
    return Augmented(images, seed, **changes), apart
