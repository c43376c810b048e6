"""The quadratic net: its ellipsoid, its errors, and the figures of the source."""

import math

import numpy as np
import pytest
from scipy import special

from advdim.theory import quadratic
from advdim.theory.perfect_start import perfect_output_layer

OUTER = 1.3


def log10(value: float) -> float:
    """Turn a natural logarithm into a decimal one."""
    return value / math.log(10.0)


def test_alphas_are_the_boundary_of_the_net() -> None:
    rng = np.random.default_rng(5)
    matrix, weight, bias = rng.standard_normal((30, 8)), 0.7, -9.0
    _, values, basis = np.linalg.svd(matrix)
    alpha = quadratic.alphas(values, weight, bias)
    points = rng.standard_normal((200, 8))
    net = weight * np.sum((points @ matrix.T) ** 2, axis=1) + bias
    np.testing.assert_allclose(net, -bias * ((points @ basis.T) ** 2 @ alpha - 1.0), rtol=1e-10)


def test_wrong_alphas_at_the_bounds() -> None:
    alpha = [OUTER**-2 - 1e-9, OUTER**-2, 0.8, 1.0, 1.0 + 1e-9, -0.5]
    expected = [True, False, False, False, True, True]
    np.testing.assert_array_equal(quadratic.wrong_alphas(alpha, OUTER), expected)


def test_no_error_iff_no_wrong_alpha() -> None:
    good = np.linspace(OUTER**-2, 1.0, 50)
    assert quadratic.log_error_rate(good) == -math.inf
    assert quadratic.log_error_rate(good, OUTER) == -math.inf
    assert quadratic.log_error_rate(np.append(good, 1.01)) > -math.inf
    assert quadratic.log_error_rate(np.append(good, 0.5), OUTER) > -math.inf


def test_error_rates_of_both_spheres_against_simulation() -> None:
    rng = np.random.default_rng(9)
    alpha = rng.uniform(0.1, 1.7, 30)
    points = rng.standard_normal((300_000, 30))
    form = points**2 @ alpha / np.sum(points**2, axis=1)
    for simulated, radius in ((np.mean(form > 1.0), None), (np.mean(form * OUTER**2 < 1.0), OUTER)):
        error = 4.0 * math.sqrt(simulated / len(points))
        assert math.exp(quadratic.log_error_rate(alpha, radius)) == pytest.approx(simulated, abs=error)
        assert math.exp(quadratic.log_error_rate_clt(alpha, radius)) == pytest.approx(simulated, abs=0.02)


def test_normal_law_uses_the_square_root_of_the_variance() -> None:
    """Erratum S14: with sigma^2 in place of sigma the estimate is far off the exact rate."""
    alpha = np.concatenate([np.full(250, 0.6), np.full(250, 1.2)])
    mean, variance = np.sum(alpha - 1.0), 2.0 * np.sum((alpha - 1.0) ** 2)
    exact = quadratic.log_error_rate(alpha)
    assert quadratic.log_error_rate_clt(alpha) == pytest.approx(special.log_ndtr(mean / math.sqrt(variance)))
    assert quadratic.log_error_rate_clt(alpha) == pytest.approx(exact, rel=0.2)
    assert abs(float(special.log_ndtr(mean / variance)) - exact) > 0.5 * abs(exact)


def test_perfect_initialisation() -> None:
    """Claim S12: the two probabilities fit one boundary, of radius close to the max-margin 1.15."""
    weight, bias = perfect_output_layer(0.0016, 0.9994, OUTER)
    assert special.expit(weight + bias) == pytest.approx(0.0016)
    assert special.expit(weight * OUTER**2 + bias) == pytest.approx(0.9994)
    alpha = quadratic.alphas(np.ones(500), weight, bias)
    assert not quadratic.wrong_alphas(alpha, OUTER).any()
    assert alpha[0] ** -0.5 == pytest.approx(1.15, abs=2e-3)


@pytest.mark.parametrize(("dimension", "seen"), [(3000, 1500), (2000, 1000), (500, 100), (500, 499), (10, 1)])
def test_partial_model_balances_its_errors(dimension: int, seen: int) -> None:
    alpha = quadratic.partial_model_alphas(dimension, seen)
    assert alpha.shape == (dimension,)
    assert np.count_nonzero(alpha) == seen
    inner, outer = quadratic.log_error_rate_clt(alpha), quadratic.log_error_rate_clt(alpha, OUTER)
    assert inner == pytest.approx(outer, rel=1e-9)
    assert quadratic.partial_model_log_error(dimension, seen) == inner


def test_partial_model_at_half_of_the_input() -> None:
    """Erratum S15: the source says 1e-14 at d=3000; its formula reaches that near d=1900."""
    assert log10(quadratic.partial_model_log_error(3000, 1500)) == pytest.approx(math.log10(3.200e-22), abs=1e-3)
    assert log10(quadratic.partial_model_log_error(2000, 1000)) == pytest.approx(math.log10(1.966e-15), abs=1e-3)
    assert log10(quadratic.partial_model_log_error(1896, 948)) > -14.0
    assert log10(quadratic.partial_model_log_error(1898, 949)) < -14.0


@pytest.mark.parametrize(("dimension", "expected"), [(3000, 2.6995e-24), (2000, 8.069e-17)])
def test_partial_model_exact_rate(dimension: int, expected: float) -> None:
    alpha = quadratic.partial_model_alphas(dimension, dimension // 2)
    beta = special.betainc(dimension / 4, dimension / 4, 1.0 - 1.0 / alpha[0])
    assert math.exp(quadratic.log_error_rate(alpha)) == pytest.approx(beta, rel=1e-9)
    assert math.exp(quadratic.log_error_rate(alpha, OUTER)) == pytest.approx(expected, rel=1e-3)


def test_partial_model_that_sees_all() -> None:
    assert quadratic.partial_model_log_error(500, 500) == pytest.approx(special.log_ndtr(-math.sqrt(250.0)))
    assert quadratic.log_error_rate(quadratic.partial_model_alphas(500, 500)) == -math.inf


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="output_bias must be negative and finite, found 0"):
        quadratic.alphas([1.0], 1.0, 0.0)
    with pytest.raises(ValueError, match="singular_values must be a non-empty vector"):
        quadratic.alphas([[1.0]], 1.0, -1.0)
    with pytest.raises(ValueError, match=r"outer_radius must be above 1 and finite, found 0\.9"):
        quadratic.wrong_alphas([1.0], 0.9)
    with pytest.raises(ValueError, match="outer_radius must be above 1"):
        quadratic.log_error_rate([1.0], 1.0)
    with pytest.raises(ValueError, match="0 < inner < 1/2 < outer < 1"):
        perfect_output_layer(0.6, 0.9, OUTER)
    for seen in (0, 11):
        with pytest.raises(ValueError, match=r"seen must lie in \[1, dimension\]"):
            quadratic.partial_model_log_error(10, seen)
