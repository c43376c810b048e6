"""Batches are functions of the step: every example once an epoch, half of the points on each sphere."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from advdim.training import sources
from advdim.training.sources import FiniteSet, OnlineSpheres


@pytest.mark.parametrize("batch", [4, 5, 20, 50])
def test_a_finite_set_visits_every_example_once_an_epoch_in_changing_order(batch: int) -> None:
    source = FiniteSet(np.arange(20.0)[:, None], np.arange(20), batch, seed=0)
    batch = min(batch, 20)
    per_epoch = 20 // batch
    epochs = [source.feed(n * per_epoch, (n + 1) * per_epoch).numpy() for n in range(3)]
    for epoch in epochs:
        assert epoch.shape == (per_epoch, batch)
        assert sorted(epoch.ravel()) == list(range(20))
    assert not np.array_equal(epochs[0], epochs[1])
    assert not np.array_equal(epochs[1], epochs[2])


def test_a_remainder_smaller_than_a_batch_waits_and_repeats_nothing_in_its_epoch() -> None:
    source = FiniteSet(np.zeros((20, 1)), np.arange(20), 6, seed=0)
    epoch = source.feed(3, 6).numpy()
    assert epoch.shape == (3, 6)
    assert len(set(epoch.ravel())) == 18


def test_batches_are_functions_of_the_step_alone() -> None:
    finite = FiniteSet(np.arange(20.0)[:, None], np.arange(20), 6, seed=3)
    whole = finite.feed(0, 11).numpy()
    assert np.array_equal(np.concatenate([finite.feed(n, n + 1).numpy() for n in range(11)]), whole)
    assert np.array_equal(np.concatenate([finite.feed(0, 4).numpy(), finite.feed(4, 11).numpy()]), whole)
    online, other = (OnlineSpheres(5, 1.3, 10, seed) for seed in (3, 4))
    row, later = online.feed(7, 9)
    assert np.array_equal(online.batch(row)[0], online.batch(row)[0])
    assert not np.isin(online.batch(row)[0], online.batch(later)[0]).any()
    assert not np.isin(online.batch(row)[0], other.batch(other.feed(7, 8)[0])[0]).any()


def test_images_become_pixels_on_0_1_with_their_labels() -> None:
    images = np.array([0, 51, 255], np.uint8).reshape(3, 1, 1, 1)
    inputs, labels = FiniteSet(images, np.array([5, 6, 7]), 3, seed=0).batch(np.array([2, 0, 1], np.int32))
    assert inputs.numpy().ravel() == pytest.approx([1, 0, 0.2])
    assert labels.numpy().tolist() == [7, 5, 6]


def test_a_set_larger_than_memory_gives_the_same_batches_from_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "images.npy", np.arange(7 * 4 * 4 * 3, dtype=np.uint8).reshape(7, 4, 4, 3))
    images, labels = np.load(tmp_path / "images.npy", mmap_mode="r"), np.arange(7)
    in_memory = FiniteSet(images, labels, 3, seed=1)
    monkeypatch.setattr(sources, "IN_MEMORY_BYTES", 0)
    on_disk = FiniteSet(images, labels, 3, seed=1)
    compiled = tf.function(on_disk.batch)
    for row in in_memory.feed(0, 4):
        expected, found = tf.function(in_memory.batch)(row), compiled(row)
        assert np.array_equal(expected[0], found[0])
        assert np.array_equal(expected[1], found[1])
        assert found[0].shape == (3, 4, 4, 3)


def test_online_batches_lie_half_on_each_sphere_with_their_labels() -> None:
    source = OnlineSpheres(5, 1.3, 10, seed=0)
    inputs, labels = source.batch(source.feed(3, 4)[0])
    assert labels.numpy().tolist() == [0, 1] * 5
    assert np.linalg.norm(inputs, axis=1) == pytest.approx([1.0, 1.3] * 5, rel=1e-6)


def test_the_points_that_are_drawn_online_do_not_depend_on_the_size_of_the_batches() -> None:
    small, large = (OnlineSpheres(5, 1.3, batch, seed=2) for batch in (7, 21))
    (row,) = large.feed(4, 5)
    parts = [small.batch(row) for row in small.feed(12, 15)]
    for found, expected in zip(zip(*parts, strict=True), large.batch(row), strict=True):
        assert np.array_equal(np.concatenate(found), expected)
