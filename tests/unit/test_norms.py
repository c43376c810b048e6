"""Norms of images against NumPy's, and what follows from them."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from advdim.norms import DUAL, length, project, radius_of, steepest_direction

ORDERS = {"l1": 1, "l2": 2, "linf": np.inf}


images = np.random.default_rng(0).normal(size=(5, 4, 3, 2))


@pytest.mark.parametrize("norm", list(ORDERS))
@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e25])
def test_lengths_are_numpys_also_of_tiny_and_huge_images(norm: Any, scale: float) -> None:
    expected = np.linalg.norm(images.reshape(5, -1), ord=ORDERS[norm], axis=1) * scale
    assert length(norm, tf.constant(images * scale, tf.float32)).numpy() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("norm", list(ORDERS))
def test_an_image_of_zeros_has_length_and_derivative_zero(norm: Any) -> None:
    zeros = tf.zeros((2, 3, 3, 1))
    with tf.GradientTape() as tape:
        tape.watch(zeros)
        lengths = length(norm, zeros)
    assert not lengths.numpy().any()
    assert not tape.gradient(lengths, zeros).numpy().any()


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_the_steepest_direction_has_length_one_and_gains_the_dual_norm(norm: Any) -> None:
    gradient = tf.constant(images)
    direction = steepest_direction(norm, gradient)
    assert length(norm, direction).numpy() == pytest.approx(np.ones(5))
    gain = tf.reduce_sum(direction * gradient, axis=[1, 2, 3]).numpy()
    assert gain == pytest.approx(length(DUAL[norm], gradient).numpy())
    assert not steepest_direction(norm, tf.zeros((1, 2, 2, 1))).numpy().any()


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_projections_lie_in_ball_and_pixel_range_and_leave_what_does(norm: Any) -> None:
    centre = tf.constant(np.random.default_rng(1).uniform(size=images.shape))
    projected = project(norm, centre, centre + images, 0.5)
    assert (length(norm, projected - centre).numpy() <= 0.5 + 1e-12).all()
    assert projected.numpy().min() >= 0
    assert projected.numpy().max() <= 1
    assert project(norm, centre, projected, 0.5).numpy() == pytest.approx(projected.numpy())
    assert project(norm, centre, centre, 0.0).numpy() == pytest.approx(centre.numpy())


def test_radii_grow_with_the_dimension_as_their_norm_says() -> None:
    assert [radius_of(norm, 0.01, 100) for norm in ("l1", "l2", "linf")] == pytest.approx([1.0, 0.1, 0.01])
