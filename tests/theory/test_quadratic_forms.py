"""Tails of quadratic forms: closed cases, simulation, Imhof's integral, and three methods against each other."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, special

from advdim.theory import quadratic_forms as forms

ALL = (forms.log_tail_clt, forms.log_tail_saddlepoint, forms.log_tail_exact)


def two_groups(positive: int, negative: int, ratio: float) -> np.ndarray:
    """Weights 1 and -ratio, whose tail is a beta tail."""
    return np.concatenate([np.ones(positive), np.full(negative, -ratio)])


def by_imhof(weights: np.ndarray) -> float:
    """P(sum w_i g_i^2 > 0) to within 1e-10, by equation 3.2 of Imhof 1961 at x = 0, over log(u)."""
    w = np.asarray(weights) / np.abs(weights).max()

    def integrand(log_u: float) -> float:
        turned = math.exp(log_u) * w
        return math.sin(0.5 * np.arctan(turned).sum()) * math.exp(-0.5 * np.log(np.hypot(1.0, turned)).sum())

    cuts = np.linspace(-40.0 - math.log(len(w)), 80.0, 25)  # beyond these it stays below exp(-40)
    pieces = [
        integrate.quad(integrand, *ends, epsabs=1e-12, epsrel=0.0, limit=500)[0] for ends in itertools.pairwise(cuts)
    ]
    return 0.5 + math.fsum(pieces) / math.pi


@pytest.mark.parametrize("ratio", [1e-12, 0.01, 0.5, 1.0, 3.0, 1e6, 1e100])
def test_two_weights_have_an_arc_tangent(ratio: float) -> None:
    expected = 2.0 / math.pi * math.atan(1.0 / math.sqrt(ratio))
    assert forms.log_tail_exact([1.0, -ratio]) == pytest.approx(math.log(expected), rel=1e-12, abs=1e-12)
    assert by_imhof(np.array([1.0, -ratio])) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(("positive", "negative"), [(1, 1), (1, 9), (3, 2), (5, 495), (60, 40), (200, 200), (1, 500)])
@pytest.mark.parametrize("ratio", [0.05, 0.7, 4.0])
def test_two_groups_have_a_beta_tail(positive: int, negative: int, ratio: float) -> None:
    expected = float(special.betainc(negative / 2, positive / 2, 1.0 / (1.0 + ratio)))
    weights = two_groups(positive, negative, ratio)
    if expected > 1e-290:
        assert forms.log_tail_exact(weights) == pytest.approx(math.log(expected), rel=1e-12, abs=1e-12)
    assert by_imhof(weights) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("ratio", [1.0, 1.0001, 1.5, 4.0, 10.0, 20.0, 60.0])
def test_saddlepoint_within_a_percent_far_into_the_tail(ratio: float) -> None:
    expected = float(special.betainc(100, 50, 1.0 / (1.0 + ratio)))
    weights = 0.3 * two_groups(100, 200, ratio)
    assert forms.log_tail_saddlepoint(weights) == pytest.approx(math.log(expected), abs=0.01)
    assert forms.log_tail_exact(weights) == pytest.approx(math.log(expected), abs=1e-11)
    if ratio == 60.0:
        assert expected < 1e-100


def test_exact_form_where_the_probability_underflows() -> None:
    """P = 10^-502 by the beta tail in arithmetic of 30 digits."""
    weights = two_groups(1, 500, 100.0)
    assert forms.log_tail_exact(weights) == pytest.approx(-1157.1087693657423, abs=1e-10)
    assert forms.log_tail_saddlepoint(weights) == pytest.approx(-1157.1087693657423, abs=0.2)


def test_against_simulation() -> None:
    rng = np.random.default_rng(11)
    for spread, shift in ((1.0, -0.4), (0.5, 0.1), (2.0, -1.0)):
        weights = spread * rng.standard_normal(20) + shift
        squares = rng.standard_normal((1_000_000, 20)) ** 2
        simulated = np.mean(squares @ weights > 0.0)
        error = 4.0 * math.sqrt(simulated * (1.0 - simulated) / 1e6)
        assert math.exp(forms.log_tail_exact(weights)) == pytest.approx(simulated, abs=error)
        assert by_imhof(weights) == pytest.approx(simulated, abs=error)
        assert math.exp(forms.log_tail_saddlepoint(weights)) == pytest.approx(simulated, abs=error + 0.01)
        assert math.exp(forms.log_tail_clt(weights)) == pytest.approx(simulated, abs=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_opposite_tails_add_up_and_methods_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = np.exp(3.0 * rng.standard_normal(100)) * rng.choice([-1.0, 1.0], 100)
    upper, lower = (math.exp(forms.log_tail_exact(sign * weights)) for sign in (1.0, -1.0))
    assert upper + lower == pytest.approx(1.0, abs=1e-12)
    assert by_imhof(weights) == pytest.approx(upper, abs=1e-10)
    assert math.exp(forms.log_tail_saddlepoint(weights)) == pytest.approx(upper, rel=0.15)


def test_saddlepoint_is_continuous_through_the_mean() -> None:
    """Where the mean of the form is 0 the formula is 0 / 0 and a series takes over."""
    base = np.array([1.0, 0.5, -0.3, -0.2])
    values = [
        forms.log_tail_saddlepoint(np.append(base, tail)) for tail in (-1.0 - 1e-3, -1.0 - 1e-7, -1.0, -1.0 + 1e-3)
    ]
    assert np.all(np.diff(values) > -1e-6)
    assert values[0] == pytest.approx(values[3], abs=2e-3)


def test_central_limit_in_high_dimension() -> None:
    weights = two_groups(50_000, 50_000, 1.01)
    assert forms.log_tail_clt(weights) == pytest.approx(forms.log_tail_exact(weights), abs=1e-2)


@pytest.mark.parametrize("method", [forms.log_tail_saddlepoint, forms.log_tail_exact])
def test_one_sided_weights(method: Callable[[list[float]], float]) -> None:
    assert method([-1.0, -2.0, 0.0]) == -math.inf
    assert method([0.0, 0.0]) == -math.inf
    assert method([1.0, 2.0, 0.0]) == 0.0
    assert forms.log_tail_clt([0.0]) == -math.inf


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("weights", [[], [[1.0, -1.0]], [1.0, math.nan], [1.0, math.inf]])
def test_bad_weights_are_named(method: Callable[[list[float]], float], weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights must be a non-empty vector"):
        method(weights)
