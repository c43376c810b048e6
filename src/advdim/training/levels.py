"""The levels of a path of regularisation, from strong to weak, and training at all of them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advdim.datasets.two_classes import read_pair
from advdim.job import Job
from advdim.models.linear import LinearPath

Array = NDArray[np.float64]
Advance = Callable[[int], None]
"""Is called with the number of levels that are solved, to tell the progress."""


def levels_of(settings: Mapping[str, Any]) -> Array:
    """Equally spaced strengths of the regularisation (Tanay & Griffin 2018).

    Args:
        settings: `log10_lambda_max`, `log10_lambda_min` and `levels` of a way of training.

    Returns:
        log10 of lambda, shape (levels,), in falling order; rounded, so that a level of -3 is -3 in every table.
    """
    span = np.linspace(settings["log10_lambda_max"], settings["log10_lambda_min"], int(settings["levels"]))
    return np.asarray(np.round(span, 10), dtype=np.float64)


def train_path(job: Job, solve: Callable[[Array, Array, Array, float, Advance], LinearPath]) -> None:
    """Solve the path of a job on the training images of its pair of classes, and keep the classifiers.

    Args:
        job: a job that trains linear classifiers.
        solve: gives the classifiers from images, classes -1 and +1, levels and tolerance.
    """
    settings = job.settings["training"]
    images, y = read_pair(job.inputs["dataset"], "train", job.settings["pair"], settings["images_per_class"])
    levels = levels_of(settings)
    solve(images, y, levels, settings["tolerance"], job.progress("level", len(levels)).at).save(job.output)
