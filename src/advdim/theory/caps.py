"""Caps of the unit sphere: the sets of errors that lie farthest from everything else.

The cap of latitude h on the unit sphere of R^d is {x : |x| = 1, x_1 >= h}. Of all sets of errors with the same measure
the cap has the largest mean distance (Gilmer et al. 2018, theorem 5.1), so these functions draw the bound of figure 5.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

FloatArray = NDArray[np.float64]

_LOG_2 = math.log(2.0)
_TINY = 1e-280  # below this the incomplete beta function is evaluated as a logarithm
_HALF_WIDTH = 12.0  # integration window around the equator, in standard deviations 1/sqrt(d)
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(200)


def cap_log_measure(latitude: ArrayLike, dimension: int) -> FloatArray:
    """Logarithm of the measure of a cap, exact also where the measure itself underflows.

    Args:
        latitude: shape (...), the smallest first coordinate of the cap, in [-1, 1].
        dimension: dimension d of the space, at least 2.

    Returns:
        Shape (...), natural logarithm of the fraction of the sphere in the cap, in [-inf, 0].

    Raises:
        ValueError: if a latitude lies outside [-1, 1] or the dimension is below 2.

    Source:
        Gilmer et al. 2018, theorem 5.1 and appendix A, with the exact law of x_1 in place of its Gaussian limit: the
        measure is I_{1-h^2}((d-1)/2, 1/2) / 2 for h >= 0.
    """
    shape = _half_degrees(dimension)
    height = np.asarray(latitude, dtype=np.float64)
    if not np.all(np.abs(height) <= 1.0):
        raise ValueError(f"latitude must lie in [-1, 1], found values in [{height.min()}, {height.max()}]")
    log_cap = _log_two_caps(np.abs(height), shape) - _LOG_2
    return np.asarray(np.where(height >= 0.0, log_cap, np.log1p(-np.exp(log_cap))))


def cap_latitude(measure: ArrayLike, dimension: int) -> FloatArray:
    """Latitude of the cap that has a given measure.

    Args:
        measure: shape (...), fraction of the sphere in the cap, in (0, 1].
        dimension: dimension d of the space, at least 2.

    Returns:
        Shape (...), latitude in [-1, 1]; it falls as the measure grows.

    Raises:
        ValueError: if a measure lies outside (0, 1] or the dimension is below 2.

    Source:
        Inverse of :func:`cap_log_measure`.
    """
    return cap_latitude_from_log(np.log(_measures(measure)), dimension)


def cap_latitude_from_log(log_measure: ArrayLike, dimension: int) -> FloatArray:
    """Latitude of the cap that has a given logarithm of its measure, however small the measure.

    Args:
        log_measure: shape (...), natural logarithm of the measure, finite and at most 0.
        dimension: dimension d of the space, at least 2.

    Returns:
        Shape (...), latitude in [-1, 1].

    Raises:
        ValueError: if a logarithm is positive or not finite, or the dimension is below 2.

    Source:
        Inverse of :func:`cap_log_measure`.
    """
    shape = _half_degrees(dimension)
    log_cap = np.asarray(log_measure, dtype=np.float64)
    if not np.all(np.isfinite(log_cap) & (log_cap <= 0.0)):
        raise ValueError(f"log_measure must be finite and at most 0, found values up to {log_cap.max()}")
    small = log_cap <= -_LOG_2
    with np.errstate(divide="ignore"):
        log_two_caps = np.where(small, log_cap + _LOG_2, np.log(np.minimum(-2.0 * np.expm1(log_cap), 1.0)))
    height = np.sqrt(special.betainccinv(0.5, shape, np.exp(log_two_caps)))
    deep = small & (log_two_caps < math.log(_TINY))
    height = np.where(deep, _deep_latitude(np.where(deep, log_two_caps, -1e3), shape), height)
    return np.asarray(np.where(small, height, -height))


def mean_distance_to_cap(measure: ArrayLike, dimension: int) -> FloatArray:
    """Mean Euclidean distance of a uniform point of the unit sphere to the cap of a given measure, exact.

    Args:
        measure: shape (...), fraction of the sphere in the cap, in (0, 1].
        dimension: dimension d of the space, at least 2.

    Returns:
        Shape (...), mean chord to the nearest point of the cap, in units of the radius, in [0, 2); points inside the
        cap count with 0.

    Raises:
        ValueError: if a measure lies outside (0, 1] or the dimension is below 2.

    Source:
        Gilmer et al. 2018, theorem 5.1, figure 5; the integral that appendix A approximates (erratum S16, see
        :func:`mean_distance_to_cap_source`).
    """
    return mean_distance_to_latitude(cap_latitude(measure, dimension), dimension)


def mean_distance_to_latitude(latitude: ArrayLike, dimension: int) -> FloatArray:
    """Mean Euclidean distance of a uniform point of the unit sphere to the cap above a latitude, exact.

    With psi = -arcsin(x_1) the nearest point of the cap is on the same meridian, at the chord
    2 sin((psi - psi_cap)/2), and psi has a density proportional to cos(psi)^(d-2); Gauss-Legendre quadrature.

    Args:
        latitude: shape (...), the smallest first coordinate of the cap, in [-1, 1].
        dimension: dimension d of the space, at least 2.

    Returns:
        Shape (...), mean chord in units of the radius, in [0, 2).

    Raises:
        ValueError: if a latitude lies outside [-1, 1] or the dimension is below 2.

    Source:
        Gilmer et al. 2018, theorem 5.1 and appendix A.
    """
    shape = _half_degrees(dimension)
    height = np.asarray(latitude, dtype=np.float64)[..., np.newaxis]
    if not np.all(np.abs(height) <= 1.0):
        raise ValueError(f"latitude must lie in [-1, 1], found values in [{height.min()}, {height.max()}]")
    width = _HALF_WIDTH / math.sqrt(dimension)
    edge = -np.arcsin(height)
    low = np.maximum(edge, max(-width, -math.pi / 2))
    high = np.minimum(np.maximum(edge, 0.0) + width, math.pi / 2)
    psi = low + 0.5 * (high - low) * (1.0 + _NODES)
    log_density = (dimension - 2) * np.log(np.cos(psi)) - special.betaln(shape, 0.5)
    chord = 2.0 * np.sin(0.5 * (psi - edge))
    return np.asarray(0.5 * (high - low)[..., 0] * np.sum(_NODE_WEIGHTS * chord * np.exp(log_density), axis=-1))


def mean_distance_to_cap_source(measure: ArrayLike, dimension: int) -> FloatArray:
    """The source's approximation of the mean distance to a cap, with its factor sqrt(2).

    Args:
        measure: shape (...), fraction of the sphere in the cap, in (0, 1].
        dimension: dimension d of the space, at least 2.

    Returns:
        Shape (...), approximate mean distance in units of the radius, at least 0.

    Raises:
        ValueError: if a measure lies outside (0, 1] or the dimension is below 2.

    Source:
        Gilmer et al. 2018, appendix A: x_1 ~ N(0, 1/d), a = -Phi^-1(measure), distance sqrt(2)(a/sqrt(d) - x_1) where
        positive. Erratum S16: to first order the chord between two latitudes near the equator is their difference, so
        the factor sqrt(2) does not belong there; :func:`mean_distance_to_cap_first_order` leaves it out.
    """
    return np.asarray(math.sqrt(2.0) * mean_distance_to_cap_first_order(measure, dimension))


def mean_distance_to_cap_first_order(measure: ArrayLike, dimension: int) -> FloatArray:
    """First-order approximation of the mean distance to a cap: Gaussian latitude, chord equal to the difference.

    Args:
        measure: shape (...), fraction of the sphere in the cap, in (0, 1].
        dimension: dimension d of the space, at least 2.

    Returns:
        Shape (...), (a Phi(a) + phi(a)) / sqrt(d) with a = -Phi^-1(measure), in units of the radius.

    Raises:
        ValueError: if a measure lies outside (0, 1] or the dimension is below 2.

    Source:
        Gilmer et al. 2018, appendix A, without the factor sqrt(2) (erratum S16).
    """
    _half_degrees(dimension)
    bound = np.maximum(-special.ndtri(_measures(measure)), -40.0)
    density = np.exp(-0.5 * bound**2) / math.sqrt(2.0 * math.pi)
    return np.asarray((bound * special.ndtr(bound) + density) / math.sqrt(dimension))


def mean_pair_distance(dimension: int, radius: float = 1.0) -> float:
    """Mean distance of two independent uniform points of a sphere, exact.

    Args:
        dimension: dimension d of the space, at least 2.
        radius: radius of the sphere, positive.

    Returns:
        radius * Gamma(d) Gamma(d/2) / (Gamma((d+1)/2) Gamma(d-1/2)), which tends to sqrt(2) * radius.

    Raises:
        ValueError: if the dimension is below 2 or the radius is not positive.

    Source:
        Gilmer et al. 2018, section 3 (claim S03: 1.41); mean of 2 sin(theta/2) under the density sin(theta)^(d-2).
    """
    _half_degrees(dimension)
    if not (math.isfinite(radius) and radius > 0.0):
        raise ValueError(f"radius must be positive and finite, found {radius}")
    return radius * float(special.poch(dimension - 0.5, 0.5) / special.poch(dimension / 2, 0.5))


def _half_degrees(dimension: int) -> float:
    """Return the first parameter (d-1)/2 of the beta law of 1 - x_1^2."""
    if dimension < 2:
        raise ValueError(f"dimension must be at least 2, found {dimension}")
    return 0.5 * (dimension - 1)


def _measures(measure: ArrayLike) -> FloatArray:
    """Return measures as an array, refusing what lies outside (0, 1]."""
    values = np.asarray(measure, dtype=np.float64)
    if not np.all((values > 0.0) & (values <= 1.0)):
        raise ValueError(f"measure must lie in (0, 1], found values in [{values.min()}, {values.max()}]")
    return values


def _log_two_caps(height: FloatArray, shape: float) -> FloatArray:
    """Logarithm of P(|x_1| >= height) for heights in [0, 1]."""
    square = height**2
    near = special.betaincc(0.5, shape, np.minimum(square, 0.5))
    far = special.betainc(shape, 0.5, (1.0 - height) * (1.0 + height))
    measure = np.where(square < 0.5, near, far)
    deep = (measure < _TINY) & (height < 1.0)
    safe = np.where(deep, height, 0.99)
    with np.errstate(divide="ignore"):
        direct = np.log(measure)
    return np.where(deep, _log_deep(np.log1p(-safe) + np.log1p(safe), safe**2, shape), direct)


def _log_deep(log_x: FloatArray, complement: FloatArray, shape: float) -> FloatArray:
    """Logarithm of I_x(shape, 1/2) from log(x) and 1 - x, by its continued fraction (modified Lentz)."""
    x = np.exp(log_x)
    c = np.ones_like(x)
    d = 1.0 / (1.0 - (shape + 0.5) * x / (shape + 1.0))
    fraction = d
    for m in range(1, 10_000):
        even = m * (0.5 - m) * x / ((shape - 1.0 + 2 * m) * (shape + 2 * m))
        odd = -(shape + m) * (shape + 0.5 + m) * x / ((shape + 2 * m) * (shape + 1.0 + 2 * m))
        change = np.ones_like(x)
        for term in (even, odd):
            d = 1.0 / (1.0 + term * d)
            c = 1.0 + term / c
            change = change * (c * d)
        fraction = fraction * change
        if np.all(np.abs(change - 1.0) < 1e-15):
            break
    front = shape * log_x + 0.5 * np.log(complement) - math.log(shape) - special.betaln(shape, 0.5)
    return np.asarray(front + np.log(fraction))


def _deep_latitude(log_two_caps: FloatArray, shape: float) -> FloatArray:
    """Solve log I_x(shape, 1/2) = log_two_caps for sqrt(1-x) far in the tail, by Newton steps in log(x)."""
    log_x = log_two_caps / shape
    for _ in range(20):
        complement = -np.expm1(log_x)
        value = _log_deep(log_x, complement, shape)
        slope = np.exp(shape * log_x - 0.5 * np.log(complement) - special.betaln(shape, 0.5) - value)
        step = (value - log_two_caps) / slope
        log_x = log_x - step
        if np.all(np.abs(step) <= 1e-15 * np.abs(log_x)):
            break
    return np.asarray(np.sqrt(-np.expm1(log_x)))
