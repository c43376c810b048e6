"""What lies where in a tar file, found by its headers alone.

ILSVRC2012's training tar has 138 GB and a tar for each synset inside. To list it, contents are passed over by seeking,
and nothing is unpacked; an inner tar is a stretch of the outer one. The standard library's ``tarfile`` is not used for
that: it takes a tar that was cut between two entries for whole, a forged header makes it read the rest of the archive
into memory or, in older versions, go on for ever (CVE-2025-8194), and it needs twice the time.

Read are the formats of POSIX.1-1988 (ustar), POSIX.1-2001 (pax) and GNU tar. Extended headers are passed over: they
bring names of more than 100 characters, which no file of ImageNet has, and sizes from 8 GiB on in pax.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from advdim.errors import AdvdimError

BLOCK = 512
_ZEROS = bytes(BLOCK)
_OCTAL = re.compile(rb"[0-7]*")
_REGULAR = (b"0", b"\0", b"7")
_EXTENDED = (b"x", b"g", b"X", b"L", b"K")
"""Headers that say something of the entry after them: of pax, of Solaris, and GNU's long names."""
_WITHOUT_CONTENT = (b"1", b"2", b"3", b"4", b"5", b"6")
"""Links, devices, folders and pipes: a size in their header means nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a tar file.

    Attributes:
        name: as the header has it; it is to be compared, never to be used as a path.
        start: where its content begins, bytes from the beginning of the file.
        size: length of the content, bytes.
        regular: whether it is a file, and no link, device, folder or the like.
    """

    name: str
    start: int
    size: int
    regular: bool


def entries(stream: BinaryIO, start: int, stop: int, place: str) -> Iterator[Entry]:
    """List a tar file, or one inside another.

    Args:
        stream: the file, seekable, best without a buffer, since 512 bytes are read here and there.
        start: where the tar begins, bytes.
        stop: where it ends, bytes.
        place: how it is called in messages.

    Yields:
        Its entries in their order, extended headers left out.

    Raises:
        AdvdimError: it is cut or damaged. The end of a whole tar is marked, so a cut between two entries is seen too.
    """
    position = start
    while (header := _header(stream, position, stop, place)) != _ZEROS:
        entry, kind = _parsed(header, position, place)
        if entry.start + entry.size > stop:
            raise _refused(place, f"ends in the middle of {entry.name!r}")
        if kind not in _EXTENDED:
            yield entry
        position = entry.start + -(-entry.size // BLOCK) * BLOCK


def length(stream: BinaryIO) -> int:
    """Length of a file in bytes."""
    return stream.seek(0, os.SEEK_END)


def _header(stream: BinaryIO, position: int, stop: int, place: str) -> bytes:
    if position + BLOCK > stop:
        raise _refused(place, f"ends after {stop} bytes without the mark of an end")
    stream.seek(position)
    return stream.read(BLOCK)


def _parsed(header: bytes, position: int, place: str) -> tuple[Entry, bytes]:
    """Take a header apart; its checksum counts the field of the checksum itself as eight spaces."""
    checksum = _number(header[148:156], position, place)
    if len(header) < BLOCK or checksum != sum(header) - sum(header[148:156]) + 8 * ord(" "):
        raise _refused(place, f"has no header of an entry at byte {position}")
    kind = header[156:157]
    name, prefix = (_text(header[a:b]) for a, b in ((0, 100), (345, 500)))
    if prefix and header[257:263] == b"ustar\0":  # GNU's own format has times there
        name = f"{prefix}/{name}"
    size = 0 if kind in _WITHOUT_CONTENT else _number(header[124:136], position, place)
    return Entry(name, position + BLOCK, size, kind in _REGULAR), kind


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")


def _number(field: bytes, position: int, place: str) -> int:
    """Read a number: octal digits, or, from 8 GiB on, GNU's binary form, which begins with a byte of 128."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0", 1)[0].strip(b" ")
    if not _OCTAL.fullmatch(digits):
        raise _refused(place, f"has no header of an entry at byte {position}")
    return int(digits or b"0", 8)


def _refused(place: str, found: str) -> AdvdimError:
    return AdvdimError(f"{place}: {found}, expected a whole tar file; copy or download it again")
