"""How attack sizes, gradients and vulnerability scale with the input dimension, and what a first-order attack does.

Norms are named by their exponent p in [1, inf]; q is the dual exponent, 1/p + 1/q = 1.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def dual_exponent(p: float) -> float:
    """Exponent of the dual norm.

    Args:
        p: exponent in [1, inf].

    Returns:
        q in [1, inf] with 1/p + 1/q = 1.

    Raises:
        ValueError: if p is below 1.

    Source:
        Simon-Gabriel et al. 2019, lemma 2 (claim D01).
    """
    _check_exponent(p)
    if p == 1.0:
        return math.inf
    return 1.0 if math.isinf(p) else p / (p - 1.0)


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


def vulnerability_exponent() -> float:
    """Exponent of d in eps_p ||dL/dx||_q, the same for every p.

    Returns:
        1/2, the sum of 1/p from the attack's size and 1/q - 1/2 from the gradient.

    Source:
        Simon-Gabriel et al. 2019, theorem 4 and corollary 6 (claim D04).
    """
    return 0.5


def pooled_gradient_scale(areas: Sequence[int], dimension: int, q: float) -> float:
    """Predicted l_q norm of an input gradient behind average poolings, up to a constant that depends on neither.

    Args:
        areas: number of inputs that each average pooling takes together, at least 1 each; empty without pooling.
        dimension: number of inputs d, at least 1.
        q: exponent of the norm in [1, inf]; inf stands for the size of one coordinate.

    Returns:
        d^(1/q - 1/2) / sqrt(a_1 ... a_n).

    Raises:
        ValueError: if an area or the dimension is below 1, or q is below 1.

    Source:
        Simon-Gabriel et al. 2019, theorems 7 and 11 (claim D05): |df_k/dx| scales like 1/sqrt(d a_1 ... a_n) and
        ||df_k/dx||_2 like 1/sqrt(a_1 ... a_n).
    """
    _check_dimension(dimension)
    if any(area < 1 for area in areas):
        raise ValueError(f"every pooling area must be at least 1, found {list(areas)}")
    return float(dimension ** gradient_norm_exponent(q)) / math.sqrt(math.prod(areas))


def first_order_damage(gradient: ArrayLike, eps: float, p: float) -> FloatArray:
    """Largest first-order rise of the loss under an l_p attack, for each image.

    Args:
        gradient: shape (images, ...), gradient of the loss with respect to the input, any unit.
        eps: size of the attack in the l_p norm, at least 0.
        p: exponent in [1, inf].

    Returns:
        Shape (images,), eps * ||gradient||_q.

    Raises:
        ValueError: if the gradient has fewer than two axes, eps is negative or p below 1.

    Source:
        Simon-Gabriel et al. 2019, lemma 2 (claim D01).
    """
    flat = _images(gradient, "gradient")
    _check_size(eps)
    return np.asarray(eps * np.linalg.norm(flat, ord=dual_exponent(p), axis=1))


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


def first_order_signal_to_noise(eps: float, p: float, dimension: int) -> float:
    """Signal-to-noise ratio of the first-order l_p attack whose size follows eps_p = eps_inf d^(1/p).

    With pixels of mean square 1, ||x||_2 = sqrt(d) and eps_inf = eps, the attack's size is eps ||x||_2 d^(1/p - 1/2).
    The l_inf attack then has ||delta||_2 = eps sqrt(d), if no coordinate of the gradient is zero, and so has the l_2
    attack: ratio 1/eps. The l_1 attack changes one pixel by eps d, so ||delta||_2 = eps d: ratio 1/(eps sqrt(d)).

    Args:
        eps: size of the l_inf attack relative to the root mean square of the pixels, above 0.
        p: 1, 2 or inf.
        dimension: number of inputs d, at least 1.

    Returns:
        1/eps for p = 2 and p = inf, 1/(eps sqrt(d)) for p = 1.

    Raises:
        ValueError: if eps is not positive, p is none of 1, 2, inf or the dimension is below 1.

    Source:
        Simon-Gabriel et al. 2019, appendix D, lemma 12 (claim D03), which gives 1/eps for p = 1 too. With the scaling
        of equation 3 that does not hold; it holds for the sizes of :func:`attack_size_for_signal_to_noise`.
    """
    _check_dimension(dimension)
    _check_positive(eps)
    if p not in (1.0, 2.0, math.inf):
        raise ValueError(f"p must be 1, 2 or inf, found {p}")
    return 1.0 / (eps * math.sqrt(dimension)) if p == 1.0 else 1.0 / eps


def attack_size_for_signal_to_noise(eps: float, p: float, dimension: int, input_norm: float) -> float:
    """Largest l_p attack that keeps the signal-to-noise ratio at 1/eps or above whatever its direction.

    Args:
        eps: inverse of the smallest ratio ||x||_2 / ||delta||_2 allowed, above 0.
        p: exponent in [1, inf].
        dimension: number of inputs d, at least 1.
        input_norm: ||x||_2, at least 0.

    Returns:
        Radius of the largest l_p ball inside the l_2 ball of radius eps ||x||_2: eps ||x||_2 d^min(0, 1/p - 1/2).
        For p >= 2 and ||x||_2 = sqrt(d) that is eps d^(1/p); for p < 2 it does not grow with 1/p, because the l_1 and
        the l_2 ball of one radius touch at the axes.

    Raises:
        ValueError: if eps is not positive, p or the dimension is below 1, or the norm is negative.

    Source:
        Simon-Gabriel et al. 2019, appendix D, lemma 12 (claim D03), by inclusion of l_p balls in l_2 balls.
    """
    _check_exponent(p)
    _check_dimension(dimension)
    _check_positive(eps)
    _check_size(input_norm)
    return float(eps * input_norm * dimension ** min(0.0, 1.0 / p - 0.5))


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


def _check_positive(eps: float) -> None:
    """Refuse sizes that have no inverse."""
    if not (math.isfinite(eps) and eps > 0.0):
        raise ValueError(f"eps must be positive and finite, found {eps}")


def _images(values: ArrayLike, name: str) -> FloatArray:
    """Return one row an image."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim < 2:
        raise ValueError(f"{name} must have shape (images, ...), found {array.shape}")
    return array.reshape(len(array), math.prod(array.shape[1:]))
