"""Small files of pictures: plain ones, those with every quirk, and mutated ones."""

import io
import random
import struct
import zlib
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from advdim.datasets.imagenet.decoding import PNG_SIGNATURE, Undecodable, decode
from advdim.datasets.imagenet.quirky_pictures import encode
from advdim.datasets.photographs import PHOTOGRAPHS, load

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
"""Colour types of PNG."""


@cache
def photograph(height: int = 61, width: int = 90) -> NDArray[np.uint8]:
    """A crop of real photograph: the face of the astronaut."""
    whole = load(next(entry for entry in PHOTOGRAPHS if entry.name == "astronaut"))
    return whole[60 : 60 + height, 180 : 180 + width].copy()


def saved(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def jpeg(**options: Any) -> bytes:
    return saved(Image.fromarray(photograph()), **{"quality": 90} | options)


def by_pillow(content: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return 10 * np.log10(255**2 / np.square(one.astype(float) - other).mean())


def reason(content: bytes) -> str:
    with pytest.raises(Undecodable) as caught:
        decode(content)
    return caught.value.reason


def png(depth: int, colour: int, rows: NDArray[np.generic], *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG made by the standard alone: no filter, one IDAT."""
    height, width = rows.shape[:2]
    lines = b"".join(b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() for row in rows)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)),
        *chunks,
        (b"IDAT", zlib.compress(lines)),
        (b"IEND", b""),
    ]
    framed = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts)
    return PNG_SIGNATURE + b"".join(framed)


@cache
def originals() -> tuple[bytes, ...]:
    quirks = [(kind, "") for kind in ("plain", "png", "cmyk", "ycck", "grey", "16-bit", "alpha", "palette")]
    made = [encode(photograph(), *quirk) for quirk in [*quirks, ("exif-orientation", "6"), ("exif-broken", "no-tiff")]]
    return (*made, jpeg(progressive=True), jpeg(restart_marker_blocks=3), jpeg(subsampling="4:4:4"))


MUTATIONS = ("bits", "header", "cut", "swap", "noise", "repeat", "remove")


def mutated(draw: random.Random, mutation: str = "") -> bytes:
    """Flip bits anywhere or in the header, cut, swap headers, overwrite, repeat or remove a part; "" draws one."""
    content, other = bytearray(draw.choice(originals())), draw.choice(originals())
    start = draw.randrange(len(content))
    stop = min(len(content), start + draw.randrange(1, 200))
    match mutation or draw.choice(MUTATIONS):
        case "bits" | "header" as where:
            for _ in range(draw.randrange(1, 9)):
                bit = draw.randrange(8 * (len(content) if where == "bits" else 400))
                content[bit // 8] ^= 1 << bit % 8
        case "cut":
            del content[start:]
        case "swap":
            length = draw.randrange(1, 700)
            content[:length] = other[:length]
        case "noise":
            content[start:stop] = draw.randbytes(stop - start)
        case "repeat":
            content[start:start] = content[start:stop]
        case "remove":
            del content[start:stop]
    return bytes(content)


def outcome(content: bytes) -> str:
    """Why a file is refused; empty if it is decoded into an RGB picture."""
    try:
        decoded = decode(content)
    except Undecodable as error:
        return error.reason
    assert decoded.pixels.shape[2:] == (3,)
    assert decoded.pixels.dtype == np.uint8
    return ""
