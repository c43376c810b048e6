"""Which images of ILSVRC2012 lie where: the listing of its folders and tars, by names alone."""

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from advdim.datasets.imagenet import labels
from advdim.datasets.imagenet.tar_entries import entries, length
from advdim.errors import AdvdimError

Origin = Literal["train", "val"]

_EXAMPLES: Mapping[Origin, str] = {"train": "n02105855_2933.JPEG", "val": "ILSVRC2012_val_00000001.JPEG"}
_SYNSET = re.compile(r"n\d{8}", re.ASCII)
_TRAIN_NAME = re.compile(r"(n\d{8})_\d+\.JPEG", re.ASCII)
_VAL_NAME = re.compile(r"ILSVRC2012_val_(\d{8})\.JPEG", re.ASCII)


@dataclass(frozen=True, order=True, slots=True)
class Member:
    """An image of the archive, by name.

    Attributes:
        origin: "train" or "val", the two parts of ILSVRC2012.
        synset: its WordNet id, such as ``n02105855``.
        name: its file's name, such as ``n02105855_2933.JPEG`` or ``ILSVRC2012_val_00000001.JPEG``.
    """

    origin: Origin
    synset: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bytes of an image are: in a tar from a position on, or in a folder under the image's own name."""

    path: Path
    start: int | None = None
    size: int = 0


_Found = tuple[str, bool, Place]
"""A name in a folder or a tar, whether it is a regular file's, and its place."""


@dataclass
class Listing:
    """What was found so far."""

    synsets: frozenset[str]
    places: dict[Member, Place] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)

    def take(self, found: Iterable[_Found], origin: Origin, where: str, synset_of: Callable[[str], str | None]) -> None:
        """Sort what was found into images of wanted synsets, images of others, and what is no image."""
        for name, regular, place in found:
            synset = synset_of(name)
            if synset is None or not regular:
                self.ignore(where, name, "no name of an image there" if synset is None else "no regular file")
            elif synset in self.synsets:
                member = Member(origin, synset, name)
                if member in self.places:
                    self.ignore(where, name, "there twice, of which the later counts as in unpacking")
                self.places[member] = place

    def ignore(self, where: str, name: str, reason: str) -> None:
        """Remember what has no effect; a name is shown so that it cannot play tricks with a terminal."""
        self.ignored.append(f"{where}, {name!r}: {reason}")

    def demand(self, origin: Origin, path: Path) -> None:
        """Refuse a part in which a synset has no image."""
        absent = sorted(self.synsets - {member.synset for member in self.places if member.origin == origin})
        if absent:
            named = ", ".join(absent[:5]) + (" and others" if len(absent) > 5 else "")
            passed = f"; passed over were {len(self.ignored)}, such as {self.ignored[0]}" if self.ignored else ""
            raise AdvdimError(
                f"{path}: found no image of {len(absent)} of {len(self.synsets)} synsets ({named}{passed}), expected "
                f"names like {_EXAMPLES[origin]} for each; complete it from ILSVRC2012"
            )


def list_train(train: Path, listing: Listing) -> None:
    """List the folders of synsets, or the tars of synsets in the tar."""
    if train.is_dir():
        _list_synset_folders(train, "train", listing)
        return
    with train.open("rb", buffering=0) as stream:
        for name, regular, place in _in_tar(stream, train, Place(train, 0, length(stream)), str(train)):
            synset = name.removesuffix(".tar")
            if not (regular and name.endswith(".tar") and _SYNSET.fullmatch(synset)):
                listing.ignore(str(train), name, "no tar of a synset")
            elif synset in listing.synsets:
                where = f"{train}, {name}"
                listing.take(_in_tar(stream, train, place, where), "train", where, _synset_in_train(synset))


def is_flat(val: Path) -> bool:
    """Whether validation images lie together, so that labels are needed."""
    return val.is_file() or not any(_SYNSET.fullmatch(entry.name) and entry.is_dir() for entry in _scanned(val))


def list_val(val: Path, label_folders: Sequence[Path], listing: Listing) -> None:
    """List the folders of synsets, or a folder or a tar of all images."""
    if not is_flat(val):
        _list_synset_folders(val, "val", listing)
        return
    synset_of = _synset_by_label(label_folders)
    if val.is_dir():
        listing.take(_in_folder(val), "val", str(val), synset_of)
        return
    with val.open("rb", buffering=0) as stream:
        listing.take(_in_tar(stream, val, Place(val, 0, length(stream)), str(val)), "val", str(val), synset_of)


def _list_synset_folders(part: Path, origin: Origin, listing: Listing) -> None:
    for entry in _scanned(part):
        if not (_SYNSET.fullmatch(entry.name) and entry.is_dir()):
            listing.ignore(str(part), entry.name, "no folder of a synset")
        elif entry.name in listing.synsets:
            synset_of = (_synset_in_train if origin == "train" else _synset_in_val)(entry.name)
            listing.take(_in_folder(part / entry.name), origin, str(part / entry.name), synset_of)


def _in_folder(folder: Path) -> Iterator[_Found]:
    place = Place(folder)
    return ((entry.name, entry.is_file(), place) for entry in _scanned(folder))


def _in_tar(stream: BinaryIO, path: Path, place: Place, where: str) -> Iterator[_Found]:
    """List a tar, or a tar in it; the program tar writes ``./`` first, and before names, when it is given a folder."""
    start = place.start or 0
    for entry in entries(stream, start, start + place.size, where):
        if entry.name != "./":
            yield entry.name.removeprefix("./"), entry.regular, Place(path, entry.start, entry.size)


def _scanned(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def _synset_in_train(synset: str) -> Callable[[str], str | None]:
    """In the folder or the tar of a synset, its own training images are expected."""

    def synset_of(name: str) -> str | None:
        match = _TRAIN_NAME.fullmatch(name)
        return synset if match and match[1] == synset else None

    return synset_of


def _synset_in_val(synset: str) -> Callable[[str], str | None]:
    """In the folder of a synset, any validation image is one of the synset."""
    return lambda name: synset if _VAL_NAME.fullmatch(name) else None


def _synset_by_label(label_folders: Sequence[Path]) -> Callable[[str], str | None]:
    """Where validation images lie without order, the labels tell."""
    path, synsets = labels.read(label_folders)

    def synset_of(name: str) -> str | None:
        match = _VAL_NAME.fullmatch(name)
        if match and int(match[1]) not in synsets:
            raise AdvdimError(
                f"{path}: has {len(synsets)} labels and none for {name}, expected one for each validation image; "
                "replace it by a whole one"
            )
        return synsets[int(match[1])] if match else None

    return synset_of


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into one sentence."""
    try:
        yield
    except OSError as error:
        raise AdvdimError(
            f"{error.filename or path}: cannot be read ({error.strerror or error}), expected a readable part of "
            "ILSVRC2012; mend that and run again"
        ) from error
