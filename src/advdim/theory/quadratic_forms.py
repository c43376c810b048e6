"""Tails of Gaussian quadratic forms: log P(sum_i w_i g_i^2 > 0) for independent standard normal g_i.

Four answers to the same question. The central limit theorem is the source's; the saddlepoint is good to the accuracy of
Stirling's formula at any depth; Imhof's integral is exact but loses all digits below 1e-10 or so; the contour integral
is exact in relative terms at any depth, because it factors the saddlepoint's exponential out before it integrates.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import integrate, optimize, special

FloatArray = NDArray[np.float64]

_STEP = 0.2  # first step of the trapezoidal rule in the logarithm of the integration variable
_HALVINGS = 8
_CUT = 40.0  # integrands are dropped below exp(-40) of their scale


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
    w = _scaled(weights)
    if not np.any(w):
        return -math.inf
    return float(special.log_ndtr(w.sum() / math.sqrt(2.0 * np.sum(w**2))))


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
    w = _scaled(weights)
    edge = _one_sided(w)
    if edge is not None:
        return edge
    saddle = _saddle(w)
    shrink = 1.0 - 2.0 * saddle * w
    root = math.copysign(math.sqrt(max(float(np.sum(np.log(shrink))), 0.0)), saddle)
    if abs(root) < 1e-4:
        skewness = 8.0 * np.sum(w**3) / (2.0 * np.sum(w**2)) ** 1.5
        return math.log(0.5 - float(skewness) / (6.0 * math.sqrt(2.0 * math.pi)))
    if root < 0.0:
        return math.log1p(-math.exp(_lugannani_rice(-root, -saddle, shrink, w)))
    return _lugannani_rice(root, saddle, shrink, w)


def tail_imhof(weights: ArrayLike) -> float:
    """P(sum_i w_i g_i^2 > 0) by Imhof's integral.

    Args:
        weights: shape (n,), finite, any sign.

    Returns:
        Probability in [0, 1], with an absolute error below 1e-10: of use where the probability is well above that.

    Raises:
        ValueError: if the weights are not a non-empty vector of finite numbers.

    Source:
        Imhof 1961, equation 3.2 at x = 0: 1/2 + (1/pi) int_0^inf sin(theta(u)) / (u rho(u)) du with
        theta = sum arctan(w_i u) / 2 and rho = prod (1 + w_i^2 u^2)^(1/4).
    """
    w = _scaled(weights)
    edge = _one_sided(w)
    if edge is not None:
        return math.exp(edge)

    def integrand(log_u: float) -> float:
        u = math.exp(log_u)
        angle = 0.5 * float(np.sum(np.arctan(w * u)))
        return math.sin(angle) * math.exp(-_log_damping(w * u))

    start = -_CUT - math.log(0.5 * float(np.sum(np.abs(w))))
    cuts = np.linspace(start, _right_end(w), 9)
    pieces = [
        integrate.quad(integrand, low, high, epsabs=1e-11, epsrel=0.0, limit=500)[0]
        for low, high in itertools.pairwise(cuts)
    ]
    return min(max(0.5 + math.fsum(pieces) / math.pi, 0.0), 1.0)


def log_tail_exact(weights: ArrayLike) -> float:
    """Exact log P(sum_i w_i g_i^2 > 0) at any depth, by integration along a steep contour.

    With K(s) = -sum log(1 - 2 s w_i) / 2 the probability is (1/2 pi i) int exp(K(s))/s ds along any line Re(s) = c that
    keeps 0 < c < 1/(2 max w). On the line through the minimum of K(s) - log(s) the integrand does not cancel, and
    exp(K(c)) leaves the integral as a factor. The trapezoidal rule in log(Im(s)) converges exponentially: halving
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
    w = _scaled(weights)
    edge = _one_sided(w)
    if edge is not None:
        return edge
    if w.sum() > 0.0:
        return math.log1p(-math.exp(_log_contour(-w)))
    return _log_contour(w)


