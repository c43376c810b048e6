"""The quadratic net between two concentric spheres: its ellipsoid, its errors and how rare they are.

The net yhat = w * sum((W1 x)^2) + b says "outer" where sum(alpha_i z_i^2) > 1, with z the input in the basis of the
right singular vectors of W1. The inner sphere has radius 1, the outer one radius R.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from advdim.theory.arguments import check_radius, finite_vector
from advdim.theory.quadratic_forms import log_tail_clt, log_tail_exact

FloatArray = NDArray[np.float64]

_LOG_FLOOR = -300.0  # leading orders in exp(-300) are exact


def alphas(singular_values: ArrayLike, output_weight: float, output_bias: float) -> FloatArray:
    """Coefficients of the ellipsoid sum(alpha_i z_i^2) = 1 that is the net's decision boundary.

    Args:
        singular_values: shape (d,), singular values of W1, one for each input dimension; a net with fewer hidden
            units than inputs has zeros for the rest, which the caller appends.
        output_weight: w, any finite number.
        output_bias: b, negative: otherwise the origin is not on the inner side and no ellipsoid separates the spheres.

    Returns:
        Shape (d,), alpha_i = w s_i^2 / (-b).

    Raises:
        ValueError: if the bias is not negative or the singular values are not a non-empty vector of finite numbers.

    Source:
        Gilmer et al. 2018, section 4 and appendix B (claim S09).
    """
    values = finite_vector(singular_values, "singular_values")
    if not (math.isfinite(output_bias) and output_bias < 0.0):
        raise ValueError(f"output_bias must be negative and finite, found {output_bias}")
    return np.asarray(output_weight * values**2 / -output_bias)


def wrong_alphas(alpha: ArrayLike, outer_radius: float) -> NDArray[np.bool_]:
    """Tell which coefficients make errors exist; the net has no error on either sphere iff none does.

    Args:
        alpha: shape (d,), coefficients of the ellipsoid.
        outer_radius: R, above 1.

    Returns:
        Shape (d,), true where alpha_i lies outside [1/R^2, 1].

    Raises:
        ValueError: if the radius is not above 1 or alpha is not a non-empty vector of finite numbers.

    Source:
        Gilmer et al. 2018, section 4 and appendix B (claims S09, S10, S11).
    """
    values = finite_vector(alpha, "alpha")
    check_radius(outer_radius)
    return np.asarray((values < outer_radius**-2) | (values > 1.0))


def log_error_rate_clt(alpha: ArrayLike, outer_radius: float | None = None) -> float:
    """Logarithm of the error rate on one sphere by the central limit theorem.

    Args:
        alpha: shape (d,), coefficients of the ellipsoid.
        outer_radius: None for the inner sphere (radius 1), or R > 1 for the outer sphere.

    Returns:
        Inner: log P(sum alpha_i z_i^2 > 1); outer: log P(sum alpha_i R^2 z_i^2 < 1), for z uniform on the unit sphere.
        The normal law gives errors to nets that have none.

    Raises:
        ValueError: if the radius is not above 1 or alpha is not a non-empty vector of finite numbers.

    Source:
        Gilmer et al. 2018, proposition 4.1 and appendix C: 1 - Phi(-mu/sigma), mu = sum(alpha_i - 1),
        sigma^2 = 2 sum(alpha_i - 1)^2. Erratum S14: the statement of the proposition drops the square of sigma.
    """
    return log_tail_clt(error_weights(alpha, outer_radius))


def log_error_rate(alpha: ArrayLike, outer_radius: float | None = None) -> float:
    """Logarithm of the exact error rate on one sphere, at any depth.

    Args:
        alpha: shape (d,), coefficients of the ellipsoid.
        outer_radius: None for the inner sphere (radius 1), or R > 1 for the outer sphere.

    Returns:
        The probability that :func:`log_error_rate_clt` approximates; -inf where the sphere has no error.

    Raises:
        ValueError: if the radius is not above 1 or alpha is not a non-empty vector of finite numbers.

    Source:
        Gilmer et al. 2018, appendix C: z = g/|g| turns the event into sum (alpha_i - 1) g_i^2 > 0; see
        :func:`advdim.theory.quadratic_forms.log_tail_exact`.
    """
    return log_tail_exact(error_weights(alpha, outer_radius))


def partial_model_alphas(dimension: int, seen: int, outer_radius: float = 1.3) -> FloatArray:
    """Coefficients of the model that sees some of the input dimensions, with both error rates equal by the CLT.

    Args:
        dimension: d, at least 2.
        seen: k, from 1 to d.
        outer_radius: R, above 1.

    Returns:
        Shape (d,), one value in (d/(k R^2), d/k) repeated k times, then zeros. At k = d every value between 1/R^2 and 1
        balances the two rates, and 1/R is returned.

    Raises:
        ValueError: if k lies outside [1, d], d is below 2 or the radius is not above 1.

    Source:
        Gilmer et al. 2018, section 4.1 and figure 4 (claim S15).
    """
    _check_partial_model(dimension, seen, outer_radius)
    square = outer_radius**2

    def score(value: float) -> float:
        """Mean over deviation of sum (value - 1) g_i^2 over the seen dimensions minus g_i^2 over the others."""
        return (seen * value - dimension) / math.sqrt(2.0 * (seen * (value - 1.0) ** 2 + dimension - seen))

    value = 1.0 / outer_radius
    if seen < dimension:
        bounds = dimension / (seen * square), dimension / seen
        value = optimize.brentq(lambda a: score(a) + score(a * square), *bounds, xtol=1e-300, rtol=1e-15)
    return np.concatenate([np.full(seen, value), np.zeros(dimension - seen)])


def partial_model_log_error(dimension: int, seen: int, outer_radius: float = 1.3) -> float:
    """Logarithm of the error rate of the model that sees k of d dimensions, by the source's formula.

    Args:
        dimension: d, at least 2.
        seen: k, from 1 to d.
        outer_radius: R, above 1.

    Returns:
        Natural logarithm of the error rate, the same on both spheres, by the central limit theorem.

    Raises:
        ValueError: if k lies outside [1, d], d is below 2 or the radius is not above 1.

    Source:
        Gilmer et al. 2018, section 4.1 and figure 4, by proposition 4.1. Erratum S15: the source reads 1e-14 at
        d = 3000, k = 1500; the formula gives 3e-22 there.
    """
    return log_error_rate_clt(partial_model_alphas(dimension, seen, outer_radius))


def partial_model_log_error_exact(dimension: int, seen: int, outer_radius: float = 1.3) -> float:
    """Logarithm of the error rate of the model that sees k of d dimensions, exact, its threshold balanced exactly.

    The normal law misplaces the threshold a little unless k = d/2, where the two agree.

    Args:
        dimension: d, at least 2.
        seen: k, from 1 to d.
        outer_radius: R, above 1.

    Returns:
        Natural logarithm of the error rate, the same on both spheres; -inf at k = d. The seen coefficients alpha make
        P((alpha - 1) A > B) = P((alpha R^2 - 1) A < B) with A, B chi-squared of k and d - k degrees.

    Raises:
        ValueError: if k lies outside [1, d], d is below 2 or the radius is not above 1.

    Source:
        Gilmer et al. 2018, section 4.1 and figure 4, with the exact law in place of proposition 4.1.
    """
    _check_partial_model(dimension, seen, outer_radius)
    if seen == dimension:
        return -math.inf
    signs = np.repeat([True, False], [seen, dimension - seen])

    def inner(log_excess: float) -> float:
        """Log P(excess A > B); below the floor, where the excess would leave the range of floats, a power of it."""
        within = log_tail_exact(np.where(signs, math.exp(max(log_excess, _LOG_FLOOR)), -1.0))
        return within + 0.5 * (dimension - seen) * min(log_excess - _LOG_FLOOR, 0.0)

    def outer(log_excess: float) -> float:
        return log_tail_exact(np.where(signs, 1.0 - (1.0 + math.exp(log_excess)) * outer_radius**2, 1.0))

    middle = math.log((dimension - seen) / seen)  # here the inner sphere's mean lies on the boundary
    ends = middle - 100.0 - 4.0 * dimension * math.log(outer_radius), middle + 100.0
    return inner(optimize.brentq(lambda x: inner(x) - outer(x), *ends, xtol=1e-13))


def _check_partial_model(dimension: int, seen: int, outer_radius: float) -> None:
    """Raise a ValueError if a model cannot see that many of so many dimensions, or the radius is not above 1."""
    check_radius(outer_radius)
    if dimension < 2 or not 1 <= seen <= dimension:
        raise ValueError(f"seen must lie in [1, dimension] and dimension be at least 2, found {seen} and {dimension}")


def error_weights(alpha: ArrayLike, outer_radius: float | None) -> FloatArray:
    """Weights of the quadratic form that is positive at the errors of a sphere.

    Args:
        alpha: shape (d,), coefficients of the ellipsoid.
        outer_radius: None for the inner sphere (radius 1), or R > 1 for the outer sphere.

    Returns:
        Shape (d,): alpha_i - 1, or 1 - alpha_i R^2. A point is an error iff the sum of the weights times the squares
        of its direction is positive, so errors exist iff a weight is positive.

    Raises:
        ValueError: if the radius is not above 1 or alpha is not a non-empty vector of finite numbers.

    Source:
        Gilmer et al. 2018, appendix C.
    """
    values = finite_vector(alpha, "alpha")
    if outer_radius is None:
        return values - 1.0
    check_radius(outer_radius)
    return 1.0 - values * outer_radius**2
