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
_LEAST_LOG = -705  # of a measure; from -709 on floats have fewer digits
_HALF_WIDTH = 12.0  # integration window around the equator, in standard deviations 1/sqrt(d)
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(200)


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
        See :func:`cap_latitude_from_log`.
    """
    return cap_latitude_from_log(np.log(_measures(measure)), dimension)


def cap_latitude_from_log(log_measure: ArrayLike, dimension: int) -> FloatArray:
    """Latitude of the cap that has a given logarithm of its measure.

    Args:
        log_measure: shape (...), natural logarithm of the measure, from -705 to 0: the measures that floats hold.
        dimension: dimension d of the space, at least 2.

    Returns:
        Shape (...), latitude in [-1, 1].

    Raises:
        ValueError: if a logarithm lies outside [-705, 0] or the dimension is below 2.

    Source:
        Gilmer et al. 2018, theorem 5.1 and appendix A, with the exact law of x_1 in place of its Gaussian limit: the
        measure is I_{1-h^2}((d-1)/2, 1/2) / 2 for h >= 0.
    """
    shape = _half_degrees(dimension)
    log_cap = np.asarray(log_measure, dtype=np.float64)
    if not np.all((log_cap >= _LEAST_LOG) & (log_cap <= 0.0)):
        raise ValueError(
            f"log_measure must lie in [{_LEAST_LOG}, 0], found values in [{log_cap.min()}, {log_cap.max()}]"
        )
    small = log_cap <= -_LOG_2
    with np.errstate(divide="ignore"):
        log_two_caps = np.where(small, log_cap + _LOG_2, np.log(np.minimum(-2.0 * np.expm1(log_cap), 1.0)))
    height = np.sqrt(special.betainccinv(0.5, shape, np.exp(log_two_caps)))
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


def mean_pair_distance(dimension: int) -> float:
    """Mean distance of two independent uniform points of the unit sphere, exact.

    Args:
        dimension: dimension d of the space, at least 2.

    Returns:
        Gamma(d) Gamma(d/2) / (Gamma((d+1)/2) Gamma(d-1/2)), which tends to sqrt(2).

    Raises:
        ValueError: if the dimension is below 2.

    Source:
        Gilmer et al. 2018, section 3 (claim S03: 1.41); mean of 2 sin(theta/2) under the density sin(theta)^(d-2).
    """
    _half_degrees(dimension)
    return float(special.poch(dimension - 0.5, 0.5) / special.poch(dimension / 2, 0.5))


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
