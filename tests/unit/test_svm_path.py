"""Support vector machines at their optimum on the whole path, and the tilting plane by its definition."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize
from sklearn.svm import SVC

from advdim.datasets.digits import build
from advdim.errors import AdvdimError
from advdim.models.linear import LinearPath, load_path
from advdim.statistics.tilting import measure_level
from advdim.statistics.tilting_plane import centroid_direction, tilting_plane
from advdim.training.svm_path import relative_gap, solve_path

Array = NDArray[np.float64]
LEVELS = np.arange(2.0, -6.5, -1.0)
TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def digits() -> tuple[Array, Array]:
    """Sixty images of each of two digits, pixels on [0, 1], and their signs."""
    built = build(width=8, resampling="nearest", classes=[2, 3], test_fraction=0.3, seed=0)
    chosen = np.concatenate([np.flatnonzero(built.train_labels == label)[:60] for label in (0, 1)])
    return built.train_images[chosen].reshape(120, -1) / 255, np.repeat([-1.0, 1.0], 60)


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


@pytest.mark.parametrize("level", [-5.0, -3.0, -2.0, -1.0, 0.0, 2.0])
def test_a_level_equals_a_quadratic_program_solved_otherwise(clouds: tuple[Array, Array], level: float) -> None:
    images, y = clouds
    path = solve_path(images, y, np.array([level]), TOLERANCE)
    w, b = by_quadratic_program(images, y, 10.0**level)
    best = objective(images, y, w, b, 10.0**level)
    assert objective(images, y, path.weights[0], path.biases[0], 10.0**level) == pytest.approx(best, rel=1e-6)
    assert path.weights[0] == pytest.approx(w, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("of_class_i", [10, 60])
def test_another_solver_bounds_the_gap_at_every_level(digits: tuple[Array, Array], of_class_i: int) -> None:
    """LIBSVM's dual objective is a lower bound of every primal one: it shows that each level is solved."""
    images, y = digits
    kept = np.sort(np.concatenate([np.flatnonzero(y < 0)[:of_class_i], np.flatnonzero(y > 0)]))
    images, y = images[kept], y[kept]
    path = solve_path(images, y, LEVELS, TOLERANCE)
    for level, w, b in zip(LEVELS, path.weights, path.biases, strict=True):
        penalty = 1 / (2 * len(y) * 10.0**level)
        other = SVC(C=penalty, kernel="linear", tol=1e-7).fit(images, y)
        square = float(np.sum((other.dual_coef_ @ images[other.support_]) ** 2))
        lower = (np.abs(other.dual_coef_).sum() - square / 2) / (len(y) * penalty)
        mine = objective(images, y, w, b, 10.0**level)
        assert mine >= lower * (1 - 1e-6)
        assert (mine - lower) / mine <= TOLERANCE


def test_the_gap_is_below_the_tolerance_at_every_level(path: LinearPath) -> None:
    assert len(path.weights) == len(path.biases) == len(LEVELS)
    assert (path.relative_gap <= TOLERANCE).all()
    assert (path.relative_gap >= -1e-9).all()


def test_a_path_does_not_depend_on_the_levels_before(digits: tuple[Array, Array], path: LinearPath) -> None:
    alone = solve_path(*digits, LEVELS[-1:], TOLERANCE)
    assert alone.weights[0] == pytest.approx(path.weights[-1], rel=1e-3, abs=1e-4)


def test_the_bias_is_in_the_middle_where_every_hinge_is_active(digits: tuple[Array, Array], path: LinearPath) -> None:
    images, y = digits
    scores = images @ path.weights[0]
    highest, lowest = (1 - scores[y > 0]).min(), (-1 - scores[y < 0]).max()
    assert lowest < highest
    assert path.biases[0] == pytest.approx((lowest + highest) / 2)


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


def test_the_gap_bounds_how_far_a_classifier_is_from_the_best(clouds: tuple[Array, Array]) -> None:
    images, y = clouds
    strength = 0.01
    penalty = 1 / (2 * len(y) * strength)
    w, b = by_quadratic_program(images, y, strength)
    best = objective(images, y, w, b, strength)
    other = SVC(C=penalty, kernel="linear", tol=1e-7).fit(images, y)
    alpha = np.zeros(len(y))
    alpha[other.support_] = np.abs(other.dual_coef_[0])
    for share in (0.999, 0.9, 0.5):
        weights = (share * alpha * y) @ images
        worse = objective(images, y, weights, b, strength)
        gap = relative_gap(1 - y * (images @ weights + b), share * alpha, weights, penalty)
        assert (worse - best) / worse <= gap


def test_regularisation_orders_the_path(digits: tuple[Array, Array], path: LinearPath) -> None:
    norms = np.linalg.norm(path.weights, axis=1)
    assert (np.diff(norms) >= -TOLERANCE * norms[:-1]).all()
    images, y = digits
    hinge = [np.maximum(0, 1 - y * (images @ w + b)).mean() for w, b in zip(path.weights, path.biases, strict=True)]
    assert (np.diff(hinge) <= 1e-6).all()


def test_a_tolerance_that_cannot_be_met_is_told(clouds: tuple[Array, Array]) -> None:
    images, y = clouds
    with pytest.raises(AdvdimError, match=r"lambda = 1e-2: the duality gap is .*; expected at most .*; raise the"):
        solve_path(images, y, np.array([-2.0]), -1.0)


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


def measured(images: Array, y: Array, w: Array, b: float) -> dict[str, float]:
    return measure_level(images, y, images[::-1], y[::-1], w, b)


def test_the_adversarial_distance_is_half_of_that_to_the_mirror_image(
    digits: tuple[Array, Array], path: LinearPath
) -> None:
    images, y = digits
    separating = 0
    for w, b in zip(path.weights, path.biases, strict=True):
        row = measured(images, y, w, b)
        halves = np.linalg.norm(images - mirrored(images, w, b), axis=1) / 2
        right = y * (images @ w + b) > 0
        assert row["d_adv"] == pytest.approx(np.mean(np.where(right, halves, -halves)), rel=1e-9)
        assert row["err_train"] == row["err_test"] == pytest.approx(100 * np.mean(~right))
        separating += right.all()
        assert np.allclose(mirrored(images, w, b) @ w + b, -(images @ w + b))
    assert separating > 0


def test_a_level_lies_in_its_plane(digits: tuple[Array, Array], path: LinearPath) -> None:
    for w, b in zip(path.weights, path.biases, strict=True):
        row = measured(*digits, w, b)
        assert row["residual"] < 1e-12
        assert 0 <= row["angle_deg"] < 90


def test_the_boundary_stands_upright_under_the_strongest_regularisation_and_tilts_under_the_weakest(
    digits: tuple[Array, Array], path: LinearPath
) -> None:
    angles = [measured(*digits, w, b)["angle_deg"] for w, b in zip(path.weights, path.biases, strict=True)]
    assert angles[0] == 0
    assert angles[-1] > 10


def test_weights_along_the_centroids_give_the_centroids_half_distance() -> None:
    images = np.array([[0.0, 0], [0, 1], [2, 0], [2, 1]])
    y = np.array([-1.0, -1, 1, 1])
    row = measured(images, y, np.array([5.0, 0.0]), -5.0)
    assert (row["angle_deg"], row["d_adv"], row["half_centroid_distance"]) == (0, 1, 1)
    assert (row["err_train"], row["norm_w"], row["bias_over_normw"], row["residual"]) == (0, 5, 0, 0)
    on_the_boundary = measured(images, y, np.array([5.0, 0.0]), 0.0)
    assert on_the_boundary["err_train"] == 50