def _scaled(weights: ArrayLike) -> FloatArray:
    """Return the weights divided by the largest modulus, which does not change the event."""
    w = np.asarray(weights, dtype=np.float64)
    if w.ndim != 1 or w.size == 0 or not np.all(np.isfinite(w)):
        raise ValueError(f"weights must be a non-empty vector of finite numbers, found shape {w.shape}: {w}")
    largest = float(np.max(np.abs(w)))
    return w / largest if largest > 0.0 else w


def _one_sided(w: FloatArray) -> float | None:
    """Log probability where all weights have one sign (or are 0), otherwise None."""
    if np.all(w <= 0.0):
        return -math.inf
    return 0.0 if np.all(w >= 0.0) else None


def _saddle(w: FloatArray) -> float:
    """Zero of K', bracketed by bounds that follow from the number of weights of each sign."""
    positive, negative = int(np.sum(w > 0.0)), int(np.sum(w < 0.0))
    low = 0.5 / float(w.min()) * positive / (positive + 1)
    high = 0.5 / float(w.max()) * negative / (negative + 1)
    return _zero(lambda s: float(np.sum(w / (1.0 - 2.0 * s * w))), low, high)


def _zero(function: Callable[[float], float], low: float, high: float) -> float:
    """Zero of a function with a change of sign between two arguments, to the last bits."""
    return float(optimize.brentq(function, low, high, xtol=1e-300, rtol=1e-15, maxiter=1000))


def _lugannani_rice(root: float, saddle: float, shrink: FloatArray, w: FloatArray) -> float:
    """Log of 1 - Phi(r) + phi(r) (1/u - 1/r) for r > 0, with exp(-r^2/2) factored out."""
    spread = saddle * math.sqrt(2.0 * float(np.sum((w / shrink) ** 2)))
    mills = math.sqrt(math.pi / 2.0) * float(special.erfcx(root / math.sqrt(2.0)))
    return -0.5 * root**2 - 0.5 * math.log(2.0 * math.pi) + math.log(mills + 1.0 / spread - 1.0 / root)


def _log_damping(factors: FloatArray) -> float:
    """Log of prod (1 + f_i^2)^(1/4)."""
    return 0.5 * float(np.sum(np.log(np.hypot(1.0, factors))))


def _right_end(factors: FloatArray) -> float:
    """Argument log(u) beyond which prod (1 + f_i^2 u^2)^(-1/4) stays below exp(-40)."""

    def excess(log_u: float) -> float:
        return _log_damping(factors * math.exp(log_u)) - _CUT

    largest = math.log(float(np.max(np.abs(factors))))
    return _zero(excess, -_CUT - largest, 2.0 * _CUT + 1.0 - largest)


def _log_contour(w: FloatArray) -> float:
    """Log of the contour integral for weights of both signs with a sum of at most 0."""
    negative = int(np.sum(w < 0.0))
    limit = 0.5 / float(w.max()) * (negative + 2) / (negative + 3)
    c = _zero(lambda s: float(np.sum(2.0 * s * w / (1.0 - 2.0 * s * w))) - 2.0, 0.0, limit)
    shrink = 1.0 - 2.0 * c * w
    factors = 2.0 * w / shrink
    start, stop = math.log(c) - _CUT, _right_end(factors)

    def integrand(log_y: float) -> float:
        y = math.exp(log_y)
        angle = 0.5 * float(np.sum(np.arctan(factors * y))) - math.atan2(y, c)
        return math.exp(-_log_damping(factors * y)) * math.cos(angle) * y / math.hypot(c, y)

    return -0.5 * float(np.sum(np.log(shrink))) + math.log(_trapezoid(integrand, start, stop) / math.pi)


def _trapezoid(integrand: Callable[[float], float], start: float, stop: float) -> float:
    """Trapezoidal rule for an analytic integrand that vanishes at both ends; the step is halved until nothing moves."""
    step = _STEP
    value = step * math.fsum(integrand(x) for x in np.arange(start, stop, step))
    for _ in range(_HALVINGS):
        between = step * math.fsum(integrand(x) for x in np.arange(start + 0.5 * step, stop, step))
        moved = abs(between - value)
        value, step = 0.5 * (value + between), 0.5 * step
        if moved <= 1e-7 * abs(value):
            break
    return value
