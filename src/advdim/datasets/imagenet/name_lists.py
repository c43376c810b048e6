"""A merge that is a list: image names with their classes, and splits if the list has them."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import ConfigDict, Field

from advdim.config.section import Name, Section
from advdim.datasets.imagenet.csv_rows import read_csv_rows
from advdim.datasets.imagenet.merge_settings import SYNSET, Synset
from advdim.errors import AdvdimError

Split = Literal["train", "validation", "test"]


class ListedImage(Section):
    """A row of the list."""

    model_config = ConfigDict(validate_by_name=True)

    name: str = Field(description="name of the image's file, with or without folders before it")
    class_name: Name = Field(alias="class", description="the image's class")
    split: Split | None = Field(default=None, description="train, validation or test, in every row or in none")
    synset: Synset | None = Field(default=None, description="the image's synset, where the name does not tell it")


@dataclass(frozen=True)
class NameList:
    """Images with their classes.

    Attributes:
        path: the list, for messages.
        class_names: the classes in the order of their labels: whole numbers by size, then the others by name.
        images: for each row the name of the file, its synset, its class, and its split or None; no row twice.
    """

    path: Path
    class_names: tuple[str, ...]
    images: tuple[tuple[str, str, str, Split | None], ...]

    @property
    def synsets(self) -> frozenset[str]:
        """Every synset that the archive must hold."""
        return frozenset(synset for _, synset, _, _ in self.images)


def read_name_list(path: Path) -> NameList:
    """Read and check a list.

    Args:
        path: a CSV file with the columns ``name`` and ``class``, and, if wanted, ``split`` and ``synset``. Where there
            is no synset, the name tells it: by its beginning, as ImageNet's training images have it, or by the folder
            before it.

    Returns:
        The list.

    Raises:
        AdvdimError: the file cannot be read or has mistakes, a row stands there twice, only some rows have a split, a
            synset cannot be told, or there are less than two classes.
    """
    rows = read_csv_rows(path, ListedImage)
    images = tuple((PurePosixPath(row.name).name, _synset(row, path), row.class_name, row.split) for row in rows)
    again = [image for image, count in Counter(images).items() if count > 1]
    without = sum(row.split is None for row in rows)
    names = sorted({row.class_name for row in rows}, key=_number_first)
    given = {(row.class_name, row.split) for row in rows}
    lacking = [
        (name, split) for name in names for split in ("train", "test") if not {(name, split), (name, None)} & given
    ]
    if again:
        found, expected = f"{again[0][0]} of class {again[0][2]} stands there twice", "it once"
    elif 0 < without < len(rows):
        found, expected = f"{without} of {len(rows)} rows have no split", "one in every row or in none"
    elif len(names) < 2:
        found, expected = f"all images are of class {names[0]}", "two classes or more"
    elif lacking:
        found, expected = f"class {lacking[0][0]} has no image for {lacking[0][1]}", "some of each class"
    else:
        return NameList(path, tuple(names), images)
    raise AdvdimError(f"{path}: {found}, expected {expected}; correct the list")


def _synset(row: ListedImage, path: Path) -> str:
    name = PurePosixPath(row.name)
    for candidate in (row.synset or "", name.name.partition("_")[0], name.parent.name):
        if SYNSET.fullmatch(candidate):
            return candidate
    raise AdvdimError(
        f"{path}: the synset of {row.name} is not known, expected it in a column `synset` or as the folder before the "
        "name, such as n02504013/ILSVRC2012_val_00000001.JPEG; add it"
    )


def _number_first(name: str) -> tuple[bool, int, str]:
    return (not name.isdecimal(), int(name) if name.isdecimal() else 0, name)
