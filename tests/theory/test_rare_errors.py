"""Exact error rates against rational arithmetic, integrals in three dimensions, and 1e8 sampled points."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate, special

from advdim.theory import caps, quadratic
from advdim.theory import quadratic_forms as forms

OUTER = 1.3
SAMPLED = 100_000_000
CHUNK = 1_000_000


def log_of(fraction: Fraction) -> float:
    """Natural logarithm of a fraction of any size."""
    return math.log(fraction.numerator) - math.log(fraction.denominator)


def rational_beta_tail(positive: int, negative: int, ratio: Fraction) -> Fraction:
    """P(A > ratio B) for chi-squared A and B of even degrees: a finite sum."""
    a, b, x = negative // 2, positive // 2, 1 / (1 + ratio)
    p, q = x.numerator, x.denominator - x.numerator
    total = sum(math.comb(a + b - 1, j) * p**j * q ** (a + b - 1 - j) for j in range(a, a + b))
    return Fraction(total, x.denominator ** (a + b - 1))


def rational_tail_of_pairs(weights: list[int]) -> Fraction:
    """P(sum of w_i E_i > 0) for exponential E_i, that is with each weight on a pair of normal squares."""
    terms = (math.prod((Fraction(w, w - v) for v in weights if v != w), start=Fraction(1)) for w in weights if w > 0)
    return sum(terms, start=Fraction(0))


@pytest.mark.parametrize(
    ("positive", "negative", "ratio", "below"),
    [
        (2, 498, Fraction(1, 50), -1.0),
        (100, 400, Fraction(3, 2), -80.0),
        (300, 200, Fraction(60), -240.0),
        (2, 998, Fraction(100), -2000.0),
        (100, 400, Fraction(10**9), -4000.0),
        (4, 2996, Fraction(10**6), -20_000.0),
    ],
)
def test_two_alphas_against_rational_arithmetic(positive: int, negative: int, ratio: Fraction, below: float) -> None:
    expected = log_of(rational_beta_tail(positive, negative, ratio))
    weights = np.repeat([1.0, -float(ratio)], [positive, negative])
    assert expected < below
    assert forms.log_tail_exact(weights) == pytest.approx(expected, rel=1e-13, abs=1e-11)
    assert forms.log_tail_saddlepoint(weights) == pytest.approx(expected, abs=0.3 / positive)


@pytest.mark.parametrize(
    ("positive", "step", "below"), [(30, 1, -1.0), (20, 3, -40.0), (8, 40, -300.0), (1, 4000, -900.0)]
)
def test_distinct_alphas_against_rational_arithmetic(positive: int, step: int, below: float) -> None:
    """Pairs of equal weights, all pairs distinct: 500 dimensions without a beta tail."""
    pairs = [*range(1, positive + 1), *(-step * number for number in range(1, 251 - positive))]
    expected = log_of(rational_tail_of_pairs(pairs))
    weights = np.repeat(np.array(pairs, dtype=np.float64), 2)
    assert expected < below
    assert forms.log_tail_exact(weights) == pytest.approx(expected, rel=1e-13, abs=1e-11)
    assert forms.log_tail_saddlepoint(weights) == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("alpha", [1.0, 0.7, 1.0 / OUTER**2])
def test_equal_alphas_have_no_errors_or_nothing_else(alpha: float) -> None:
    equal = np.full(500, alpha)
    assert quadratic.log_error_rate(equal) == -math.inf
    assert quadratic.log_error_rate(equal, OUTER) == -math.inf
    assert quadratic.log_error_rate(1.5 * equal + 1.0) == 0.0
    assert quadratic.log_error_rate(0.5 * equal, OUTER) == 0.0


def log_two_caps(across: float, dimension: int) -> float:
    """Logarithm of the measure of two opposite caps whose edges have 1 - x_1^2 = across, at any depth.

    With 1 - x_1^2 = across exp(-2 v / (d - 1)) the density of x_1 becomes exp(-v) / x_1, but for a factor.
    """
    power = 0.5 * (dimension - 1)
    integral, _ = integrate.quad(
        lambda v: math.exp(-v) / math.sqrt(1.0 - across * math.exp(-v / power)), 0.0, 60.0, epsabs=0.0, epsrel=1e-13
    )
    return power * math.log(across) - float(special.betaln(power, 0.5)) + math.log(integral / power)


@pytest.mark.parametrize("dimension", [2, 3, 500])
@pytest.mark.parametrize("dominant", [1.0 + 1e-9, 1.02, 2.0, 900.0])
def test_one_dominant_alpha_leaves_two_caps(dimension: int, dominant: float) -> None:
    alpha = np.full(dimension, 0.7)
    alpha[-1] = dominant
    expected = log_two_caps((dominant - 1.0) / (dominant - 0.7), dimension)
    assert quadratic.log_error_rate(alpha) == pytest.approx(expected, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("dimension", [5, 501, 2001])
def test_caps_against_rational_arithmetic(dimension: int) -> None:
    """In odd dimensions the density of a coordinate is a polynomial."""
    power = (dimension - 3) // 2
    terms = [Fraction(math.comb(power, k) * (-1) ** k, 2 * k + 1) for k in range(power + 1)]

    def antiderivative(x: Fraction) -> Fraction:
        square, value = x * x, Fraction(0)
        for term in reversed(terms):
            value = value * square + term
        return value * x

    whole = antiderivative(Fraction(1))
    for height in (Fraction(1, 16), Fraction(1, 2), Fraction(63, 64)):
        expected = log_of((whole - antiderivative(height)) / (2 * whole))
        if expected > math.log(1e-300):
            assert caps.cap_latitude(math.exp(expected), dimension) == pytest.approx(float(height), rel=1e-13)


@pytest.mark.parametrize("alpha", [(1.4, 0.2), (1.0001, 0.9), (30.0, -2.0)])
def test_two_dimensions_are_an_arc(alpha: tuple[float, float]) -> None:
    arc = 2.0 / math.pi * math.acos(math.sqrt((1.0 - alpha[1]) / (alpha[0] - alpha[1])))
    assert quadratic.log_error_rate(alpha) == pytest.approx(math.log(arc), rel=1e-9)


@pytest.mark.parametrize("alpha", [(1.4, 0.2, 0.9), (1.01, 0.9, 0.99), (3.0, 1.2, -2.0), (1.3, 1.2, 0.1)])
def test_three_dimensions_are_an_integral_over_the_azimuth(alpha: tuple[float, ...]) -> None:
    """About the axis whose weight alone has its sign, each half-plane has one latitude of the boundary."""
    weights = sorted(value - 1.0 for value in alpha)
    alone, *around = weights if weights[1] > 0.0 else reversed(weights)
    azimuth = 2.0 * math.pi * np.arange(4096) / 4096
    across = abs(around[0]) * np.cos(azimuth) ** 2 + abs(around[1]) * np.sin(azimuth) ** 2
    low = float(np.mean(np.sqrt(across / (across + abs(alone)))))
    expected = low if alone < 0.0 else 1.0 - low
    assert math.exp(quadratic.log_error_rate(alpha)) == pytest.approx(expected, rel=1e-11)


def test_a_rate_too_small_to_sample_by_tilted_sampling() -> None:
    """Squares with variances 1 / (1 - 2 s w_i) make the event common; the weight exp(K - s Q) makes up for it."""
    generator = np.random.default_rng(12)
    for alpha in (np.linspace(0.3, 1.25, 50), np.geomspace(0.05, 1.2, 50) ** 1.5):
        weights = alpha - 1.0
        tilt = forms._saddle(*forms._distinct(weights)) / np.abs(weights).max()
        shrink = 1.0 - 2.0 * tilt * weights
        form = (generator.standard_normal((400_000, 50)) ** 2 / shrink) @ weights
        terms = np.where(form > 0.0, np.exp(-tilt * form), 0.0)
        log_factor = -0.5 * np.sum(np.log(shrink))
        error = float(terms.std() / terms.mean() / math.sqrt(terms.size))
        assert error < 0.01
        sampled = log_factor + math.log(terms.mean())
        assert quadratic.log_error_rate(alpha) == pytest.approx(sampled, abs=4.5 * error)
        assert sampled < math.log(1e-3)


def sum_of_squares(generator: np.random.Generator, degree: int) -> np.ndarray:
    """Half of the sum of so many squared normal numbers."""
    if degree == 1:
        return generator.standard_normal(CHUNK, dtype=np.float32) ** 2 / 2
    return generator.standard_gamma(degree / 2, CHUNK, dtype=np.float32)


def assert_sampled(degrees: tuple[int, ...], spectra: list[tuple[float, ...]], seed: int) -> None:
    """Count errors of both spheres among 1e8 points; points enter by the sums of squares over equal alphas."""
    generator = np.random.Generator(np.random.SFC64(seed))
    weights = [[value - 1.0 for value in alpha] for alpha in spectra]
    weights += [[1.0 - OUTER**2 * value for value in alpha] for alpha in spectra]
    matrix, counts = np.array(weights, dtype=np.float32), np.zeros(len(weights), dtype=np.int64)
    for _ in range(SAMPLED // CHUNK):
        sums = [sum_of_squares(generator, degree) for degree in degrees]
        counts += np.count_nonzero(matrix @ np.stack(sums) > 0.0, axis=1)
    for number, count in enumerate(counts):
        alpha = np.repeat(spectra[number % len(spectra)], degrees)
        rate = math.exp(quadratic.log_error_rate(alpha, None if number < len(spectra) else OUTER))
        assert abs(count - SAMPLED * rate) <= 4.5 * math.sqrt(SAMPLED * rate * (1.0 - rate)) + 3.0


@pytest.mark.slow
def test_three_dimensions_against_1e8_points() -> None:
    assert_sampled((1, 1, 1), [(1.4, 0.2, 0.9), (1.0001, 0.9, 0.99), (3.0, 0.5, -2.0), (50.0, 0.8, 0.6)], seed=1)


@pytest.mark.slow
def test_500_dimensions_against_1e8_points() -> None:
    """From rates near a half to some 1e-7, one dominant alpha among them."""
    spectra = [(60.0, 0.9, 0.85), (1.9, 1.4, 0.85), (1.0, 1.6, 0.5), (25.0, 0.58, 0.7), (9.0, 0.3, 0.62)]
    assert_sampled((1, 99, 400), spectra, seed=2)


@pytest.mark.slow
def test_500_dimensions_in_three_blocks_against_1e8_points() -> None:
    spectra = [(1.3, 0.9, 0.7), (1.2, 0.95, 0.6), (1.5, 0.6, 0.2), (1.05, 0.6, 0.42)]
    assert_sampled((200, 200, 100), spectra, seed=3)


@pytest.mark.parametrize("seed", range(30))
def test_alphas_against_maximisation_over_the_spheres(seed: int) -> None:
    """Projected gradients on the net itself, from 40 starts, find an error iff an alpha is outside [1/R^2, 1]."""
    generator = np.random.default_rng(seed)
    matrix, weight = generator.standard_normal((12, 6)), generator.uniform(0.5, 2.0)
    spread = generator.choice([0.1, 0.5, 1.0])
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    values = values.mean() + spread * (values - values.mean())
    matrix, bias = (left * values) @ right, -weight * generator.uniform(0.7, 1.5) * np.mean(values**2)
    wrong = quadratic.wrong_alphas(quadratic.alphas(values, weight, bias), OUTER)
    found = False
    for radius, sign in ((1.0, 1.0), (OUTER, -1.0)):
        points = generator.standard_normal((40, 6))
        for _ in range(3000):
            points = points / np.linalg.norm(points, axis=1, keepdims=True)
            points = points + 0.2 * sign * (points @ matrix.T @ matrix) / values.max() ** 2
        points = radius * points / np.linalg.norm(points, axis=1, keepdims=True)
        found |= bool(np.any(sign * (weight * np.sum((points @ matrix.T) ** 2, axis=1) + bias) > 0.0))
    assert found == wrong.any()


def test_normal_law_as_printed_depends_on_the_scale_of_its_errors() -> None:
    """Erratum S14: divided by the variance, the mean of 500 weights counts for next to nothing."""
    alpha = np.repeat([1.5917, 0.0], 250)
    expected = float(special.log_ndtr(np.sum(alpha - 1.0) / (2.0 * np.sum((alpha - 1.0) ** 2))))
    assert forms.log_tail_clt_as_printed(alpha - 1.0) == pytest.approx(expected, rel=1e-12)
    assert math.exp(expected) == pytest.approx(0.44, abs=0.005)
    assert forms.log_tail_clt_as_printed([0.0, 0.0]) == -math.inf


@pytest.mark.parametrize(("dimension", "seen"), [(3000, 1500), (500, 100), (10, 1), (2, 1)])
def test_partial_model_balanced_exactly(dimension: int, seen: int) -> None:
    """A chi-squared ratio below its value is a beta tail; both spheres' tails agree at the threshold."""
    rate = math.exp(quadratic.partial_model_log_error_exact(dimension, seen))
    a, b = (dimension - seen) / 2, seen / 2
    x = special.betaincinv(a, b, rate)  # (alpha - 1) / alpha
    assert special.betaincc(a, b, 1.0 - (1.0 - x) / OUTER**2) == pytest.approx(rate, rel=1e-9)


@pytest.mark.parametrize("seen", [100, 250, 499, 500])
def test_partial_model_balanced_exactly_in_the_deep(seen: int) -> None:
    """No threshold does better: its rate lies between the two of any other threshold."""
    rate = quadratic.partial_model_log_error_exact(500, seen)
    alpha = quadratic.partial_model_alphas(500, seen)
    inner, outer = quadratic.log_error_rate(alpha), quadratic.log_error_rate(alpha, OUTER)
    assert min(inner, outer) - 1e-9 * abs(rate) <= rate <= max(inner, outer) + 1e-9 * abs(rate) or seen == 500
    assert (rate == -math.inf) == (seen == 500)
