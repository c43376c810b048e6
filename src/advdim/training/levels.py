"""The levels of a path of regularisation, from strong to weak."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def levels_of(settings: Mapping[str, float]) -> NDArray[np.float64]:
    """Equally spaced strengths of the regularisation (Tanay & Griffin 2018).

    Args:
        settings: `log10_lambda_max`, `log10_lambda_min` and `levels` of a way of training.

    Returns:
        log10 of lambda, shape (levels,), in falling order; rounded, so that a level of -3 is -3 in every table.
    """
    span = np.linspace(settings["log10_lambda_max"], settings["log10_lambda_min"], int(settings["levels"]))
    return np.asarray(np.round(span, 10), dtype=np.float64)
