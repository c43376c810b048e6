"""Projections on tilting planes, where the answers are known: angles put in by hand, and geometry in two dimensions."""

import numpy as np
import pandas as pd
import pytest

from advdim.models.linear import LinearPath
from advdim.statistics.projections import first_of_each_class, project, rotation

ANGLES = np.array([0.0, 20.0, 50.0, 80.0])
LEVELS = np.array([2.0, 0.0, -2.0, -6.0])


@pytest.fixture
def basis() -> np.ndarray:
    """Orthonormal directions in six dimensions: z, then the one into which the weights tilt, then others."""
    return np.linalg.qr(np.random.default_rng(2).normal(size=(6, 6)))[0].T


def turned(basis: np.ndarray, sideways: float = 0.0) -> LinearPath:
    """Weight vectors of any length that tilt by ANGLES; between the ends they leave the plane by so many degrees."""
    tilt, side = np.radians(ANGLES), np.radians(np.array([0.0, sideways, sideways, 0.0]))
    parts = np.stack([np.cos(tilt), np.sin(tilt) * np.cos(side), np.sin(tilt) * np.sin(side)], axis=1)
    return LinearPath(LEVELS, np.array([[3.0], [0.1], [7.0], [40.0]]) * (parts @ basis[:3]), np.zeros(4), np.zeros(4))


def test_the_rotation_is_the_one_put_in(basis: np.ndarray) -> None:
    found = rotation(turned(basis), basis[0], np.zeros(6))
    np.testing.assert_allclose(found["angle_deg"], ANGLES, atol=1e-9)
    np.testing.assert_allclose(found["to_weakest_deg"], 80.0 - ANGLES, atol=1e-9)
    np.testing.assert_allclose(found["outside"], 0.0, atol=1e-12)
    np.testing.assert_allclose(np.hypot(found["along_z"], found["along_n"]), 1.0)


def test_what_leaves_the_fixed_plane_is_told(basis: np.ndarray) -> None:
    found = rotation(turned(basis, sideways=30.0), basis[0], np.zeros(6)).set_index("log10_lambda")
    assert found.loc[[2.0, -6.0], "outside"].max() < 1e-12
    assert found.loc[-2.0, "outside"] == pytest.approx(np.sin(np.radians(50)) * np.sin(np.radians(30)))
    # the spherical law of cosines for the angle between directions at 50 and 80 degrees, 30 degrees of longitude apart
    a, b, c = np.radians([50.0, 80.0, 30.0])
    expected = np.degrees(np.arccos(np.cos(a) * np.cos(b) + np.sin(a) * np.sin(b) * np.cos(c)))
    assert found.loc[-2.0, "to_weakest_deg"] == pytest.approx(expected)


def test_the_boundary_is_as_far_from_the_midpoint_as_its_formula_says() -> None:
    path = LinearPath(np.array([0.0]), np.array([[3.0, 4.0]]), np.array([10.0]), np.zeros(1))
    found = rotation(path, np.array([1.0, 0.0]), np.array([2.0, 1.0]))
    assert found["bias_over_normw"].item() == pytest.approx((3 * 2 + 4 * 1 + 10) / 5)


def test_distances_in_the_plane_are_distances_to_the_boundary(basis: np.ndarray) -> None:
    rng = np.random.default_rng(4)
    images, y, midpoint = rng.normal(size=(9, 6)), np.resize([-1.0, 1.0, 1.0], 9), rng.normal(size=6)
    path = turned(basis, sideways=50.0)
    found = project(path, basis[0], midpoint, {"train": (images, y), "test": (images[:2], y[:2])})
    assert len(found) == 4 * (9 + 2)
    for level, weights, angle in zip(LEVELS, path.weights, np.radians(ANGLES), strict=True):
        rows = found[(found["log10_lambda"] == level) & (found["split"] == "train")]
        expected = (images - midpoint) @ weights / np.linalg.norm(weights)
        np.testing.assert_allclose(
            np.cos(angle) * rows["along_z"] + np.sin(angle) * rows["along_n"], expected, rtol=1e-5
        )
    upright = found[found["log10_lambda"] == 2.0]
    assert (upright["along_n"] == 0).all()  # w is parallel to z: n is not defined
    assert upright["along_z"].tolist() == found[found["log10_lambda"] == -6.0]["along_z"].tolist()


def test_images_are_numbered_within_split_and_class(basis: np.ndarray) -> None:
    y = np.array([1.0, -1.0, 1.0, 1.0, -1.0])
    found = project(turned(basis), basis[0], np.zeros(6), {"train": (np.zeros((5, 6)), y)})
    assert found["image"].tolist() == 4 * [0, 0, 1, 2, 1]
    assert pd.api.types.is_float_dtype(found["along_n"])
    assert first_of_each_class(y, 2).tolist() == [1, 4, 0, 2]
    assert first_of_each_class(y, 9).tolist() == [1, 4, 0, 2, 3]
