"""Gradients: norms against finite differences, and the first order of an attack's gain (claim D01)."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from scipy import special

from advdim.attacks.ascent import Ascent
from advdim.attacks.iterative import attack
from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import read_image_info, write_images
from advdim.job import Job
from advdim.models import convolutional
from advdim.models.loss import cross_entropy, predict
from advdim.norms import Norm
from advdim.statistics import gradient_norms

EXECUTION = {"device": "cpu", "threads": 1}
COUNT = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of small grey images without black or white pixels, so that no attack is clipped."""
    made = tmp_path_factory.mktemp("images")
    pixels = np.random.default_rng(0).integers(30, 226, (COUNT, 4, 4, 1), dtype=np.uint8)
    labels = np.arange(COUNT) % 3
    write_images(made, ImageSplits(pixels, labels, pixels, labels, pd.DataFrame({"label": labels}), ("a", "b", "c")))
    return made


@pytest.fixture(scope="module")
def pixels(folder: Path) -> NDArray[np.float64]:
    return np.load(folder / "test-images.npy").astype(np.float64) / 255


def build(folder: Path) -> keras.Model:
    return convolutional.build(read_image_info(folder), channels=5, layers=2, pool_after=(1,), base_width=4, seed=0)


@pytest.fixture(scope="module")
def net(folder: Path) -> keras.Model:
    return build(folder)


@pytest.fixture(scope="module")
def precise_net(net: keras.Model, folder: Path) -> keras.Model:
    """The same net in double precision."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        twin = build(folder)
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")
    twin.set_weights([weights.astype(np.float64) for weights in net.get_weights()])
    return twin


def differences(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]], points: NDArray[np.float64], step: float = 1e-6
) -> NDArray[np.float64]:
    """Central differences of a function of each point, shape (n, coordinates, outputs)."""
    columns = []
    for coordinate in range(points[0].size):
        offset = np.zeros(points[0].size)
        offset[coordinate] = step
        offset = offset.reshape(points[0].shape)
        columns.append((function(points + offset) - function(points - offset)) / (2 * step))
    return np.stack(columns, axis=1)


def test_gradient_norms_are_those_of_finite_differences(
    net: keras.Model, precise_net: keras.Model, folder: Path, pixels: NDArray[np.float64]
) -> None:
    labels = np.arange(COUNT) % 3

    def losses(points: NDArray[np.float64]) -> NDArray[np.float64]:
        logits = precise_net(points).numpy()
        return special.logsumexp(logits, axis=1, keepdims=True) - logits[np.arange(COUNT), labels][:, None]

    job = Job("test", {"images": 1000}, 0, EXECUTION, {"dataset": folder}, folder, folder, 60)
    table = gradient_norms.prepare(net, job)()
    gradient = differences(losses, pixels)[..., 0]
    for name, order in (("l1", 1), ("l2", 2), ("linf", np.inf)):
        assert table[name].to_numpy() == pytest.approx(np.linalg.norm(gradient, ord=order, axis=1), rel=1e-4), name
    of_logits = differences(lambda points: precise_net(points).numpy(), pixels)
    assert table["logit_l2"].to_numpy() == pytest.approx(np.linalg.norm(of_logits, axis=1).mean(axis=1), rel=1e-4)
    assert table["loss"].to_numpy() == pytest.approx(losses(pixels)[:, 0], rel=1e-5)
    assert table["prediction"].to_list() == np.argmax(precise_net(pixels), axis=1).tolist()
    assert table["label"].to_list() == labels.tolist()


def test_the_gradient_that_attacks_climb_is_that_of_finite_differences(
    precise_net: keras.Model, pixels: NDArray[np.float64]
) -> None:
    labels = tf.constant(np.arange(COUNT) % 3)
    points = tf.constant(pixels)
    with tf.GradientTape() as tape:
        tape.watch(points)
        losses = cross_entropy(labels, precise_net(points))
    by_tape = tape.gradient(losses, points).numpy().reshape(COUNT, -1)
    by_differences = differences(lambda x: cross_entropy(labels, precise_net(x)).numpy()[:, None], pixels)[..., 0]
    assert by_tape == pytest.approx(by_differences, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(("norm", "dual"), [("linf", 1), ("l2", 2)])
@pytest.mark.parametrize("steps", [1, 5])
def test_to_first_order_the_gain_is_eps_times_the_dual_norm(
    precise_net: keras.Model, pixels: NDArray[np.float64], norm: Norm, dual: int, steps: int
) -> None:
    labels = tf.constant(np.arange(COUNT) % 3)
    points = tf.constant(pixels)
    with tf.GradientTape() as tape:
        tape.watch(points)
        losses = cross_entropy(labels, precise_net(points))
    norms = np.linalg.norm(tape.gradient(losses, points).numpy().reshape(COUNT, -1), ord=dual, axis=1)
    error = []
    for eps in (1e-4, 1e-6):
        size = 1.0 if steps == 1 else 0.3
        result = attack(precise_net, points, labels, Ascent(norm, eps, steps, size * eps))
        gain = (cross_entropy(labels, precise_net(result.images)) - losses).numpy()
        error.append(np.abs(gain / (eps * norms) - 1).max())
    assert error[1] < 1e-3
    assert error[1] < 0.1 * error[0]


@pytest.mark.parametrize("logit", [-40.0, -1.0, 0.0, 0.5, 40.0])
def test_the_loss_of_one_logit_is_that_of_two(logit: float) -> None:
    labels = tf.constant([0, 1])
    one = cross_entropy(labels, tf.constant([[logit], [logit]], tf.float64)).numpy()
    two = cross_entropy(labels, tf.constant([[0.0, logit]] * 2, tf.float64)).numpy()
    assert one == pytest.approx(two, rel=1e-12)
    assert one == pytest.approx(np.logaddexp(0, [logit, -logit]), rel=1e-12)
    assert predict(tf.constant([[logit]])).numpy() == (logit > 0)
