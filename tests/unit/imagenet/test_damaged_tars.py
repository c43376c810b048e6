"""Tar files: entries are found where they are, and whatever is cut, forged or damaged is told."""

import io
import random
import re
import tarfile
from pathlib import Path

import pytest
from tiny_ilsvrc import (
    SYNSET_LABELS,
    TRAIN,
    TRAIN_TAR,
    VAL_TAR,
    WANTED,
    check,
    complaint,
    contents,
    file,
    special,
    tar,
)

from advdim.datasets.imagenet.archive import open_ilsvrc
from advdim.datasets.imagenet.tar_entries import entries
from advdim.errors import AdvdimError


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_entries_are_where_the_standard_library_finds_them(form: int) -> None:
    draw = random.Random(form)
    files = [file(f"{'d' * draw.randrange(90)}/{i}", draw.randbytes(draw.randrange(2000))) for i in range(40)]
    content = tar([*files, special("link", tarfile.SYMTYPE, "0"), special("folder", tarfile.DIRTYPE)], form)
    with tarfile.open(fileobj=io.BytesIO(content)) as library:
        expected = [(info.name, info.offset_data, info.size, info.isreg()) for info in library]
    found = list(entries(io.BytesIO(content), 0, len(content), "it"))
    assert [(entry.name.rstrip("/"), entry.start, entry.size, entry.regular) for entry in found] == expected


def test_a_long_name_or_a_large_size_does_not_lead_astray() -> None:
    long = [file("a", b"1"), file("n" * 300, b"22"), file("b", b"333")]
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        content = tar(long, form)
        found = list(entries(io.BytesIO(content), 0, len(content), "it"))
        assert [(entry.name[:9], entry.size) for entry in found] == [("a", 1), ("n" * 9, 2), ("b", 3)]
    header = tarfile.TarInfo("large")
    header.size = 9 * 2**30
    with pytest.raises(AdvdimError, match="it: ends in the middle of 'large'"):
        list(entries(io.BytesIO(header.tobuf(tarfile.GNU_FORMAT) + bytes(1024)), 0, 1536, "it"))


def test_each_cut_of_a_tar_is_told(tars: Path) -> None:
    for name in (TRAIN_TAR, VAL_TAR):
        whole = (tars / name).read_bytes()
        end = len(whole.rstrip(b"\0"))
        end += -end % 512
        for length in [*range(0, end, 512), *range(100, end, 1024), end]:
            (tars / name).write_bytes(whole[:length])
            told = complaint(tars)
            assert told.startswith(f"{tars / name}: ends ")
            assert told.endswith("expected a whole tar file; copy or download it again")
        (tars / name).write_bytes(whole)
    check(tars)


def test_a_cut_tar_inside_the_training_tar_is_told(tars: Path) -> None:
    inner = tar(file(name, TRAIN[name]) for name in TRAIN if name.startswith(WANTED[0]))
    (tars / TRAIN_TAR).write_bytes(tar([file(f"{WANTED[0]}.tar", inner[:1300])]))
    assert f"{tars / TRAIN_TAR}, {WANTED[0]}.tar: ends " in complaint(tars)


def forged(field: slice, value: bytes, kind: bytes = b"0") -> bytes:
    """A header with a forged field and a right checksum."""
    header = bytearray(tarfile.TarInfo("ILSVRC2012_val_00000001.JPEG").tobuf(tarfile.USTAR_FORMAT))
    header[156:157], header[field] = kind, value
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize("kind", [b"0", b"L", b"x", b"g", b"S"])
@pytest.mark.parametrize(
    "size", [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"-0000001000\0", b"77777777777\0", b"0x10".ljust(12)]
)
def test_a_forged_size_neither_fills_the_memory_nor_goes_on_for_ever(tars: Path, kind: bytes, size: bytes) -> None:
    (tars / VAL_TAR).write_bytes(forged(slice(124, 136), size, kind) + (tars / VAL_TAR).read_bytes())
    assert str(tars / VAL_TAR) in complaint(tars)


@pytest.mark.parametrize("name", [TRAIN_TAR, VAL_TAR, SYNSET_LABELS])
def test_a_damaged_file_is_told_or_reported_or_read_right(tars: Path, name: str) -> None:
    """Flipped bytes of headers and contents: never another exception, and never an image under a strange name."""
    whole = (tars / name).read_bytes()
    draw = random.Random(name)
    told = 0
    for _ in range(200):
        spoilt = bytearray(whole)
        for _ in range(draw.randint(1, 3)):
            spoilt[draw.randrange(len(spoilt))] = draw.randrange(256)
        (tars / name).write_bytes(spoilt)
        try:
            archive = open_ilsvrc(tars, WANTED)
        except AdvdimError as error:
            assert "\n" not in str(error)  # noqa: PT017
            told += 1
            continue
        assert {member.synset for member in archive.members()} == set(WANTED)
        assert all(re.fullmatch(r"(n\d{8}_\d+|ILSVRC2012_val_\d{8})\.JPEG", name) for name in contents(archive))
    assert told > 0
