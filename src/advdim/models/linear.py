"""Linear classifiers sign(w.x + b) over a path of regularisation (Tanay & Griffin 2018)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = "path.npz"


@dataclass(frozen=True)
class LinearPath:
    """Linear classifiers, one a level of regularisation.

    Attributes:
        log10_lambda: strengths of the regularisation, shape (levels,).
        weights: w, shape (levels, d), for pixels on [0, 1].
        biases: b, shape (levels,).
        relative_gap: duality gap at which each was left, as a share of the primal objective, shape (levels,).
    """

    log10_lambda: NDArray[np.float64]
    weights: NDArray[np.float64]
    biases: NDArray[np.float64]
    relative_gap: NDArray[np.float64]

    def save(self, folder: Path) -> None:
        """Write the classifiers into a folder."""
        np.savez(folder / FILE, **vars(self))


def load_path(folder: Path) -> LinearPath:
    """Read the classifiers of a folder."""
    with np.load(folder / FILE, allow_pickle=False) as stored:
        return LinearPath(**{name: stored[name] for name in stored.files})
