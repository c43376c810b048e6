"""Adversarial images that are kept beside an attack's table, and their verification by a process that knows no more."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

STORED = "adversarial"
"""Column of a table in the making that holds the adversarial images to keep, None in the other rows."""
FILE = "adversarial.npz"


@dataclass(frozen=True)
class Kept:
    """Adversarial images as they lie on disk.

    Attributes:
        image: place of each in the test set, shape (k,).
        step: snapshot that it was found for, shape (k,).
        adversarial: the images, shape (k, height, width, channels), float32, pixels on [0, 1].
    """

    image: NDArray[np.int64]
    step: NDArray[np.int64]
    adversarial: NDArray[np.float32]


def write_kept(table: pd.DataFrame, folder: Path) -> None:
    """Write the adversarial images of a table in the making; nothing where there are none."""
    rows = table[table[STORED].notna()]
    if len(rows):
        image, step = (rows[name].to_numpy(np.int64) for name in ("image", "step"))
        np.savez_compressed(folder / FILE, image=image, step=step, adversarial=np.stack(rows[STORED].to_list()))


def read_kept(folder: Path) -> Kept | None:
    """Read the adversarial images of an attack; None where none were kept."""
    if not (folder / FILE).is_file():
        return None
    with np.load(folder / FILE, allow_pickle=False) as arrays:
        return Kept(arrays["image"], arrays["step"], arrays[STORED])
