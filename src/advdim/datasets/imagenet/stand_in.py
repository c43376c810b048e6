"""A small stand-in for ILSVRC2012: its layout, its names and its quirks, with crops of real photographs in it.

It is for tests, and for those who have no ImageNet: what is built of it shows that the builder works, and nothing of
what is in the classes, since every synset gets crops of the same twelve photographs.

It has all synsets of a merge, and two others whose files are on the list of known quirks, so that a reader has
something to pass over. Files of that list that are in the merge have the quirk under their own name; every other quirk
is planted among the other images, which are drawn by the seed.
"""

import contextlib
import io
import itertools
import tarfile
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from advdim.artefacts.store import make_folder
from advdim.datasets.imagenet.archive import STAND_IN_MARK, TRAIN_TAR, VAL_TAR, Member
from advdim.datasets.imagenet.labels import SYNSETS
from advdim.datasets.imagenet.merge_settings import read_synset_merge
from advdim.datasets.imagenet.quirky_pictures import encode
from advdim.datasets.imagenet.stand_in_plan import MOVING_VAN, SMALL, Crop, Plan, make_plan
from advdim.datasets.photographs import PHOTOGRAPHS, load
from advdim.errors import AdvdimError

Form = Literal["tree", "tars"]

MERGE = Path("config/imagenet12.yaml")
"""The merge whose synsets the archive has, unless others are given."""

_ALSO = {"16-bit": ("png", "grey"), "alpha": ("png",), "palette": ("png",)}
"""What else pictures of a kind are."""

_File = tuple[Member, bytes]


def write_stand_in(
    folder: Path,
    *,
    images_per_synset: int,
    validation_per_synset: int,
    seed: int,
    form: Form,
    synsets: Collection[str] | None = None,
) -> pd.DataFrame:
    """Write a stand-in archive. Both forms have the same images for the same numbers.

    Args:
        folder: where it goes; nothing may lie there.
        images_per_synset: training images of each synset, 1 to 10,000.
        validation_per_synset: validation images of each synset, 1 to 10,000.
        seed: root seed of names, crops and places of quirks.
        form: "tree" for folders of synsets, "tars" for the original layout with labels.
        synsets: WordNet ids, instead of those of the twelve classes.

    Returns:
        One row for each quirk of an image, those of synsets of no class included: ``origin``, ``synset``, ``name``,
        ``kind`` and ``detail``. Kinds are those of `advdim.datasets.imagenet.quirky_pictures`, ``duplicate`` (of the
        image whose name is the detail), ``moving-van`` and ``small`` (of whole pictures; the detail is width x height,
        as stored). The same table lies in the folder as `STAND_IN_MARK`.

    Raises:
        AdvdimError: the folder is not empty or cannot be written, a number is out of its range, or there are too few
            images for all quirks.
    """
    for name, number in (("training", images_per_synset), ("validation", validation_per_synset)):
        if not 1 <= number <= 10_000:
            raise AdvdimError(f"{name} images of each synset: found {number}; expected 1 to 10,000; correct it")
    wanted = frozenset(synsets if synsets is not None else read_synset_merge(MERGE).synsets)
    plan = make_plan(wanted, images_per_synset, validation_per_synset, seed)
    table = _table(plan)
    try:
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise AdvdimError(
                f"{folder}: there is something already, expected no such folder or an empty one; name another"
            )
        make_folder(folder.parent)
        with tempfile.TemporaryDirectory(prefix=".stand-in-", dir=folder.parent) as temporary:
            archive = Path(temporary) / "archive"
            archive.mkdir()
            (_write_tree if form == "tree" else _write_tars)(archive, plan)
            table.to_csv(archive / STAND_IN_MARK, index=False, lineterminator="\n")
            archive.replace(folder)
    except OSError as error:
        raise AdvdimError(
            f"{folder}: cannot be written ({error.strerror or error}), expected a writable folder with room left; mend "
            "that and run again, nothing half-written was kept"
        ) from error
    return table


def _table(plan: Plan) -> pd.DataFrame:
    rows = []
    for member in plan.members:
        original = plan.copies.get(member, member)
        crop, quirk = plan.crops[original], plan.quirks.get(original)
        found = [quirk, *((kind, "") for kind in _ALSO.get(quirk[0], ()))] if quirk else []
        if original != member:
            found.append(("duplicate", original.name))
        if member.synset == MOVING_VAN:
            found.append(("moving-van", ""))
        if min(crop.height, crop.width) < SMALL and not (quirk and quirk[0] in ("truncated", "corrupt")):
            found.append(("small", f"{crop.width} x {crop.height}"))
        rows += [(member.origin, member.synset, member.name, *kind_and_detail) for kind_and_detail in found]
    return pd.DataFrame(rows, columns=["origin", "synset", "name", "kind", "detail"])


def _contents(plan: Plan) -> Iterator[_File]:
    photographs = [load(photograph) for photograph in PHOTOGRAPHS]
    for member in plan.members:
        original = plan.copies.get(member, member)
        pixels = _cut(photographs, plan.crops[original])
        yield member, encode(pixels, *plan.quirks.get(original, ("plain", "")))


def _cut(photographs: list[npt.NDArray[np.uint8]], crop: Crop) -> npt.NDArray[np.uint8]:
    rows, columns = slice(crop.top, crop.top + crop.height), slice(crop.left, crop.left + crop.width)
    return photographs[crop.photograph][rows, columns]


def _write_tree(folder: Path, plan: Plan) -> None:
    for member, content in _contents(plan):
        place = folder / member.origin / member.synset
        place.mkdir(parents=True, exist_ok=True)
        (place / member.name).write_bytes(content)


def _write_tars(folder: Path, plan: Plan) -> None:
    for origin, files in itertools.groupby(_contents(plan), key=lambda file: file[0].origin):
        if origin == "train":
            _write_tar(folder / TRAIN_TAR, _tars_of_synsets(files))
        else:
            _write_tar(folder / VAL_TAR, _named(files))
    labels = [f"{member.synset}\n" for member in plan.members if member.origin == "val"]
    (folder / SYNSETS).write_text("".join(labels), encoding="ascii")


def _tars_of_synsets(files: Iterable[_File]) -> Iterator[tuple[str, bytes]]:
    for synset, group in itertools.groupby(files, key=lambda file: file[0].synset):
        buffer = io.BytesIO()
        _write_tar(buffer, _named(group))
        yield f"{synset}.tar", buffer.getvalue()


def _named(files: Iterable[_File]) -> Iterator[tuple[str, bytes]]:
    return ((member.name, content) for member, content in files)


def _write_tar(target: Path | io.BytesIO, files: Iterable[tuple[str, bytes]]) -> None:
    """Write a tar whose headers know no clock and no user."""
    stream = target.open("wb") if isinstance(target, Path) else contextlib.nullcontext(target)
    with stream as file, tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files:
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
