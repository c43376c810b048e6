"""Attacks stay where they may go, find what they claim, and are no better than the exact answer where one is known."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from advdim.attacks import iterative
from advdim.attacks.ascent import Ascent
from advdim.attacks.iterative import Reached, attack
from advdim.config.attacks import Iterative
from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import read_image_info, write_images
from advdim.job import Job
from advdim.models import convolutional
from advdim.models.loss import cross_entropy, predict
from advdim.norms import Norm, radius_of, steepest_direction

OUTER_RADIUS = 1.3
EXECUTION = {"device": "cpu", "threads": 1}
COUNT = 70
"""More images than a batch of the attack holds."""


def job_of(dataset: Path, **settings: Any) -> Job:
    return Job("test", settings, 0, EXECUTION, {"dataset": dataset}, dataset, dataset, 60)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of noise, black and white pixels included, of which the net below gets all but five right."""
    folder = tmp_path_factory.mktemp("images")
    pixels = np.random.default_rng(0).choice([0, 1, 60, 128, 200, 255], (COUNT, 8, 8, 3)).astype(np.uint8)
    labels = np.arange(COUNT) % 3
    write_images(folder, ImageSplits(pixels, labels, pixels, labels, pd.DataFrame({"label": labels}), ("a", "b", "c")))
    logits = build(folder)(batch_of(folder)[0]).numpy()
    labels = logits.argmax(axis=1)
    labels[:5] = (labels[:5] + 1) % 3
    np.save(folder / "test-labels.npy", labels)
    return folder


@pytest.fixture(scope="module")
def net(images: Path) -> keras.Model:
    return build(images)


def build(folder: Path) -> keras.Model:
    """A small convolutional net that has learnt nothing, but says each class of some of the images."""
    model = convolutional.build(read_image_info(folder), channels=4, layers=2, pool_after=(1,), base_width=8, seed=0)
    kernel, _ = model.get_layer("logits").get_weights()
    logits = model(batch_of(folder)[0]).numpy()
    model.get_layer("logits").set_weights([kernel, -logits.mean(axis=0)])
    return model


def batch_of(folder: Path) -> tuple[tf.Tensor, tf.Tensor]:
    pixels = np.load(folder / "test-images.npy").astype(np.float32) / 255
    return tf.constant(pixels), tf.constant(np.load(folder / "test-labels.npy"))


def settings(**changes: Any) -> dict[str, Any]:
    """Settings of an iterated attack as a configuration with these entries gives them."""
    return Iterative(**{"kind": "iterative", "images": COUNT} | changes).model_dump(mode="json")


def attacked(net: keras.Model, folder: Path, norm: Norm, eps: float, steps: int = 5) -> Reached:
    pixels, labels = batch_of(folder)
    radius = radius_of(norm, eps, 192)
    return attack(net, pixels, labels, Ascent(norm, radius, steps, 0.4 * radius))


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_attack_stays_in_its_ball_and_in_the_range_of_pixels(net: keras.Model, images: Path, norm: Norm) -> None:
    eps = 0.03
    pixels, _ = batch_of(images)
    reached = attacked(net, images, norm, eps).images.numpy()
    assert (reached.min(), reached.max()) == (0, 1)
    offset = (reached - pixels.numpy()).reshape(COUNT, -1).astype(np.float64)
    size = np.abs(offset).max(axis=1) if norm == "linf" else np.linalg.norm(offset, axis=1)
    radius = eps if norm == "linf" else eps * np.sqrt(192)
    assert size.max() <= radius * (1 + 1e-5)
    assert np.median(size) > 0.7 * radius


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_attack_raises_the_loss(net: keras.Model, images: Path, norm: Norm) -> None:
    pixels, labels = batch_of(images)
    reached = attacked(net, images, norm, 0.01).images
    before, after = (cross_entropy(labels, net(points)).numpy() for points in (pixels, reached))
    assert np.mean(after > before) > 0.95


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_larger_ball_is_no_weaker(net: keras.Model, images: Path, norm: Norm) -> None:
    pixels, labels = batch_of(images)
    logits = [net(attacked(net, images, norm, eps).images) for eps in (0.001, 0.01, 0.05, 0.2)]
    losses = [float(np.mean(cross_entropy(labels, each))) for each in logits]
    fooled = [int(np.sum(predict(each) != predict(net(pixels)))) for each in logits]
    assert losses == sorted(losses)
    assert fooled == sorted(fooled)
    assert fooled[0] < 0.2 * COUNT < 0.7 * COUNT < fooled[-1]


def test_a_single_step_is_the_fast_gradient_sign_method(net: keras.Model, images: Path) -> None:
    eps = 0.02
    pixels, labels = batch_of(images)
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")(labels, net(pixels))
    by_hand = np.clip(pixels + eps * np.sign(tape.gradient(loss, pixels)), 0, 1)
    result = attack(net, pixels, labels, Ascent("linf", eps, steps=1, step_size=eps))
    assert result.images.numpy() == pytest.approx(by_hand, abs=1e-7)


def test_a_single_step_goes_to_the_edge_of_the_ball_whatever_the_relative_step(net: keras.Model, images: Path) -> None:
    table = iterative.prepare(net, job_of(images, **settings(eps_pixel=0.02, steps=1)))()
    assert table["linf"].to_numpy() == pytest.approx(np.full(COUNT, 0.02), rel=1e-4)


def test_the_table_tells_what_the_net_says_of_each_image(net: keras.Model, images: Path) -> None:
    asked = settings(norm="l2", eps_pixel=0.05, steps=5, relative_step=0.4, images=1000)
    table = iterative.prepare(net, job_of(images, **asked))()
    whole = attacked(net, images, "l2", 0.05)
    pixels, labels = batch_of(images)
    assert table["image"].to_list() == list(range(COUNT))
    assert table["label"].to_list() == labels.numpy().tolist()
    assert table["prediction"].to_list() == np.argmax(net(pixels), axis=1).tolist()
    assert table["adversarial_prediction"].to_list() == np.argmax(net(whole.images), axis=1).tolist()
    assert table["fooled"].to_list() == (table["prediction"] != table["adversarial_prediction"]).to_list()
    assert table["fooled"].any()
    assert not table["zero_gradient"].any()
    losses = cross_entropy(labels, net(whole.images)).numpy()
    assert table["adversarial_loss"].to_numpy() == pytest.approx(losses, rel=1e-4)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_an_image_without_gradient_is_flagged_and_stays(images: Path, norm: Norm) -> None:
    blind = convolutional.build(read_image_info(images), channels=1, layers=1, pool_after=(), base_width=8, seed=0)
    blind.get_layer("logits").set_weights([np.zeros((1, 3)), np.array([1.0, 0.0, 0.0])])
    result = attacked(blind, images, norm, 0.05)
    assert result.zero_gradient.numpy().all()
    assert np.array_equal(result.images, batch_of(images)[0])


@pytest.mark.parametrize("scale", [1.0, 1e-10, 1e-21, 1e-30, 1e15])
def test_the_steepest_direction_has_length_one_however_long_the_gradient(scale: float) -> None:
    gradient = tf.constant(np.random.default_rng(0).normal(size=(5, 8, 8, 3)) * scale, tf.float32)
    length = np.linalg.norm(steepest_direction("l2", gradient).numpy().reshape(5, -1), axis=1)
    assert length == pytest.approx(np.ones(5), rel=1e-5)
    assert np.abs(steepest_direction("linf", gradient)).min() == 1
