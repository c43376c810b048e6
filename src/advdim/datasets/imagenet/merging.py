"""Merging ILSVRC2012's synsets to classes, on names alone: which image is in which class and split.

The twelve classes of the dimension study are a published list of images. It has the synset n03796401 (moving van) in
two classes, ship and truck, so that some files carry two labels, and some of these lie in the training set under one
and in the test set under the other. The list is not ours to ship. What is known are its counts, and two variants follow
them:

- ``corrected`` gives such a synset to one class. Each class is taken whole, or sub-sampled to a size, with the same
  share of each of its synsets. No image has two labels or lies in two splits.
- ``published`` keeps the contradiction. Of each synset in each class as many images are drawn as the published list
  has, independently for the two classes of a synset that has two. Of N images of such a synset, of which the classes
  draw n and m, n m / N are expected to carry both labels (a hypergeometric number). For the moving van the list has
  n = 1151 + 58 and m = 1150 + 56 images for training and test. Of N = 1350 names our draws share 1080.0 on average, and
  97.2 of these are for training under one label and for test under the other. The list itself has 1206 and 110, as
  must be where the archive has hardly more images of it than each of the two classes took: of N = 1210 it would be
  1205.0 and 108.4.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from advdim.datasets.imagenet.archive import Member
from advdim.datasets.imagenet.draws import SPLITS, Image, Integers, Pool, allot, draw, sizes, with_validation
from advdim.datasets.imagenet.merge_files import Merge
from advdim.datasets.imagenet.merge_settings import SynsetMerge
from advdim.datasets.imagenet.name_lists import NameList
from advdim.errors import AdvdimError

Variant = Literal["corrected", "published"]

FEWEST = 3
"""Images that a class needs, one for each split."""

TRAINING_FOR_TEST = 20
"""Training images for each test image of a list without splits: the source has 10,000 for 500."""


def merge(
    members: Collection[Member], settings: Merge, *, variant: Variant, validation_share: float, seed: int
) -> pd.DataFrame:
    """Choose images, and give each its class and split.

    Every synset of every class is drawn by a generator of its own, so that another class changes nothing. The first of
    its shuffled images are for test, then come those for validation.

    Args:
        members: the archive's images, in any order.
        settings: the merge, as `advdim.datasets.imagenet.merge_files.load_merge` reads it.
        variant: "corrected" or "published", see above; a list of images with splits must be free of contradictions for
            the former, and is taken as it is for the latter.
        validation_share: share of each class's training images that are for validation, at least 0 and below 1.
        seed: root seed of all draws.

    Returns:
        One row an image and class, by split, class, synset, origin and name: ``split`` ("train", "validation" or
        "test"), ``label``, ``class``, ``synset``, ``origin`` ("train" or "val", the part of the archive) and ``name``.

    Raises:
        AdvdimError: the archive lacks images that the merge needs, a class has too few, the variant is not there, or a
            list contradicts itself.
    """
    if not 0 <= validation_share < 1:
        raise AdvdimError(f"validation_share: found {validation_share}; expected a number of at least 0 and below 1")
    archive = _by_synset(members, settings.synsets)
    if isinstance(settings, NameList):
        pools = _as_listed(archive, settings, validation_share)
    elif variant == "published":
        pools = _as_published(archive, settings, validation_share)
    else:
        pools = _as_corrected(archive, settings, validation_share)
    table = draw(pools, seed)
    if isinstance(settings, NameList) and variant == "corrected":
        _refuse_contradictions(table, settings)
    return table


def contradictions(table: pd.DataFrame) -> pd.DataFrame:
    """Find the images that have two labels or lie in two splits.

    Args:
        table: what `merge` returns.

    Returns:
        One row an image, by synset, origin and name: ``synset``, ``origin``, ``name``, ``classes`` and ``splits`` (all
        of the image's, with commas between), ``two_classes`` and ``two_splits`` (bool). No row where all is well.
    """
    image = ["synset", "origin", "name"]
    repeated = table[table.duplicated(image, keep=False)]
    roles = repeated.groupby(image, sort=True)
    found = pd.DataFrame(
        {
            "classes": roles["class"].agg(lambda names: ", ".join(sorted(set(names)))),
            "splits": roles["split"].agg(lambda names: ", ".join(sorted(set(names), key=SPLITS.index))),
        }
    )
    several = {f"two_{what}": found[what].str.contains(",", regex=False) for what in ("classes", "splits")}
    return found.assign(**several).reset_index()


def differences(corrected: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Tell by how many rows two merges differ.

    Args:
        corrected: what `merge` returns for a variant.
        published: the same for the other.

    Returns:
        One row a class and split: ``class``, ``split``, ``corrected`` and ``published`` (rows of each), ``difference``
        (the former minus the latter), ``only_corrected`` and ``only_published`` (rows that the other has not: the draws
        choose other images even where the numbers are the same).
    """
    role = ["label", "class", "split", "name"]
    rows = corrected[role].merge(published[role], how="outer", on=role, indicator="where")
    rows = rows.assign(
        order=rows["split"].map(SPLITS.index),
        corrected=rows["where"] != "right_only",
        published=rows["where"] != "left_only",
        only_corrected=rows["where"] == "left_only",
        only_published=rows["where"] == "right_only",
    )
    counted = ["corrected", "published", "only_corrected", "only_published"]
    found = rows.groupby(["label", "class", "order", "split"])[counted].sum().reset_index()
    found.insert(6, "difference", found["corrected"] - found["published"])
    return found.drop(columns=["label", "order"])


def _by_synset(members: Iterable[Member], wanted: Collection[str]) -> dict[str, list[Image]]:
    archive: dict[str, list[Image]] = {synset: [] for synset in wanted}
    for member in members:
        if member.synset in archive:
            archive[member.synset].append((member.origin, member.name))
    for images in archive.values():
        images.sort()
    return archive


def _as_corrected(archive: Mapping[str, list[Image]], settings: SynsetMerge, share: float) -> Iterator[Pool]:
    for label, (name, merged) in enumerate(settings.classes.items()):
        images = {synset: archive[synset] for synset in settings.kept_synsets(name)}
        for synset in (synset for synset, own in images.items() if not own):
            raise AdvdimError(
                f"{settings.path}: found no image of {synset} in the archive, expected some for class {name}; complete "
                "the archive, or take the synset out of the class"
            )
        yield from _divided(settings.path, label, name, images, merged.training, merged.test, share)


def _as_published(archive: Mapping[str, list[Image]], settings: SynsetMerge, share: float) -> Iterator[Pool]:
    if settings.counts is None:
        raise AdvdimError(
            f"{settings.path}: found no published counts, expected the key `published` with a CSV file of them; add "
            "it, or choose the variant `corrected`"
        )
    for label, (name, merged) in enumerate(settings.classes.items()):
        images = {synset: archive[synset] for synset in sorted(merged.synsets)}
        for synset, own in images.items():
            training, test = settings.counts[name, synset]
            if len(own) < training + test:
                raise AdvdimError(
                    f"{settings.path}: found {len(own)} images of {synset} in the archive, expected at least the "
                    f"{training} + {test} of class {name} in the variant `published`; complete the archive, or choose "
                    "the variant `corrected`"
                )
        training_counts, test_counts = np.array([settings.counts[name, synset] for synset in images], np.int64).T
        yield from _pooled(label, name, images, with_validation(training_counts, test_counts, share))


def _as_listed(archive: Mapping[str, list[Image]], settings: NameList, share: float) -> Iterator[Pool]:
    groups = _groups(archive, settings)
    has_validation = any(split == "validation" for _, split in groups)
    for label, name in enumerate(settings.class_names):
        if (name, None) in groups:
            images = groups[name, None]
            total = sum(map(len, images.values()))
            yield from _divided(settings.path, label, name, images, TRAINING_FOR_TEST * total, total, share)
            continue
        for column, split in enumerate(SPLITS):
            images = groups.get((name, split), {})
            counts = np.zeros((len(images), len(SPLITS)), np.int64)
            counts[:, column] = [len(own) for own in images.values()]
            if split == "train" and not has_validation:
                counts = with_validation(counts[:, 0], counts[:, 2], share)
            yield from _pooled(label, name, images, counts)


def _groups(
    archive: Mapping[str, list[Image]], settings: NameList
) -> dict[tuple[str, str | None], dict[str, list[Image]]]:
    """The listed images by class and split, in each by synset."""
    origins = {(synset, name): origin for synset, images in archive.items() for origin, name in images}
    missing = [name for name, synset, _, _ in settings.images if (synset, name) not in origins]
    if missing:
        raise AdvdimError(
            f"{settings.path}: found {len(missing)} names that the archive lacks, the first of them {missing[0]}; "
            f"expected names such as {next(iter(origins), ('', 'n02504013_1.JPEG'))[1]}: correct the list, or complete "
            "the archive"
        )
    groups: dict[tuple[str, str | None], dict[str, list[Image]]] = {}
    for name, synset, class_name, split in sorted(settings.images, key=lambda image: image[1]):
        own = groups.setdefault((class_name, split), {}).setdefault(synset, [])
        own.append((origins[synset, name], name))
    for images in (images for group in groups.values() for images in group.values()):
        images.sort()
    return groups


def _divided(
    path: Path, label: int, name: str, images: Mapping[str, list[Image]], training: int, test: int, share: float
) -> list[Pool]:
    """Divide a class into at most so many training and test images, from all its synsets alike."""
    available = np.array([len(own) for own in images.values()], np.int64)
    whole = int(available.sum())
    if whole < FEWEST:
        raise AdvdimError(
            f"{path}: found {whole} images of class {name} in the archive, expected at least {FEWEST}, one for each "
            "split; complete the archive, or enlarge the class"
        )
    trainings, tests = sizes(whole, training=training, test=test)
    taken = allot(trainings + tests, available)
    test_counts = allot(tests, taken)
    return _pooled(label, name, images, with_validation(taken - test_counts, test_counts, share))


def _pooled(label: int, name: str, images: Mapping[str, list[Image]], counts: Integers) -> list[Pool]:
    return [Pool(label, name, synset, own, row) for (synset, own), row in zip(images.items(), counts, strict=True)]


def _refuse_contradictions(table: pd.DataFrame, settings: NameList) -> None:
    found = contradictions(table)
    if len(found):
        first = found.iloc[0]
        raise AdvdimError(
            f"{settings.path}: found {len(found)} images with two classes or in two splits, the first of them "
            f"{first['name']} ({first['classes']}; {first['splits']}), expected none in the variant `corrected`; mend "
            "the list, or choose the variant `published`"
        )
