"""A linear net on small images, whose distances to the boundaries are known exactly."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import write_images
from advdim.job import Job

COUNT = 70
"""More images than a batch of the attacks holds."""
SHAPE = (4, 4, 3)
EXECUTION = {"device": "cpu", "threads": 1}
DUAL = {"linf": 1, "l2": 2}


def linear_net(classes: int, *, softmax: bool = False) -> keras.Model:
    """Logits (or probabilities) of random directions, about zero at the middle of the pixel range."""
    inputs = keras.Input(SHAPE)
    activation = "softmax" if softmax else None
    model = keras.Model(inputs, keras.layers.Dense(classes, activation=activation)(keras.layers.Flatten()(inputs)))
    weights = np.random.default_rng(1).normal(size=(48, classes))
    model.set_weights([weights, -0.5 * weights.sum(axis=0)])
    return model


def grey_images(folder: Path) -> Path:
    """A dataset of images far from black and white, so that the pixel range cuts no attack."""
    pixels = np.random.default_rng(0).integers(80, 176, (COUNT, *SHAPE), dtype=np.uint8)
    labels = np.arange(COUNT) % 2
    names = ("a", "b")
    write_images(folder, ImageSplits(pixels, labels, pixels, labels, pd.DataFrame({"label": labels}), names))
    return folder


def distances(model: keras.Model, folder: Path, norm: str) -> NDArray[np.float64]:
    """Exact distance of each image to the nearest boundary: margin over the dual norm of the difference of weights."""
    weights, bias = (values.astype(np.float64) for values in model.get_weights())
    logits = np.load(folder / "test-images.npy").reshape(COUNT, -1) / 255 @ weights + bias
    own = logits.argmax(axis=1)
    found = np.full((COUNT, logits.shape[1]), np.inf)
    for image, k in np.ndindex(found.shape):
        if k != own[image]:
            slope = np.linalg.norm(weights[:, own[image]] - weights[:, k], ord=DUAL[norm])
            found[image, k] = (logits[image, own[image]] - logits[image, k]) / slope
    return found.min(axis=1)


def job_on(folder: Path, settings: Any, seed: int = 0) -> Job:
    """A job of an attack with the settings of a configuration."""
    return Job("test", settings.model_dump(mode="json"), seed, EXECUTION, {"dataset": folder}, folder, folder, 60)
