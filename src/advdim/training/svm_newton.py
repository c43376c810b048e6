"""A linear support vector machine on a working set, by an augmented Lagrangian method with semismooth Newton steps.

The problem is min over w, b of |w|^2 / 2 + C sum(max(0, 1 - y (w.x + b))). Given multipliers alpha and a sharpness
sigma, each hinge is replaced by a smooth function whose derivative is clip(alpha + sigma (1 - y (w.x + b)), 0, C). That
sum is minimised by Newton's method with line search, its minimum gives the next multipliers, and they converge to the
dual solution for any sigma > 0 (Rockafellar 1976). A Newton step needs only the images whose multiplier lies strictly
between 0 and C, a few hundred at most, which is what makes it fast (Li, Sun & Toh 2018).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

Array = NDArray[np.float64]

SMOOTHING = 0.1
"""Half width of the smoothing to start with, in units of the margin y (w.x + b)."""
SHARPEST = 1e4
"""Largest sigma times the mean square of an image: sharper smoothing lets Newton's steps shrink."""
MULTIPLIER_ROUNDS = 40
NEWTON_STEPS = 40
FEW_STEPS, MANY_STEPS = 8, 15
"""Newton's steps from which sigma is raised less, and from which it is not raised."""
FLAT = 1e-13
"""Predicted decrease, as a share of the objective, that is rounding."""
CACHED_IMAGES = 1200
"""Working sets up to this size keep their inner products."""


@dataclass(frozen=True)
class WorkingSet:
    """Some images of a problem, and what the others contribute while their multipliers stay fixed.

    Attributes:
        images: shape (m, d).
        y: classes -1 and +1, shape (m,).
        fixed_weights: sum of alpha y x over the others, shape (d,).
        fixed_balance: sum of alpha y over the others.
        fixed_sum: sum of alpha over the others.
    """

    images: Array
    y: Array
    fixed_weights: Array
    fixed_balance: float
    fixed_sum: float


@dataclass(frozen=True)
class Solution:
    """A classifier and the multipliers that show how good it is.

    Attributes:
        alpha: multipliers of the working set between 0 and C, shape (m,).
        weights: w = sum(alpha y x) over all images, shape (d,).
        bias: b.
    """

    alpha: Array
    weights: Array
    bias: float


def solve_working_set(working: WorkingSet, penalty: float, start: Solution, target: float) -> Solution:
    """Solve the problem on a working set.

    Args:
        working: the images.
        penalty: C.
        start: multipliers and classifier to start from; they need not belong to each other.
        target: duality gap to reach, as a share of the dual objective.

    Returns:
        The solution; the best one found where the target is not reached.
    """
    smoothed = _Smoothed(working, penalty, start)
    best, best_gap = start, np.inf
    for _ in range(MULTIPLIER_ROUNDS):
        steps = smoothed.minimise()
        if steps is None:
            smoothed.sigma /= 8
            continue
        gap, objective = smoothed.update_multipliers()
        if gap < best_gap:
            best, best_gap = smoothed.solution, gap
        if gap <= target * objective:
            break
        smoothed.sharpen(steps)
    return best


def middle_bias(scores: Array, y: Array, alpha: Array, penalty: float) -> float:
    """The middle of all biases that are optimal for given weights, where no multiplier is free.

    Under strong regularisation every hinge is active and the bias is not unique; LIBSVM takes the middle as well.

    Args:
        scores: w.x of every image, shape (n,).
        y: classes, shape (n,).
        alpha: multipliers, each 0 or C, shape (n,).
        penalty: C.
    """
    at_margin = y - scores
    is_lower = (alpha >= penalty) == (y < 0)
    return float((at_margin[is_lower].max() + at_margin[~is_lower].min()) / 2)


