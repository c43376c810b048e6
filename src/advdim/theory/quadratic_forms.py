"""Tails of Gaussian quadratic forms: log P(sum_i w_i g_i^2 > 0) for independent standard normal g_i.

Three answers to the same question. The central limit theorem is the source's; the saddlepoint is good to the accuracy
of Stirling's formula at any depth; the contour integral is exact in relative terms at any depth, because it factors the
saddlepoint's exponential out before it integrates.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from advdim.theory.arguments import finite_vector

FloatArray = NDArray[np.float64]

_STEP = 0.4  # first step of the trapezoidal rule in asinh of the integration variable over its width
_HALVINGS = 8
_CUT = 40.0  # integrands are dropped below exp(-40) of their scale
_ENTRIES = 2**17  # of the matrix of nodes and weights at a time, small enough for the cache


def log_tail_clt(weights: ArrayLike) -> float:
    """Normal approximation of log P(sum_i w_i g_i^2 > 0).

    Args:
        weights: shape (n,), finite, any sign.

    Returns:
        log Phi(mu / sigma) with mu = sum w_i and sigma^2 = 2 sum w_i^2; -inf if all weights are 0.

    Raises:
        ValueError: if the weights are not a non-empty vector of finite numbers.

    Source:
        Gilmer et al. 2018, proposition 4.1 and appendix C. Erratum S14: the statement of the proposition drops the
        square of sigma. Its accuracy in the tail, which the source leaves open, shows against :func:`log_tail_exact`.
    """
    w, n = _distinct(weights)
    if not np.any(w):
        return -math.inf
    return float(special.log_ndtr(n @ w / math.sqrt(2.0 * (n @ w**2))))


def log_tail_clt_as_printed(weights: ArrayLike) -> float:
    """The normal approximation as the proposition prints it, where the mean is divided by the variance.

    Args:
        weights: shape (n,), finite, any sign; their scale matters here, though it does not change the event.

    Returns:
        log Phi(mu / sigma) with mu = sum w_i and sigma = 2 sum w_i^2; -inf if all weights are 0.

    Raises:
        ValueError: if the weights are not a non-empty vector of finite numbers.

    Source:
        Gilmer et al. 2018, statement of proposition 4.1 (erratum S14); :func:`log_tail_clt` has the version derived.
    """
    w, n = _distinct(weights)
    if not np.any(w):
        return -math.inf
    largest = float(np.max(np.abs(np.asarray(weights, dtype=np.float64))))
    return float(special.log_ndtr(n @ w / (2.0 * largest * (n @ w**2))))


def log_tail_saddlepoint(weights: ArrayLike) -> float:
    """Lugannani-Rice approximation of log P(sum_i w_i g_i^2 > 0), stable at any depth.

    Args:
        weights: shape (n,), finite, any sign.

    Returns:
        Natural logarithm of the probability. Its relative error falls like that of Stirling's formula at half the
        effective number of weights of the rarer sign: up to a quarter for one such weight, under 1 % from 20 on.

    Raises:
        ValueError: if the weights are not a non-empty vector of finite numbers.

    Source:
        Lugannani and Rice 1980; for quadratic forms Kuonen 1999. Checks Gilmer et al. 2018, proposition 4.1.
    """
    w, n = _distinct(weights)
    edge = _one_sided(w)
    if edge is not None:
        return edge
    saddle = _saddle(w, n)
    shrink = 1.0 - 2.0 * saddle * w
    root = math.copysign(math.sqrt(max(float(n @ np.log(shrink)), 0.0)), saddle)
    if abs(root) < 1e-4:
        skewness = 8.0 * (n @ w**3) / (2.0 * (n @ w**2)) ** 1.5
        return math.log(0.5 - float(skewness) / (6.0 * math.sqrt(2.0 * math.pi)))
    spread = abs(saddle) * math.sqrt(2.0 * float(n @ (w / shrink) ** 2))
    rarer = _lugannani_rice(abs(root), spread)
    return math.log1p(-math.exp(rarer)) if root < 0.0 else rarer


def log_tail_exact(weights: ArrayLike) -> float:
    """Exact log P(sum_i w_i g_i^2 > 0) at any depth, by integration along a steep contour.

    With K(s) = -sum log(1 - 2 s w_i) / 2 the probability is (1/2 pi i) int exp(K(s))/s ds along any line Re(s) = c that
    keeps 0 < c < 1/(2 max w). On the line through the minimum of K(s) - log(s) the integrand does not cancel, and
    exp(K(c)) leaves the integral as a factor. The trapezoidal rule in asinh(Im(s)) converges exponentially: halving
    the step squares the relative error. If the mean of the form is positive the opposite tail is computed instead.

    Args:
        weights: shape (n,), finite, any sign.

    Returns:
        Natural logarithm of the probability, with an absolute error of about 1e-12.

    Raises:
        ValueError: if the weights are not a non-empty vector of finite numbers.

    Source:
        Rice 1980 and Helstrom 1983 on numerical inversion along saddlepoint contours; the quantity is that of
        Gilmer et al. 2018, proposition 4.1.
    """
    w, n = _distinct(weights)
    edge = _one_sided(w)
    if edge is not None:
        return edge
    if n @ w > 0.0:
        return math.log1p(-math.exp(_log_contour(-w, n)))
    return _log_contour(w, n)


def _distinct(weights: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Distinct weights, divided by the largest modulus, which does not change the event, and how often each occurs."""
    distinct, counts = np.unique(finite_vector(weights, "weights"), return_counts=True)
    largest = float(np.max(np.abs(distinct)))
    return distinct / largest if largest > 0.0 else distinct, counts.astype(np.float64)


