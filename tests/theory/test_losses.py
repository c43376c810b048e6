"""Losses of the quadratic net on the two spheres: integrals in two and three dimensions, simulation, the axes."""

import math

import numpy as np
import pytest

from advdim.theory import losses, quadratic
from advdim.theory.perfect_start import perfect_output_layer

OUTER = 1.3


def loss(form: np.ndarray, bias: float, label: int, radius: float) -> np.ndarray:
    """Logistic loss where sum(alpha_i z_i^2) is known on the unit sphere."""
    logit = -bias * (radius**2 * form - 1.0)
    return np.logaddexp(0.0, -logit if label else logit)


@pytest.mark.parametrize("bias", [-0.3, -5.0, -80.0])
@pytest.mark.parametrize("alpha", [(0.3, 1.2), (0.9, 0.6), (1.5, -0.7)])
def test_average_on_circles(alpha: tuple[float, float], bias: float) -> None:
    angles = 2.0 * math.pi * np.arange(20_000) / 20_000
    form = alpha[0] * np.cos(angles) ** 2 + alpha[1] * np.sin(angles) ** 2
    expected = [loss(form, bias, 0, 1.0).mean(), loss(form, bias, 1, OUTER).mean()]
    np.testing.assert_allclose(losses.average_losses(alpha, bias, OUTER), expected, rtol=1e-6)


@pytest.mark.parametrize("alpha", [(0.3, 1.2, 0.9), (0.6, 0.6, 1.02)])
def test_average_on_common_spheres(alpha: tuple[float, ...]) -> None:
    """The height is uniform on a sphere in three dimensions."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    azimuth = 2.0 * math.pi * np.arange(400) / 400
    across = (1.0 - nodes[:, None] ** 2) * (alpha[0] * np.cos(azimuth) ** 2 + alpha[1] * np.sin(azimuth) ** 2)
    form = across + alpha[2] * nodes[:, None] ** 2
    means = [(loss(form, -6.0, label, radius).mean(axis=1) @ weights) / 2.0 for label, radius in ((0, 1.0), (1, OUTER))]
    np.testing.assert_allclose(losses.average_losses(alpha, -6.0, OUTER), means, rtol=1e-7)


def test_average_against_simulation() -> None:
    alpha = np.linspace(0.3, 1.1, 300)
    squares = np.random.default_rng(1).standard_normal((20_000, 300)) ** 2
    form = squares @ alpha / squares.sum(axis=1)
    for average, label, radius in zip(losses.average_losses(alpha, -26.5, OUTER), (0, 1), (1.0, OUTER), strict=True):
        sampled = loss(form, -26.5, label, radius)
        assert average == pytest.approx(sampled.mean(), abs=4.5 * sampled.std() / math.sqrt(sampled.size))


@pytest.mark.parametrize("spread", [0.0, 1e-12, 1e-7])
def test_average_of_equal_alphas_is_the_loss_of_their_logit(spread: float) -> None:
    """Claim S12's probabilities, and what is left of them after rounding."""
    weight, bias = perfect_output_layer(0.0016, 0.9994, OUTER)
    alpha = weight / -bias * (1.0 + spread * np.linspace(-1.0, 1.0, 500))
    expected = -math.log1p(-0.0016), -math.log(0.9994)
    np.testing.assert_allclose(losses.average_losses(alpha, bias, OUTER), expected, rtol=1e-6)
    np.testing.assert_allclose(losses.worst_losses(alpha, bias, OUTER), expected, rtol=1e-5)


def test_worst_case_against_maximisation() -> None:
    generator = np.random.default_rng(2)
    alpha, bias = generator.uniform(0.4, 1.2, 6), -12.0
    points = generator.standard_normal((50_000, 6))
    form = points**2 @ alpha / np.sum(points**2, axis=1)
    axes = np.eye(6) ** 2 @ alpha
    for worst, label, radius in zip(losses.worst_losses(alpha, bias, OUTER), (0, 1), (1.0, OUTER), strict=True):
        assert loss(form, bias, label, radius).max() < worst
        assert loss(axes, bias, label, radius).max() == pytest.approx(worst, rel=1e-12)


def test_worst_case_tells_whether_errors_exist() -> None:
    for alpha in ([0.6, 1.0], [0.6, 1.001], [0.59, 0.7]):
        wrong = quadratic.wrong_alphas(alpha, OUTER)
        assert (max(losses.worst_losses(alpha, -26.5, OUTER)) > math.log(2.0)) == wrong.any()


@pytest.mark.parametrize("function", [losses.worst_losses, losses.average_losses])
def test_bad_arguments_are_named(function: object) -> None:
    assert callable(function)
    with pytest.raises(ValueError, match="output_bias must be negative and finite, found 0"):
        function([0.7], 0.0, OUTER)
    with pytest.raises(ValueError, match="alpha must be a non-empty vector"):
        function([], -1.0, OUTER)
    with pytest.raises(ValueError, match="outer_radius must be above 1"):
        function([0.7], -1.0, 1.0)
