"""Attacks stay where they may go, find what they claim, and are no better than the exact answer where one is known."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial import cKDTree

from advdim.attacks import iterative, manifold
from advdim.attacks.iterative import Reached, attack
from advdim.attacks.manifold import nearest_error_on_sphere
from advdim.config.attacks import Iterative
from advdim.datasets.images import ImageSplits
from advdim.datasets.spheres import sample_sphere
from advdim.datasets.stored import read_image_info, write_images, write_info
from advdim.device import configure_tensorflow
from advdim.job import Job
from advdim.models import convolutional, quadratic
from advdim.models.loss import cross_entropy, predict
from advdim.norms import Norm, radius_of, steepest_direction
from advdim.statistics import alphas, error_rate
from advdim.theory.quadratic import log_error_rate

OUTER_RADIUS = 1.3
EXECUTION = {"device": "cpu", "threads": 1}
COUNT = 70
"""More images than a batch of the attack holds."""

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras with NumPy 2


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    configure_tensorflow(EXECUTION)


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
    return attack(net, pixels, labels, norm=norm, radius=radius, steps=steps, step_size=0.4 * radius)


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
    result = attack(net, pixels, labels, norm="linf", radius=eps, steps=1, step_size=eps)
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


def ellipsoid_net(alpha: list[float]) -> tuple[keras.Model, NDArray[np.float64]]:
    """A quadratic net with these axes, turned by a rotation; returns the rotation too, a column an axis."""
    dimension = len(alpha)
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(dimension, dimension)))[0]
    model = quadratic.build(dimension, width=dimension, seed=0)
    model.get_layer("hidden").set_weights([rotation * np.sqrt(alpha)])
    model.get_layer("logit").set_weights([np.ones((1, 1)), -np.ones(1)])
    return model, rotation


def spheres(folder: Path, dimension: int) -> Path:
    write_info(folder, {"kind": "spheres", "dimension": dimension, "outer_radius": OUTER_RADIUS, "points": None})
    return folder


def fibonacci_sphere(count: int) -> NDArray[np.float64]:
    """Points spread evenly over the sphere in three dimensions, each within 3.6 / sqrt(count) of any place."""
    number = np.arange(count) + 0.5
    height, turn = 1 - 2 * number / count, np.pi * (1 + 5**0.5) * number
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), height], axis=1)


def test_the_manifold_attack_finds_errors_and_none_nearer_than_the_nearest() -> None:
    alpha = [1.25, 0.8, 0.65]  # only the first axis is wrong: it lies outside [1 / R^2, 1]
    model, rotation = ellipsoid_net(alpha)
    walk = tf.function(lambda net, points: nearest_error_on_sphere(net, points, 1500, 0.01))
    starts = sample_sphere(200, 3, (1, 2))
    points, found, taken = (t.numpy() for t in walk(model, tf.constant(starts)))
    assert found.all()
    assert np.linalg.norm(points.astype(np.float64), axis=1) == pytest.approx(np.ones(200), abs=1e-6)
    assert ((points @ rotation) ** 2 @ alpha > 1 - 1e-6).all()
    everywhere = fibonacci_sphere(200_000)
    errors = everywhere[(everywhere @ rotation) ** 2 @ alpha > 1]
    nearest, _ = cKDTree(errors).query(starts)
    distance = np.linalg.norm(points.astype(np.float64) - starts, axis=1)
    spacing = 3.6 / np.sqrt(len(everywhere))
    assert (distance >= nearest - spacing).all()
    assert np.median(distance / np.maximum(nearest, spacing)) < 1.2
    wrong = (starts @ rotation) ** 2 @ alpha > 1 + 1e-6
    assert wrong.any()
    assert (taken[wrong] == 0).all()
    assert (distance[wrong] == 0).all()
    assert (taken[~wrong] > 0).all()


def test_the_manifold_attack_finds_no_error_where_there_is_none(tmp_path: Path) -> None:
    model, _ = ellipsoid_net([0.95, 0.8, 0.65])
    job = job_of(spheres(tmp_path, 3), starts=30, steps=40, step_size=0.01)
    table = manifold.prepare(model, job)()
    assert len(table) == 30
    assert not table["found"].any()
    assert (table["attack_steps"] == 40).all()
    assert table["distance"].between(1e-4, 40 * 0.01).all()


def test_the_manifold_table_tells_found_errors_with_distance_and_steps(tmp_path: Path) -> None:
    model, _ = ellipsoid_net([1.25, 0.8, 0.65])
    table = manifold.prepare(model, job_of(spheres(tmp_path, 3), starts=30, steps=1500, step_size=0.01))()
    assert table["found"].all()
    assert (table["distance"] <= 0.01 * table["attack_steps"] + 1e-5).all()
    assert table["distance"].max() > 0.2


def test_the_error_rate_agrees_with_the_exact_one(tmp_path: Path) -> None:
    alpha = [1.5, 0.45]  # both axes are wrong: errors on the inner sphere, and on the outer one
    model, _ = ellipsoid_net(alpha)
    table = error_rate.prepare(model, job_of(spheres(tmp_path, 2), points=20_500))()
    assert table["sphere"].to_list() == ["inner", "outer"]
    assert (table["points"] == 20_500).all()
    by_hand = 2 / np.pi * np.arccos(np.sqrt((1 - alpha[1]) / (alpha[0] - alpha[1])))
    exact = np.exp([log_error_rate(alpha), log_error_rate(alpha, OUTER_RADIUS)])
    assert exact[0] == pytest.approx(by_hand, rel=1e-9)
    for errors, rate in zip(table["errors"], exact, strict=True):
        assert 0.1 < rate < 0.9
        low, high = stats.binom.interval(0.999, 20_500, rate)
        assert low <= errors <= high


@pytest.mark.parametrize(("alpha", "errors"), [([0.95, 0.65], [0, 0]), ([2, 3], [1700, 0]), ([0.5, 0.4], [0, 1700])])
def test_each_point_is_counted_once(tmp_path: Path, alpha: list[float], errors: list[int]) -> None:
    model, _ = ellipsoid_net(alpha)
    assert error_rate.prepare(model, job_of(spheres(tmp_path, 2), points=1700))()["errors"].to_list() == errors


def test_the_alphas_of_a_net_are_those_that_it_was_given(tmp_path: Path) -> None:
    given = [1.5, 0.8, 0.45, 0.0]
    model, _ = ellipsoid_net(given)
    table = alphas.prepare(model, job_of(spheres(tmp_path, 4), points=300))()
    assert table["alpha"].to_numpy() == pytest.approx(given, abs=1e-6)
    assert set(table["points"]) == {900}
    assert table["agreeing"].min() >= 899
