"""Some classes of a published set, in the order of its files."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from advdim.datasets.images import ImageSplits
from advdim.errors import AdvdimError

Arrays = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]


def in_order_of_files(
    splits: Mapping[str, Arrays], *, names: Sequence[str], numbers: Sequence[int], title: str, choice: str
) -> ImageSplits:
    """Keep the images of some classes, in their order.

    The classes do not take turns: the first 3000 images of a class are those of the file.

    Args:
        splits: for "train" and "test" the images, shape (n, height, width, channels), uint8, and their classes' numbers
            in the file, shape (n,), uint8.
        names: the classes that are kept, in the order of their labels.
        numbers: the number that each of them has in the file.
        title: the set, for messages.
        choice: what the classes are chosen from, in the plural, for messages.

    Returns:
        The images that are kept, labels re-indexed in the order of ``names``; the manifest says in ``row`` which row of
        its file each image is, counted from 0.

    Raises:
        AdvdimError: a class is without images in a split, or named twice.
    """
    images, labels, manifests = {}, {}, []
    for split, (all_images, found) in splits.items():
        matches = found[:, np.newaxis] == np.asarray(numbers)
        rows = np.flatnonzero(matches.any(axis=1))
        labels[split] = matches[rows].argmax(axis=1).astype(np.int64)
        counts = np.bincount(labels[split], minlength=len(names))
        if len(names) < 2 or not counts.all():  # of two classes of the same name the first has all images
            raise AdvdimError(
                f"{title}: classes are {', '.join(names)} with {counts.tolist()} images for {split}, expected some of "
                f"each of at least two different {choice}: correct them"
            )
        images[split] = all_images[rows]
        class_names = np.array(names, dtype=object)[labels[split]]
        columns = {"index": np.arange(len(rows)), "label": labels[split], "class": class_names, "row": rows}
        manifests.append(pd.DataFrame({"split": split} | columns))
    table = pd.concat(manifests, ignore_index=True)
    return ImageSplits(images["train"], labels["train"], images["test"], labels["test"], table, tuple(names))
