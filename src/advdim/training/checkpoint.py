"""Checkpoints: all that a killed run needs to end with the bits of an undisturbed one."""

import logging
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from advdim.artefacts.store import sync

logger = logging.getLogger("advdim")

NAME = "checkpoint.npz"


def save_checkpoint(
    folder: Path, variables: Sequence[keras.Variable | tf.Variable], step: int, history: Sequence[tuple[float, ...]]
) -> None:
    """Write a checkpoint in one move: a kill leaves the old or the new one.

    Args:
        folder: where it goes.
        variables: weights and optimiser slots, in a fixed order.
        step: steps taken.
        history: rows of the history so far, of equal length.
    """
    temporary = folder / "checkpoint.partial.npz"
    arrays: dict[str, Any] = {f"variable_{number}": np.asarray(variable) for number, variable in enumerate(variables)}
    arrays |= {"step": step, "history": np.array(history, dtype=np.float64)}
    np.savez(temporary, **arrays)
    sync(temporary)
    temporary.replace(folder / NAME)
    sync(folder)


def restore_checkpoint(
    folder: Path, variables: Sequence[keras.Variable | tf.Variable]
) -> tuple[int, list[tuple[float, ...]]]:
    """Set the variables to those of the last checkpoint.

    Returns:
        Steps taken and history; 0 and an empty list where there is no checkpoint, the variables untouched.
    """
    path = folder / NAME
    if not path.is_file():
        return 0, []
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            values = [stored[f"variable_{number}"] for number in range(len(variables))]
            history = [tuple(map(float, row)) for row in stored["history"]]
            step = int(stored["step"])
        shapes = [(value.shape, tuple(variable.shape)) for value, variable in zip(values, variables, strict=True)]
        if any(found != expected for found, expected in shapes):
            raise ValueError(f"shapes {shapes}")
    except (OSError, EOFError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        logger.warning("%s: is no readable checkpoint (%s); starting from the first step", path, error)
        return 0, []
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return step, history
