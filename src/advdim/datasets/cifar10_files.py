"""CIFAR-10's six files of the binary version: where they are found, how they are verified, and what they hold.

They lie in ``data/sources/cifar10`` as published, in ``cifar-10-binary.tar.gz``, or unpacked, with or without the
folder that they have in it. The version for Python is pickled: reading it could run any code, so it is not read.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from advdim.datasets.source_files import Source, SourceFile, first_file, lacking, read_files
from advdim.errors import AdvdimError
from advdim.layout import SOURCES

FOLDER = SOURCES / "cifar10"
TARBALL = "cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
"""The published digest of the tarball, told to those who look for it; what is verified are the files in it."""

SOURCE = Source(
    title="CIFAR-10",
    tarball=TARBALL,
    folder_in_tarball="cifar-10-batches-bin",
    all_files="six *.bin files",
    most_unpacked=190_000_000,  # the six files have 184,380,000 bytes, all else in the tarball some 20,000
    published_as="the published archive of that name",
    remedy="",
)
PICKLED = ("cifar-10-python.tar.gz", "cifar-10-batches-py", "data_batch_1")
"""What the version for Python is called."""

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""The classes in the order of their numbers, as in ``batches.meta.txt``, which is therefore not needed."""

IMAGE = (3, 32, 32)
"""Channels, height and width of an image, as its bytes are ordered."""
RECORD = 1 + 3 * 32 * 32
"""Bytes of an image with its label."""


def _batch(name: str, sha256: str) -> SourceFile:
    return SourceFile(name, size=10_000 * RECORD, sha256=sha256)


TRAIN_BATCHES = (
    _batch("data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
    _batch("data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
    _batch("data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
    _batch("data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
    _batch("data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
)
TEST_BATCH = _batch("test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b")
FILES = (*TRAIN_BATCHES, TEST_BATCH)


def needs(folder: Path = FOLDER, files: Iterable[SourceFile] = FILES) -> str | None:
    """Say what is missing for CIFAR-10. Files are looked for, not read.

    Args:
        folder: where the source is expected.
        files: the files that it must hold.

    Returns:
        None if all is there; otherwise a clause that goes on after "needs".
    """
    missing = lacking(SOURCE, folder, _loose_paths(folder, files))
    if missing is None:
        return None
    pickled = next((name for name in PICKLED if (folder / name).exists()), None)
    instead = f"; {pickled}, which lies there, is the pickled version and is never read" if pickled else ""
    return (
        f"{TARBALL} (MD5 {MD5}), as its author Alex Krizhevsky publishes it, or the {missing} in it, in {folder} "
        f"(nothing is downloaded{instead})"
    )


def read(folder: Path = FOLDER, files: Iterable[SourceFile] = FILES) -> dict[str, npt.NDArray[np.uint8]]:
    """Read the files, each from a file of its own if there is one, else from the tarball, and verify them.

    Args:
        folder: where the source lies.
        files: the files to read.

    Returns:
        The records of each file by the file's name, shape (n, 3073), uint8, read-only: a label, 0 to 9, and the pixels
        in the order of `IMAGE`.

    Raises:
        AdvdimError: a file is missing, cannot be read, has another content than its digest says, or is not made of such
            records.

    Source:
        Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images; the form is that of the data's page.
    """
    wanted = list(files)
    contents = read_files(SOURCE, folder, _loose_paths(folder, wanted), needs(folder, wanted))
    return {name: _records(content, name) for name, content in contents.items()}


def _loose_paths(folder: Path, files: Iterable[SourceFile]) -> dict[SourceFile, Path | None]:
    """Where each file lies that was unpacked, with or without its folder."""
    folders = (folder, folder / SOURCE.folder_in_tarball)
    return {file: first_file(below / file.name for below in folders) for file in files}


def _records(content: bytes, name: str) -> npt.NDArray[np.uint8]:
    records = np.frombuffer(content, dtype=np.uint8)
    whole = len(records) % RECORD == 0
    if not whole or (records[::RECORD] >= len(CLASSES)).any():
        found = f"labels up to {records[::RECORD].max()}" if whole else f"{len(records)} bytes"
        raise AdvdimError(
            f"{name}: found {found}, expected records of {RECORD} bytes with labels up to {len(CLASSES) - 1}; put "
            "CIFAR-10's binary version there"
        )
    return records.reshape(-1, RECORD)
