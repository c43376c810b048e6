"""Datasets on disk: images as memory-mapped arrays, a manifest with one row an image, and what the nets must know."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from advdim.artefacts.tables import write_table
from advdim.datasets.images import ImageSplits

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
"""The parts of a set; only those of ImageNet have one for validation."""


@dataclass(frozen=True)
class ImageInfo:
    """What a net must know of an image dataset.

    Attributes:
        shape: height, width and channels of an image.
        class_names: names of the classes, in the order of the labels.
        channel_means: mean of each channel over the training images, pixels on [0, 1]; 0 where there are none.
        channel_deviations: standard deviation of each channel, likewise; 1 where there are none.
    """

    shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    channel_means: tuple[float, ...]
    channel_deviations: tuple[float, ...]


def write_images(folder: Path, splits: ImageSplits) -> None:
    """Write an image dataset into a folder."""
    for split in ("train", "test"):
        np.save(folder / f"{split}-images.npy", getattr(splits, f"{split}_images"))
        np.save(folder / f"{split}-labels.npy", getattr(splits, f"{split}_labels"))
    write_table(splits.manifest, folder / "manifest.parquet")
    pixels = splits.train_images.astype(np.float64) / 255
    channels = pixels.shape[-1]
    info = {
        "shape": list(pixels.shape[1:]),
        "class_names": list(splits.class_names),
        "channel_means": pixels.mean(axis=(0, 1, 2)).tolist() if len(pixels) else [0.0] * channels,
        "channel_deviations": pixels.std(axis=(0, 1, 2)).tolist() if len(pixels) else [1.0] * channels,
    }
    write_info(folder, info)


def write_info(folder: Path, info: dict[str, Any]) -> None:
    """Write what the nets must know of a dataset."""
    (folder / "info.json").write_text(json.dumps(info, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_info(folder: Path) -> dict[str, Any]:
    """Read what the nets must know of a dataset, whatever its kind."""
    return dict(json.loads((folder / "info.json").read_text(encoding="utf-8")))


def read_image_info(folder: Path) -> ImageInfo:
    """Read what the nets must know of an image dataset."""
    info = read_info(folder)
    height, width, channels = info["shape"]
    return ImageInfo(
        (height, width, channels),
        tuple(info["class_names"]),
        tuple(info["channel_means"]),
        tuple(info["channel_deviations"]),
    )


def read_images(folder: Path, split: Split) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Map the images of a split into memory, and read their labels.

    Returns:
        Images of shape (n, height, width, channels), 0 to 255, and labels of shape (n,).
    """
    images = np.load(folder / f"{split}-images.npy", mmap_mode="r", allow_pickle=False)
    labels = np.load(folder / f"{split}-labels.npy", allow_pickle=False)
    return images, labels