class _Smoothed:
    """The problem with smoothed hinges, and where its minimisation has come to."""

    def __init__(self, working: WorkingSet, penalty: float, start: Solution) -> None:
        self.working, self.penalty = working, penalty
        self.alpha, self.weights, self.bias = start.alpha, start.weights, start.bias
        self.scores = working.images @ start.weights
        mean_square = float(np.mean(np.einsum("ij,ij->i", working.images, working.images)))
        self.sharpest = SHARPEST / mean_square if mean_square else SHARPEST
        self.sigma = min(penalty / SMOOTHING, self.sharpest)
        few = len(working.y) <= CACHED_IMAGES
        self.gram = working.images @ working.images.T if few else None

    @property
    def solution(self) -> Solution:
        return Solution(self.alpha, self.weights, self.bias)

    def derivative(self, margins: Array) -> Array:
        """Derivatives of the smoothed hinges at 1 - y (w.x + b), before they are clipped to [0, C]."""
        return self.alpha + self.sigma * margins

    def margins(self) -> Array:
        return np.asarray(1 - self.working.y * (self.scores + self.bias))

    def minimise(self) -> int | None:
        """Take Newton's steps to the minimum; how many, or None if they do not get there."""
        self.bias = self._best_bias()
        capped_before = np.zeros(len(self.alpha), dtype=bool)
        capped_weights = self.working.fixed_weights
        settled = False
        for number in range(NEWTON_STEPS):
            raw = self.derivative(self.margins())
            capped = raw >= self.penalty
            free = (raw > 0) & ~capped
            changed = np.flatnonzero(capped != capped_before)
            signs = np.where(capped[changed], 1.0, -1.0) * self.working.y[changed]
            capped_weights = capped_weights + self.penalty * (signs @ self.working.images[changed])
            capped_before = capped
            weights, bias = self._newton_point(np.flatnonzero(free), capped, capped_weights)
            full, decrease = self._step(weights, bias)
            if settled or decrease <= FLAT * abs(self._dual_objective()):
                return number
            if full:  # the same images are free and capped at both ends: the step has solved the problem
                after = self.derivative(self.margins())
                settled = np.array_equal(after >= self.penalty, capped) and np.array_equal(
                    (after > 0) & (after < self.penalty), free
                )
        return None

    def update_multipliers(self) -> tuple[float, float]:
        """Take the multipliers and the classifier that belong to the minimum; their duality gap, and dual objective."""
        self.bias = self._best_bias()
        self.alpha = np.clip(self.derivative(self.margins()), 0, self.penalty)
        self.weights = self.working.fixed_weights + (self.working.y * self.alpha) @ self.working.images
        self.scores = self.working.images @ self.weights
        margins = self.margins()
        gap = float(np.sum(self.penalty * np.maximum(0, margins) - self.alpha * margins))
        return gap, abs(self._dual_objective())

    def sharpen(self, steps: int) -> None:
        """Raise sigma by as much as the number of Newton's steps allows."""
        factor = 10.0 if steps < FEW_STEPS else 3.0 if steps < MANY_STEPS else 1.0
        self.sigma = min(factor * self.sigma, self.sharpest)

    def _dual_objective(self) -> float:
        return float(self.working.fixed_sum + self.alpha.sum() - self.weights @ self.weights / 2)

    def _newton_point(self, free: NDArray[np.int64], capped: NDArray[np.bool_], w: Array) -> tuple[Array, float]:
        """The minimum if every image kept its piece: w = capped weights + X'c, c the free images' alpha y."""
        if not len(free):
            return w, self.bias
        images, y = self.working.images[free], self.working.y[free]
        balance = self.penalty * self.working.y[capped].sum() + self.working.fixed_balance
        constant = y * (self.alpha[free] + self.sigma)
        if len(free) > images.shape[1]:
            extended = np.column_stack([images, np.ones(len(free))])
            matrix = self.sigma * extended.T @ extended
            matrix[np.diag_indices(len(w))] += 1
            solved = cho_solve(cho_factor(matrix), np.append(w, balance) + constant @ extended)
            return solved[:-1], float(solved[-1])
        matrix = images @ images.T if self.gram is None else self.gram[np.ix_(free, free)]
        matrix[np.diag_indices(len(free))] += 1 / self.sigma
        right = np.column_stack([constant / self.sigma - images @ w, np.ones(len(free))])
        of_constant, of_bias = cho_solve(cho_factor(matrix, overwrite_a=True, check_finite=False), right).T
        bias = (of_constant.sum() + balance) / of_bias.sum()
        return w + (of_constant - bias * of_bias) @ images, float(bias)

    def _step(self, weights: Array, bias: float) -> tuple[bool, float]:
        """Go towards a point until the slope is small; whether that was the whole way, and the slope at the start."""
        y, working = self.working.y, self.working
        by_weights, by_bias = weights - self.weights, bias - self.bias
        by_scores = working.images @ by_weights
        change = y * (by_scores + by_bias)
        linear = by_weights @ (self.weights - working.fixed_weights) - working.fixed_balance * by_bias
        curvature = by_weights @ by_weights
        margins = self.margins()

        def slope(share: float) -> float:
            active = np.clip(self.derivative(margins - share * change), 0, self.penalty)
            return float(linear + share * curvature - active @ change)

        steepest = -slope(0.0)
        low, high, share = 0.0, 1.0, 1.0
        if slope(1.0) > 0.2 * abs(steepest):
            for _ in range(15):
                share = (low + high) / 2
                here = slope(share)
                if abs(here) < 0.1 * abs(steepest):
                    break
                low, high = (low, share) if here > 0 else (share, high)
        self.weights = self.weights + share * by_weights
        self.scores = self.scores + share * by_scores
        self.bias += share * by_bias
        return share == 1.0, steepest

    def _best_bias(self) -> float:
        """The bias that minimises the smoothed problem at these weights: where the sum of alpha y changes its sign."""
        y, sigma = self.working.y, self.sigma
        kinks = np.concatenate([y * (1 + (self.alpha - cap) / sigma) - self.scores for cap in (0.0, self.penalty)])
        kinks.sort()

        def balance(bias: float) -> float:
            active = np.clip(self.derivative(1 - y * (self.scores + bias)), 0, self.penalty)
            return float(y @ active + self.working.fixed_balance)

        low, high = 0, len(kinks) - 1
        if balance(kinks[low]) <= 0:
            return float(kinks[low])
        if balance(kinks[high]) >= 0:
            return float(kinks[high])
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if balance(kinks[middle]) > 0 else (low, middle)
        above, below = balance(kinks[low]), balance(kinks[high])
        return float(kinks[low] + (kinks[high] - kinks[low]) * above / (above - below))
