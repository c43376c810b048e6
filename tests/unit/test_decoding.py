"""Decoding whatever a file is: the right pixels from every quirk, and one exception for all that is not a picture."""

import io
import random
import re
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from advdim.datasets import decoding
from advdim.datasets.decoding import Undecodable, decode
from advdim.datasets.photographs import PHOTOGRAPHS, load
from advdim.datasets.quirky_pictures import encode

MUTATIONS = {"simplejpeg": 10_000, "Pillow": 1_000}
"""Mutated files for each engine; they are small, all of them take a second."""


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


@pytest.fixture(params=["simplejpeg", "Pillow"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Once as installed, once as on a platform without simplejpeg."""
    if request.param == "Pillow":
        monkeypatch.setattr(decoding, "simplejpeg", None)
    elif decoding.simplejpeg is None:
        pytest.skip("simplejpeg is not installed")
    return str(request.param)


WAYS = [
    {},
    {"subsampling": "4:4:4"},
    {"subsampling": "4:2:2"},
    {"progressive": True, "optimize": True},
    {"keep_rgb": True},
    {"restart_marker_blocks": 2},
    {"quality": 20},
]


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("options", WAYS, ids=str)
def test_pixels_of_a_jpeg_are_those_of_pillow(options: dict[str, Any]) -> None:
    content = jpeg(**options)
    decoded = decode(content)
    np.testing.assert_array_equal(decoded.pixels, by_pillow(content))
    assert (decoded.pixels.dtype, decoded.mode, decoded.mended) == (np.uint8, "RGB", ())


@pytest.mark.parametrize("factors", [0x13, 0x14, 0x41, 0x31, 0x32, 0x42, 0x24])
def test_rare_subsampling_is_decoded_by_pillow_or_refused(factors: int) -> None:
    flat = saved(Image.fromarray(np.full((8, 8, 3), 128, np.uint8)), subsampling="4:4:4")
    content = bytearray(flat)
    content[content.index(b"\xff\xc0") + 11] = factors  # of the luminance, whose blocks are now too few
    told = outcome(bytes(content))
    assert told.startswith("the JPEG is damaged") or decode(bytes(content)).mended == ("sampling",)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("kind", "detail", "mode", "mended", "least"),
    [
        ("plain", "", "RGB", (), 33),
        ("png", "", "RGB", ("png",), 100),
        ("cmyk", "", "CMYK", ("cmyk",), 30),
        ("ycck", "", "YCCK", ("ycck",), 30),
        ("alpha", "", "RGBA", ("png", "alpha"), 100),
        ("palette", "", "P", ("png", "palette"), 25),
        ("exif-broken", "no-tiff", "RGB", ("exif-broken",), 33),
        ("exif-broken", "offset-outside", "RGB", ("exif-broken",), 33),
        ("exif-broken", "cut-directory", "RGB", ("exif-broken",), 33),
    ],
)
def test_each_quirk_gives_the_picture_and_its_words(
    kind: str, detail: str, mode: str, mended: tuple[str, ...], least: float
) -> None:
    decoded = decode(encode(photograph(), kind, detail))
    assert (decoded.mode, decoded.mended) == (mode, mended)
    with np.errstate(divide="ignore"):
        assert psnr(decoded.pixels, photograph()) > least


@pytest.mark.usefixtures("engine")
def test_grey_jpeg_has_three_equal_channels_of_luminance() -> None:
    decoded = decode(encode(photograph(), "grey", ""))
    assert (decoded.mode, decoded.mended) == ("L", ("grey",))
    assert np.ptp(decoded.pixels, axis=2).max() == 0
    luminance = photograph() @ np.array([0.299, 0.587, 0.114])
    assert psnr(decoded.pixels[..., 0], luminance) > 35


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
    return decoding.PNG_SIGNATURE + b"".join(framed)


LEVELS = np.array([[0, 255, 256, 257], [0x1234, 0x7FFF, 0x8000, 0xFFFF]], dtype=np.uint16)
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


@pytest.mark.parametrize(
    ("colour", "channels", "mended"),
    [(GREY, 1, "grey"), (RGB, 3, ""), (GREY_ALPHA, 2, "grey alpha"), (RGBA, 4, "alpha")],
)
@pytest.mark.parametrize("depth", [8, 16])
def test_png_of_8_and_16_bits_scaled_and_not_clipped(depth: int, colour: int, channels: int, mended: str) -> None:
    values = np.dstack([np.roll(LEVELS, shift) for shift in range(channels)])
    decoded = decode(png(depth, colour, values if depth == 16 else values >> 8))
    expected = values[..., :3] if channels > 2 else np.repeat(values[..., :1], 3, axis=2)
    assert set(decoded.mended) == {"png", *mended.split(), *(["16-bit"] if depth == 16 else [])}
    np.testing.assert_array_equal(decoded.pixels, expected >> 8)
    assert decoded.pixels.max() == 255


def test_transparency_is_dropped_and_colours_stay() -> None:
    colours = bytes([10, 20, 30, 200, 100, 0])
    indices = np.array([[0, 1, 1]])
    decoded = decode(png(8, PALETTE, indices, (b"PLTE", colours), (b"tRNS", bytes([0, 128]))))
    assert decoded.pixels.tolist() == [[[10, 20, 30], [200, 100, 0], [200, 100, 0]]]
    assert decoded.mended == ("png", "palette", "alpha")
    decoded = decode(png(8, RGB, np.full((1, 1, 3), 7), (b"tRNS", struct.pack(">3H", 7, 7, 7))))
    assert decoded.pixels.tolist() == [[[7, 7, 7]]]
    assert decoded.mended == ("png", "alpha")


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(10))
def test_picture_is_turned_as_pillow_turns_it(form: str, order: str, orientation: int) -> None:
    magic = b"II*\0" if order == "<" else b"MM\0*"
    block = magic + struct.pack(f"{order}LHHHLHHL", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    content = saved(Image.fromarray(photograph()), form, exif=b"Exif\0\0" + block)
    decoded = decode(content)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    np.testing.assert_array_equal(decoded.pixels, np.asarray(expected))
    words = {"exif-orientation"} if 1 < orientation < 9 else set()
    assert set(decoded.mended) - {"png"} == words


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II*\0\x08\0\0\0\x01\0",
        b"II*\0" + struct.pack("<LHHHLL", 8, 1, 0x010F, 2, 99, 60),  # a text of 99 bytes beyond the end, no next
        b"II*\0" + struct.pack("<LHHHLLL", 8, 1, 0x010F, 2, 99, 60, 0),  # the same in a whole directory
        b"MM\0*" + struct.pack(">LHHHLHH", 8, 1, 0x0112, 3, 1, 1, 0),  # four bytes too short, as n04152593_17460
    ],
)
def test_broken_exif_costs_nothing(block: bytes) -> None:
    decoded = decode(jpeg(exif=b"Exif\0\0" + block))
    np.testing.assert_array_equal(decoded.pixels, by_pillow(jpeg()))
    assert decoded.mended == (("exif-broken",) if block else ())


def test_broken_exif_still_turns_the_picture() -> None:
    decoded = decode(jpeg(exif=b"Exif\0\0MM\0*" + struct.pack(">LHHHLHH", 8, 1, 0x0112, 3, 1, 3, 0)))
    np.testing.assert_array_equal(decoded.pixels, by_pillow(jpeg())[::-1, ::-1])
    assert decoded.mended == ("exif-orientation", "exif-broken")


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


@cache
def originals() -> tuple[bytes, ...]:
    quirks = [(kind, "") for kind in ("plain", "png", "cmyk", "ycck", "grey", "16-bit", "alpha", "palette")]
    made = [encode(photograph(), *quirk) for quirk in [*quirks, ("exif-orientation", "6"), ("exif-broken", "no-tiff")]]
    return (*made, jpeg(progressive=True), jpeg(restart_marker_blocks=3), jpeg(subsampling="4:4:4"))


def mutated(draw: random.Random) -> bytes:
    """Flip bits anywhere or in the header, cut, swap headers, overwrite or repeat a part."""
    content, other = bytearray(draw.choice(originals())), draw.choice(originals())
    start = draw.randrange(len(content))
    stop = min(len(content), start + draw.randrange(1, 200))
    match draw.choice(("bits", "header", "cut", "swap", "noise", "repeat", "remove")):
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
