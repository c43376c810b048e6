"""Source files whose contents are known: one by one in a folder, or together in a tarball.

What counts is the content: each file's SHA-256 is compared with the published one, so what is read is the same in
whichever form the files came. A tarball is read as a stream and never unpacked to disk.
"""

import contextlib
import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from advdim.errors import AdvdimError


@dataclass(frozen=True)
class SourceFile:
    """A file that must have one particular content.

    Attributes:
        name: its usual name.
        size: bytes, unpacked.
        sha256: hexadecimal SHA-256 digest, unpacked.
    """

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """What files make up a dataset's source, and how to speak of them.

    Attributes:
        title: the dataset's name.
        tarball: name of the archive in which the files are published.
        folder_in_tarball: the folder that they have in it.
        all_files: what they are called where none of them is there, as in "six *.bin files".
        most_unpacked: bytes that the tarball may unpack to.
        published_as: where such a tarball is from, as in "expected one, as in ...".
        remedy: what to do with a wrong file besides replacing it, as in "replace it, or ..."; may be empty.
    """

    title: str
    tarball: str
    folder_in_tarball: str
    all_files: str
    most_unpacked: int
    published_as: str
    remedy: str


def first_file(paths: Iterable[Path]) -> Path | None:
    """The first of some paths under which there is a file."""
    return next((path for path in paths if path.is_file()), None)


def lacking(source: Source, folder: Path, paths: Mapping[SourceFile, Path | None]) -> str | None:
    """Name the files that lie there neither one by one nor, as it seems, in the tarball; None without any.

    Nothing is read.
    """
    missing = [file.name for file, path in paths.items() if path is None]
    if not missing or (folder / source.tarball).is_file():
        return None
    return source.all_files if len(missing) == len(paths) else " and ".join(missing)


def read_files(
    source: Source, folder: Path, paths: Mapping[SourceFile, Path | None], needs: str | None
) -> dict[str, bytes]:
    """Read files, each from a file of its own if there is one, else from the tarball, and verify them.

    Args:
        source: what they belong to.
        folder: where the tarball lies.
        paths: the files to read, with the paths of those that lie there one by one, raw or gzipped.
        needs: what is missing, in words; None if nothing is.

    Returns:
        The content of each file by the file's name.

    Raises:
        AdvdimError: a file is missing, cannot be read, or has another content than its digest says.
    """
    if needs:
        raise AdvdimError(f"{folder}: not all of {source.title} is there; expected {needs}; put it there and run again")
    contents = {file.name: _read_loose(source, path, file) for file, path in paths.items() if path}
    return contents | _read_tarball(source, folder / source.tarball, [file for file in paths if not paths[file]])


def _read_loose(source: Source, path: Path, file: SourceFile) -> bytes:
    with _told(source, path), gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        return _verified(source, stream.read(file.size + 1), file, path, str(path))


def _read_tarball(source: Source, path: Path, files: Collection[SourceFile]) -> dict[str, bytes]:
    """Read files from the tarball.

    Members are only compared with the names that are wanted, and read to their known size; links, devices and whatever
    else an archive may hold are passed over.
    """
    wanted = {f"{source.folder_in_tarball}/{file.name}": file for file in files}
    contents: dict[str, bytes] = {}
    if not wanted:
        return contents
    with _told(source, path), gzip.open(path) as unpacked:
        limited = _Limited(unpacked, source.most_unpacked)
        with tarfile.open(fileobj=limited, mode="r|") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.name in wanted and member.isreg() else None
                if stream is None:
                    continue
                file = wanted.pop(member.name)
                place = f"{path}, {member.name}"
                contents[file.name] = _verified(source, stream.read(file.size + 1), file, path, place)
                if not wanted:
                    return contents
    missing = next(iter(wanted))
    raise _refused(source, path, f"{path}: found no file {missing}, expected one, as in {source.published_as}")


class _Limited(io.RawIOBase):
    """A stream that refuses to go on after so many bytes, so that a small archive cannot fill the memory."""

    def __init__(self, stream: BinaryIO | gzip.GzipFile, most: int) -> None:
        self._stream = stream
        self._most = most
        self._left = most

    def read(self, count: int = -1) -> bytes:
        content = self._stream.read(count)
        self._left -= len(content)
        if self._left < 0:
            raise tarfile.ReadError(f"it unpacks to more than {self._most} bytes")
        return content


def _verified(source: Source, content: bytes, file: SourceFile, path: Path, place: str) -> bytes:
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
    expected = f"{source.title}'s {file.name} of {file.size} bytes with the SHA-256 {file.sha256}"
    raise _refused(source, path, f"{place}: found {found}, expected {expected}")


@contextlib.contextmanager
def _told(source: Source, path: Path) -> Iterator[None]:
    """Turn what goes wrong inside a damaged file into one sentence."""
    try:
        yield
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        kind = "a complete gzip archive" if path.suffix in (".gz", ".tgz") else "a readable file"
        raise _refused(source, path, f"{path}: cannot be read ({reason}), expected {kind}") from error


def _refused(source: Source, path: Path, found: str) -> AdvdimError:
    return AdvdimError("; ".join([found, ", or ".join([f"replace {path.name}", *filter(None, [source.remedy])])]))
