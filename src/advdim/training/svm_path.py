"""Linear support vector machines over a path of regularisation, every level solved (Tanay & Griffin 2018).

From one level to the next few images change between inside and outside the margin. So each level starts from the last
one's solution, and only the images near the margin take part until all the others have been checked.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advdim.errors import AdvdimError
from advdim.job import Job
from advdim.models.linear import LinearPath
from advdim.training.levels import Advance, train_path
from advdim.training.svm_newton import Solution, WorkingSet, middle_bias, solve_working_set

Array = NDArray[np.float64]

TARGET_GAP = 1e-6
"""Duality gap to aim at, as a share of the objective: at weak regularisation 1e-3 leaves the angle degrees off."""
ROUNDS = 30
"""Rounds of adding images to the working set, at most; two are the rule."""
AT_BOUND = 1e-9
"""Distance of a multiplier from 0 or C, in units of C, that is rounding."""
NEAREST = 200
"""Images closest to the margin that are always in the working set."""


@dataclass
class _Progress:
    """Where a path has come to.

    Attributes:
        alpha: multipliers of all images, shape (n,).
        weights: w, shape (d,).
        bias: b.
        reach: how far from the margin images were that changed sides at the last level.
    """

    alpha: Array
    weights: Array
    bias: float
    reach: float


def solve_path(
    images: Array, y: Array, log10_lambda: Array, tolerance: float, advance: Advance = lambda _: None
) -> LinearPath:
    """Minimise mean(max(0, 1 - y (w.x + b))) + lambda |w|^2 for every lambda, the bias free.

    Args:
        images: shape (n, d).
        y: classes -1 and +1, shape (n,).
        log10_lambda: strengths of the regularisation, shape (levels,), in falling order.
        tolerance: largest duality gap of a level, as a share of the primal objective.
        advance: called with the number of levels that are solved, to tell the progress.

    Returns:
        The classifiers.

    Raises:
        AdvdimError: a level's gap stays above the tolerance.
    """
    state = _Progress(_balanced(y), np.zeros(images.shape[1]), 0.0, np.inf)
    last_penalty = 1.0
    solved = []
    for number, level in enumerate(log10_lambda):
        advance(number)
        penalty = 1 / (2 * len(y) * 10.0**level)
        if number == 0:
            state.alpha = penalty * state.alpha
            state.weights = (y * state.alpha) @ images
        else:  # multipliers at their bound stay there
            state.alpha = np.where(state.alpha >= last_penalty, penalty, np.minimum(state.alpha, penalty))
        gap = solve_level(images, y, penalty, state)
        if gap > tolerance:
            raise AdvdimError(
                f"lambda = 1e{level:g}: the duality gap is {gap:.2g} of the objective; expected at most {tolerance:g}; "
                "raise the training's tolerance, or log10_lambda_min"
            )
        solved.append((state.weights, state.bias, gap))
        last_penalty = penalty
    weights, biases, gaps = (np.array(part) for part in zip(*solved, strict=True))
    return LinearPath(np.asarray(log10_lambda), weights, biases, gaps)


def solve_level(images: Array, y: Array, penalty: float, state: _Progress) -> float:
    """Solve |w|^2 / 2 + C sum(max(0, 1 - y (w.x + b))), starting from a state and leaving the solution in it.

    Args:
        images: shape (n, d).
        y: classes, shape (n,).
        penalty: C = 1 / (2 n lambda).
        state: multipliers within [0, C], and a classifier near the solution.

    Returns:
        The duality gap as a share of the primal objective.
    """
    start, margin = state.alpha, 1 - y * (images @ state.weights + state.bias)
    distance = np.abs(margin)
    chosen = (distance <= 1.5 * state.reach) | ((state.alpha > 0) & (state.alpha < penalty))
    chosen[np.argsort(distance, kind="stable")[:NEAREST]] = True
    for _ in range(ROUNDS):
        _solve_chosen(images, y, penalty, state, chosen)
        scores = images @ state.weights
        if not ((state.alpha > 0) & (state.alpha < penalty)).any():
            state.bias = middle_bias(scores, y, state.alpha, penalty)
        after = 1 - y * (scores + state.bias)
        gap = relative_gap(after, state.alpha, state.weights, penalty)
        wrong = ~chosen & np.where(state.alpha > 0, after < 0, after > 0)
        if gap <= TARGET_GAP or not wrong.any():
            break
        chosen |= wrong | (np.abs(after) <= 1.5 * np.abs(after[wrong]).max())
    changed = ((state.alpha > 0) != (start > 0)) | ((state.alpha >= penalty) != (start >= penalty))
    state.reach = float(distance[changed].max()) if changed.any() else state.reach / 2
    return gap


def relative_gap(margins: Array, alpha: Array, weights: Array, penalty: float) -> float:
    """Duality gap of |w|^2 / 2 + C sum(max(0, m)) as a share of that objective.

    Args:
        margins: m = 1 - y (w.x + b), shape (n,).
        alpha: multipliers with w = sum(alpha y x) and sum(alpha y) = 0, shape (n,).
        weights: w, shape (d,).
        penalty: C.
    """
    square = float(weights @ weights)
    primal = square / 2 + penalty * float(np.maximum(0, margins).sum())
    return (primal - float(alpha.sum()) + square / 2) / primal


def train(job: Job) -> None:
    """Train a job's support vector machines."""
    train_path(job, solve_path)


def _solve_chosen(images: Array, y: Array, penalty: float, state: _Progress, chosen: NDArray[np.bool_]) -> None:
    """Solve for the chosen images; the multipliers of the others, at their bounds, stay."""
    others = np.flatnonzero(~chosen & (state.alpha > 0))
    fixed = y[others] * state.alpha[others]
    inside = images if chosen.all() else images[chosen]
    working = WorkingSet(inside, y[chosen], fixed @ images[others], float(fixed.sum()), float(np.abs(fixed).sum()))
    start = Solution(state.alpha[chosen], state.weights, state.bias)
    solution = solve_working_set(working, penalty, start, 0.3 * TARGET_GAP)
    share = solution.alpha / penalty
    state.alpha = state.alpha.copy()
    state.alpha[chosen] = penalty * np.where(share < AT_BOUND, 0, np.where(share > 1 - AT_BOUND, 1, share))
    state.weights, state.bias = solution.weights, solution.bias


def _balanced(y: Array) -> Array:
    """Multipliers, in units of C, at which both classes have the same sum and the smaller one is at its bound."""
    counts = {sign: int(np.sum(y == sign)) for sign in (-1.0, 1.0)}
    return np.where(y > 0, 1 / counts[1.0], 1 / counts[-1.0]) * min(counts.values())
