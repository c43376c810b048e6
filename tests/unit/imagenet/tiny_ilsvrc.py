"""A tiny archive in the layout of ILSVRC2012, whose files hold a few bytes that no reader looks at."""

import io
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from advdim.datasets.imagenet.archive import Archive, Member, open_ilsvrc
from advdim.errors import AdvdimError

TRAIN_TAR, VAL_TAR = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"
SYNSET_LABELS = "ILSVRC2012_validation_synset_labels.txt"
WANTED = ("n01440764", "n02105855")
OTHER = "n01443537"
TRAIN = {
    f"{synset}_{number}.JPEG": f"{synset} {number} ".encode() * number
    for synset in (*WANTED, OTHER)
    for number in (7, 26, 102)
}
LABELS = [WANTED[1], OTHER, WANTED[0], WANTED[1], WANTED[0]]
VAL = {f"ILSVRC2012_val_{number:08d}.JPEG": bytes([number]) * 700 for number in range(1, 6)}
MEMBERS = [
    *(("train", name[:9], name) for name in sorted(TRAIN) if name[:9] in WANTED),
    *(("val", synset, name) for synset in WANTED for name, label in zip(VAL, LABELS, strict=True) if label == synset),
]
CONTENTS = TRAIN | VAL
EXPECTED = [Member(*member) for member in MEMBERS]
NUMBERS = {WANTED[0]: 449, OTHER: 450, WANTED[1]: 171}
"""ILSVRC2012's own numbers of the three synsets: tench, goldfish and Shetland sheepdog."""


def file(name: str, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    header = tarfile.TarInfo(name)
    header.size = len(content)
    return header, content


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    header = tarfile.TarInfo(name)
    header.type, header.linkname = kind, target
    return header, b""


def tar(entries: Iterable[tuple[tarfile.TarInfo, bytes]], form: int = tarfile.USTAR_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for header, content in entries:
            archive.addfile(header, io.BytesIO(content))
    return buffer.getvalue()


def train_tar(form: int = tarfile.USTAR_FORMAT, prefix: str = "") -> bytes:
    inner = {
        synset: tar((file(prefix + name, TRAIN[name]) for name in TRAIN if name.startswith(synset)), form)
        for synset in (*WANTED, OTHER)
    }
    return tar((file(f"{prefix}{synset}.tar", content) for synset, content in inner.items()), form)


def val_tar(form: int = tarfile.USTAR_FORMAT, prefix: str = "") -> bytes:
    return tar((file(prefix + name, content) for name, content in VAL.items()), form)


def write_tars(folder: Path, form: int = tarfile.USTAR_FORMAT, prefix: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ILSVRC2012_img_train.tar").write_bytes(train_tar(form, prefix))
    (folder / "ILSVRC2012_img_val.tar").write_bytes(val_tar(form, prefix))
    write_synset_labels(folder)


def write_tree(folder: Path, *, flat: bool = False) -> None:
    for name, content in TRAIN.items():
        _write(folder / "train" / name[:9] / name, content)
    for (name, content), label in zip(VAL.items(), LABELS, strict=True):
        _write(folder / "val" / ("" if flat else label) / name, content)


def write_synset_labels(folder: Path, name: str = "ILSVRC2012_validation_synset_labels.txt") -> None:
    _write(folder / name, "".join(f"{label}\n" for label in LABELS).encode())


def write_solution(folder: Path) -> None:
    """Kaggle's file, which is in no order; a line may name several boxes."""
    lines = [f"{name[:-5]},{label} 85 1 499 272 {label} 1 2 3 4 " for name, label in zip(VAL, LABELS, strict=True)]
    _write(folder / "LOC_val_solution.csv", "\n".join(["ImageId,PredictionString", *reversed(lines), ""]).encode())


def write_kit(folder: Path) -> None:
    """The files of the development kit, the mapping in the order of its numbers as it is there."""
    numbers = "".join(f"{NUMBERS[label]}\n" for label in LABELS)
    _write(folder / "ILSVRC2012_validation_ground_truth.txt", numbers.encode())
    meanings = sorted((number, synset) for synset, number in NUMBERS.items())
    _write(folder / "map_clsloc.txt", "".join(f"{synset} {number} a_name\n" for number, synset in meanings).encode())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _kaggle(folder: Path) -> None:
    write_tree(folder / "ILSVRC" / "Data" / "CLS-LOC", flat=True)
    write_solution(folder)


def _mixed(folder: Path) -> None:
    write_tree(folder, flat=True)
    (folder / "ILSVRC2012_img_val.tar").write_bytes(val_tar())
    write_synset_labels(folder, "imagenet_2012_validation_synset_labels.txt")


def _tars_and_kit(folder: Path) -> None:
    write_tars(folder)
    (folder / "ILSVRC2012_validation_synset_labels.txt").unlink()
    write_kit(folder / "ILSVRC2012_devkit_t12" / "data")


def _flat(folder: Path) -> None:
    write_tree(folder, flat=True)
    write_kit(folder)


FORMS: dict[str, Callable[[Path], None]] = {
    "tree": write_tree,
    "flat tree and kit": _flat,
    "Kaggle": _kaggle,
    "tars": write_tars,
    "tars of GNU": lambda folder: write_tars(folder, tarfile.GNU_FORMAT),
    "tars of POSIX, of a folder": lambda folder: write_tars(folder, tarfile.PAX_FORMAT, "./"),
    "tars and kit": _tars_and_kit,
    "folders and a tar": _mixed,
}


def contents(archive: Archive) -> dict[str, bytes]:
    """All that an archive holds."""
    return {member.name: content for member, content in archive.read(archive.members())}


def check(folder: Path) -> Archive:
    """Open an archive that must have the tiny archive's images, and no others."""
    archive = open_ilsvrc(folder, WANTED)
    assert archive.members() == EXPECTED
    assert contents(archive) == {member.name: CONTENTS[member.name] for member in EXPECTED}
    return archive


def complaint(folder: Path) -> str:
    """The one sentence with which an archive is refused, in opening or in reading."""
    with pytest.raises(AdvdimError) as told:
        contents(open_ilsvrc(folder, WANTED))
    assert "\n" not in str(told.value)
    return str(told.value)
