"""Worst losses of the quadratic net on the two spheres: maximisation over many points, the axes."""

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


def test_equal_alphas_have_the_loss_of_their_logit() -> None:
    """Claim S12's probabilities."""
    weight, bias = perfect_output_layer(0.0016, 0.9994, OUTER)
    alpha = np.full(500, weight / -bias)
    expected = -math.log1p(-0.0016), -math.log(0.9994)
    np.testing.assert_allclose(losses.worst_losses(alpha, bias, OUTER), expected, rtol=1e-9)


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


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="output_bias must be negative and finite, found 0"):
        losses.worst_losses([0.7], 0.0, OUTER)
    with pytest.raises(ValueError, match="alpha must be a non-empty vector"):
        losses.worst_losses([], -1.0, OUTER)
    with pytest.raises(ValueError, match="outer_radius must be above 1"):
        losses.worst_losses([0.7], -1.0, 1.0)
