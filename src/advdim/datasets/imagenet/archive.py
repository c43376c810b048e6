"""The user's copy of ILSVRC2012: folders of synsets, or the original tar files, found by looking.

What may lie in the folder, as it is or below ``ILSVRC/Data/CLS-LOC`` as in Kaggle's download:

- training images: ``ILSVRC2012_img_train.tar``, which holds a tar for each synset, or ``train/<synset>/*.JPEG``;
- validation images: ``ILSVRC2012_img_val.tar`` or ``val/*.JPEG``, with the labels of `advdim.datasets.imagenet.labels`,
  or ``val/<synset>/*.JPEG``.

Where both forms lie there, the tar counts. Tars are read as streams, nothing is unpacked, and of the training tar only
the wanted synsets' own tars are entered. All forms of the same images give the same members with the same bytes.

Names in an archive are compared with those of ImageNet and never used as paths. Whatever has another name, and links,
devices and folders in a tar, have no effect but an entry in `Archive.ignored`. In the user's own folders links to files
are followed, since shared machines often keep data sets as links.
"""

import contextlib
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from advdim.datasets.imagenet import labels
from advdim.datasets.imagenet.listing import Listing, Member, Origin, Place, is_flat, list_train, list_val, told
from advdim.errors import AdvdimError

__all__ = [
    "MOST_BYTES",
    "STAND_IN_MARK",
    "TRAIN_TAR",
    "VAL_TAR",
    "Archive",
    "Member",
    "Origin",
    "holds_stand_in",
    "needs",
    "open_ilsvrc",
]

MOST_BYTES = 100_000_000
"""Most that is read of an image, several times as much as the longest of ImageNet has; the rest is left out."""

STAND_IN_MARK = "planted-quirks.csv"
"""A file that stands beside a stand-in archive: what is built from it must not pass for ImageNet."""

TRAIN_TAR = "ILSVRC2012_img_train.tar"
VAL_TAR = "ILSVRC2012_img_val.tar"
_NAMES: Mapping[Origin, tuple[str, ...]] = {
    "train": (TRAIN_TAR, "train", "ILSVRC2012_img_train"),
    "val": (VAL_TAR, "val", "ILSVRC2012_img_val"),
}
_BELOW = ("", "ILSVRC/Data/CLS-LOC", "Data/CLS-LOC", "CLS-LOC")
_DEVELOPMENT_KITS = ("ILSVRC2012_devkit_t12/data", "ILSVRC/devkit/data", "devkit/data")


@dataclass(frozen=True)
class Archive:
    """The images of some synsets.

    Attributes:
        folder: where the archive lies.
        ignored: what was found where images were expected, each with the reason why it is none.
    """

    folder: Path
    ignored: tuple[str, ...]
    _places: Mapping[Member, Place] = field(repr=False)

    def members(self) -> list[Member]:
        """All images, sorted by origin, synset and name."""
        return sorted(self._places)

    def read(self, wanted: Collection[Member]) -> Iterator[tuple[Member, bytes]]:
        """Read images one after the other, in the order in which they lie in the archive.

        Args:
            wanted: some of the members; one that is named twice is read once.

        Returns:
            Members with the content of their files, cut after `MOST_BYTES`. It is not looked at.

        Raises:
            AdvdimError: one of them is no member, or, while reading, a file cannot be read or is not what it was when
                it was listed.
        """
        strangers = sorted(set(wanted) - self._places.keys())
        if strangers:
            raise AdvdimError(
                f"{self.folder}: holds no {strangers[0].origin} image {strangers[0].name} of {strangers[0].synset} "
                f"(nor {len(strangers) - 1} others of {len(wanted)}); expected members of this archive; list it again"
            )
        return self._stream(sorted(set(wanted), key=self._order))

    def _order(self, member: Member) -> tuple[str, int, Member]:
        return member.origin, self._places[member].start or 0, member

    def _stream(self, wanted: Iterable[Member]) -> Iterator[tuple[Member, bytes]]:
        for path, group in itertools.groupby(wanted, key=lambda member: self._places[member].path):
            with told(path), contextlib.ExitStack() as stack:
                tar = stack.enter_context(path.open("rb")) if path.is_file() else None
                for member in group:
                    yield member, _content(tar, self._places[member], member.name)


def holds_stand_in(folder: Path) -> bool:
    """Whether the archive in a folder is a stand-in for ImageNet."""
    return (folder / STAND_IN_MARK).exists()


def needs(folder: Path) -> str | None:
    """Say what of ILSVRC2012 is missing. Files and folders are looked for, not read.

    Args:
        folder: where the archive is expected.

    Returns:
        None if all is there; otherwise a clause that goes on after "needs".

    Raises:
        AdvdimError: a folder cannot be read.
    """
    missing = []
    with told(folder):
        if _find(folder, "train") is None:
            missing.append(f"the training images in {folder}: {TRAIN_TAR}, or train with a folder for each synset")
        val = _find(folder, "val")
        if val is None:
            missing.append(
                f"the validation images in {folder}: {VAL_TAR}, or val with them or a folder for each synset"
            )
        elif is_flat(val) and (lacking := labels.needs(_label_folders(folder, val))):
            missing.append(lacking)
    return "ILSVRC2012, of which are missing " + "; and ".join(missing) if missing else None


def open_ilsvrc(folder: Path, synsets: Collection[str]) -> Archive:
    """Find an archive and list the images of some synsets. No image is read.

    Args:
        folder: where it lies.
        synsets: WordNet ids of the synsets that are wanted; all others are passed over.

    Returns:
        The archive of these synsets.

    Raises:
        AdvdimError: a part is missing, a tar is cut or damaged, the labels are not of the expected form, or a synset
            has no image in one of the parts.
    """
    missing = needs(folder)
    train, val = _find(folder, "train"), _find(folder, "val")
    if train is None or val is None or missing:
        raise AdvdimError(f"{folder}: cannot be used; expected {missing}; put that there or correct the path")
    listing = Listing(frozenset(synsets))
    with told(train):
        list_train(train, listing)
    with told(val):
        list_val(val, _label_folders(folder, val), listing)
    listing.demand("train", train)
    listing.demand("val", val)
    return Archive(folder, tuple(listing.ignored), listing.places)


def _find(folder: Path, origin: Origin) -> Path | None:
    """Find the tar or the folder of a part; a tar is looked for everywhere first."""
    paths = (folder / below / name for name in _NAMES[origin] for below in _BELOW)
    return next((path for path in paths if (path.is_file() if path.suffix == ".tar" else path.is_dir())), None)


def _label_folders(folder: Path, val: Path) -> list[Path]:
    """Where labels are looked for: beside the images and in the development kit."""
    return [folder, val.parent, *(top / kit for top in (folder, val.parent) for kit in _DEVELOPMENT_KITS)]


def _content(tar: BinaryIO | None, place: Place, name: str) -> bytes:
    if tar is None or place.start is None:
        with (place.path / name).open("rb") as stream:
            return stream.read(MOST_BYTES)
    tar.seek(place.start)
    wanted = min(place.size, MOST_BYTES)
    content = tar.read(wanted)
    if len(content) < wanted:
        raise AdvdimError(f"{place.path}: ends in the middle of {name}, expected the tar that was listed; run again")
    return content
