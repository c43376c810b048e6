"""Tilting angle, adversarial distance and errors of a path of linear classifiers (Tanay & Griffin 2018)."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.artefacts.store import read_recipe
from advdim.artefacts.tables import write_table
from advdim.datasets.stored import read_images
from advdim.datasets.two_classes import first_of_each_class, flat_images, signs
from advdim.job import Job
from advdim.models.linear import load_path
from advdim.statistics.tilting_plane import centroid_direction, tilting_plane


def measure(job: Job) -> None:
    """Write `levels` (one row a level), `plane` (one row an image and level) and `pictures` (images of a few)."""
    settings = read_recipe(job.inputs["model"])["recipe"]["settings"]["training"]
    images, labels = read_images(job.inputs["dataset"], "train")
    chosen = first_of_each_class(labels, settings["images_per_class"])
    train, y_train = flat_images(images[chosen]), signs(labels[chosen])
    test_images, test_labels = read_images(job.inputs["dataset"], "test")
    test, y_test = flat_images(test_images), signs(test_labels)
    path = load_path(job.inputs["model"])
    rows, planes = [], []
    for level, w, b in zip(path.log10_lambda, path.weights, path.biases, strict=True):
        row, plane = measure_level(train, y_train, test, y_test, w, b)
        rows.append({"log10_lambda": level} | row)
        planes.append(plane.assign(log10_lambda=level))
    write_table(pd.DataFrame(rows).assign(relative_gap=path.relative_gap), job.output / "levels.parquet")
    write_table(pd.concat(planes, ignore_index=True), job.output / "plane.parquet")
    _write_pictures(job, train, y_train, images.shape[1:])


def measure_level(
    train: NDArray[np.float64],
    y_train: NDArray[np.float64],
    test: NDArray[np.float64],
    y_test: NDArray[np.float64],
    w: NDArray[np.float64],
    b: float,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Measure one linear classifier sign(w.x + b).

    Args:
        train: training images, shape (n, d), pixels on [0, 1].
        y_train: their classes, -1 and +1, shape (n,).
        test: test images, shape (m, d).
        y_test: their classes, shape (m,).
        w: weight vector, shape (d,).
        b: bias.

    Returns:
        The level's row: `angle_deg`, `d_adv` (mean of y (w.x + b) / |w| over the training images, pixels on [0, 1]),
        `err_train` and `err_test` in percent, `norm_w`, `bias_over_normw` (origin at the midpoint of the centroids),
        `residual` (length of the part of w / |w| outside the plane of z and n), `half_centroid_distance`; and the
        images in the tilting plane: `split`, `y`, `along_z`, `along_n`, origin at the midpoint of the centroids.
    """
    z = centroid_direction(train, y_train)
    plane = tilting_plane(w, z)
    norm = float(np.linalg.norm(w))
    inner, outer = train[y_train < 0].mean(axis=0), train[y_train > 0].mean(axis=0)
    midpoint = (inner + outer) / 2
    inside = (w @ plane.z) * plane.z + (w @ plane.n) * plane.n
    row = {
        "angle_deg": plane.angle_deg,
        "d_adv": float(np.mean(y_train * (train @ w + b)) / norm),
        "err_train": error_percent(train, y_train, w, b),
        "err_test": error_percent(test, y_test, w, b),
        "norm_w": norm,
        "bias_over_normw": float((b + w @ midpoint) / norm),
        "residual": float(np.linalg.norm(w - inside) / norm),
        "half_centroid_distance": float(np.linalg.norm(outer - inner) / 2),
    }
    parts = [("train", train, y_train), ("test", test, y_test)]
    projections = [
        pd.DataFrame({"split": split, "y": y, "along_z": (x - midpoint) @ plane.z, "along_n": (x - midpoint) @ plane.n})
        for split, x, y in parts
    ]
    return row, pd.concat(projections, ignore_index=True)


def error_percent(images: NDArray[np.float64], y: NDArray[np.float64], w: NDArray[np.float64], b: float) -> float:
    """Share of images on the wrong side, in percent; the boundary itself counts as wrong."""
    return float(100 * np.mean(y * (images @ w + b) <= 0))


def _write_pictures(job: Job, train: NDArray[np.float64], y: NDArray[np.float64], shape: tuple[int, ...]) -> None:
    first = first_of_each_class((y > 0).astype(np.int64), job.settings["pictures"])
    np.savez(job.output / "pictures.npz", images=train[first].reshape(len(first), *shape), y=y[first])
