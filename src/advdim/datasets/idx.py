"""The IDX format: arrays of unsigned bytes behind a short header, as MNIST is published."""

import math

import numpy as np
import numpy.typing as npt

from advdim.errors import AdvdimError

UNSIGNED_BYTE = 0x08
"""The format's code for elements of one unsigned byte, the only type that is read here."""


def read_idx(content: bytes, *, dimensions: int, place: str) -> npt.NDArray[np.uint8]:
    """Read an array of unsigned bytes.

    The header is two zero bytes, the code of the type, the number of dimensions, and each dimension's size as a
    big-endian number of 32 bits. The elements follow in row-major order and end with the file. Sizes are compared with
    the length of the content before anything is made of them, so a header that claims too much costs nothing.

    Args:
        content: the whole file.
        dimensions: number of dimensions that the array must have, at least 1.
        place: where the content is from, for messages.

    Returns:
        An array of that many dimensions, uint8. It is a view of the content, hence read-only.

    Raises:
        AdvdimError: the content is of no IDX file of unsigned bytes, has another number of dimensions, is cut short or
            goes on after the last element.

    Source:
        LeCun, Cortes and Burges, The MNIST database of handwritten digits, "The IDX file format".
    """
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise _unreadable(place, f"ends after {len(content)} bytes", f"a header of {start} bytes")
    magic = bytes([0, 0, UNSIGNED_BYTE])
    if not content.startswith(magic):
        found = content[: len(magic)].hex(" ")
        raise _unreadable(
            place, f"begins with the bytes {found}", f"{magic.hex(' ')}, as in IDX files of unsigned bytes"
        )
    if content[3] != dimensions:
        raise _unreadable(place, f"holds an array of {content[3]} dimensions", f"one of {dimensions}")
    shape = [int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4)]
    length = start + math.prod(shape)
    if len(content) != length:
        sizes = " x ".join(map(str, shape))
        raise _unreadable(
            place, f"has {len(content)} bytes", f"{length} for the {sizes} elements that its header names"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _unreadable(place: str, found: str, expected: str) -> AdvdimError:
    return AdvdimError(f"{place}: {found}, expected {expected}; put a complete IDX file there")
