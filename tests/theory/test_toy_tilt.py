"""The toy classes and their adversarial distance: closed forms and other searches against what is measured."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from advdim.artefacts.tables import read_table
from advdim.datasets import stage
from advdim.datasets.stored import read_info
from advdim.datasets.toy_classes import plane, sample
from advdim.job import Job
from advdim.statistics import toy_tilt

TILTS = (0.0, 30.0, 60.0, 85.0, 89.0)


def toy(dimension: int, per_class: int = 40, seed: int = 3) -> dict[str, int]:
    return {"dimension": dimension, "per_class": per_class, "seed": seed}


def distances(points: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(points[:, np.newaxis] - points, axis=2))


def test_points_fill_their_boxes() -> None:
    points, y = sample(toy(2, per_class=2000))
    along, across = (y * points[:, 0], points[:, 1])
    np.testing.assert_array_equal(np.bincount((y > 0).astype(int)), [2000, 2000])
    assert along.min() == pytest.approx(0.2, abs=0.01)
    assert along.max() == pytest.approx(1.0, abs=0.01)
    assert np.abs(across).max() == pytest.approx(0.015, abs=1e-4)
    assert along.mean() == pytest.approx(0.6, abs=4 * 0.8 / math.sqrt(12 * 4000))
    assert across.std() == pytest.approx(0.015 / math.sqrt(3), rel=0.05)


def test_embedding_keeps_all_distances() -> None:
    (flat, y), (embedded, y_embedded) = sample(toy(2)), sample(toy(785))
    assert embedded.shape == (80, 785)
    np.testing.assert_array_equal(y, y_embedded)
    np.testing.assert_allclose(distances(embedded), distances(flat), atol=1e-14)
    assert np.linalg.matrix_rank(embedded, tol=1e-10) == 2


def test_plane_is_that_of_gram_schmidt_and_named_by_the_seed() -> None:
    columns = plane(toy(50))
    np.testing.assert_allclose(columns.T @ columns, np.eye(2), atol=1e-15)
    np.testing.assert_array_equal(columns, plane(toy(50, per_class=7)))
    assert not np.allclose(columns, plane(toy(50, seed=4)))
    assert not np.array_equal(sample(toy(2))[0], sample(toy(2, seed=4))[0])


def measured(dimension: int, per_class: int = 40) -> pd.DataFrame:
    info = toy(dimension, per_class)
    points, y = sample(info)
    return toy_tilt.measure_tilts(points, y, toy_tilt.centroid_axes(points, y, plane(info)[:, 1]), TILTS)


@pytest.mark.parametrize("dimension", [2, 785])
def test_distance_follows_the_cosine(dimension: int) -> None:
    tilts = measured(dimension)
    np.testing.assert_allclose(tilts["ratio_to_upright"], np.cos(np.radians(TILTS)), rtol=1e-6)
    np.testing.assert_allclose(tilts["d_adv_measured"], tilts["d_adv_theory"], atol=1e-8)
    assert tilts["half_centroid_distance"].iloc[0] == pytest.approx(0.6, abs=0.1)
    assert (tilts["dimension"] == dimension).all()


def test_errors_are_those_of_an_integral() -> None:
    # Class J errs where b tan(t) < -a: with h = 0.015 tan(t) that is a share of (h - 0.2)^2 / (2 * 2 h * 0.8).
    h = 0.015 * math.tan(math.radians(89))
    expected = (h - 0.2) ** 2 / (2 * 2 * h * 0.8)
    tilts = measured(2, per_class=5000)
    assert tilts["err"].iloc[-1] == pytest.approx(100 * expected, abs=4 * 100 * math.sqrt(expected / 10_000))
    assert (tilts["err"].iloc[:-1] == 0).all()  # up to 85 degrees the boundary separates the classes


@pytest.mark.parametrize("sizes", [(30, 30), (10, 50)])
def test_theory_holds_for_any_classes_and_any_direction(sizes: tuple[int, int]) -> None:
    noise = np.random.default_rng(5)
    y = np.repeat([-1.0, 1.0], sizes)
    points = noise.standard_normal((60, 7)) * np.arange(1, 8) + y[:, np.newaxis]
    axes = toy_tilt.centroid_axes(points, y, noise.standard_normal(7))
    tilts = toy_tilt.measure_tilts(points, y, axes, TILTS)
    per_class = [
        [toy_tilt.signed_distances(points, y, axes.normal(tilt), axes.midpoint)[y == sign].mean() for sign in (-1, 1)]
        for tilt in TILTS
    ]
    expected = np.linalg.norm(points[y > 0].mean(axis=0) - points[y < 0].mean(axis=0)) / 2 * np.cos(np.radians(TILTS))
    np.testing.assert_allclose(per_class, np.column_stack([expected, expected]), atol=1e-8)
    np.testing.assert_allclose(tilts["d_adv_measured"], expected, atol=1e-8)
    assert tilts["err"].min() > 0  # these classes overlap, so that signs matter


def test_signs_and_distances_of_single_points() -> None:
    points = np.array([[3.0, 4.0], [3.0, 4.0], [0.0, 0.0], [-6.0, 2.0]])
    found = toy_tilt.signed_distances(points, np.array([1.0, -1.0, -1.0, 1.0]), np.array([6.0, 8.0]), np.ones(2))
    np.testing.assert_allclose(found, [3.6, -3.6, 1.4, -3.4], atol=1e-9)  # (3 x + 4 y - 7) / 5


@pytest.mark.parametrize("dimension", [2, 785])
def test_no_shorter_step_changes_the_class(dimension: int) -> None:
    info, noise = toy(dimension), np.random.default_rng(6)
    points, y = sample(info)
    axes = toy_tilt.centroid_axes(points, y, plane(info)[:, 1])
    w = axes.normal(80.0)
    found = toy_tilt.signed_distances(points, y, w, axes.midpoint)
    for point, distance in list(zip(points, found, strict=True))[:6]:
        side = np.sign((point - axes.midpoint) @ w)
        anywhere = noise.standard_normal((500, dimension))
        close = -side * w + 0.1 * noise.standard_normal((500, dimension)) / math.sqrt(dimension)
        directions = np.concatenate([anywhere, close, [-side * w]])
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        sides = [np.sign((point + factor * abs(distance) * directions - axes.midpoint) @ w) for factor in (0.999, 1.02)]
        assert (sides[0] == side).all()
        assert sides[1][-1] == -side
        assert (sides[1][500:] == -side).mean() > 0.5  # a little further, the directions near w do change it


def test_a_point_that_keeps_its_class_is_told() -> None:
    with pytest.raises(ValueError, match="2 points keep their class within 1e\\+06"):
        toy_tilt.smallest_steps(lambda moved: np.ones(len(moved), bool), np.zeros((2, 3)), np.ones((2, 3)))


def test_from_settings_to_tables(tmp_path: Path) -> None:
    dataset, output = tmp_path / "dataset", tmp_path / "tilts"
    settings = {"kind": "toy_classes", "dimension": 20, "per_class": 200}
    for folder, inputs, given in (
        (dataset, {}, settings),
        (output, {"dataset": dataset}, {"kind": "toy_tilt", "tilts_deg": [60.0, 89.0]}),
    ):
        folder.mkdir()
        job = Job("toy", given, 0, {}, inputs, folder, tmp_path, 60.0)
        (toy_tilt.measure if inputs else stage.make)(job)
    assert [path.name for path in dataset.iterdir()] == ["info.json"]
    assert read_info(dataset) == settings | {"seed": 0}
    tilts, points = (read_table(output / f"{name}.parquet") for name in ("tilts", "points"))
    np.testing.assert_allclose(tilts["ratio_to_upright"], [0.5, math.cos(math.radians(89))], rtol=1e-6)
    assert len(points) == 300
    assert points["y"].sum() == 0
    assert set(points["dimension"]) == {20}
    assert (points["along_z"] * points["y"]).between(0.15, 1.05).all()
    assert points["along_n"].abs().max() < 0.02
