"""Images in the tilting plane of each linear classifier of a path, and each classifier in the plane of the weakest.

Figures 5 to 7 of Tanay & Griffin 2018 are drawn from these tables.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.artefacts.store import read_recipe
from advdim.artefacts.tables import write_table
from advdim.datasets.stored import read_image_info
from advdim.datasets.two_classes import read_pair
from advdim.job import Job
from advdim.models.linear import LinearPath, load_path
from advdim.statistics.tilting_plane import centroid_direction, tilting_plane

FloatArray = NDArray[np.float64]


def measure(job: Job) -> None:
    """Write the tables `plane` and `rotation`, and `pictures.npz`: `images` (k, height, width, channels) and `y` (k,).

    The pictures are the first training images of class I, then those of class J, with pixels on [0, 1].
    """
    settings = read_recipe(job.inputs["model"])["recipe"]["settings"]
    dataset, pair, count = job.inputs["dataset"], settings["pair"], job.settings["images"]
    train, y_train = read_pair(dataset, "train", pair, settings["training"]["images_per_class"])
    path = load_path(job.inputs["model"])
    z = centroid_direction(train, y_train)
    midpoint = (train[y_train < 0].mean(axis=0) + train[y_train > 0].mean(axis=0)) / 2
    shown = first_of_each_class(y_train, count)
    splits = {"train": (train[shown], y_train[shown]), "test": read_pair(dataset, "test", pair, count)}
    write_table(project(path, z, midpoint, splits), job.output / "plane.parquet")
    write_table(rotation(path, z, midpoint), job.output / "rotation.parquet")
    kept = first_of_each_class(y_train, job.settings["pictures"])
    pictures = train[kept].reshape(len(kept), *read_image_info(dataset).shape)
    np.savez(job.output / "pictures.npz", images=pictures, y=y_train[kept])


def project(
    path: LinearPath, z: FloatArray, midpoint: FloatArray, splits: Mapping[str, tuple[FloatArray, FloatArray]]
) -> pd.DataFrame:
    """Project images on the tilting plane of each classifier.

    Args:
        path: the classifiers.
        z: unit vector between the centroids, shape (d,).
        midpoint: of the centroids, shape (d,): the origin of the plane.
        splits: images of shape (n, d) and classes -1 and +1 of shape (n,), by the name of the split.

    Returns:
        One row a level and image: `log10_lambda`, `split`, `y`, `image` (its number within split and class, in their
        order), `along_z` and `along_n` in pixels. `along_z` is the same at each level; `along_n` is 0 where w is
        parallel to z and n is not defined. Coordinates are kept in single precision: they are there to be drawn.

    Source:
        Tanay & Griffin 2018, fig. 5 and 6.
    """
    images = np.concatenate([images - midpoint for images, _ in splits.values()])
    fixed = pd.DataFrame(
        {
            "split": np.repeat(list(splits), [len(y) for _, y in splits.values()]),
            "y": np.concatenate([y for _, y in splits.values()]).astype(np.int8),
            "along_z": (images @ z).astype(np.float32),
        }
    )
    fixed["image"] = fixed.groupby(["split", "y"]).cumcount().astype(np.int32)
    levels = [
        fixed.assign(log10_lambda=level, along_n=(images @ tilting_plane(weights, z).n).astype(np.float32))
        for level, weights in zip(path.log10_lambda, path.weights, strict=True)
    ]
    return pd.concat(levels, ignore_index=True)[["log10_lambda", "split", "y", "image", "along_z", "along_n"]]


def rotation(path: LinearPath, z: FloatArray, midpoint: FloatArray) -> pd.DataFrame:
    """Measure each classifier in one fixed plane: that of z and of the weight vector at the weakest regularisation.

    The plane passes through the midpoint of the centroids. It holds the strongest weight vector as well, if that is
    parallel to z.

    Args:
        path: the classifiers.
        z: unit vector between the centroids, shape (d,).
        midpoint: of the centroids, shape (d,).

    Returns:
        One row a level: `log10_lambda`; `angle_deg`, the tilting angle; `to_weakest_deg`, the angle of w and the
        weakest w; `along_z`, `along_n` and `outside`, the lengths of the parts of w / |w| along the plane's two axes
        and out of it; `bias_over_normw`, the signed distance of the midpoint in pixels.

    Source:
        Tanay & Griffin 2018, fig. 7.
    """
    weakest = path.weights[np.argmin(path.log10_lambda)]
    fixed = tilting_plane(weakest, z)
    rows = []
    for level, weights, bias in zip(path.log10_lambda, path.weights, path.biases, strict=True):
        norm = float(np.linalg.norm(weights))
        along_z, along_n = float(weights @ z) / norm, float(weights @ fixed.n) / norm
        row = {
            "log10_lambda": level,
            "angle_deg": tilting_plane(weights, z).angle_deg,
            "to_weakest_deg": tilting_plane(weights, weakest / np.linalg.norm(weakest)).angle_deg,
            "along_z": along_z,
            "along_n": along_n,
            "outside": float(np.linalg.norm(weights / norm - along_z * z - along_n * fixed.n)),
            "bias_over_normw": float(bias + weights @ midpoint) / norm,
        }
        rows.append(row)
    return pd.DataFrame(rows)


def first_of_each_class(y: FloatArray, count: int) -> NDArray[np.int64]:
    """Positions of the first so many images of class I, then of class J."""
    return np.concatenate([np.flatnonzero(y == sign)[:count] for sign in (-1, 1)])
