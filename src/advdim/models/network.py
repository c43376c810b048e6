"""Building, saving and loading a net, whatever its kind."""

import importlib
import math
import os
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from advdim.artefacts.store import read_recipe, sync
from advdim.artefacts.tables import write_table
from advdim.datasets.stored import read_image_info, read_info


def build(settings: dict[str, Any], dataset: Path, seed: int) -> keras.Model:
    """Build a net for a dataset, by the module that bears the name of its kind.

    Args:
        settings: the model's settings.
        dataset: folder of the dataset, from which input shape and classes are read.
        seed: root seed of the initialisation.

    Returns:
        A net from inputs to logits: one logit for the spheres, one a class for images.
    """
    module = importlib.import_module(f"advdim.models.{settings['kind']}")
    info = read_info(dataset)
    shape = info["dimension"] if info.get("kind") == "spheres" else read_image_info(dataset)
    options = {key: value for key, value in settings.items() if key != "kind"}
    model: keras.Model = module.build(shape, **options, seed=seed)
    return model


def weights_name(step: int) -> str:
    """File name of the weights after a number of steps."""
    return f"step-{step:07d}.weights.h5"


def kept_steps(folder: Path) -> list[int]:
    """Steps whose weights an artefact of a trained net holds, in order; what else was put into its folder is none."""
    named = [re.fullmatch(r"step-(\d+)\.weights\.h5", name) for name in read_recipe(folder)["files"]]
    return sorted(int(name[1]) for name in named if name)


def save_weights(model: keras.Model, folder: Path, step: int) -> None:
    """Write the weights of a net after a number of steps, down to the disk: a checkpoint may follow that needs them."""
    path = folder / weights_name(step)
    with path.open("wb") as stream:  # HDF5 crashes on a full disk: ask for the room first
        os.posix_fallocate(stream.fileno(), 0, 8 * model.count_params() + 2**16)
    model.save_weights(path)
    sync(path)


def save_architecture(model: keras.Model, folder: Path) -> None:
    """Write the architecture of a net for people to read; to load it, it is built anew from its settings.

    The table `layers.parquet` has one row a layer with weights, in their order: `layer`, `kind`, `shape` of what comes
    out, such as 16x16x64, `parameters` that are trained, and `statistics` that are not.
    """
    (folder / "architecture.json").write_text(model.to_json(indent=1) + "\n", encoding="utf-8")
    rows = [
        {
            "layer": layer.name,
            "kind": type(layer).__name__,
            "shape": "x".join(map(str, layer.output.shape[1:])),
            "parameters": _count(layer.trainable_weights),
            "statistics": _count(layer.non_trainable_weights),
        }
        for layer in model.layers
        if layer.weights
    ]
    write_table(pd.DataFrame(rows), folder / "layers.parquet")


def _count(variables: list[keras.Variable]) -> int:
    return sum(math.prod(variable.shape) for variable in variables)


def has_finite_weights(model: keras.Model) -> bool:
    """Whether all weights of a net are numbers, and finite ones."""
    return all(np.isfinite(values).all() for values in model.get_weights())


def load_weights(model: keras.Model, folder: Path, step: int) -> None:
    """Set the weights of a net to those after a number of steps."""
    model.load_weights(folder / weights_name(step))
