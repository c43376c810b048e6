"""Scaling with dimension: Hoelder's inequality, random search, random nets and exact noise ratios."""

import math

import numpy as np
import pytest

from advdim.theory import scaling

NORMS = (1.0, 2.0, math.inf)


def gradients(images: int = 4, seed: int = 0) -> np.ndarray:
    """Draw gradients in the shape of small colour images."""
    return np.random.default_rng(seed).standard_normal((images, 5, 4, 3))


def norms(array: np.ndarray, p: float) -> np.ndarray:
    """Return one l_p norm an image."""
    return np.asarray(np.linalg.norm(array.reshape(len(array), -1), ord=p, axis=1))


@pytest.mark.parametrize(("p", "q"), [(1.0, math.inf), (math.inf, 1.0), (2.0, 2.0), (3.0, 1.5), (4.0, 4.0 / 3.0)])
def test_dual_exponent(p: float, q: float) -> None:
    assert scaling.dual_exponent(p) == pytest.approx(q)
    assert scaling.dual_exponent(scaling.dual_exponent(p)) == pytest.approx(p)


def test_attack_size_keeps_the_average_pixel() -> None:
    """The size is the l_p norm of the perturbation that moves every pixel by eps_inf."""
    for p in (1.0, 1.5, 2.0, 7.0, math.inf):
        expected = np.linalg.norm(np.full(300, 0.005), ord=p)
        assert scaling.attack_size(0.005, p, 300) == pytest.approx(expected)


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 7.0, math.inf])
def test_exponents_add_up_to_one_half(p: float) -> None:
    total = 1.0 / p + scaling.gradient_norm_exponent(scaling.dual_exponent(p))
    assert total == pytest.approx(scaling.vulnerability_exponent())


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


def test_pooled_gradient_scale() -> None:
    assert scaling.pooled_gradient_scale([], 100, 2.0) == 1.0
    assert scaling.pooled_gradient_scale([4, 9], 100, 2.0) == pytest.approx(1.0 / 6.0)
    assert scaling.pooled_gradient_scale([4], 100, math.inf) == pytest.approx(1.0 / math.sqrt(400.0))
    assert scaling.pooled_gradient_scale([4], 100, 1.0) == pytest.approx(5.0)


def test_pooled_gradient_of_a_linear_net() -> None:
    """Average pooling of area a before a He-initialised read-out: l_2 norm 1/sqrt(a) of that without it."""
    rng = np.random.default_rng(4)
    read_out = rng.standard_normal((2000, 256)) * math.sqrt(1.0 / 256)
    unpooled = norms(rng.standard_normal((2000, 1024)) * math.sqrt(1.0 / 1024), 2.0).mean()
    pooled = norms(np.repeat(read_out, 4, axis=1) / 4.0, 2.0).mean()
    ratio = scaling.pooled_gradient_scale([4], 1024, 2.0) / scaling.pooled_gradient_scale([], 1024, 2.0)
    assert pooled / unpooled == pytest.approx(ratio, rel=0.01)


@pytest.mark.parametrize("p", NORMS)
def test_steepest_perturbation_reaches_the_bound(p: float) -> None:
    gradient = gradients()
    delta = scaling.steepest_perturbation(gradient, 0.3, p)
    assert delta.shape == gradient.shape
    np.testing.assert_allclose(norms(delta, p), 0.3)
    damage = np.sum(gradient * delta, axis=(1, 2, 3))
    np.testing.assert_allclose(damage, scaling.first_order_damage(gradient, 0.3, p))


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 5.0, math.inf])
def test_random_search_does_not_exceed_the_bound(p: float) -> None:
    rng = np.random.default_rng(8)
    gradient = rng.standard_normal((1, 3))
    directions = rng.standard_normal((20_000, 3))
    directions *= 0.3 / norms(directions, p)[:, None]
    found = float(np.max(directions @ gradient[0]))
    bound = float(scaling.first_order_damage(gradient, 0.3, p)[0])
    assert 0.97 * bound < found <= bound * (1.0 + 1e-12)


@pytest.mark.parametrize("p", NORMS)
def test_zero_gradient(p: float) -> None:
    gradient = np.zeros((2, 6))
    assert not scaling.steepest_perturbation(gradient, 0.3, p).any()
    assert not scaling.first_order_damage(gradient, 0.3, p).any()


@pytest.mark.parametrize("p", NORMS)
def test_signal_to_noise_of_the_first_order_attack(p: float) -> None:
    """Claim D03: 1/eps for p = 2 and p = inf; for p = 1 that and eps_1 = eps_inf d exclude each other."""
    eps, gradient = 0.02, gradients()
    dimension = gradient[0].size
    images = np.sign(gradients(seed=1))  # pixels of mean square 1
    delta = scaling.steepest_perturbation(gradient, scaling.attack_size(eps, p, dimension), p)
    measured = scaling.signal_to_noise(images, delta)
    np.testing.assert_allclose(measured, scaling.first_order_signal_to_noise(eps, p, dimension))
    expected = 1.0 / (eps * math.sqrt(dimension)) if p == 1.0 else 1.0 / eps
    np.testing.assert_allclose(measured, expected)


@pytest.mark.parametrize("p", NORMS)
def test_largest_size_for_a_signal_to_noise(p: float) -> None:
    eps, gradient, images = 0.02, gradients(), gradients(seed=1)
    dimension = gradient[0].size
    for image, slope in zip(images, gradient, strict=True):
        size = scaling.attack_size_for_signal_to_noise(eps, p, dimension, float(np.linalg.norm(image)))
        delta = scaling.steepest_perturbation(slope[None], size, p)
        np.testing.assert_allclose(scaling.signal_to_noise(image[None], delta), 1.0 / eps)


def test_sizes_agree_for_p_of_at_least_two() -> None:
    for p in (2.0, 3.0, math.inf):
        size = scaling.attack_size_for_signal_to_noise(0.02, p, 300, math.sqrt(300.0))
        assert size == pytest.approx(scaling.attack_size(0.02, p, 300))


def test_no_noise_has_an_infinite_ratio() -> None:
    np.testing.assert_array_equal(scaling.signal_to_noise(np.ones((1, 4)), np.zeros((1, 4))), [math.inf])


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match=r"exponent of a norm must lie in \[1, inf\], found 0\.5"):
        scaling.dual_exponent(0.5)
    with pytest.raises(ValueError, match="dimension must be at least 1, found 0"):
        scaling.attack_size(0.1, 2.0, 0)
    with pytest.raises(ValueError, match="a size must be finite and at least 0"):
        scaling.first_order_damage(gradients(), -0.1, 2.0)
    with pytest.raises(ValueError, match=r"gradient must have shape \(images, ...\), found \(3,\)"):
        scaling.first_order_damage(np.ones(3), 0.1, 2.0)
    with pytest.raises(ValueError, match="p must be 1, 2 or inf, found 3"):
        scaling.steepest_perturbation(gradients(), 0.1, 3.0)
    with pytest.raises(ValueError, match="p must be 1, 2 or inf, found 3"):
        scaling.first_order_signal_to_noise(0.1, 3.0, 10)
    with pytest.raises(ValueError, match="eps must be positive"):
        scaling.first_order_signal_to_noise(0.0, 2.0, 10)
    with pytest.raises(ValueError, match="must have one shape"):
        scaling.signal_to_noise(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="every pooling area must be at least 1"):
        scaling.pooled_gradient_scale([0], 10, 2.0)
