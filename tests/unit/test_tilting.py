"""What a level of a path is measured by, against closed forms, differences and a search over all perturbations."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from advdim.artefacts.tables import read_table
from advdim.datasets.digits import build
from advdim.datasets.stored import write_images
from advdim.datasets.two_classes import read_pair
from advdim.job import Job
from advdim.models.linear import LinearPath
from advdim.statistics.tilting import HINGE, LOGISTIC, MarginLoss, measure, measure_damage, measure_level

Array = NDArray[np.float64]
EPS = 0.2


@pytest.fixture(scope="module")
def points() -> tuple[Array, Array]:
    """Forty overlapping points in four dimensions, as many of each class."""
    generator = np.random.default_rng(0)
    y = np.tile([-1.0, 1.0], 20)
    return generator.normal(size=(40, 4)) + y[:, None] * [0.6, 0.3, 0.0, -0.2], y


W, B = np.array([0.9, -0.3, 0.4, 0.0]), 0.15


def losses(loss: MarginLoss, images: Array, y: Array) -> Array:
    """The loss of each image by its definition."""
    margins = y * (images @ W + B)
    return np.array([max(0.0, 1 - m) if loss is HINGE else np.log(1 + np.exp(-m)) for m in margins])


def test_a_tilt_shortens_the_distance_by_its_cosine(points: tuple[Array, Array]) -> None:
    row = measure_level(*points, *points, W, B)
    expected = row["half_centroid_distance"] * np.cos(np.radians(row["angle_deg"]))
    assert row["d_adv"] == pytest.approx(expected, rel=1e-12)
    assert row["angle_deg"] > 10


def test_the_distance_in_l_inf_is_where_the_mean_margin_is_used_up(points: tuple[Array, Array]) -> None:
    images, y = points
    row = measure_level(images, y, images, y, W, B)
    moved = images - row["d_adv_linf"] * y[:, None] * np.sign(W)
    assert np.mean(y * (moved @ W + B)) == pytest.approx(0, abs=1e-12)
    assert (row["norm_w"], row["norm1_w"]) == pytest.approx((np.sqrt(1.06), 1.6))


def test_test_images_and_training_images_are_told_apart(points: tuple[Array, Array]) -> None:
    images, y = points
    right = y * (images @ W + B) > 0
    row = measure_level(images, y, images[right], y[right], W, B)
    assert row["err_train"] == pytest.approx(100 * np.mean(~right))
    assert row["err_train"] > 0
    assert row["err_test"] == 0


@pytest.mark.parametrize("loss", [HINGE, LOGISTIC])
def test_the_damage_is_that_of_the_worst_corner_of_the_ball(points: tuple[Array, Array], loss: MarginLoss) -> None:
    images, y = points
    row = measure_damage(images, y, W, B, loss, EPS)
    corners = [images + EPS * np.array(corner) for corner in itertools.product([-1, 1], repeat=4)]
    worst = np.max([losses(loss, moved, y) for moved in corners], axis=0)
    assert row["damage_true"] == pytest.approx(np.mean(worst - losses(loss, images, y)), rel=1e-12)
    right = y * (images @ W + B) > 0
    still_right = np.all([y * (moved @ W + B) > 0 for moved in corners], axis=0)
    assert row["fooled_percent"] == pytest.approx(100 * np.mean(right & ~still_right))
    assert 0 < row["fooled_percent"] < 100 * right.mean()


@pytest.mark.parametrize("loss", [HINGE, LOGISTIC])
def test_the_gradient_is_that_of_differences(points: tuple[Array, Array], loss: MarginLoss) -> None:
    images, y = points
    step = 1e-6 * np.eye(4)
    slopes = [(losses(loss, images + side, y) - losses(loss, images - side, y)) / 2e-6 for side in step]
    row = measure_damage(images, y, W, B, loss, EPS)
    assert row["gradient_l1"] == pytest.approx(np.abs(slopes).sum(axis=0).mean(), rel=1e-6)
    assert row["damage_first_order"] == pytest.approx(EPS * row["gradient_l1"])


@pytest.mark.parametrize("loss", [HINGE, LOGISTIC])
def test_the_first_order_is_a_lower_bound_and_right_for_small_perturbations(
    points: tuple[Array, Array], loss: MarginLoss
) -> None:
    small = measure_damage(*points, W, B, loss, 1e-5)
    assert small["damage_true"] == pytest.approx(small["damage_first_order"], rel=1e-4)
    large = measure_damage(*points, W, B, loss, 1.0)
    assert large["damage_true"] > 1.05 * large["damage_first_order"]


def test_an_image_on_the_boundary_is_wrong_before_and_one_that_just_reaches_it_is_fooled() -> None:
    images, y = np.array([[0.0], [0.25], [0.5], [-1.0]]), np.ones(4)
    row = measure_damage(images, y, np.array([2.0]), 0.0, HINGE, 0.25)
    assert row["fooled_percent"] == 25


@pytest.mark.parametrize(("kind", "loss"), [("svm_path", HINGE), ("logistic_path", LOGISTIC)])
def test_a_job_measures_every_level_by_the_loss_that_it_was_trained_with(
    tmp_path: Path, kind: str, loss: MarginLoss
) -> None:
    dataset, model, output = (tmp_path / name for name in ("dataset", "model", "output"))
    for folder in (dataset, model, output):
        folder.mkdir()
    write_images(dataset, build(width=8, resampling="nearest", classes=[4, 2, 9], test_fraction=0.3, seed=0))
    weights = np.random.default_rng(0).normal(size=(2, 64))
    LinearPath(np.array([np.inf, -2.0]), weights, np.array([0.5, -0.5]), np.array([0.0, 1e-9])).save(model)
    settings = {"pair": ["9", "4"], "training": {"kind": kind, "images_per_class": 30}}
    document = {"key": "made-up", "recipe": {"settings": settings}, "files": {}}
    (model / "recipe.json").write_text(json.dumps(document), encoding="utf-8")
    inputs = {"dataset": dataset, "model": model}
    measure(Job("test", {"kind": "tilting", "eps_pixel": 0.05}, 0, {}, inputs, output, output, 60.0))
    levels = read_table(output / "levels.parquet")
    assert levels["log10_lambda"].tolist() == [np.inf, -2]
    assert levels["relative_gap"].tolist() == [0, 1e-9]
    assert levels["eps"].tolist() == [0.05, 0.05]
    test, y = read_pair(dataset, "test", ("9", "4"))
    expected = [
        measure_damage(test, y, w, b, loss, 0.05)["damage_true"] for w, b in zip(weights, (0.5, -0.5), strict=True)
    ]
    assert levels["damage_true"].tolist() == expected
    train, y_train = read_pair(dataset, "train", ("9", "4"), 30)
    assert len(y_train) == 60
    assert levels["err_train"].tolist() == [
        pytest.approx(100 * np.mean(y_train * (train @ w + b) <= 0)) for w, b in zip(weights, (0.5, -0.5), strict=True)
    ]
