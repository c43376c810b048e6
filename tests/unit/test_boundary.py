"""Walks along boundaries: small perturbations on planes, linear and curved boundaries, and what the walk promises."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from advdim.attacks.boundary import LEAD, RIVALS, Walk, walk, walk_from_starts
from advdim.attacks.planes import dot, smallest_on_plane
from advdim.models.loss import predict
from advdim.norms import DUAL, Norm, length
from tests.unit.linear_images import SHAPE, linear_net

NORMS = ["linf", "l2"]


def pixels(count: int, low: float = 0.3, high: float = 0.7) -> tf.Tensor:
    return tf.constant(np.random.default_rng(3).uniform(low, high, (count, *SHAPE)), tf.float32)


def exact(net: keras.Model, images: tf.Tensor, norm: str) -> NDArray[np.float64]:
    """Distance to each rival's boundary, |margin| / ||w||_q, the nearest; shape (n,)."""
    weights, bias = (part.astype(np.float64) for part in net.get_weights())
    logits = images.numpy().reshape(len(images), -1).astype(np.float64) @ weights + bias
    own = logits.argmax(axis=1)
    lags = logits[np.arange(len(own)), own][:, None] - logits
    slopes = np.linalg.norm(weights[:, own].T[:, :, None] - weights[None], ord={"linf": 1, "l2": 2}[norm], axis=1)
    return np.where(slopes > 0, lags / np.where(slopes > 0, slopes, 1), np.inf).min(axis=1)


def level_of(slope: tf.Tensor, norm: Norm, size: float) -> tf.Tensor:
    """The level of the plane at a distance from the origin."""
    return size * length(DUAL[norm], slope)


@pytest.mark.parametrize("norm", NORMS)
def test_the_smallest_move_to_a_plane_is_the_level_over_the_dual_norm(norm: Norm) -> None:
    centres = pixels(5)
    slope = tf.random.stateless_normal(centres.shape, (1, 2))
    level = level_of(slope, norm, 0.05)
    stride = tf.constant(1.0 if norm == "l2" else 1e5)
    moves = smallest_on_plane(norm, centres, tf.zeros_like(centres), slope, level, tf.fill([5], 0.03), stride)
    assert dot(slope, moves).numpy() == pytest.approx(level.numpy(), rel=1e-5)
    assert length(norm, moves).numpy() == pytest.approx(0.05, rel=1e-3)


@pytest.mark.parametrize("norm", NORMS)
def test_pixels_at_the_end_of_their_range_leave_the_way_to_others(norm: Norm) -> None:
    centres = pixels(5, 0.0, 1.0)
    slope = tf.random.stateless_normal(centres.shape, (1, 2))
    level = level_of(slope, norm, 0.2)
    stride = tf.constant(1.0 if norm == "l2" else 1e5)
    moves = smallest_on_plane(norm, centres, tf.zeros_like(centres), slope, level, tf.fill([5], 0.2), stride)
    assert tf.reduce_all((centres + moves >= -1e-7) & (centres + moves <= 1 + 1e-7))
    assert tf.reduce_any((centres + moves <= 1e-6) | (centres + moves >= 1 - 1e-6))
    assert dot(slope, moves).numpy() == pytest.approx(level.numpy(), rel=1e-3)


@pytest.mark.parametrize("norm", NORMS)
def test_a_plane_without_slope_moves_nothing(norm: Norm) -> None:
    centres, some = pixels(2), tf.ones(2)
    flat = tf.zeros_like(centres)
    moves = smallest_on_plane(norm, centres, flat, flat, some, some, tf.constant(1.0))
    assert not np.any(moves)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("classes", [2, RIVALS + 1])
@pytest.mark.parametrize("steps", [2, 5, 20])
def test_walks_end_at_the_nearest_of_linear_boundaries(norm: Norm, classes: int, steps: int) -> None:
    net, images = linear_net(classes), pixels(40)
    own = predict(net(images))
    found = walk(net, images, own, images, Walk(norm, 10.0, steps))
    nearest = exact(net, images, norm)
    assert (found.size.numpy() >= nearest * (1 - 1e-5)).all()
    logits = np.abs(net(images).numpy()).max(axis=1)
    room = 8 * LEAD * logits / np.abs(net.get_weights()[0]).sum(axis=0).min() * (1 if norm == "linf" else 48**0.5)
    assert (found.size.numpy() <= nearest * 1.0002 + room).all()
    assert (predict(net(found.images)) != own).numpy().all()
    assert length(norm, found.images - images).numpy() == pytest.approx(found.size.numpy(), abs=1e-7)