def _one_sided(w: FloatArray) -> float | None:
    """Log probability where all weights have one sign (or are 0), otherwise None."""
    if np.all(w <= 0.0):
        return -math.inf
    return 0.0 if np.all(w >= 0.0) else None


def _saddle(w: FloatArray, n: FloatArray) -> float:
    """Zero of K', between bounds that follow, with room for rounding, from the number of weights of each sign."""
    positive, negative = float(n[w > 0.0].sum()), float(n[w < 0.0].sum())
    low = 0.5 / float(w.min()) * (positive + 1.0) / (positive + 2.0)
    high = 0.5 / float(w.max()) * (negative + 1.0) / (negative + 2.0)
    return _zero(lambda s: float(n @ (w / (1.0 - 2.0 * s * w))), low, high)


def _zero(function: Callable[[float], float], low: float, high: float) -> float:
    """Zero of a function with a change of sign between two arguments, to the last bits."""
    return float(optimize.brentq(function, low, high, xtol=1e-300, rtol=1e-15, maxiter=1000))


def _lugannani_rice(root: float, spread: float) -> float:
    """Log of 1 - Phi(r) + phi(r) (1/u - 1/r) for r > 0, with exp(-r^2/2) factored out."""
    mills = math.sqrt(math.pi / 2.0) * float(special.erfcx(root / math.sqrt(2.0)))
    return -0.5 * root**2 - 0.5 * math.log(2.0 * math.pi) + math.log(mills + 1.0 / spread - 1.0 / root)


def _log_damping(factors: FloatArray, n: FloatArray) -> FloatArray:
    """Log of prod (1 + f_i^2)^(n_i/4) along the last axis."""
    return np.asarray(0.5 * (np.log(np.hypot(1.0, factors)) @ n))


def _right_end(factors: FloatArray, n: FloatArray) -> float:
    """Argument log(u) beyond which prod (1 + f_i^2 u^2)^(-n_i/4) stays below exp(-40)."""

    def excess(log_u: float) -> float:
        return float(_log_damping(factors * math.exp(log_u), n)) - _CUT

    largest = math.log(float(np.max(np.abs(factors))))
    return _zero(excess, -_CUT - largest, 2.0 * _CUT + 1.0 - largest)


def _log_contour(w: FloatArray, n: FloatArray) -> float:
    """Log of the contour integral for weights of both signs with a sum of at most 0."""
    negative = float(n[w < 0.0].sum())
    limit = 0.5 / float(w.max()) * (negative + 3.0) / (negative + 4.0)
    c = _zero(lambda s: float(n @ (2.0 * s * w / (1.0 - 2.0 * s * w))) - 2.0, 0.0, limit)
    shrink = 1.0 - 2.0 * c * w
    factors = 2.0 * w / shrink
    width = c / math.hypot(1.0, math.sqrt(0.5 * float(n @ (c * factors) ** 2)))

    def integrand(x: FloatArray) -> FloatArray:
        y = width * np.sinh(x)
        scaled = y[:, np.newaxis] * factors
        angle = 0.5 * (np.arctan(scaled) @ n) - np.arctan2(y, c)
        return np.asarray(np.exp(-_log_damping(scaled, n)) * np.cos(angle) * width * np.cosh(x) / np.hypot(c, y))

    stop = math.asinh(math.exp(_right_end(factors, n)) / width)
    integral = _trapezoid(integrand, stop, at_once=max(1, _ENTRIES // w.size))
    return -0.5 * float(n @ np.log(shrink)) + math.log(integral / math.pi)


def _trapezoid(integrand: Callable[[FloatArray], FloatArray], stop: float, at_once: int) -> float:
    """Trapezoidal rule from 0 for an even analytic integrand that vanishes at the end, to ever smaller steps."""

    def total(first: float, step: float) -> float:
        nodes = np.arange(first, stop, step)
        return step * math.fsum(np.concatenate([integrand(some) for some in _blocks(nodes, at_once)]))

    step = _STEP
    value = total(step, step) + 0.5 * step * float(integrand(np.zeros(1))[0])
    for _ in range(_HALVINGS):
        between = total(0.5 * step, step)
        moved = abs(between - value)
        value, step = 0.5 * (value + between), 0.5 * step
        if moved <= 1e-7 * abs(value):
            break
    return value


def _blocks(nodes: FloatArray, at_once: int) -> list[FloatArray]:
    return [nodes[first : first + at_once] for first in range(0, len(nodes), at_once)]
