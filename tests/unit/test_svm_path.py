"""Support vector machines at their optimum on the whole path, and the tilting plane by its definition."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import optimize

from advdim.datasets.digits import build
from advdim.datasets.two_classes import first_of_each_class, flat_images, signs
from advdim.errors import AdvdimError
from advdim.models.linear import LinearPath, load_path
from advdim.statistics.tilting import measure_level
from advdim.statistics.tilting_plane import centroid_direction, tilting_plane
from advdim.training.svm_path import relative_gap, solve_level, solve_path

Array = NDArray[np.float64]
LEVELS = np.arange(2.0, -6.5, -1.0)
TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def digits() -> tuple[Array, Array]:
    """Sixty images of each of two digits, pixels on [0, 1], and their signs."""
    built = build(width=8, resampling="nearest", classes=[2, 3], test_fraction=0.3, seed=0)
    chosen = first_of_each_class(built.train_labels, 60)
    return flat_images(built.train_images[chosen]), signs(built.train_labels[chosen])


@pytest.fixture(scope="module")
def clouds() -> tuple[Array, Array]:
    """Two overlapping clouds of ten points each in the plane, of unequal shape."""
    generator = np.random.default_rng(0)
    y = np.repeat([-1.0, 1.0], 10)
    return generator.normal(size=(20, 2)) * [1, 0.6] + 0.7 * y[:, None] + 0.3, y


@pytest.fixture(scope="module")
def path(digits: tuple[Array, Array]) -> LinearPath:
    return solve_path(*digits, LEVELS, TOLERANCE)


def objective(images: Array, y: Array, w: Array, b: float, strength: float) -> float:
    """mean(max(0, 1 - y (w.x + b))) + lambda |w|^2, as the source writes it."""
    return float(np.maximum(0, 1 - y * (images @ w + b)).mean() + strength * w @ w)


def by_quadratic_program(images: Array, y: Array, strength: float) -> tuple[Array, float]:
    """The same optimum as a quadratic program in w, b and one slack for each image, solved by SLSQP."""
    count, dimension = images.shape

    def cost(v: Array) -> float:
        return float(v[dimension + 1 :].mean() + strength * v[:dimension] @ v[:dimension])

    def gradient(v: Array) -> Array:
        return np.concatenate([2 * strength * v[:dimension], [0.0], np.full(count, 1 / count)])

    margins = np.hstack([images * y[:, None], y[:, None], np.eye(count)])
    start = np.concatenate([np.zeros(dimension + 1), np.ones(count)])
    bounds = [(None, None)] * (dimension + 1) + [(0, None)] * count
    constraint = {"type": "ineq", "fun": lambda v: margins @ v - 1, "jac": lambda _: margins}
    solved = optimize.minimize(
        cost,
        start,
        jac=gradient,
        bounds=bounds,
        constraints=[constraint],
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    assert solved.success, solved.message
    return solved.x[:dimension], float(solved.x[dimension])


@pytest.mark.parametrize("strength", [1e-5, 1e-3, 1e-2, 0.1, 1.0, 100.0])
def test_a_level_equals_a_quadratic_program_solved_otherwise(clouds: tuple[Array, Array], strength: float) -> None:
    images, y = clouds
    coefficients, b, _ = solve_level(images @ images.T, y, strength, 1e-7)
    w = coefficients @ images
    reference_w, reference_b = by_quadratic_program(images, y, strength)
    best = objective(images, y, reference_w, reference_b, strength)
    assert objective(images, y, w, b, strength) == pytest.approx(best, rel=1e-6)
    assert w == pytest.approx(reference_w, rel=1e-3, abs=1e-6)


def test_the_gap_is_below_the_tolerance_at_every_level(digits: tuple[Array, Array], path: LinearPath) -> None:
    assert len(path.weights) == len(path.biases) == len(LEVELS)
    assert (path.relative_gap <= TOLERANCE).all()
    assert (path.relative_gap >= -1e-9).all()


def test_no_direction_leads_down_from_a_level(digits: tuple[Array, Array], path: LinearPath) -> None:
    images, y = digits
    generator = np.random.default_rng(0)
    for level, w, b in zip(LEVELS, path.weights, path.biases, strict=True):
        strength = 10.0**level
        here = objective(images, y, w, b, strength)
        for size in (1e-3, 1e-1):
            for _ in range(20):
                step = size * np.linalg.norm(w) * generator.normal(size=len(w)) / np.sqrt(len(w))
                there = objective(images, y, w + step, b + size * generator.normal(), strength)
                assert there >= here * (1 - TOLERANCE)


@pytest.mark.parametrize("level", [2.0, 0.0, -2.0, -4.0, -6.0])
def test_the_optimality_conditions_hold(digits: tuple[Array, Array], level: float) -> None:
    images, y = digits
    gram, penalty = images @ images.T, 1 / (2 * len(y) * 10.0**level)
    coefficients, b, gap = solve_level(gram, y, 10.0**level, 1e-6)
    size = coefficients * y
    assert size.min() >= 0
    assert size.max() <= penalty * (1 + 1e-9)
    assert abs(coefficients.sum()) <= 1e-6 * np.abs(coefficients).sum()
    assert -1e-9 <= gap <= 1e-6
    slack = 1 - y * (gram @ coefficients + b)
    cost = penalty * np.maximum(0, slack).sum() + coefficients @ gram @ coefficients / 2
    assert size @ np.maximum(0, -slack) <= 1e-6 * cost  # no weight on images beyond their margin
    assert (penalty - size) @ np.maximum(0, slack) <= 1e-6 * cost  # full weight on those inside it


def test_the_gap_bounds_how_far_a_classifier_is_from_the_best(clouds: tuple[Array, Array]) -> None:
    images, y = clouds
    gram, strength = images @ images.T, 0.01
    penalty = 1 / (2 * len(y) * strength)
    coefficients, b, _ = solve_level(gram, y, strength, 1e-7)
    best = objective(images, y, coefficients @ images, b, strength)
    for share in (0.999, 0.9, 0.5):
        worse = objective(images, y, share * coefficients @ images, b, strength)
        assert (worse - best) / worse <= relative_gap(gram, y, share * coefficients, b, penalty)


def test_regularisation_orders_the_path(digits: tuple[Array, Array], path: LinearPath) -> None:
    norms = np.linalg.norm(path.weights, axis=1)
    assert (np.diff(norms) >= -TOLERANCE * norms[:-1]).all()
    images, y = digits
    hinge = [np.maximum(0, 1 - y * (images @ w + b)).mean() for w, b in zip(path.weights, path.biases, strict=True)]
    assert (np.diff(hinge) <= 1e-6).all()


def test_a_tolerance_that_cannot_be_met_is_told(clouds: tuple[Array, Array]) -> None:
    images, y = clouds
    with pytest.raises(AdvdimError, match=r"lambda = 0\.01: the duality gap is .*; expected at most .*; raise the"):
        solve_level(images @ images.T, y, 0.01, -1.0)


def test_a_path_is_read_as_it_was_saved(tmp_path_factory: pytest.TempPathFactory, path: LinearPath) -> None:
    folder = tmp_path_factory.mktemp("path")
    path.save(folder)
    stored = load_path(folder)
    assert all(np.array_equal(getattr(stored, name), value) for name, value in vars(path).items())


def direction(seed: int, dimension: int = 64) -> Array:
    vector = np.random.default_rng(seed).normal(size=dimension)
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("degrees", [1e-7, 1e-3, 1.0, 45.0, 89.999, 90.0, 120.0, 179.0])
@pytest.mark.parametrize("length", [1e-6, 1.0, 1e6])
def test_the_angle_is_exact_where_it_is_known(degrees: float, length: float) -> None:
    z = direction(0)
    across = direction(1)
    across -= (across @ z) * z
    across /= np.linalg.norm(across)
    angle = np.radians(degrees)
    plane = tilting_plane(length * (np.cos(angle) * z + np.sin(angle) * across), z)
    assert plane.angle_deg == pytest.approx(degrees, rel=1e-6, abs=1e-13)
    assert plane.n == pytest.approx(across, abs=1e-5)
    assert abs(plane.n @ plane.z) < 1e-14
    assert np.linalg.norm(plane.n) == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("factor", [1.0, 3.7e-5, 1e8])
def test_the_second_direction_is_undefined_at_angle_0(factor: float) -> None:
    z = direction(2)
    plane = tilting_plane(factor * z, z)
    assert plane.angle_deg == 0
    assert not plane.n.any()


def test_the_centroids_direction_points_to_the_positive_class() -> None:
    images = np.array([[0.0, 0, 0], [0, 2, 0], [3, 1, 4], [3, 1, 4]])
    y = np.array([-1.0, -1, 1, 1])
    assert centroid_direction(images, y) == pytest.approx([0.6, 0, 0.8])
    with pytest.raises(ValueError, match="centroids of the two classes coincide"):
        centroid_direction(images[[0, 0]], np.array([-1.0, 1]))


def mirrored(images: Array, w: Array, b: float) -> Array:
    """Each image behind the boundary as in a mirror (the source's adversarial image)."""
    return images - 2 * np.outer((images @ w + b) / (w @ w), w)


def measured(images: Array, y: Array, w: Array, b: float) -> tuple[dict[str, float], pd.DataFrame]:
    return measure_level(images, y, images[::-1], y[::-1], w, b)


def test_the_adversarial_distance_is_half_of_that_to_the_mirror_image(
    digits: tuple[Array, Array], path: LinearPath
) -> None:
    images, y = digits
    separating = 0
    for w, b in zip(path.weights, path.biases, strict=True):
        row, _ = measured(images, y, w, b)
        halves = np.linalg.norm(images - mirrored(images, w, b), axis=1) / 2
        right = y * (images @ w + b) > 0
        assert row["d_adv"] == pytest.approx(np.mean(np.where(right, halves, -halves)), rel=1e-9)
        assert row["err_train"] == row["err_test"] == pytest.approx(100 * np.mean(~right))
        separating += right.all()
        assert np.allclose(mirrored(images, w, b) @ w + b, -(images @ w + b))
    assert separating > 0


def test_a_level_lies_in_its_plane(digits: tuple[Array, Array], path: LinearPath) -> None:
    images, y = digits
    for w, b in zip(path.weights, path.biases, strict=True):
        row, points = measured(images, y, w, b)
        assert row["residual"] < 1e-12
        assert 0 <= row["angle_deg"] < 90
        angle = np.radians(row["angle_deg"])
        score = np.cos(angle) * points["along_z"] + np.sin(angle) * points["along_n"] + row["bias_over_normw"]
        expected = (np.concatenate([images, images[::-1]]) @ w + b) / np.linalg.norm(w)
        assert score.to_numpy() == pytest.approx(expected, abs=1e-9)
        assert points["split"].to_list() == ["train"] * len(y) + ["test"] * len(y)


def test_the_boundary_stands_upright_under_the_strongest_regularisation_and_tilts_under_the_weakest(
    digits: tuple[Array, Array], path: LinearPath
) -> None:
    angles = [measured(*digits, w, b)[0]["angle_deg"] for w, b in zip(path.weights, path.biases, strict=True)]
    assert angles[0] == 0
    assert angles[-1] > 10


def test_weights_along_the_centroids_give_the_centroids_half_distance() -> None:
    images = np.array([[0.0, 0], [0, 1], [2, 0], [2, 1]])
    y = np.array([-1.0, -1, 1, 1])
    row, points = measured(images, y, np.array([5.0, 0.0]), -5.0)
    assert (row["angle_deg"], row["d_adv"], row["half_centroid_distance"]) == (0, 1, 1)
    assert (row["err_train"], row["norm_w"], row["bias_over_normw"], row["residual"]) == (0, 5, 0, 0)
    assert points["along_z"].to_list() == [-1, -1, 1, 1, 1, 1, -1, -1]
    assert not points["along_n"].any()
    on_the_boundary, _ = measured(images, y, np.array([5.0, 0.0]), 0.0)
    assert on_the_boundary["err_train"] == 50