def quadratic_net() -> keras.Model:
    """Two logits whose difference is an ellipsoid's equation: class 1 beyond sum a (x - 0.5)^2 = 1."""
    inputs = keras.Input(SHAPE)
    squares = keras.layers.Lambda(lambda values: tf.square(values - 0.5))(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2)(squares))
    stiffness = np.linspace(1, 30, 48)
    model.set_weights([np.stack([-stiffness, stiffness], axis=1), np.array([1.0, -1.0])])
    return model


def test_walks_turn_to_the_nearest_point_of_an_ellipsoid() -> None:
    """A gradient at the centre's neighbour points elsewhere than the shortest way, along the stiffest axis."""
    net = quadratic_net()
    offsets = 0.02 * np.random.default_rng(0).normal(size=(12, 48))
    images = tf.constant(0.5 + offsets.reshape(12, *SHAPE), tf.float32)
    found = walk(net, images, tf.zeros(12, tf.int64), images, Walk("l2", 5.0, 60))
    nearest = [_to_ellipsoid(offset, np.linspace(1, 30, 48)) for offset in offsets]
    ratio = found.size.numpy() / nearest
    assert ratio.min() >= 1 - 1e-4
    assert np.mean(ratio <= 1.001) >= 0.75  # the walk may end at another vertex of the same axes


def _to_ellipsoid(offset: NDArray[np.float64], stiffness: NDArray[np.float64]) -> float:
    """Distance from inside to sum a y^2 = 1: y = offset / (1 - m a), m below 1 / max(a), by bisection of m."""
    low, high = 0.0, 1 / stiffness.max()
    for _ in range(200):
        middle = (low + high) / 2
        if np.sum(stiffness * (offset / (1 - middle * stiffness)) ** 2) < 1:
            low = middle
        else:
            high = middle
    return float(np.linalg.norm(offset / (1 - low * stiffness) - offset))


@pytest.mark.parametrize("norm", NORMS)
def test_what_is_found_stays_in_the_pixel_range_and_within_the_largest_size(norm: Norm) -> None:
    net, images = linear_net(5), pixels(40, 0.0, 1.0)
    own = predict(net(images))
    nearest = exact(net, images, norm)
    how = Walk(norm, float(np.quantile(nearest, 0.6)), 20)
    found = walk(net, images, own, images, how)
    none = found.size.numpy() == np.finfo(np.float32).max
    assert none[nearest > how.largest * 1.001].all()
    assert not none[nearest < 0.5 * how.largest].any()
    assert np.array_equal(found.images[none], images[none])
    assert (found.size.numpy()[~none] <= how.largest * (1 + 2e-6)).all()
    assert tf.reduce_all((found.images >= 0) & (found.images <= 1))


@pytest.mark.parametrize("norm", NORMS)
def test_a_walk_repeats_and_does_not_depend_on_the_batch(norm: Norm) -> None:
    net, images = linear_net(4), pixels(13)
    own = predict(net(images))
    how = Walk(norm, 10.0, 12)
    whole, again = (walk(net, images, own, images, how) for _ in range(2))
    assert np.array_equal(whole.images, again.images)
    part = walk(net, images[5:8], own[5:8], images[5:8], how)
    assert part.size.numpy() == pytest.approx(whole.size[5:8].numpy(), rel=1e-5)
    assert np.array_equal(part.gradients, whole.gradients[5:8])


def test_restarts_keep_the_nearest_and_count_all_gradients() -> None:
    net, images = linear_net(4), pixels(10)
    own, seeds = predict(net(images)), tf.constant(np.arange(20).reshape(10, 2))
    how = Walk("l2", 10.0, 6)
    once, thrice = (walk_from_starts(net, images, own, seeds, how, count) for count in (0, 2))
    assert (thrice.size <= once.size).numpy().all()
    assert (thrice.gradients >= 3 * 6).numpy().all()
    assert thrice.size.numpy() == pytest.approx(exact(net, images, "l2"), rel=1e-3)
