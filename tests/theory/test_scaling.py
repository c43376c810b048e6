"""Scaling with dimension: Hoelder's inequality, random search, random nets and exact noise ratios."""

import math

import numpy as np
import pytest

from advdim.theory import scaling

NORMS = (1.0, 2.0, math.inf)
DUAL = {1.0: math.inf, 2.0: 2.0, math.inf: 1.0}


def gradients(images: int = 4, seed: int = 0) -> np.ndarray:
    """Draw gradients in the shape of small colour images."""
    return np.random.default_rng(seed).standard_normal((images, 5, 4, 3))


def norms(array: np.ndarray, p: float) -> np.ndarray:
    """Return one l_p norm an image."""
    return np.asarray(np.linalg.norm(array.reshape(len(array), -1), ord=p, axis=1))


def test_attack_size_keeps_the_average_pixel() -> None:
    """The size is the l_p norm of the perturbation that moves every pixel by eps_inf."""
    for p in (1.0, 1.5, 2.0, 7.0, math.inf):
        expected = np.linalg.norm(np.full(300, 0.005), ord=p)
        assert scaling.attack_size(0.005, p, 300) == pytest.approx(expected)


@pytest.mark.parametrize("q", NORMS)
def test_gradient_exponent_in_random_nets(q: float) -> None:
    """A dense ReLU net of two layers at He initialisation, d = 64 and 4096."""
    rng = np.random.default_rng(2)
    size = []
    for dimension in (64, 4096):
        sample = []
        for _ in range(100):
            first = rng.standard_normal((100, dimension)) * math.sqrt(2.0 / dimension)
            second = rng.standard_normal(100) * math.sqrt(2.0 / 100)
            active = first @ rng.standard_normal(dimension) > 0.0
            sample.append(np.linalg.norm((second * active) @ first, ord=q))
        size.append(np.mean(sample))
    slope = math.log(size[1] / size[0]) / math.log(4096 / 64)
    tolerance = 0.12 if math.isinf(q) else 0.03  # the largest of d normals adds a root of log(d)
    assert slope == pytest.approx(scaling.gradient_norm_exponent(q), abs=tolerance)


@pytest.mark.parametrize("p", NORMS)
def test_steepest_perturbation_reaches_the_bound_of_the_dual_norm(p: float) -> None:
    gradient = gradients()
    delta = scaling.steepest_perturbation(gradient, 0.3, p)
    assert delta.shape == gradient.shape
    np.testing.assert_allclose(norms(delta, p), 0.3)
    damage = np.sum(gradient * delta, axis=(1, 2, 3))
    np.testing.assert_allclose(damage, 0.3 * norms(gradient, DUAL[p]))


@pytest.mark.parametrize("p", NORMS)
def test_random_search_does_no_more_damage(p: float) -> None:
    rng = np.random.default_rng(8)
    gradient = rng.standard_normal((1, 3))
    directions = rng.standard_normal((20_000, 3))
    directions *= 0.3 / norms(directions, p)[:, None]
    found = float(np.max(directions @ gradient[0]))
    best = float(np.sum(gradient * scaling.steepest_perturbation(gradient, 0.3, p)))
    assert 0.97 * best < found <= best * (1.0 + 1e-12)


@pytest.mark.parametrize("p", NORMS)
def test_zero_gradient(p: float) -> None:
    assert not scaling.steepest_perturbation(np.zeros((2, 6)), 0.3, p).any()


@pytest.mark.parametrize("p", NORMS)
def test_signal_to_noise_of_the_first_order_attack(p: float) -> None:
    """Claim D03: 1/eps for p = 2 and p = inf; for p = 1 that and eps_1 = eps_inf d exclude each other."""
    eps, gradient = 0.02, gradients()
    dimension = gradient[0].size
    images = np.sign(gradients(seed=1))  # pixels of mean square 1
    delta = scaling.steepest_perturbation(gradient, scaling.attack_size(eps, p, dimension), p)
    expected = 1.0 / (eps * math.sqrt(dimension)) if p == 1.0 else 1.0 / eps
    np.testing.assert_allclose(scaling.signal_to_noise(images, delta), expected)


def test_no_noise_has_an_infinite_ratio() -> None:
    np.testing.assert_array_equal(scaling.signal_to_noise(np.ones((1, 4)), np.zeros((1, 4))), [math.inf])


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match=r"exponent of a norm must lie in \[1, inf\], found 0\.5"):
        scaling.gradient_norm_exponent(0.5)
    with pytest.raises(ValueError, match="dimension must be at least 1, found 0"):
        scaling.attack_size(0.1, 2.0, 0)
    with pytest.raises(ValueError, match="a size must be finite and at least 0"):
        scaling.steepest_perturbation(gradients(), -0.1, 2.0)
    with pytest.raises(ValueError, match=r"gradient must have shape \(images, ...\), found \(3,\)"):
        scaling.steepest_perturbation(np.ones(3), 0.1, 2.0)
    with pytest.raises(ValueError, match="p must be 1, 2 or inf, found 3"):
        scaling.steepest_perturbation(gradients(), 0.1, 3.0)
    with pytest.raises(ValueError, match="must have one shape"):
        scaling.signal_to_noise(np.ones((2, 3)), np.ones((2, 4)))
