"""Caps of the sphere: exact values, simulation, and the source's approximation beside them."""

import math

import numpy as np
import pytest
from random_points import sphere

from advdim.theory import caps

DIMENSIONS = (2, 3, 5, 20, 500, 3000)


LATITUDES = np.array([-1.0, -0.9, -0.1, 0.0, 1e-9, 0.3, 0.8, 0.999])


def test_a_cap_of_the_circle_is_an_arc() -> None:
    np.testing.assert_allclose(caps.cap_latitude(np.arccos(LATITUDES) / math.pi, 2), LATITUDES, rtol=0, atol=1e-14)


def test_the_measure_of_a_cap_of_the_common_sphere_is_linear() -> None:
    np.testing.assert_allclose(caps.cap_latitude((1.0 - LATITUDES) / 2.0, 3), LATITUDES, rtol=0, atol=1e-14)


def test_latitude_of_a_cap_far_too_rare_to_sample() -> None:
    """By the incomplete beta function in arithmetic of 40 digits."""
    assert caps.cap_latitude(math.exp(-418.2732858243297), 500) == pytest.approx(0.9, rel=1e-14)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_latitude_falls_as_the_measure_grows(dimension: int) -> None:
    latitude = caps.cap_latitude([1e-300, 1e-4, 0.01, 0.4, 0.5, 0.9, 1.0 - 1e-6], dimension)
    assert np.all(np.diff(latitude) < 0.0)


def test_the_whole_sphere() -> None:
    assert caps.cap_latitude(1.0, 500) == -1.0
    for distance in (
        caps.mean_distance_to_cap,
        caps.mean_distance_to_cap_source,
        caps.mean_distance_to_cap_first_order,
    ):
        assert distance(1.0, 500) == 0.0


def test_distance_on_the_circle() -> None:
    measure = np.array([0.999, 0.7, 0.5, 0.1, 1e-3, 1e-10])
    expected = 4.0 * (1.0 - np.cos(math.pi * (1.0 - measure) / 2.0)) / math.pi
    np.testing.assert_allclose(caps.mean_distance_to_cap(measure, 2), expected, rtol=1e-9)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_distance_to_a_tiny_cap_is_the_mean_distance_of_two_points(dimension: int) -> None:
    pole = caps.mean_distance_to_latitude(1.0, dimension)
    assert pole == pytest.approx(caps.mean_pair_distance(dimension), rel=1e-10)


@pytest.mark.parametrize("dimension", [3, 20, 300])
@pytest.mark.parametrize("measure", [0.8, 0.3, 0.01])
def test_distance_against_simulation(dimension: int, measure: float) -> None:
    points = sphere(20_000, dimension, seed=7)
    height = float(caps.cap_latitude(measure, dimension))
    radius = np.sqrt(np.sum(points[:, 1:] ** 2, axis=1))
    nearest = np.hypot(points[:, 0] - height, radius - math.sqrt(1.0 - height**2))
    distance = np.where(points[:, 0] >= height, 0.0, nearest)
    error = distance.std() / math.sqrt(len(points))
    assert caps.mean_distance_to_cap(measure, dimension) == pytest.approx(distance.mean(), abs=4.0 * error)
    assert np.mean(points[:, 0] >= height) == pytest.approx(measure, abs=4.0 * math.sqrt(measure / len(points)))


def test_distance_grows_as_the_measure_falls() -> None:
    distance = caps.mean_distance_to_cap(np.geomspace(0.9, 1e-300, 200), 500)
    assert distance.shape == (200,)
    assert np.all(np.diff(distance) > 0.0)


@pytest.mark.parametrize("measure", [0.5, 0.1, 0.01, 1e-3])
def test_factor_of_appendix_a_is_too_large_by_root_two(measure: float) -> None:
    """Erratum S16: the exact distance tends to the first-order one, not to the source's."""
    exact, first, source = (
        float(distance(measure, 100_000))
        for distance in (
            caps.mean_distance_to_cap,
            caps.mean_distance_to_cap_first_order,
            caps.mean_distance_to_cap_source,
        )
    )
    assert first == pytest.approx(exact, rel=1e-4)
    assert source == pytest.approx(math.sqrt(2.0) * exact, rel=1e-4)


def test_first_order_distance_against_simulation() -> None:
    x1 = np.random.default_rng(3).standard_normal(1_000_000) / math.sqrt(500)
    bound = -float(np.quantile(x1, 0.05))
    simulated = np.maximum(bound - x1, 0.0).mean()
    assert caps.mean_distance_to_cap_first_order(0.05, 500) == pytest.approx(simulated, rel=5e-3)


def test_mean_pair_distance() -> None:
    assert caps.mean_pair_distance(2) == pytest.approx(4.0 / math.pi)
    assert caps.mean_pair_distance(3) == pytest.approx(4.0 / 3.0)
    assert caps.mean_pair_distance(500) == pytest.approx(1.41386, abs=1e-5)
    first, second = sphere(20_000, 500, seed=1), sphere(20_000, 500, seed=2)
    simulated = np.linalg.norm(first - second, axis=1).mean()
    assert caps.mean_pair_distance(500) == pytest.approx(simulated, abs=1.5e-3)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="dimension must be at least 2, found 1"):
        caps.cap_latitude(0.5, 1)
    with pytest.raises(ValueError, match=r"log_measure must lie in \[-705, 0\]"):
        caps.cap_latitude_from_log([-1e3, -1.0], 3)
    with pytest.raises(ValueError, match="latitude must lie in"):
        caps.mean_distance_to_latitude([0.0, 1.5], 3)
    for measure in (0.0, 1.1, math.nan):
        with pytest.raises(ValueError, match="measure must lie in"):
            caps.mean_distance_to_cap(measure, 3)
