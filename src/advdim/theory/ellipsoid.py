"""Nearest errors of the quadratic net, exactly: what an attack on it would find if it were perfect.

In the basis of the axes the net calls a point z outer where sum(alpha_i z_i^2) > 1. With u_i = z_i^2 its constraints
are linear and the distance to a start is convex, so the conditions of Karush, Kuhn and Tucker hold at the nearest error
and nowhere else. They leave one unknown, the root of a monotone secular equation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import elementwise

from advdim.theory.arguments import check_radius, finite_vector
from advdim.theory.quadratic import error_weights

FloatArray = NDArray[np.float64]

_ALMOST_ZERO = 1e-150  # stands for a start without a part along the longest-reaching axis; its square is no underflow
_ROUNDING = 1e-12  # a norm this near to that of a sphere has not crossed it


@dataclass(frozen=True)
class NearestErrors:
    """The nearest error of each start.

    Attributes:
        points: shape (n, d), the nearest points of the closure of the errors, in the basis of the axes; NaN where no
            error exists; the start itself where that is an error.
        distance: shape (n,), Euclidean distance from start to point in units of the inner radius; inf where no error
            exists, 0 where the start is an error.
    """

    points: FloatArray
    distance: FloatArray

    @property
    def norm(self) -> FloatArray:
        """Distance of the points from the origin, shape (n,), NaN where no error exists."""
        return np.asarray(np.linalg.norm(self.points, axis=1))


def nearest_error_on_sphere(alpha: ArrayLike, starts: ArrayLike, outer_radius: float | None = None) -> NearestErrors:
    """Find the nearest error on the sphere of each start.

    With c_i = alpha_i - 1 the nearest error is y = v / |v|, v_i = x_i / (1 - t c_i), where t is the only root of
    sum(c_i v_i^2) = 0 between 0 and 1 / max(c).

    Args:
        alpha: shape (d,), coefficients of the ellipsoid, any sign.
        starts: shape (n, d), points of the sphere in the basis of the axes (input times right singular vectors of W1);
            only their directions count.
        outer_radius: None for the inner sphere (radius 1), or R > 1 for the outer sphere.

    Returns:
        Chords and points. No error exists on the inner sphere iff no alpha exceeds 1, on the outer one iff none lies
        below 1/R^2: all distances are inf then.

    Raises:
        ValueError: if alpha is not a non-empty vector of finite numbers, the starts are not rows of as many finite
            numbers with a direction, or the radius is not above 1.

    Source:
        Gilmer et al. 2018, section 4: the distance that the manifold attack of section 3 approaches from above.
    """
    weights = error_weights(alpha, outer_radius)
    directions = _directions(starts, weights.size)
    radius = 1.0 if outer_radius is None else outer_radius
    if weights.max() <= 0.0:
        return _none(directions)
    moved, change = _stretch(weights, directions, 0.0)
    along = np.sum(change * directions, axis=1)
    across = np.linalg.norm(change - along[:, None] * directions, axis=1)
    chord = 2.0 * np.sin(0.5 * np.arctan2(across, 1.0 + along))
    return NearestErrors(radius * _unit(moved), radius * chord)


def nearest_error_in_space(alpha: ArrayLike, starts: ArrayLike) -> NearestErrors:
    """Find the nearest point that the net calls outer, wherever it lies: on the ellipsoid's surface.

    It is y_i = x_i / (1 - t alpha_i), where t is the only root of sum(alpha_i y_i^2) = 1 between 0 and 1 / max(alpha).

    Args:
        alpha: shape (d,), coefficients of the ellipsoid, any sign.
        starts: shape (n, d), points of the inner sphere in the basis of the axes; only their directions count.

    Returns:
        Distances and points. The net calls no point outer iff no alpha is positive: all distances are inf then.

    Raises:
        ValueError: if alpha is not a non-empty vector of finite numbers or the starts are not rows of as many finite
            numbers with a direction.

    Source:
        Gilmer et al. 2018, section 3 on errors off the sphere; projection on a quadric.
    """
    weights = finite_vector(alpha, "alpha")
    directions = _directions(starts, weights.size)
    if weights.max() <= 0.0:
        return _none(directions)
    moved, change = _stretch(weights, directions, 1.0)
    return NearestErrors(moved, np.linalg.norm(change, axis=1))


def nearest_error_in_shell(alpha: ArrayLike, starts: ArrayLike, outer_radius: float) -> NearestErrors:
    """Find the nearest point between the two spheres that the net calls outer.

    Where the nearest point of the whole space lies outside the shell, the sphere that it has crossed holds the nearest
    point of the shell, because the problem is convex in the squares.

    Args:
        alpha: shape (d,), coefficients of the ellipsoid, any sign.
        starts: shape (n, d), points of the inner sphere in the basis of the axes; only their directions count.
        outer_radius: R, above 1.

    Returns:
        Distances and points, whose `norm` lies in [1, R] up to rounding. The net calls no point of the shell outer iff
        no alpha exceeds 1/R^2: all distances are inf then.

    Raises:
        ValueError: if alpha is not a non-empty vector of finite numbers, the starts are not rows of as many finite
            numbers with a direction, or the radius is not above 1.

    Source:
        Gilmer et al. 2018, section 3 (claim S04).
    """
    check_radius(outer_radius)
    weights = finite_vector(alpha, "alpha")
    directions = _directions(starts, weights.size)
    if weights.max() * outer_radius**2 <= 1.0:
        return _none(directions)
    free = nearest_error_in_space(weights, directions)
    points, distance = free.points, free.distance
    for radius, crossed in ((1.0, free.norm < 1.0 - _ROUNDING), (outer_radius, free.norm > outer_radius + _ROUNDING)):
        if crossed.any():
            points[crossed] = radius * _unit(_stretch(weights * radius**2 - 1.0, directions[crossed], 0.0)[0])
            distance[crossed] = np.linalg.norm(points[crossed] - directions[crossed], axis=1)
    return NearestErrors(points, distance)


def _directions(starts: ArrayLike, dimension: int) -> FloatArray:
    """Return starts as rows of unit length, refusing other shapes, numbers that are not finite, and the origin."""
    rows = np.asarray(starts, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != dimension or not np.all(np.isfinite(rows)) or not np.all(rows.any(axis=1)):
        raise ValueError(
            f"starts must be rows of {dimension} finite numbers, not all zero, as alpha has; found shape {rows.shape}"
        )
    return _unit(rows)


def _unit(rows: FloatArray) -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _none(starts: FloatArray) -> NearestErrors:
    return NearestErrors(np.full(starts.shape, np.nan), np.full(len(starts), np.inf))


def _stretch(weights: FloatArray, starts: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Stretch each start, v_i = x_i / (1 - t w_i) with t >= 0, to where sum(w_i v_i^2) reaches the level.

    The unknown is s = 1 - t max(w) in (0, 1], sought on a logarithmic scale: it is tiny for a start with next to no
    part along the axis of the largest weight, and v then has a part along that axis all the same.

    Returns:
        v and v - x, both of shape (n, d); starts at or above the level stay.
    """
    top = int(weights.argmax())
    ratio = weights / weights[top]
    gap = (weights[top] - weights) / weights[top]
    target = level / weights[top]
    starts = starts.copy()
    starts[np.abs(starts[:, top]) < _ALMOST_ZERO, top] = _ALMOST_ZERO
    squares = starts**2

    def excess(log_s: FloatArray, rows: NDArray[np.int64]) -> FloatArray:
        return np.asarray(np.sum(ratio * squares[rows] / (gap + np.exp(log_s)[:, None] * ratio) ** 2, axis=1) - target)

    low = np.flatnonzero(excess(np.zeros(len(starts)), np.arange(len(starts))) < 0.0)
    log_s = np.zeros(len(starts))
    if low.size:
        reach = np.sum(squares[low] * np.maximum(-ratio, 0.0), axis=1) + target
        bounds = np.log(np.abs(starts[low, top])) - 0.5 * np.log(reach) - 1e-9, np.zeros(low.size)
        log_s[low] = elementwise.find_root(excess, bounds, args=(low,)).x
    stretch = gap + np.exp(log_s)[:, None] * ratio
    return starts / stretch, -starts * ratio * np.expm1(log_s)[:, None] / stretch
