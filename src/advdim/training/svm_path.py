"""Linear support vector machines over a path of regularisation, solved exactly in the dual (Tanay & Griffin 2018)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

from advdim.datasets.stored import read_images
from advdim.datasets.two_classes import first_of_each_class, flat_images, signs
from advdim.errors import AdvdimError
from advdim.job import Job
from advdim.models.linear import LinearPath

SOLVER_TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)


def solve_level(
    gram: NDArray[np.float64], y: NDArray[np.float64], strength: float, tolerance: float
) -> tuple[NDArray[np.float64], float, float]:
    """Minimise mean(max(0, 1 - y (w.x + b))) + lambda |w|^2, the bias free, through its dual.

    The solver's own tolerance bounds the violation of optimality, which says little of the objective at weak
    regularisation: it is tightened until the duality gap is small enough.

    Args:
        gram: inner products of the images, shape (n, n).
        y: classes -1 and +1, shape (n,).
        strength: lambda; in LIBSVM's terms C = 1 / (2 n lambda).
        tolerance: largest duality gap, as a share of the primal objective.

    Returns:
        Coefficients c of shape (n,), with w = sum(c_i x_i); the bias; the duality gap as a share of the
        primal objective.

    Raises:
        AdvdimError: the gap stays above the tolerance at the finest tolerance of the solver.
    """
    penalty = 1 / (2 * len(y) * strength)
    for solver_tolerance in SOLVER_TOLERANCES:
        solver = SVC(C=penalty, kernel="precomputed", tol=solver_tolerance, cache_size=1000).fit(gram, y)
        coefficients = np.zeros(len(y))
        coefficients[solver.support_] = solver.dual_coef_[0]
        candidates = [(coefficients, float(solver.intercept_[0])), *polish(gram, y, coefficients, penalty)]
        gaps = [relative_gap(gram, y, *candidate, penalty) for candidate in candidates]
        gap = min(gaps)
        if gap <= tolerance:
            return *candidates[gaps.index(gap)], gap
    raise AdvdimError(
        f"lambda = {strength:g}: the duality gap is {gap:.2g} of the objective; expected at most {tolerance:g}; raise "
        "the training's tolerance, or log10_lambda_min"
    )


def polish(
    gram: NDArray[np.float64], y: NDArray[np.float64], coefficients: NDArray[np.float64], penalty: float
) -> list[tuple[NDArray[np.float64], float]]:
    """Solve the optimality conditions once more in double precision, for the active set that the solver found.

    LIBSVM keeps inner products in single precision, which at weak regularisation leaves a gap that no tolerance closes.

    Returns:
        Coefficients and bias; none where no coefficient is free, or a solution leaves the box.
    """
    size = np.abs(coefficients)
    free = (size > 1e-8 * penalty) & (size < (1 - 1e-8) * penalty)
    if not free.any():
        return []
    bounded = np.where(free | (size == 0), 0.0, np.sign(coefficients) * penalty)
    count = int(free.sum())
    system = np.ones((count + 1, count + 1))
    system[:count, :count], system[count, count] = gram[np.ix_(free, free)], 0.0
    target = np.append(y[free] - gram[free] @ bounded, -bounded.sum())
    solution = np.linalg.lstsq(system, target, rcond=None)[0]
    polished = bounded.copy()
    polished[free] = solution[:count]
    inside = np.all((polished * y >= 0) & (np.abs(polished) <= penalty))
    return [(polished, float(solution[count]))] if inside else []


def relative_gap(
    gram: NDArray[np.float64], y: NDArray[np.float64], coefficients: NDArray[np.float64], bias: float, penalty: float
) -> float:
    """Duality gap of |w|^2 / 2 + C sum(max(0, 1 - y (w.x + b))), as a share of the primal objective."""
    scores = gram @ coefficients
    square = float(coefficients @ scores)
    primal = square / 2 + penalty * np.maximum(0, 1 - y * (scores + bias)).sum()
    dual = np.abs(coefficients).sum() - square / 2
    return float((primal - dual) / primal)


def solve_path(
    images: NDArray[np.float64],
    y: NDArray[np.float64],
    log10_lambda: NDArray[np.float64],
    tolerance: float,
    advance: Callable[[int], None] = lambda _: None,
) -> LinearPath:
    """Solve every level of a path; one Gram matrix serves them all.

    Args:
        images: shape (n, d).
        y: classes -1 and +1, shape (n,).
        log10_lambda: strengths of the regularisation, shape (levels,).
        tolerance: largest duality gap of a level, as a share of the primal objective.
        advance: called with the number of levels that are solved, to tell the progress.

    Returns:
        The classifiers.
    """
    gram = images @ images.T
    solved = []
    for number, level in enumerate(log10_lambda):
        advance(number)
        solved.append(solve_level(gram, y, 10.0**level, tolerance))
    coefficients, biases, gaps = (np.array(part) for part in zip(*solved, strict=True))
    return LinearPath(np.asarray(log10_lambda), coefficients @ images, biases, gaps)


def train(job: Job) -> None:
    """Solve the path of a job on the training images of its dataset."""
    settings = job.settings["training"]
    images, labels = read_images(job.inputs["dataset"], "train")
    chosen = first_of_each_class(labels, settings["images_per_class"])
    span = np.linspace(settings["log10_lambda_max"], settings["log10_lambda_min"], settings["levels"])
    levels = np.asarray(np.round(span, 10), dtype=np.float64)
    progress = job.progress("level", len(levels))
    path = solve_path(flat_images(images[chosen]), signs(labels[chosen]), levels, settings["tolerance"], progress.at)
    path.save(job.output)
