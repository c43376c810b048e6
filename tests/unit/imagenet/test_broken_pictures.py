"""What is not a whole picture is refused with one exception, whatever is wrong with it."""

import random
import re
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from made_up_pictures import RGB, jpeg, mutated, originals, outcome, photograph, png, reason

from advdim.datasets.imagenet import decoding
from advdim.datasets.imagenet.decoding import decode
from advdim.datasets.imagenet.quirky_pictures import encode

MUTATIONS = {"simplejpeg": 10_000, "Pillow": 1_000}
"""Mutated files for each engine; they are small, all of them take a second."""


@pytest.mark.parametrize("kind", ["plain", "png", "cmyk", "grey", "palette"])
def test_no_truncated_file_passes(kind: str) -> None:
    content = encode(photograph(), kind, "")
    for length in {*range(0, len(content), 97), *range(len(content) - 14, len(content))}:
        assert reason(content[:length])


@pytest.mark.usefixtures("engine")
def test_without_simplejpeg_truncation_is_seen_too() -> None:
    content = jpeg()
    for share in (0.1, 0.3, 0.5, 0.9, 0.999):
        assert "JPEG" in reason(content[: int(share * len(content))])


def test_what_libjpeg_warns_of_is_damage() -> None:
    content = jpeg(restart_marker_blocks=2)
    marker = content.index(b"\xff\xd2")
    damaged = {
        "extraneous bytes": content[:-2] + b"abcd" + content[-2:],
        "premature end": content[: len(content) // 2] + b"\xff\xd9",
        "Premature end of JPEG file": content[:-2] + bytes(100),
        "found marker 0xd6 instead of RST2": content[: marker + 1] + b"\xd6" + content[marker + 2 :],
    }
    for told, spoilt in damaged.items():
        assert told in reason(spoilt)
    assert decode(content + bytes(100)).mended == ()  # bytes after the end are no part of the picture


def test_wrong_bit_anywhere_in_a_png_is_seen() -> None:
    content = png(8, RGB, photograph(5, 6), (b"tEXt", b"Comment\0hello"))
    for bit in range(8 * len(content)):
        spoilt = bytearray(content)
        spoilt[bit // 8] ^= 1 << bit % 8
        assert reason(bytes(spoilt))


@pytest.mark.usefixtures("engine")
def test_bombs_are_refused_before_they_are_unpacked() -> None:
    content = jpeg()
    frame = content.index(b"\xff\xc0") + 5
    huge = content[:frame] + struct.pack(">HH", 65500, 65500) + content[frame + 4 :]
    assert reason(huge) == "the picture has 65500 x 65500 pixels; expected 1 to 100,000,000 in all"
    header = png(8, RGB, np.zeros((1, 1, 3)))
    size = struct.pack(">II", 2**31 - 1, 2**31 - 1)
    ihdr = b"IHDR" + size + header[24:29]
    bomb = header[:12] + ihdr + struct.pack(">I", zlib.crc32(ihdr)) + header[33:]
    assert "2147483647 x 2147483647" in reason(bomb)
    assert reason(content[:2] + b"\xff\xda" * 1000) == "the JPEG has 1000 scans, more than 500"
    flat = content[:frame] + bytes(4) + content[frame + 4 :]
    assert reason(flat)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it begins with nothing"),
        (b"GIF89a...", "it begins with 47 49 46 38"),
        (b"<html>Not Found</html>", "neither a JPEG nor a PNG file"),
        (b"\xff\xd8", "the JPEG is damaged"),
        (decoding.PNG_SIGNATURE, "the PNG is truncated"),
        (decoding.PNG_SIGNATURE + struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND")), "damaged"),
    ],
)
@pytest.mark.usefixtures("engine")
def test_what_is_no_picture_is_told_in_words(content: bytes, told: str) -> None:
    assert told in reason(content)


def test_mutated_files_are_decoded_or_refused(engine: str) -> None:
    draw = random.Random(0)
    outcomes = [outcome(mutated(draw)) for _ in range(MUTATIONS[engine])]
    assert outcomes.count("") > len(outcomes) / 20
    refused = sorted(filter(None, outcomes))
    assert len(refused) > len(outcomes) / 5
    assert not [told for told in refused if re.search("0x[0-9a-f]{6}", told)]  # reasons are data: no address in them


def test_threads_do_not_disturb_one_another() -> None:
    alone = [decode(content).pixels for content in originals()]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            together = [decoded.pixels for decoded in pool.map(decode, originals())]
            for one, other in zip(alone, together, strict=True):
                np.testing.assert_array_equal(one, other)
