"""Pictures from a folder of this machine, for a net that was trained elsewhere: all of them are for testing."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image, ImageOps

from advdim.datasets.images import ImageSplits, interleaved_order
from advdim.datasets.photos12 import cut_and_resize
from advdim.datasets.picture_files import class_folders, needs, pictures_in
from advdim.errors import AdvdimError

EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
"""Modes of Pillow that become RGB without a choice of what is black and what is white."""


def build(*, folder: str, width: int, classes: int, seed: int) -> ImageSplits:
    """Build the dataset: the central square of each picture, resized to one width.

    Args:
        folder: a folder with a folder of PNG or JPEG files for each class, see `advdim.datasets.picture_files`.
        width: side of the images, pixels; the shortest edge of a picture is resized to it, with antialiasing.
        classes: number of classes of the net; the numbers of the folders lie below.
        seed: not used: nothing is drawn.

    Returns:
        RGB images for testing, none for training; a class without a folder has its number for a name; the manifest says
        in ``file`` which file of the folder each image is.

    Raises:
        AdvdimError: the folder or the pictures are missing, a folder is not named by the number of a class, or a
            picture cannot be read.
    """
    missing = needs(folder)
    if missing:
        raise AdvdimError(f"{folder}: found no picture; expected {missing}; put them there or correct the path")
    folders = class_folders(folder)
    beyond = [folders[number].name for number in sorted(folders) if number >= classes]
    if beyond:
        raise AdvdimError(
            f"{folder}: found the class {beyond[0]}; expected numbers below {classes}, the number of classes; rename "
            "it or correct the configuration"
        )
    paths = [(label, path) for label in sorted(folders) for path in pictures_in(folders[label])]
    labels = np.array([label for label, _ in paths], dtype=np.int64)
    order = interleaved_order(labels)
    images = np.stack([_square(paths[row][1], width) for row in order])
    names = tuple(folders[label].name if label in folders else str(label) for label in range(classes))
    manifest = pd.DataFrame(
        {
            "split": "test",
            "index": np.arange(len(order)),
            "label": labels[order],
            "class": [names[label] for label in labels[order]],
            "file": [paths[row][1].relative_to(folder).as_posix() for row in order],
        }
    )
    return ImageSplits(images[:0], labels[:0], images, labels[order], manifest, names)


def _square(path: Path, width: int) -> npt.NDArray[np.uint8]:
    """Decode the central square of a picture, turned as its camera says; transparency is ignored."""
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as file:
            if file.mode not in EIGHT_BITS:
                raise AdvdimError(f"{path}: has pixels of mode {file.mode}; expected 8 bits a channel; convert it")
            pixels = np.asarray(ImageOps.exif_transpose(file).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise AdvdimError(f"{path}: cannot be read as PNG or JPEG ({error}); mend or remove it") from error
    height, length = pixels.shape[:2]
    side = min(height, length)
    return cut_and_resize(pixels, top=(height - side) // 2, left=(length - side) // 2, side=side, width=width)
