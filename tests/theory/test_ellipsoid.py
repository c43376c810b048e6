"""Nearest errors of the quadratic net: closed cases, dense grids and a general solver from many starts."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from random_points import sphere
from scipy import optimize

from advdim.theory import caps, ellipsoid, quadratic

OUTER = 1.3


def by_solver(start: np.ndarray, equalities: list[Callable], inequalities: list[Callable], seed: int) -> float:
    """Distance to the nearest feasible point that sequential quadratic programming finds from 20 random points."""
    constraints = [{"type": "eq", "fun": function} for function in equalities]
    constraints += [{"type": "ineq", "fun": function} for function in inequalities]
    found = math.inf
    for first in 1.1 * sphere(20, start.size, seed):
        result = optimize.minimize(
            lambda y: np.sum((y - start) ** 2),
            first,
            jac=lambda y: 2.0 * (y - start),
            constraints=constraints,
            method="SLSQP",
            options={"maxiter": 300, "ftol": 1e-14},
        )
        off = [abs(function(result.x)) for function in equalities] + [-function(result.x) for function in inequalities]
        if max(off) < 1e-7:
            found = min(found, float(np.linalg.norm(result.x - start)))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_against_a_general_solver(seed: int) -> None:
    """Alphas of both signs; where the sphere has no error the solver finds no feasible point either."""
    alpha = np.random.default_rng(seed).uniform(-0.5 if seed % 2 else 0.1, 1.4, 5)
    starts = sphere(3, 5, seed + 100)
    outward: list[Callable] = [lambda y: alpha @ y**2 - 1.0]
    inward: list[Callable] = [lambda y: 1.0 - alpha @ y**2]
    inner: list[Callable] = [lambda y: y @ y - 1.0]
    outer: list[Callable] = [lambda y: y @ y - OUTER**2]
    shell: list[Callable] = [*outward, *inner, lambda y: OUTER**2 - y @ y]
    for number, start in enumerate(starts):
        pairs = [
            (ellipsoid.nearest_error_on_sphere(alpha, [start]), by_solver(start, inner, outward, number)),
            (ellipsoid.nearest_error_on_sphere(alpha, [start], OUTER), by_solver(OUTER * start, outer, inward, number)),
            (ellipsoid.nearest_error_in_space(alpha, [start]), by_solver(start, [], outward, number)),
            (ellipsoid.nearest_error_in_shell(alpha, [start], OUTER), by_solver(start, [], shell, number)),
        ]
        for exact, found in pairs:
            assert exact.distance[0] == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize("alpha", [(1.2, 0.5), (1.01, -3.0), (5.0, 0.9), (1.5, 1.4)])
def test_on_the_circle_by_a_dense_grid(alpha: tuple[float, float]) -> None:
    angles = np.linspace(0.0, 2.0 * math.pi, 2_000_001)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    errors = circle[circle**2 @ alpha > 1.0]
    for start in sphere(10, 2, 1):
        expected = np.linalg.norm(errors - start, axis=1).min()
        assert ellipsoid.nearest_error_on_sphere(alpha, [start]).distance[0] == pytest.approx(expected, abs=4e-6)


@pytest.mark.parametrize("alpha", [(1.2, 0.5), (0.8, -2.0), (0.62, 0.6), (1.05, -8.0)])
def test_in_the_plane_shell_by_a_dense_grid(alpha: tuple[float, float]) -> None:
    angles, radii = np.linspace(0.0, 2.0 * math.pi, 4001), np.linspace(1.0, OUTER, 401)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = (radii[:, None, None] * circle).reshape(-1, 2)
    errors = points[points**2 @ alpha > 1.0]
    for start in sphere(8, 2, 2):
        found = ellipsoid.nearest_error_in_shell(alpha, [start], OUTER)
        assert found.distance[0] == pytest.approx(np.linalg.norm(errors - start, axis=1).min(), abs=2e-3)
        assert 1.0 - 1e-9 <= found.norm[0] <= OUTER + 1e-9


@pytest.mark.parametrize("dimension", [3, 500])
def test_one_dominant_alpha_leaves_two_caps(dimension: int) -> None:
    """The errors are the caps around both ends of one axis; the nearest one lies on the start's meridian."""
    alpha = np.full(dimension, 0.7)
    alpha[4 % dimension] = 1.9
    starts = sphere(500, dimension, 3)
    edge, latitude = math.asin(math.sqrt(0.3 / 1.2)), np.arcsin(np.abs(starts[:, 4 % dimension]))
    expected = 2.0 * np.sin(0.5 * np.maximum(edge - latitude, 0.0))
    found = ellipsoid.nearest_error_on_sphere(alpha, starts).distance
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_points_are_errors_on_the_boundary_and_distances_are_theirs() -> None:
    alpha = np.random.default_rng(4).uniform(0.55, 1.05, 500)
    starts = sphere(50, 500, 5)
    for found, norm, value in (
        (ellipsoid.nearest_error_on_sphere(alpha, starts), 1.0, 1.0),
        (ellipsoid.nearest_error_on_sphere(alpha, starts, OUTER), OUTER, 1.0),
        (ellipsoid.nearest_error_in_shell(alpha, starts, OUTER), None, 1.0),
    ):
        np.testing.assert_allclose(found.points**2 @ alpha, value, rtol=1e-10)
        if norm is not None:
            np.testing.assert_allclose(found.norm, norm, rtol=1e-12)
        own = starts * (OUTER if norm == OUTER else 1.0)
        np.testing.assert_allclose(np.linalg.norm(found.points - own, axis=1), found.distance, rtol=1e-9)


