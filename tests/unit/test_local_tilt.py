"""The local tilt of a net, against the tilting angle of linear classifiers and differences."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from advdim.datasets.digits import build
from advdim.datasets.stored import read_images, write_images
from advdim.datasets.two_classes import read_pair
from advdim.job import Job
from advdim.statistics.local_tilt import class_centroids, prepare
from advdim.statistics.tilting_plane import centroid_direction, tilting_plane

Array = NDArray[np.float64]
EXECUTION = {"device": "cpu", "threads": 1}
CLASSES = ("2", "3", "7")


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Write the digits of the first so many classes."""

    def written(count: int) -> Path:
        folder = tmp_path_factory.mktemp("digits")
        classes = [int(name) for name in CLASSES[:count]]
        write_images(folder, build(width=8, resampling="nearest", classes=classes, test_fraction=0.3, seed=0))
        return folder

    return written


def linear_net(weights: Array, biases: Array) -> keras.Model:
    """A net from pixels to logits x @ weights + biases; weights of shape (64, classes)."""
    inputs = keras.Input((8, 8, 1))
    net = keras.Model(inputs, keras.layers.Dense(len(biases))(keras.layers.Flatten()(inputs)))
    net.set_weights([weights, biases])
    return net


def measured(net: keras.Model, folder: Path, images: int = 70) -> pd.DataFrame:
    job = Job("test", {"images": images}, 0, EXECUTION, {"dataset": folder}, folder, folder, 60.0)
    return prepare(net, job)()


@pytest.mark.parametrize("degrees", [0.01, 30.0, 89.0, 130.0])
def test_a_linear_net_of_two_classes_has_its_tilting_angle_at_every_image(
    folder_of: Callable[[int], Path], degrees: float
) -> None:
    folder = folder_of(2)
    train, y = read_pair(folder, "train", CLASSES[:2])
    z = centroid_direction(train, y)
    across = tilting_plane(np.random.default_rng(0).normal(size=64), z).n
    w = 3 * (np.cos(np.radians(degrees)) * z + np.sin(np.radians(degrees)) * across)
    common = np.random.default_rng(1).normal(size=64)  # what both logits share decides nothing
    b = -float(w @ train.mean(axis=0))
    table = measured(linear_net(np.stack([common, common + w], axis=1), np.array([0.0, b])), folder)
    assert len(table) == 70
    assert set(table["label"]) == {0, 1}
    assert (table["runner_up"] == 1 - table["label"]).all()
    angle = tilting_plane(w, z).angle_deg
    assert angle == pytest.approx(degrees)
    assert table["angle_deg"].to_numpy() == pytest.approx(angle, abs=1e-4)
    test, y_test = read_pair(folder, "test", CLASSES[:2])
    distances = y_test * (test @ w + b) / np.linalg.norm(w)
    assert table["d_l2"].to_numpy() == pytest.approx(distances[:70], abs=1e-5)
    assert table["d_linf"].to_numpy() == pytest.approx(distances[:70] * 3 / np.abs(w).sum(), abs=1e-5)
    half = np.linalg.norm(train[y > 0].mean(axis=0) - train[y < 0].mean(axis=0)) / 2
    assert table["half_centroid_distance"].to_numpy() == pytest.approx(half)


def test_the_runner_up_is_the_best_of_the_other_classes(folder_of: Callable[[int], Path]) -> None:
    folder = folder_of(3)
    generator = np.random.default_rng(2)
    weights, biases = generator.normal(size=(64, 3)), generator.normal(size=3)
    table = measured(linear_net(weights, biases), folder, images=40)
    images, labels = read_images(folder, "test")
    train, train_labels = read_images(folder, "train")
    wrong = 0
    for (_, row), image, label in zip(table.iterrows(), images[:40], labels[:40], strict=True):
        logits = image.ravel() / 255 @ weights + biases
        other = max((k for k in range(3) if k != label), key=lambda k: logits[k])
        wrong += logits[other] > logits[label]
        g = weights[:, label] - weights[:, other]
        means = [train[train_labels == k].reshape(-1, 64).mean(axis=0) / 255 for k in (other, label)]
        cosine = g @ (means[1] - means[0]) / np.linalg.norm(g) / np.linalg.norm(means[1] - means[0])
        assert row["runner_up"] == other
        assert row["margin"] == pytest.approx(logits[label] - logits[other], abs=1e-4)
        assert row["angle_deg"] == pytest.approx(np.degrees(np.arccos(cosine)), abs=1e-3)
        assert (row["gradient_l1"], row["gradient_l2"]) == pytest.approx((np.abs(g).sum(), np.linalg.norm(g)), rel=1e-5)
        assert row["half_centroid_distance"] == pytest.approx(np.linalg.norm(means[1] - means[0]) / 2, rel=1e-6)
    assert 0 < wrong < 40


def test_a_net_that_does_not_look_has_no_tilt(folder_of: Callable[[int], Path]) -> None:
    table = measured(linear_net(np.zeros((64, 2)), np.array([0.0, 1.0])), folder_of(2), images=4)
    assert table[["angle_deg", "d_l2", "d_linf"]].isna().all(axis=None)
    assert (table[["gradient_l1", "gradient_l2"]] == 0).all(axis=None)
    assert table["margin"].abs().to_list() == [1, 1, 1, 1]


def test_centroids_are_on_the_scale_of_the_pixels() -> None:
    images = np.array([[0, 255], [51, 255], [255, 0]], dtype=np.uint8).reshape(3, 1, 2, 1)
    assert class_centroids(images, np.array([0, 0, 1])) == pytest.approx(np.array([[0.1, 1], [1, 0]]))
