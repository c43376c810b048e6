"""The targeted attack goes where it is told, stops when it is there, and its sizes are the exact ones where known."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from scipy import special, stats

from advdim.attacks.targeted import Led, lead, prepare, random_targets
from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import write_images
from advdim.figures.targeted import amplification, draw_targeted
from advdim.job import Job

EXECUTION = {"device": "cpu", "threads": 1}
COUNT = 70
"""More images than a batch of the attack holds."""
SHAPE = (4, 4, 3)


def linear_net(classes: int, *, scale: float = 1.0) -> keras.Model:
    inputs = keras.Input(SHAPE)
    model = keras.Model(inputs, keras.layers.Dense(classes)(keras.layers.Flatten()(inputs)))
    weights = scale * np.random.default_rng(1).normal(size=(48, classes))
    model.set_weights([weights, -0.5 * weights.sum(axis=0)])
    return model


def pixels(low: int = 80, high: int = 176) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(low, high, (COUNT, *SHAPE), dtype=np.uint8)


def led(model: keras.Model, images: NDArray[np.uint8], targets: NDArray[np.int64], **options: Any) -> Led:
    settings = {"radius": 0.05, "steps": 10, "step_size": 0.01} | options
    return lead(model, tf.constant(images, tf.float32) / 255, tf.constant(targets), **settings)


def test_between_two_classes_of_a_linear_net_the_size_is_the_distance_in_whole_steps() -> None:
    model, images = linear_net(2), pixels()
    weights, bias = (values.astype(np.float64) for values in model.get_weights())
    logits = images.reshape(COUNT, -1) / 255 @ weights + bias
    targets = 1 - logits.argmax(axis=1)
    distance = np.abs(logits[:, 1] - logits[:, 0]) / np.abs(weights[:, 1] - weights[:, 0]).sum()  # in l_inf
    steps = np.ceil(distance / 0.01)
    result = led(model, images, targets, radius=0.02)
    size = np.abs(result.images - images / 255).max(axis=(1, 2, 3))
    reached = result.adversarial_prediction.numpy() == targets
    assert 10 < (steps > 2).sum() < COUNT - 10
    assert reached.tolist() == (steps <= 2).tolist()
    assert size == pytest.approx(0.01 * np.minimum(steps, 2), abs=1e-6)


def test_an_image_stops_at_the_first_step_that_reaches_its_target() -> None:
    model, images = linear_net(5), pixels()
    targets = random_targets(np.zeros(COUNT, np.int64), 5, seed=0)
    results = [led(model, images, targets, radius=0.2, step_size=0.002, steps=steps) for steps in (0, 4, 8, 90)]
    reached = [result.adversarial_prediction.numpy() == targets for result in results]
    assert 0 < reached[0].sum() < reached[1].sum() < reached[2].sum() < reached[3].sum() == COUNT
    for earlier, later, there in zip(results, results[1:], reached, strict=False):
        assert np.array_equal(earlier.images[there], later.images[there])
        assert (np.abs(earlier.images - later.images).max(axis=(1, 2, 3)) > 0).tolist() == (~there).tolist()


def test_the_attack_stays_in_its_ball_and_in_the_range_of_pixels() -> None:
    images = pixels(0, 256)
    result = led(linear_net(3), images, random_targets(np.zeros(COUNT, np.int64), 3, 0), radius=0.5, step_size=0.2)
    assert (result.images.numpy().min(), result.images.numpy().max()) == (0, 1)
    assert np.abs(result.images - images / 255).max() <= 0.5 + 1e-6


def test_targets_are_wrong_classes_uniform_and_their_own() -> None:
    labels = np.arange(3000) % 12
    targets = random_targets(labels, 12, seed=3)
    assert not (targets == labels).any()
    assert set(targets) == set(range(12))
    assert stats.chisquare(np.bincount((targets - labels) % 12)[1:]).pvalue > 1e-3
    assert np.array_equal(random_targets(labels[:10], 12, seed=3), targets[:10])
    assert not np.array_equal(random_targets(labels, 12, seed=4), targets)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    labels = np.arange(COUNT) % 4
    table = pd.DataFrame({"label": labels})
    write_images(folder, ImageSplits(pixels(), labels, pixels(), labels, table, ("a", "b", "c", "d")))
    return folder


def attacked(model: keras.Model, dataset: Path, output: Path, **changes: Any) -> pd.DataFrame:
    settings = {"eps_pixel": 0.02, "steps": 8, "relative_step": 0.25, "images": 1000, "pictures": 3} | changes
    return prepare(model, Job("test", settings, 0, EXECUTION, {"dataset": dataset}, output, output, 60))()


def test_the_table_tells_what_the_net_says_of_each_image(dataset: Path, tmp_path: Path) -> None:
    model = linear_net(4)
    table = attacked(model, dataset, tmp_path)
    logits = model.predict(pixels() / 255, verbose=0)
    shares = special.softmax(logits, axis=1)
    with np.load(tmp_path / "pictures.npz") as pictures:
        images, adversarial = pictures["images"], pictures["adversarial"]
    assert table["image"].to_list() == list(range(COUNT))
    assert table["prediction"].to_list() == logits.argmax(axis=1).tolist()
    assert table["target"].to_list() == random_targets(np.arange(COUNT) % 4, 4, seed=0).tolist()
    assert table["confidence"].to_numpy() == pytest.approx(shares.max(axis=1), rel=1e-4)
    assert table["target_confidence"].to_numpy() == pytest.approx(shares[np.arange(COUNT), table["target"]], rel=1e-4)
    assert table["reached"].to_list() == (table["target"] == table["adversarial_prediction"]).to_list()
    assert 0 < table["reached"].sum() < COUNT
    assert table["linf"].max() == pytest.approx(0.02, rel=1e-4)
    assert not table["zero_gradient"].any()
    assert images.dtype == adversarial.dtype == np.float32
    assert images == pytest.approx(pixels()[:3] / 255)
    after = special.softmax(model.predict(adversarial, verbose=0), axis=1)
    first = table.iloc[:3]
    assert first["adversarial_target_confidence"].to_numpy() == pytest.approx(
        after[range(3), first["target"]], rel=1e-4
    )
    assert np.linalg.norm((adversarial - images).reshape(3, -1), axis=1) == pytest.approx(first["l2"].to_numpy())


def test_fewer_images_than_pictures_are_all_kept_and_a_blind_attack_says_so(dataset: Path, tmp_path: Path) -> None:
    table = attacked(linear_net(4, scale=0.0), dataset, tmp_path, images=2)
    assert table["zero_gradient"].all()
    assert (table["linf"] == 0).all()
    with np.load(tmp_path / "pictures.npz") as pictures:
        assert len(pictures["images"]) == len(pictures["adversarial"]) == 2


def test_the_amplified_perturbation_stays_between_black_and_white() -> None:
    images = np.full((2, 4, 4, 3), 0.3, np.float32)
    changed = images + np.float32(0.015)
    factor = amplification(images, changed)
    assert factor == 33
    assert amplification(images, images) == amplification(images, images + 0.6) == 1


def test_a_figure_names_classes_confidences_and_sizes() -> None:
    images = np.full((2, 4, 4, 1), 0.3, np.float32)
    rows = {"label": [0, 0], "prediction": [0, 2], "confidence": [0.9, 0.8], "target": [1, 1], "linf": [0.01, 0.0157]}
    rows |= {"reached": [True, False], "adversarial_prediction": [1, 2], "adversarial_target_confidence": [0.6, 0.2]}
    fig = draw_targeted(images, images + np.float32(0.01), pd.DataFrame(rows), ("a_dog", "cat", "owl"))
    assert [axes.get_title(loc="center") for axes in fig.axes] == [
        *("a dog (90 %)", "perturbation × 50\nat most 2.6 / 255", "cat (60 %)"),
        *("owl (80 %),\nin truth a dog", "perturbation × 50\nat most 4.0 / 255", "owl,\nnot cat (20 %)"),
    ]
