"""How attack sizes and gradients scale with the input dimension, and what a first-order attack does.

Norms are named by their exponent p in [1, inf]; q is the dual exponent, 1/p + 1/q = 1.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def attack_size(eps_inf: float, p: float, dimension: int) -> float:
    """Size of an l_p attack that changes the average pixel as much as an l_inf attack does.

    Args:
        eps_inf: size of the l_inf attack, at least 0, in the unit of the pixels.
        p: exponent in [1, inf].
        dimension: number of inputs d, at least 1.

    Returns:
        eps_p = eps_inf * d^(1/p).

    Raises:
        ValueError: if eps_inf is negative, p below 1 or the dimension below 1.

    Source:
        Simon-Gabriel et al. 2019, equation 3 (claim D03).
    """
    _check_exponent(p)
    _check_dimension(dimension)
    _check_size(eps_inf)
    return float(eps_inf * dimension ** (1.0 / p))


def gradient_norm_exponent(q: float) -> float:
    """Exponent of d in the l_q norm of the input gradient at He initialisation.

    Args:
        q: exponent of the norm in [1, inf].

    Returns:
        1/q - 1/2: 1/2 for q = 1, 0 for q = 2, -1/2 for q = inf.

    Raises:
        ValueError: if q is below 1.

    Source:
        Simon-Gabriel et al. 2019, theorems 4 and 5, corollary 6 (claim D04).
    """
    _check_exponent(q)
    return 1.0 / q - 0.5


def steepest_perturbation(gradient: ArrayLike, eps: float, p: float) -> FloatArray:
    """The l_p attack that raises the linearised loss most, for each image.

    Args:
        gradient: shape (images, ...), gradient of the loss with respect to the input.
        eps: size of the attack in the l_p norm, at least 0.
        p: 1, 2 or inf.

    Returns:
        Shape of the gradient. For p = inf eps times the sign, for p = 2 eps times the unit gradient, for p = 1 eps
        times the sign at the first coordinate of largest modulus. A zero gradient gives a zero perturbation.

    Raises:
        ValueError: if the gradient has fewer than two axes, eps is negative or p is none of 1, 2, inf.

    Source:
        Simon-Gabriel et al. 2019, lemma 2 and lemma 12: the case of equality in Hoelder's inequality.
    """
    flat = _images(gradient, "gradient")
    _check_size(eps)
    if p == 1.0:
        direction = np.zeros_like(flat)
        rows, columns = np.arange(len(flat)), np.argmax(np.abs(flat), axis=1)
        direction[rows, columns] = np.sign(flat[rows, columns])
    elif p == 2.0:
        norms = np.linalg.norm(flat, axis=1, keepdims=True)
        direction = flat / np.where(norms > 0.0, norms, 1.0)
    elif math.isinf(p) and p > 0.0:
        direction = np.sign(flat)
    else:
        raise ValueError(f"p must be 1, 2 or inf, found {p}")
    return np.asarray((eps * direction).reshape(np.shape(gradient)))


def signal_to_noise(inputs: ArrayLike, perturbation: ArrayLike) -> FloatArray:
    """Signal-to-noise ratio ||x||_2 / ||delta||_2 of a perturbation, for each image.

    Args:
        inputs: shape (images, ...), the images.
        perturbation: same shape, what is added to them, in the same unit.

    Returns:
        Shape (images,), at least 0; inf where the perturbation is zero.

    Raises:
        ValueError: if the shapes differ or have fewer than two axes.

    Source:
        Simon-Gabriel et al. 2019, appendix D, the ratio of lemma 12 (claim D03): l_2 norms, whatever the attack's p.
    """
    signal, noise = _images(inputs, "inputs"), _images(perturbation, "perturbation")
    if np.shape(inputs) != np.shape(perturbation):
        raise ValueError(
            f"inputs and perturbation must have one shape, found {np.shape(inputs)} and {np.shape(perturbation)}"
        )
    power = np.linalg.norm(noise, axis=1)
    ratio = np.linalg.norm(signal, axis=1) / np.where(power > 0.0, power, 1.0)
    return np.asarray(np.where(power > 0.0, ratio, math.inf))


def _check_exponent(p: float) -> None:
    """Refuse exponents that give no norm."""
    if not p >= 1.0:
        raise ValueError(f"the exponent of a norm must lie in [1, inf], found {p}")


def _check_dimension(dimension: int) -> None:
    """Refuse empty inputs."""
    if dimension < 1:
        raise ValueError(f"dimension must be at least 1, found {dimension}")


def _check_size(size: float) -> None:
    """Refuse negative or infinite sizes."""
    if not (math.isfinite(size) and size >= 0.0):
        raise ValueError(f"a size must be finite and at least 0, found {size}")


def _images(values: ArrayLike, name: str) -> FloatArray:
    """Return one row an image."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim < 2:
        raise ValueError(f"{name} must have shape (images, ...), found {array.shape}")
    return array.reshape(len(array), math.prod(array.shape[1:]))
