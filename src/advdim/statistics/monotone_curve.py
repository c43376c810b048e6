"""Smooth rising curves through scattered points: I-splines with weights of least squares that are not negative."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls

FloatArray = NDArray[np.float64]

PIECES = 3
"""Quadratic pieces of a curve: enough for a bend in both directions."""


@dataclass(frozen=True)
class Basis:
    """Quadratic I-splines on a range: each rises from 0 to its height within neighbouring pieces, and is then constant.

    Attributes:
        knots: ends of the pieces, shape (pieces + 1,), rising.
    """

    knots: FloatArray

    @classmethod
    def over(cls, x: ArrayLike) -> "Basis":
        """The basis whose pieces hold about the same number of points each."""
        knots = np.quantile(np.asarray(x, dtype=np.float64), np.linspace(0.0, 1.0, PIECES + 1))
        return cls(np.unique(knots))

    def columns(self, x: FloatArray) -> FloatArray:
        """Values of the splines, shape (n, pieces + 1): integrals of hat functions centred at the knots."""
        knots = self.knots
        inside = np.clip(x, knots[0], knots[-1])[:, None]
        widths = np.diff(knots)
        share = np.clip((inside - knots[:-1]) / widths, 0.0, 1.0)  # how far x has come through each piece
        rising, falling = widths * share**2 / 2, widths * (share - share**2 / 2)
        columns = np.zeros((len(x), len(knots)))
        columns[:, 1:] += rising
        columns[:, :-1] += falling
        return columns


def fit(x: ArrayLike, y: ArrayLike, basis: Basis | None = None) -> "RisingCurve":
    """Fit a rising curve by least squares.

    Args:
        x: abscissas, shape (n,), finite, at least two different ones.
        y: ordinates, shape (n,).
        basis: the splines; by default those of these points.

    Returns:
        The curve: constant beyond the range of the basis.

    Raises:
        ValueError: if all abscissas are equal.

    Source:
        Ramsay 1988, Monotone regression splines in action.
    """
    abscissa, ordinate = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if np.ptp(abscissa) == 0.0:
        raise ValueError(f"a curve needs at least two different x, found only {abscissa[0]}")
    basis = basis or Basis.over(abscissa)
    columns = basis.columns(abscissa)
    level = columns.mean(axis=0)  # the constant is free: fit about the means
    weights, _ = nnls(columns - level, ordinate - ordinate.mean())
    return RisingCurve(basis, np.asarray(weights), float(ordinate.mean() - level @ weights))


@dataclass(frozen=True)
class RisingCurve:
    """A constant and a sum of I-splines.

    Attributes:
        basis: the splines.
        weights: their weights, at least 0.
        constant: the value at the left end.
    """

    basis: Basis
    weights: FloatArray
    constant: float

    def __call__(self, x: ArrayLike) -> FloatArray:
        """Values at x, shape (n,)."""
        return np.asarray(self.constant + self.basis.columns(np.asarray(x, dtype=np.float64)) @ self.weights)
