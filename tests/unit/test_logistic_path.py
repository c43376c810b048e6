"""Logistic regressions at their optimum on the whole path."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize

from advdim.datasets.digits import build
from advdim.datasets.stored import write_images
from advdim.datasets.two_classes import read_pair
from advdim.errors import AdvdimError
from advdim.job import Job
from advdim.models.linear import LinearPath, load_path
from advdim.training import logistic_path
from advdim.training.levels import levels_of
from advdim.training.logistic_path import gradient, relative_gap, solve_path, weight_basis

Array = NDArray[np.float64]
TOLERANCE = 1e-6
LEVELS = np.arange(2.0, -6.5, -2.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("digits")
    write_images(made, build(width=8, resampling="nearest", classes=[2, 3], test_fraction=0.3, seed=0))
    return made


@pytest.fixture(scope="module", params=[90, 20])
def digits(folder: Path, request: pytest.FixtureRequest) -> tuple[Array, Array]:
    """Two digits of 64 pixels, with more images than pixels, and with fewer."""
    return read_pair(folder, "train", ("2", "3"), request.param)


@pytest.fixture(scope="module")
def path(digits: tuple[Array, Array]) -> LinearPath:
    return solve_path(*digits, LEVELS, TOLERANCE)


def objective(images: Array, y: Array, w: Array, b: float, strength: float) -> float:
    """mean(log(1 + exp(-y (w.x + b)))) + lambda |w|^2, as it is written."""
    return float(np.logaddexp(0, -y * (images @ w + b)).mean() + strength * w @ w)


def best_bias(images: Array, y: Array, w: Array, strength: float) -> float:
    """The bias whose derivative is zero, found between two that bracket it."""

    def slope(b: float) -> float:
        return float(np.mean(-y / (1 + np.exp(y * (images @ w + b)))))

    return float(optimize.brentq(slope, -50, 50, xtol=1e-15))


def test_the_basis_holds_the_images_and_is_no_larger_than_they_are_many(digits: tuple[Array, Array]) -> None:
    images, _ = digits
    basis = weight_basis(images)
    assert len(basis) < min(len(images) + 1, images.shape[1])
    assert basis @ basis.T == pytest.approx(np.eye(len(basis)), abs=1e-12)
    assert images @ basis.T @ basis == pytest.approx(images, abs=1e-12)


@pytest.mark.parametrize("strength", [1e-6, 1e-3, 0.1, 100.0])
def test_two_points_have_a_closed_form(strength: float) -> None:
    path = solve_path(np.array([[-1.0], [1.0]]), np.array([-1.0, 1.0]), np.array([np.log10(strength)]), 1e-9)
    w = optimize.brentq(lambda w: 1 / (1 + np.exp(w)) - 2 * strength * w, 0, 50, xtol=1e-14)
    assert path.weights[0, 0] == pytest.approx(w, rel=1e-4)
    assert path.biases[0] == pytest.approx(0, abs=1e-6)


def test_every_level_equals_that_of_another_solver(digits: tuple[Array, Array], path: LinearPath) -> None:
    images, y = digits
    for level, w, b in zip(LEVELS, path.weights, path.biases, strict=True):
        found = optimize.minimize(
            lambda v, strength=10.0**level: objective(images, y, v[:-1], v[-1], strength),
            np.append(w, b) + 0.01 * np.random.default_rng(0).normal(size=len(w) + 1) * np.linalg.norm(w),
            jac=lambda v, strength=10.0**level: gradient(images, y, v[:-1], v[-1], strength),
            method="BFGS",
            options={"gtol": 1e-9, "maxiter": 3000},
        )
        assert objective(images, y, w, b, 10.0**level) <= found.fun * (1 + 1e-6)
        assert w == pytest.approx(found.x[:-1], abs=2e-3 * np.linalg.norm(w))


def test_the_gradient_is_that_of_differences(digits: tuple[Array, Array]) -> None:
    images, y = digits
    generator = np.random.default_rng(0)
    w, b, strength, step = generator.normal(size=images.shape[1]), 0.3, 0.05, 1e-6
    sides = itertools.chain(((side, 0.0) for side in step * np.eye(len(w))), [(np.zeros_like(w), step)])
    slopes = [
        objective(images, y, w + of_w, b + of_b, strength) - objective(images, y, w - of_w, b - of_b, strength)
        for of_w, of_b in sides
    ]
    assert gradient(images, y, w, b, strength) == pytest.approx(np.array(slopes) / (2 * step), abs=1e-8)


def test_the_gradient_is_below_the_tolerance_and_the_gap_small(digits: tuple[Array, Array], path: LinearPath) -> None:
    for level, w, b in zip(LEVELS, path.weights, path.biases, strict=True):
        assert np.abs(gradient(*digits, w, b, 10.0**level)).max() <= TOLERANCE
    assert (path.relative_gap > -1e-12).all()
    assert (path.relative_gap < 1e-4).all()


def test_the_gap_is_that_of_strong_convexity_where_the_bias_is_the_best(digits: tuple[Array, Array]) -> None:
    images, y = digits
    strength, generator = 0.02, np.random.default_rng(1)
    for size in (1e-3, 0.1, 1.0):
        w = size * generator.normal(size=images.shape[1])
        b = best_bias(images, y, w, strength)
        square = np.sum(gradient(images, y, w, b, strength)[:-1] ** 2)
        expected = square / (4 * strength) / objective(images, y, w, b, strength)
        assert relative_gap(images, y, w, b, strength) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("off", [0.0, -1.0, 2.0])
def test_the_gap_bounds_how_far_a_classifier_is_from_the_best(digits: tuple[Array, Array], off: float) -> None:
    images, y = digits
    strength = 1e-3
    best = solve_path(images, y, np.array([-3.0]), 1e-8)
    lowest = objective(images, y, best.weights[0], float(best.biases[0]), strength)
    for share in (0.999, 0.9, 0.5):
        w, b = share * best.weights[0], float(best.biases[0]) + off
        worse = objective(images, y, w, b, strength)
        assert (worse - lowest) / worse <= relative_gap(images, y, w, b, strength) + 1e-12


def test_the_strongest_regularisation_leads_to_the_nearest_centroid(
    digits: tuple[Array, Array], path: LinearPath
) -> None:
    images, y = digits
    difference = images[y > 0].mean(axis=0) - images[y < 0].mean(axis=0)
    assert path.weights[0] == pytest.approx(difference / (8 * 100), rel=0.02, abs=1e-6)


def test_a_tolerance_that_cannot_be_met_is_told(digits: tuple[Array, Array]) -> None:
    message = r"lambda = 0\.01: the largest entry of the gradient is .*; expected at most 1e-30; raise the"
    with pytest.raises(AdvdimError, match=message):
        solve_path(*digits, np.array([-2.0]), 1e-30)


def test_a_job_solves_the_levels_of_its_settings_with_the_same_bytes_each_time(folder: Path, tmp_path: Path) -> None:
    levels = {"log10_lambda_max": 1.0, "log10_lambda_min": -2.0, "levels": 4}
    training = {"kind": "logistic_path", "tolerance": TOLERANCE, "images_per_class": 40} | levels
    stored = []
    for name in ("first", "second"):
        output = tmp_path / name
        output.mkdir()
        settings = {"pair": ["3", "2"], "training": training}
        logistic_path.train(Job("test", settings, 0, {}, {"dataset": folder}, output, output, 60.0))
        stored.append((output / "path.npz").read_bytes())
    assert stored[0] == stored[1]
    path = load_path(tmp_path / "first")
    assert path.log10_lambda.tolist() == [1, 0, -1, -2]
    test, y = read_pair(folder, "test", ("3", "2"))
    assert np.mean(y * (test @ path.weights[-1] + path.biases[-1]) > 0) > 0.9


def test_levels_are_round_numbers_from_strong_to_weak() -> None:
    levels = levels_of({"log10_lambda_max": 2.0, "log10_lambda_min": -6.0, "levels": 81})
    assert levels.tolist() == [round(2 - number / 10, 1) for number in range(81)]
