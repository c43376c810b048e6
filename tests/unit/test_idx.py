"""The IDX reader against files made by hand."""

import re
import tracemalloc

import numpy as np
import pytest

from advdim.datasets.idx import read_idx
from advdim.errors import AdvdimError

LABELS = bytes.fromhex("00000801 00000003 050009")
IMAGES = bytes.fromhex("00000803 00000002 00000001 00000003 000102 fdfeff")


def test_a_list_of_labels():
    labels = read_idx(LABELS, dimensions=1, place="made by hand")
    assert labels.dtype == np.uint8
    assert labels.tolist() == [5, 0, 9]


def test_rows_follow_one_another():
    images = read_idx(IMAGES, dimensions=3, place="made by hand")
    assert images.tolist() == [[[0, 1, 2]], [[253, 254, 255]]]


def test_an_array_may_be_empty():
    images = read_idx(bytes.fromhex("00000803 00000000 0000001c 0000001c"), dimensions=3, place="made by hand")
    assert images.shape == (0, 28, 28)


@pytest.mark.parametrize(
    ("content", "dimensions", "told"),
    [
        (b"", 1, "ends after 0 bytes, expected a header of 8 bytes"),
        (LABELS[:7], 1, "ends after 7 bytes, expected a header of 8 bytes"),
        (IMAGES[:15], 3, "ends after 15 bytes, expected a header of 16 bytes"),
        (b"\x1f\x8b\x08" + LABELS, 1, "begins with the bytes 1f 8b 08, expected 00 00 08"),
        (bytes.fromhex("00000d01 00000001 3f800000"), 1, "begins with the bytes 00 00 0d, expected 00 00 08"),
        (bytes.fromhex("01080000 03000000 050009"), 1, "begins with the bytes 01 08 00"),
        (IMAGES, 1, "holds an array of 3 dimensions, expected one of 1"),
        (LABELS + bytes(9), 3, "holds an array of 1 dimensions, expected one of 3"),
        (LABELS[:-1], 1, "has 10 bytes, expected 11 for the 3 elements"),
        (LABELS + b"\n", 1, "has 12 bytes, expected 11 for the 3 elements"),
        (IMAGES[:-3], 3, "has 19 bytes, expected 22 for the 2 x 1 x 3 elements"),
    ],
)
def test_other_content_is_told(content: bytes, dimensions: int, told: str):
    with pytest.raises(AdvdimError, match=re.escape(f"some/file: {told}")):
        read_idx(content, dimensions=dimensions, place="some/file")


def test_sizes_that_the_header_claims_take_no_memory():
    content = bytes.fromhex("00000803" + 3 * "ffffffff") + bytes(100)
    tracemalloc.start()
    try:
        with pytest.raises(AdvdimError, match=f"expected {16 + (2**32 - 1) ** 3} for the 4294967295 x"):
            read_idx(content, dimensions=3, place="some/file")
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
