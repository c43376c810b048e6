"""The derivatives of convolutions are those of TensorFlow's, whichever kernels compute them."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from advdim.models import convolution
from advdim.models.convolution import convolve

FILTERS = 5
Convolution = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def ours(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    return convolve(images, kernel, stride=1, dilation=1, padding="SAME")


def tensorflow(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    return tf.nn.conv2d(images, kernel, 1, "SAME")


def derivatives(function: Convolution, images: np.ndarray, kernel: np.ndarray) -> list[np.ndarray]:
    """Those of a sum of waves by images and kernel, and those of the squares of the former by both."""
    variables = [tf.constant(images), tf.constant(kernel)]
    with tf.GradientTape() as outer:
        outer.watch(variables)
        with tf.GradientTape() as inner:
            inner.watch(variables)
            loss = tf.reduce_sum(tf.sin(function(*variables)))
        first = inner.gradient(loss, variables)
        squares = tf.add_n([tf.reduce_sum(part**2) for part in first])
    return [part.numpy() for part in (*first, *outer.gradient(squares, variables))]


def drawn(height: int, width: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(0)
    return draws.normal(size=(4, height, width, channels)), 0.3 * draws.normal(size=(3, 3, channels, FILTERS))


@pytest.mark.parametrize(("height", "width", "channels"), [(6, 8, 3), (2, 2, 1), (4, 6, 4)])
def test_tiled_derivatives_of_first_and_second_order_are_those_of_tensorflow(
    monkeypatch: pytest.MonkeyPatch, height: int, width: int, channels: int
) -> None:
    tiled = []
    inside = convolution._with_tiled_derivative
    monkeypatch.setattr(convolution, "_with_tiled_derivative", lambda *args: tiled.append(args) or inside(*args))
    pair = drawn(height, width, channels)
    for one, other in zip(derivatives(ours, *pair), derivatives(tensorflow, *pair), strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-11 * np.abs(other).max())
    assert tiled


def test_the_tiled_derivative_by_the_images_has_the_bits_of_that_of_tensorflow() -> None:
    pair = [array.astype(np.float32) for array in drawn(32, 32, 3)]
    assert np.array_equal(derivatives(ours, *pair)[0], derivatives(tensorflow, *pair)[0])


@pytest.mark.parametrize(("height", "width", "channels"), [(5, 8, 3), (6, 7, 3), (6, 8, 5)])
def test_what_tiles_do_not_fit_or_would_not_serve_is_left_to_tensorflow(
    monkeypatch: pytest.MonkeyPatch, height: int, width: int, channels: int
) -> None:
    monkeypatch.delattr(convolution, "_with_tiled_derivative")
    pair = drawn(height, width, channels)
    assert ours(*pair).shape == tensorflow(*pair).shape


def test_what_a_gpu_computes_is_left_to_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind])
    monkeypatch.delattr(convolution, "_with_tiled_derivative")
    pair = drawn(6, 8, 3)
    assert np.array_equal(ours(*pair), tensorflow(*pair))
