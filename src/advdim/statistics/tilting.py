"""Tilt, distances, errors and first-order damage of a path of linear classifiers (Tanay & Griffin 2018).

The quantities of the other study stand beside those of this one (Simon-Gabriel et al. 2018): for sign(w.x + b) the
distance of an image to the boundary is |w.x + b| over |w|_2 in l_2, and over |w|_1 in l_inf. An l_inf perturbation of
size eps lowers every margin y (w.x + b) by eps |w|_1 at most, and the one that does it is -eps y sign(w). So what the
dimension study predicts to first order is known exactly here. Perturbed pixels are not clipped to [0, 1].
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from advdim.artefacts.store import read_recipe
from advdim.artefacts.tables import write_table
from advdim.datasets.two_classes import read_pair
from advdim.job import Job
from advdim.models.linear import load_path
from advdim.statistics.tilting_plane import centroid_direction, tilting_plane

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MarginLoss:
    """A loss that depends on an image through its margin y (w.x + b) alone.

    Attributes:
        value: the loss at margins of any shape.
        descent: minus its derivative there, 0 at the hinge's kink: what the loss gains by a lower margin.
    """

    value: Callable[[Array], Array]
    descent: Callable[[Array], Array]


HINGE = MarginLoss(lambda margins: np.maximum(0, 1 - margins), lambda margins: np.where(margins < 1, 1.0, 0.0))
LOGISTIC = MarginLoss(lambda margins: np.logaddexp(0, -margins), lambda margins: np.asarray(expit(-margins)))
LOSSES = {"svm_path": HINGE, "logistic_path": LOGISTIC, "nearest_centroid": HINGE}
"""The loss that each way of training minimises; the nearest centroid minimises none, and is measured by the hinge."""


def measure(job: Job) -> None:
    """Write `levels`, one row a level: `log10_lambda`, `relative_gap`, and what the two functions below return."""
    settings = read_recipe(job.inputs["model"])["recipe"]["settings"]
    training, pair = settings["training"], settings["pair"]
    train, y_train = read_pair(job.inputs["dataset"], "train", pair, training["images_per_class"])
    test, y_test = read_pair(job.inputs["dataset"], "test", pair)
    path = load_path(job.inputs["model"])
    rows = [
        measure_level(train, y_train, test, y_test, w, b)
        | measure_damage(test, y_test, w, b, LOSSES[training["kind"]], job.settings["eps_pixel"])
        for w, b in zip(path.weights, path.biases, strict=True)
    ]
    levels = pd.DataFrame(rows).assign(relative_gap=path.relative_gap)
    levels.insert(0, "log10_lambda", path.log10_lambda)
    write_table(levels, job.output / "levels.parquet")


def measure_level(train: Array, y_train: Array, test: Array, y_test: Array, w: Array, b: float) -> dict[str, Any]:
    """Measure where one linear classifier sign(w.x + b) stands.

    Args:
        train: training images, shape (n, d), pixels on [0, 1].
        y_train: their classes, -1 and +1, shape (n,).
        test: test images, shape (m, d).
        y_test: their classes, shape (m,).
        w: weight vector, shape (d,), not zero.
        b: bias.

    Returns:
        `angle_deg`, the tilting angle of w; `d_adv` and `d_adv_linf`, the mean of y (w.x + b) over the training images,
        divided by |w|_2 and by |w|_1: the mean distance to the boundary in l_2 and in l_inf, images on the wrong side
        counted as negative; `err_train` and `err_test` in percent; `norm_w` and `norm1_w`, |w|_2 and |w|_1;
        `bias_over_normw`, b / |w|_2 with the origin at the midpoint of the centroids; `residual`, length of the part of
        w / |w|_2 outside the plane of z and n; `half_centroid_distance`, half of the centroids' distance in l_2. With
        as many images of one class as of the other, d_adv = half_centroid_distance * cos(angle).
    """
    plane = tilting_plane(w, centroid_direction(train, y_train))
    norm, norm1 = float(np.linalg.norm(w)), float(np.abs(w).sum())
    class_i, class_j = train[y_train < 0].mean(axis=0), train[y_train > 0].mean(axis=0)
    inside = (w @ plane.z) * plane.z + (w @ plane.n) * plane.n
    margin = float(np.mean(y_train * (train @ w + b)))
    return {
        "angle_deg": plane.angle_deg,
        "d_adv": margin / norm,
        "d_adv_linf": margin / norm1,
        "err_train": error_percent(train, y_train, w, b),
        "err_test": error_percent(test, y_test, w, b),
        "norm_w": norm,
        "norm1_w": norm1,
        "bias_over_normw": float((b + w @ (class_i + class_j) / 2) / norm),
        "residual": float(np.linalg.norm(w - inside) / norm),
        "half_centroid_distance": float(np.linalg.norm(class_j - class_i) / 2),
    }


def measure_damage(images: Array, y: Array, w: Array, b: float, loss: MarginLoss, eps: float) -> dict[str, Any]:
    """Measure what the worst l_inf perturbation does to one linear classifier sign(w.x + b), and what is predicted.

    Args:
        images: shape (m, d), pixels on [0, 1].
        y: their classes, -1 and +1, shape (m,).
        w: weight vector, shape (d,).
        b: bias.
        loss: the loss that the classifier was trained with.
        eps: largest change of a pixel.

    Returns:
        `eps`; `fooled_percent`, share of all images that are right before and wrong after; `gradient_l1`, mean of
        |dL/dx|_1; `damage_first_order`, eps times that; `damage_true`, mean rise of the loss, exact. Both losses are
        convex, so the prediction is never above the truth.
    """
    margins = y * (images @ w + b)
    drop = eps * float(np.abs(w).sum())
    descent = float(loss.descent(margins).mean())
    return {
        "eps": eps,
        "fooled_percent": float(100 * np.mean((margins > 0) & (margins <= drop))),
        "gradient_l1": descent * float(np.abs(w).sum()),
        "damage_first_order": descent * drop,
        "damage_true": float(np.mean(loss.value(margins - drop) - loss.value(margins))),
    }


def error_percent(images: Array, y: Array, w: Array, b: float) -> float:
    """Share of images on the wrong side, in percent; the boundary itself counts as wrong."""
    return float(100 * np.mean(y * (images @ w + b) <= 0))
