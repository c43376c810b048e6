"""Logistic regressions over a path of regularisation, to compare with the support vector machines of the same path."""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgWarning
from scipy.special import entr, expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from advdim.errors import AdvdimError
from advdim.job import Job
from advdim.models.linear import LinearPath
from advdim.training.levels import Advance, train_path

Array = NDArray[np.float64]
ITERATIONS = 500
"""Newton steps of a level at most; a level that starts from the one before needs two to five."""


def solve_path(
    images: Array, y: Array, log10_lambda: Array, tolerance: float, advance: Advance = lambda _: None
) -> LinearPath:
    """Minimise mean(log(1 + exp(-y (w.x + b)))) + lambda |w|^2, the bias free, at every level of a path.

    Newton's method, each level from the solution of the one before. (L-BFGS is as fast on MNIST, but where the classes
    can be separated it stops while the angle is still 0.4 degrees off.)

    Args:
        images: shape (n, d).
        y: classes -1 and +1, shape (n,).
        log10_lambda: strengths of the regularisation, shape (levels,), best in falling order.
        tolerance: largest entry of the gradient of the objective, by weights and bias.
        advance: called with the number of levels that are solved, to tell the progress.

    Returns:
        The classifiers.

    Raises:
        AdvdimError: a gradient stays above the tolerance.
    """
    basis = weight_basis(images)
    coordinates = images @ basis.T
    length = tolerance / np.sqrt(len(basis) + 1)  # a gradient with such entries has none above the tolerance in pixels
    solver = LogisticRegression(solver="newton-cholesky", tol=length, max_iter=ITERATIONS, warm_start=True)
    solved = []
    for number, level in enumerate(log10_lambda):
        advance(number)
        strength = 10.0**level
        solver.set_params(C=1 / (2 * len(y) * strength))
        with warnings.catch_warnings():  # the gradient is checked, whatever the solver says
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", LinAlgWarning)
            solver.fit(coordinates, y)
        weights, bias = solver.coef_[0] @ basis, float(solver.intercept_[0])
        check_gradient(images, y, weights, bias, strength, tolerance)
        solved.append((weights, bias, relative_gap(images, y, weights, bias, strength)))
    weights, biases, gaps = (np.array(part) for part in zip(*solved, strict=True))
    return LinearPath(np.asarray(log10_lambda), weights, biases, gaps)


def check_gradient(images: Array, y: Array, weights: Array, bias: float, strength: float, tolerance: float) -> None:
    """Refuse a solution whose gradient has an entry above the tolerance.

    Raises:
        AdvdimError: it has one, or one that is no number.
    """
    steepest = float(np.abs(gradient(images, y, weights, bias, strength)).max())
    if not steepest <= tolerance:
        raise AdvdimError(
            f"logistic regression at lambda = {strength:g}: the largest entry of the gradient is {steepest:.2g}; "
            f"expected at most {tolerance:g}; raise the training's tolerance, or log10_lambda_min"
        )


def weight_basis(images: Array) -> Array:
    """Orthonormal basis of a small space that holds the images, and so the best weights.

    A step of Newton's method costs the square of its size for every image, and its cube besides.

    Returns:
        Shape (k, d): the pixels that are not black in every image, or, where these are more than the images, what QR
        makes of the images themselves; k is at most n.
    """
    used = np.flatnonzero(images.any(axis=0))
    if len(used) > len(images):
        return np.asarray(np.linalg.qr(images.T)[0].T)
    basis = np.zeros((len(used), images.shape[1]))
    basis[np.arange(len(used)), used] = 1
    return basis


def gradient(images: Array, y: Array, weights: Array, bias: float, strength: float) -> Array:
    """Gradient of the objective by the weights and, last, by the bias, shape (d + 1,)."""
    slopes = -y * expit(-y * (images @ weights + bias)) / len(y)
    return np.append(slopes @ images + 2 * strength * weights, slopes.sum())


def relative_gap(images: Array, y: Array, weights: Array, bias: float, strength: float) -> float:
    """Duality gap as a share of the objective: no classifier's objective is lower by more.

    The Fenchel dual is mean(H(a)) - |sum(a y x) / n|^2 / (4 lambda), H the entropy of a coin in nats, under
    sum(a y) = 0. Its point belongs to the weights: a = 1 / (1 + exp(y (w.x + b))), the heavier class scaled down until
    the constraint holds.
    """
    margins = y * (images @ weights + bias)
    coins = expit(-margins)
    mass = {sign: float(coins[y == sign].sum()) for sign in (-1.0, 1.0)}
    coins *= np.where(y > 0, min(mass.values()) / mass[1.0], min(mass.values()) / mass[-1.0])
    primal = np.logaddexp(0, -margins).mean() + strength * (weights @ weights)
    pull = (coins * y) @ images / len(y)
    dual = (entr(coins) + entr(1 - coins)).mean() - (pull @ pull) / (4 * strength)
    return float((primal - dual) / primal)


def train(job: Job) -> None:
    """Train a job's logistic regressions."""
    train_path(job, solve_path)
