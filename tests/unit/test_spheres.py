"""Points on spheres: numbered, uniform, the same whatever the batch."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from advdim.datasets import spheres
from advdim.datasets.spheres import finite_set, points_on_sphere, sample_sphere


@pytest.mark.parametrize("dimension", [2, 4, 5, 501])
def test_a_point_depends_on_its_number_and_the_seed_alone(dimension: int) -> None:
    whole = points_on_sphere(0, 40, dimension, (3, 4)).numpy()
    compiled = tf.function(lambda first: points_on_sphere(first, 8, dimension, (3, 4)))
    parts = [compiled(tf.constant(first, tf.int64)).numpy() for first in range(0, 40, 8)]
    assert np.array_equal(np.concatenate(parts), whole)
    for seed in ((3, 5), (4, 4)):
        assert np.abs(points_on_sphere(0, 40, dimension, seed).numpy() - whole).max(axis=1).min() > 1e-3


def test_a_sample_of_any_size_begins_with_the_same_points(monkeypatch: pytest.MonkeyPatch) -> None:
    few = sample_sphere(30, 7, (0, 1))
    monkeypatch.setattr(spheres, "CHUNK", 11)
    assert np.array_equal(sample_sphere(100, 7, (0, 1))[:30], few)


def test_numbers_far_beyond_32_bits_give_new_points() -> None:
    late = points_on_sphere(2**40, 10, 500, (0, 1)).numpy()
    assert np.abs(late @ points_on_sphere(0, 10, 500, (0, 1)).numpy().T).max() < 0.3
    assert np.linalg.norm(late, axis=1) == pytest.approx(np.ones(10), rel=1e-6)


@pytest.mark.parametrize("dimension", [2, 3, 10])
def test_points_are_uniform_on_the_sphere(dimension: int) -> None:
    points = sample_sphere(50_000, dimension, (5, 6)).astype(np.float64)
    assert np.linalg.norm(points, axis=1) == pytest.approx(np.ones(len(points)), rel=1e-6)
    law = stats.beta((dimension - 1) / 2, (dimension - 1) / 2, loc=-1, scale=2)  # of each coordinate
    for coordinate in points.T:
        assert stats.kstest(coordinate, law.cdf).pvalue > 1e-4
    assert np.abs(np.cov(points.T) * dimension - np.eye(dimension)).max() < 0.05


def test_a_finite_set_takes_the_spheres_in_turn() -> None:
    points, labels = finite_set(7, 6, 1.3, seed=0)
    assert labels.tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert np.linalg.norm(points, axis=1) == pytest.approx(np.where(labels == 1, 1.3, 1.0), rel=1e-6)
    assert np.array_equal(finite_set(3, 6, 1.3, seed=0)[0], points[:3])