def test_no_farther_than_a_cap_of_the_same_measure() -> None:
    """Theorem 5.1, for errors far too rare to sample."""
    starts = sphere(400, 500, 6)
    for low, high in ((0.9, 1.09), (0.6, 1.02), (0.75, 1.01)):
        alpha = np.linspace(low, high, 500)
        bound = float(caps.mean_distance_to_cap(math.exp(quadratic.log_error_rate(alpha)), 500))
        distance = ellipsoid.nearest_error_on_sphere(alpha, starts).distance
        assert 0.3 * bound < distance.mean() < bound


def test_a_start_without_a_part_along_the_long_axis() -> None:
    """The secular equation has no root there: the nearest errors are a pair, to both sides."""
    alpha = [1.2, 0.5, 0.7]
    found = ellipsoid.nearest_error_on_sphere(alpha, np.eye(3))
    cosines = [1.0, math.sqrt(0.2 / 0.7), math.sqrt(0.2 / 0.5)]
    np.testing.assert_allclose(found.distance, np.sqrt(2.0 - 2.0 * np.array(cosines)), atol=1e-12)
    np.testing.assert_allclose(found.points**2 @ alpha, [1.2, 1.0, 1.0], rtol=1e-12)
    almost = ellipsoid.nearest_error_on_sphere(alpha, [[1e-9, 1.0, 0.0]])
    assert almost.distance[0] == pytest.approx(found.distance[1], abs=1e-8)


def test_a_start_close_to_the_boundary_keeps_its_digits() -> None:
    """On the circle the boundary lies at a known angle; the start is 1e-11 away from it."""
    alpha, angle = np.array([1.2, 0.5]), math.acos(math.sqrt(0.5 / 0.7))
    start = [[math.cos(angle + 1e-11), math.sin(angle + 1e-11)]]
    assert ellipsoid.nearest_error_on_sphere(alpha, start).distance[0] == pytest.approx(1e-11, rel=1e-4)


def test_errors_and_the_lack_of_them() -> None:
    starts = sphere(7, 3, 8)
    good = [0.6, 0.8, 1.0]
    for none in (
        ellipsoid.nearest_error_on_sphere(good, starts),
        ellipsoid.nearest_error_on_sphere(good, starts, OUTER),
        ellipsoid.nearest_error_in_space([-1.0, 0.0, -0.2], starts),
        ellipsoid.nearest_error_in_shell([0.5, 0.0, -0.2], starts, OUTER),
    ):
        assert np.all(none.distance == math.inf)
        assert np.all(np.isnan(none.points))
        assert np.all(np.isnan(none.norm))
    for all_wrong in (
        ellipsoid.nearest_error_on_sphere([1.1, 1.2, 1.3], starts),
        ellipsoid.nearest_error_in_space([1.1, 1.2, 1.3], starts),
        ellipsoid.nearest_error_in_shell([1.1, 1.2, 1.3], starts, OUTER),
    ):
        np.testing.assert_array_equal(all_wrong.distance, 0.0)
        np.testing.assert_allclose(all_wrong.points, starts)


def test_the_farthest_start_lies_on_an_axis() -> None:
    """The cosine of the angle to the nearest error is concave in the squares of the start: least on an axis."""
    alpha = np.array([0.1, 0.3, 0.8, 1.4])
    starts = np.concatenate([sphere(20_000, 4, 9), np.eye(4)])
    for outer_radius, highest, lowest in ((None, 0.4, -0.9), (OUTER, 1.0 - 0.1 * OUTER**2, 1.0 - 1.4 * OUTER**2)):
        found = ellipsoid.nearest_error_on_sphere(alpha, starts, outer_radius).distance
        angle = math.acos(math.sqrt(highest / (highest - lowest)))
        assert found.max() == pytest.approx((outer_radius or 1.0) * 2.0 * math.sin(angle / 2.0), rel=1e-12)
        assert found[:-4].max() > 0.95 * found.max()


def test_only_directions_count() -> None:
    alpha, starts = [1.2, 0.5, 0.7], sphere(5, 3, 11)
    for nearest in (ellipsoid.nearest_error_on_sphere, ellipsoid.nearest_error_in_space):
        np.testing.assert_allclose(nearest(alpha, 7.0 * starts).distance, nearest(alpha, starts).distance, rtol=1e-12)


@pytest.mark.parametrize("starts", [[1.0, 0.0], [[1.0, 0.0, 0.0]], [[0.0, 0.0]], [[math.nan, 1.0]]])
def test_bad_starts_are_named(starts: list) -> None:
    with pytest.raises(ValueError, match="starts must be rows of 2 finite numbers"):
        ellipsoid.nearest_error_on_sphere([1.2, 0.5], starts)


def test_bad_radius_is_named() -> None:
    with pytest.raises(ValueError, match="outer_radius must be above 1"):
        ellipsoid.nearest_error_in_shell([1.2, 0.5], [[1.0, 0.0]], 1.0)
