"""Sets of images that do not fit into memory: written and summed up a block at a time."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from advdim.artefacts.tables import read_table, write_table
from advdim.datasets.stored import SPLITS, Split, read_image_info, read_images, read_info, write_info

BLOCK = 32
"""Images that are summed up at a time: 100 MB of whole numbers at 256 pixels."""

Images = NDArray[np.uint8]


def write_large_images(
    folder: Path, manifest: pd.DataFrame, images: Images, class_names: Sequence[str], *, stand_in: bool
) -> None:
    """Write a set whose images lie in one array on disk.

    Args:
        folder: where it goes.
        manifest: one row an image and role; `state`, and of those that are `kept`: `split`, `index` in the split,
            `label`, and `place` in the images.
        images: shape (n, width, width, 3), uint8.
        class_names: names of the classes in the order of their labels.
        stand_in: whether the images come from a stand-in for the archive; noted beside the set.
    """
    for split in SPLITS:
        kept = manifest[(manifest["state"] == "kept") & (manifest["split"] == split)].sort_values("index")
        places, labels = kept["place"].to_numpy(np.int64), kept["label"].to_numpy(np.int64)
        _write_split(folder, split, (images[place] for place in places), labels, images.shape[1])
    write_table(manifest.drop(columns="place"), folder / "manifest.parquet")
    _write_facts(folder, class_names, stand_in)


def write_resized_images(folder: Path, source: Path, resize: Callable[[Images], Images], width: int) -> None:
    """Write the images of another set at another width, and copy its manifest.

    Args:
        folder: where they go.
        source: folder of the other set.
        resize: takes one image of shape (height, width, 3) to its new width.
        width: the new width.
    """
    for split in SPLITS:
        images, labels = read_images(source, split)
        _write_split(folder, split, (resize(image) for image in images), labels, width)
    write_table(read_table(source / "manifest.parquet"), folder / "manifest.parquet")
    _write_facts(folder, read_image_info(source).class_names, is_stand_in(source))


def is_stand_in(folder: Path) -> bool:
    """Whether a set comes from a stand-in for its archive."""
    return bool(read_info(folder).get("stand_in", False))


def create_images(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    """Create a file of 8-bit images, to be written through memory, with room on the disk for all of them.

    Raises:
        OSError: the disk is full; found out later, the kernel would end the process without a word.
    """
    images = open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return images


def _write_split(
    folder: Path,
    split: Split,
    images: Iterable[Images],
    labels: NDArray[np.int64],
    width: int,
) -> None:
    written = create_images(folder / f"{split}-images.npy", (len(labels), width, width, 3))
    for row, image in enumerate(images):
        written[row] = image
    written.flush()
    np.save(folder / f"{split}-labels.npy", labels)


def _write_facts(folder: Path, class_names: Sequence[str], stand_in: bool) -> None:
    """Write what the nets must know; sums of whole numbers, so that no order of summation shows."""
    images, _ = read_images(folder, "train")
    pixels = max(images.size // 3, 1)
    sums, squares = np.zeros(3, np.int64), np.zeros(3, np.int64)
    for start in range(0, len(images), BLOCK):
        block = images[start : start + BLOCK].astype(np.int64)
        sums += block.sum(axis=(0, 1, 2))
        squares += (block**2).sum(axis=(0, 1, 2))
    means = sums / pixels / 255
    deviations = np.sqrt(np.maximum(squares / pixels / 255**2 - means**2, 0))
    info = {
        "stand_in": stand_in,
        "shape": list(images.shape[1:]),
        "class_names": list(class_names),
        "channel_means": means.tolist(),
        "channel_deviations": np.where(deviations > 0, deviations, 1.0).tolist(),
    }
    write_info(folder, info)
