"""Drawing images for training, validation and test, by numbers that are fixed beforehand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from advdim.seeds import named_seed

SPLITS = ("train", "validation", "test")

Image = tuple[str, str]
"""Part of the archive ("train" or "val") and name of an image."""
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pool:
    """Images of one synset in one class, and how many of them go to each split.

    Attributes:
        label: the class's number.
        class_name: the class.
        synset: the synset.
        images: what is drawn from, sorted.
        counts: shape (3,), int64, the number for each of `SPLITS`; in all at most as many as there are images.
    """

    label: int
    class_name: str
    synset: str
    images: Sequence[Image]
    counts: Integers


def allot(total: int, available: Integers) -> Integers:
    """Share out a number in proportion to what there is, by largest remainders (the first of equal ones).

    Args:
        total: the number to share out, at most the sum of ``available``.
        available: shape (n,), int64, what each part has.

    Returns:
        Shape (n,), int64: whole numbers that add up to ``total``, none larger than what the part has.
    """
    shares, remainders = np.divmod(total * available, max(1, int(available.sum())))
    largest = np.argsort(-remainders, kind="stable")[: total - int(shares.sum())]
    shares[largest] += 1
    return shares


def sizes(images: int, *, training: int, test: int) -> tuple[int, int]:
    """Divide a class into training and test images: its caps if it has so many, else all of it in the caps' ratio.

    Args:
        images: how many there are, at least 2.
        training: most for training.
        test: most for test.

    Returns:
        The two numbers, each at least 1.
    """
    if images >= training + test:
        return training, test
    tests = min(max(1, round(images * test / (training + test))), images - 1)
    return images - tests, tests


def with_validation(training: Integers, test: Integers, share: float) -> Integers:
    """Take a share of a class's training images for validation, from all its synsets alike.

    Args:
        training: shape (n,), int64, images of each synset for training and validation together.
        test: shape (n,), int64, images of each synset for test.
        share: share that is for validation, at least 0 and below 1. Unless it is 0, one image at least goes each way.

    Returns:
        Shape (n, 3), int64: the number for each of `SPLITS`.
    """
    whole = int(training.sum())
    wanted = min(max(1, round(share * whole)), max(0, whole - 1)) if share else 0
    validation = allot(wanted, training)
    return np.stack([training - validation, validation, test], axis=1)


def draw(pools: Iterable[Pool], seed: int) -> pd.DataFrame:
    """Draw from every pool, each by a generator that is named by class and synset.

    Of the shuffled images of a pool the first are for test, then come those for validation: a larger number adds images
    to a split and takes none from it, and the share for validation moves no image into the test set or out of it.

    Returns:
        The table that `advdim.datasets.imagenet.merging.merge` describes.
    """
    drawn = list(pools)
    codes, places = [], []
    for pool in drawn:
        name = named_seed(seed, "merge", pool.class_name, pool.synset)
        order = np.random.Generator(np.random.Philox(list(name))).permutation(len(pool.images))
        places.append(order[: pool.counts.sum()])
        codes.append(np.repeat([2, 1, 0], pool.counts[::-1]))
    chosen = [pool.images[place] for pool, own in zip(drawn, places, strict=True) for place in own.tolist()]
    code, place = np.concatenate(codes), np.concatenate(places)
    number = np.repeat(np.arange(len(drawn)), [len(own) for own in places])
    order = np.lexsort((place, number, code))  # pools come by class and synset, their images by origin and name
    columns = {
        "split": np.array(SPLITS, dtype=object)[code],
        "label": np.array([pool.label for pool in drawn], dtype=np.int64)[number],
        "class": np.array([pool.class_name for pool in drawn], dtype=object)[number],
        "synset": np.array([pool.synset for pool in drawn], dtype=object)[number],
        "origin": np.array([origin for origin, _ in chosen], dtype=object),
        "name": np.array([name for _, name in chosen], dtype=object),
    }
    return pd.DataFrame({name: values[order] for name, values in columns.items()})
