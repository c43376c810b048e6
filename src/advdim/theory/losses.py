"""Logistic loss of the quadratic net on the two spheres: in the worst case and on average, without sampling."""

import itertools
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import integrate, special

from advdim.theory.arguments import check_radius, finite_vector
from advdim.theory.quadratic_forms import log_tail_exact

FloatArray = NDArray[np.float64]

_CUT = 4.0  # where the integrals are cut into pieces, in standard deviations from the mean
_RELATIVE = 1e-9


def worst_losses(alpha: ArrayLike, output_bias: float, outer_radius: float) -> tuple[float, float]:
    """Largest logistic loss at any point of each sphere.

    The logit -b (sum(alpha_i z_i^2) - 1) is extreme on the axes: of the largest alpha for the inner sphere, of the
    smallest for the outer one.

    Args:
        alpha: shape (d,), coefficients of the ellipsoid.
        output_bias: b, negative.
        outer_radius: R, above 1.

    Returns:
        log(1 + exp(-b (max alpha - 1))) on the inner sphere, log(1 + exp(b (R^2 min alpha - 1))) on the outer one.
        Below log(2) iff the sphere has no error.

    Raises:
        ValueError: if alpha is not a non-empty vector of finite numbers, the bias is not negative or the radius is not
            above 1.

    Source:
        Gilmer et al. 2018, section 4 and figure 3 right (claim S13).
    """
    inner, outer = _wrong_logits(alpha, output_bias, outer_radius)
    return _softplus(float(inner.max())), _softplus(float(outer.max()))


def average_losses(alpha: ArrayLike, output_bias: float, outer_radius: float) -> tuple[float, float]:
    """Mean logistic loss over each sphere, exact.

    With X the logit in favour of the wrong sphere and m its mean, E log(1 + exp(X)) is log(1 + exp(m)) plus the
    integral of sigmoid(t) P(X > t) above m, minus that of sigmoid(t) P(X < t) below; the probabilities are tails of
    quadratic forms.

    Args:
        alpha: shape (d,), coefficients of the ellipsoid.
        output_bias: b, negative.
        outer_radius: R, above 1.

    Returns:
        Means on the inner and on the outer sphere, with a relative error of about 1e-8. About half a second at
        d = 500.

    Raises:
        ValueError: if alpha is not a non-empty vector of finite numbers, the bias is not negative or the radius is not
            above 1.

    Source:
        Gilmer et al. 2018, section 4 and figure 3 right (claim S13), where the average is sampled.
    """
    inner, outer = _wrong_logits(alpha, output_bias, outer_radius)
    return _mean_softplus(inner), _mean_softplus(outer)


def _wrong_logits(alpha: ArrayLike, output_bias: float, outer_radius: float) -> tuple[FloatArray, FloatArray]:
    """Logits in favour of the wrong sphere at the axes of the inner and of the outer sphere."""
    values = finite_vector(alpha, "alpha")
    check_radius(outer_radius)
    if not (math.isfinite(output_bias) and output_bias < 0.0):
        raise ValueError(f"output_bias must be negative and finite, found {output_bias}")
    return -output_bias * (values - 1.0), output_bias * (outer_radius**2 * values - 1.0)


def _softplus(logit: float) -> float:
    return float(np.logaddexp(0.0, logit))


def _mean_softplus(axes: FloatArray) -> float:
    """Mean of log(1 + exp(X)) for X = sum(axes_i z_i^2), z uniform on the unit sphere."""
    mean, low, high = (float(value) for value in (axes.mean(), axes.min(), axes.max()))
    deviation = math.sqrt(2.0 * float(axes.var()) / (axes.size + 2))
    if low == high:
        return _softplus(mean)

    def above(t: float) -> float:
        return float(special.expit(t)) * math.exp(log_tail_exact(axes - t))

    def below(t: float) -> float:
        return float(special.expit(t)) * math.exp(log_tail_exact(t - axes))

    up = [mean, min(mean + _CUT * deviation, high), high]
    down = [low, max(mean - _CUT * deviation, low), mean]
    scale = _softplus(mean)
    gained, lost = (
        math.fsum(
            integrate.quad(integrand, *ends, epsabs=_RELATIVE * scale, epsrel=_RELATIVE, limit=200)[0]
            for ends in itertools.pairwise(cuts)
        )
        for integrand, cuts in ((above, up), (below, down))
    )
    return scale + gained - lost
