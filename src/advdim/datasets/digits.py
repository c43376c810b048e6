"""Handwritten digits: the 1797 images of 8 x 8 pixels that scikit-learn ships."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image
from sklearn.datasets import load_digits

from advdim.datasets.images import ImageSplits, interleaved_order
from advdim.errors import AdvdimError
from advdim.seeds import named_seed

Resampling = Literal["nearest", "bilinear"]

ORIGINAL_WIDTH = 8
"""Side of the images as they are shipped, pixels."""

_FILTERS = {"nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR}


def intensities(values: npt.NDArray[np.floating] | npt.NDArray[np.integer]) -> npt.NDArray[np.uint8]:
    """Map the counts of the source, 0 to 16, to grey values, 0 to 255.

    Args:
        values: whole numbers from 0 to 16, any shape.

    Returns:
        The same shape, uint8: ``round(value * 255 / 16)``, one grey value a count, so that nothing is lost.
    """
    return np.rint(np.asarray(values, dtype=np.float64) * 255 / 16).astype(np.uint8)


def upsample(images: npt.NDArray[np.uint8], *, width: int, resampling: Resampling) -> npt.NDArray[np.uint8]:
    """Enlarge square greyscale images.

    Args:
        images: shape (n, 8, 8), uint8.
        width: side of the result, pixels, at least 8; for "nearest" a multiple of 8, so that each pixel becomes a
            square of the same size. 8 returns the images as they are.
        resampling: "nearest" or "bilinear".

    Returns:
        Shape (n, width, width), uint8.

    Raises:
        AdvdimError: the width or the resampling is none of those.
    """
    if resampling not in get_args(Resampling):
        raise AdvdimError(f"digits: resampling is '{resampling}', expected 'nearest' or 'bilinear': choose one of them")
    if width < ORIGINAL_WIDTH:
        raise AdvdimError(f"digits: width is {width}, expected at least {ORIGINAL_WIDTH}, the width of the source")
    if resampling == "nearest" and width % ORIGINAL_WIDTH:
        raise AdvdimError(
            f"digits: width is {width}, expected a multiple of {ORIGINAL_WIDTH} with resampling 'nearest', because "
            "other widths copy some pixels more often than others: change width or choose 'bilinear'"
        )
    if width == ORIGINAL_WIDTH:
        return images.copy()
    large = np.empty((len(images), width, width), dtype=np.uint8)
    for row, image in enumerate(images):
        large[row] = np.asarray(Image.fromarray(image).resize((width, width), resample=_FILTERS[resampling]))
    return large


def split_rows(
    digits: npt.NDArray[np.int64], *, classes: Sequence[int], test_fraction: float, seed: int
) -> dict[str, npt.NDArray[np.int64]]:
    """Draw the training and the test rows, the same share of each class.

    A digit's rows are shuffled by a draw of their own, so that its split does not depend on the other classes; a
    larger test fraction adds to a smaller one's test set.

    Args:
        digits: shape (n,), int64, the digit of each row of the source.
        classes: the digits that are kept, in the order of their labels.
        test_fraction: share of each class that is test data, above 0 and below 1.
        seed: root seed of the split.

    Returns:
        For "train" and "test" the rows of the source, int64, interleaved over the classes.

    Raises:
        AdvdimError: a class would have no training or no test image.
    """
    rows: dict[str, list[npt.NDArray[np.int64]]] = {"train": [], "test": []}
    for digit in classes:
        own = np.flatnonzero(digits == digit).astype(np.int64)
        generator = np.random.Generator(np.random.Philox(list(named_seed(seed, "digits", "split", digit))))
        own = generator.permutation(own)
        tests = round(test_fraction * len(own))
        if not 0 < tests < len(own):
            raise AdvdimError(
                f"digits: test_fraction is {test_fraction}, which makes {tests} of the {len(own)} images of digit "
                f"{digit} test images, expected some for training and some for test: choose another fraction"
            )
        rows["test"].append(own[:tests])
        rows["train"].append(own[tests:])
    ordered = {}
    for split, parts in rows.items():
        labels = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        ordered[split] = np.concatenate(parts)[interleaved_order(labels)]
    return ordered


def build(
    *, width: int, resampling: Resampling, classes: Sequence[int] | None, test_fraction: float, seed: int
) -> ImageSplits:
    """Build the dataset.

    Args:
        width: side of the images, pixels; 8 means as they are, see `upsample`.
        resampling: "nearest" or "bilinear".
        classes: the digits that are kept, at least two, in the order of their labels; None keeps all ten.
        test_fraction: share of each class that is test data, above 0 and below 1.
        seed: root seed of the split.

    Returns:
        Images of one channel, labels re-indexed in the order of ``classes``; the manifest says in ``row`` which row of
        ``sklearn.datasets.load_digits`` each image is.

    Raises:
        AdvdimError: an argument is out of its range.
    """
    kept = _checked_classes(classes)
    source = load_digits()
    digits = np.asarray(source.target, dtype=np.int64)
    rows = split_rows(digits, classes=kept, test_fraction=test_fraction, seed=seed)
    images, labels, manifests = {}, {}, []
    names = tuple(str(digit) for digit in kept)
    for split in ("train", "test"):
        chosen = rows[split]
        images[split] = upsample(intensities(source.images[chosen]), width=width, resampling=resampling)[
            ..., np.newaxis
        ]
        labels[split] = np.array([kept.index(digit) for digit in digits[chosen]], dtype=np.int64)
        columns = {"index": np.arange(len(chosen)), "label": labels[split]}
        manifest = pd.DataFrame({"split": [split] * len(chosen), **columns})
        manifests.append(manifest.assign(**{"class": [names[label] for label in labels[split]]}, row=chosen))
    table = pd.concat(manifests, ignore_index=True)
    return ImageSplits(images["train"], labels["train"], images["test"], labels["test"], table, names)


def _checked_classes(classes: Sequence[int] | None) -> list[int]:
    """Check the choice of digits."""
    kept = list(range(10)) if classes is None else [int(digit) for digit in classes]
    if len(kept) < 2 or len(set(kept)) < len(kept) or not set(kept) <= set(range(10)):
        raise AdvdimError(
            f"digits: classes are {kept}, expected at least two different digits from 0 to 9: correct them"
        )
    return kept
