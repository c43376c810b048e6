"""Decoding whatever a file is: the right pixels from every quirk."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from made_up_pictures import (
    GREY,
    GREY_ALPHA,
    PALETTE,
    RGB,
    RGBA,
    by_pillow,
    jpeg,
    outcome,
    photograph,
    png,
    psnr,
    saved,
)
from PIL import Image, ImageOps

from advdim.datasets.imagenet.decoding import decode
from advdim.datasets.imagenet.quirky_pictures import encode

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


LEVELS = np.array([[0, 255, 256, 257], [0x1234, 0x7FFF, 0x8000, 0xFFFF]], dtype=np.uint16)


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
