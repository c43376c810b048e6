"""A picture as a file with one of the quirks that files of ILSVRC2012 have, or as a plain JPEG."""

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]

QUALITY = 90
"""Of the JPEG files, on Pillow's scale of 0 to 95."""

_ORIENTATION = 0x0112
_BROKEN_EXIF = {
    "no-tiff": b"Exif\0\0" + b"no header of a TIFF file",
    "offset-outside": b"Exif\0\0II*\0" + struct.pack("<I", 0xFFFFFF),
    "cut-directory": b"Exif\0\0II*\0" + struct.pack("<IHHHII", 8, 20, _ORIENTATION, 3, 1, 1),
}
_PAGE = b"<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n"


def encode(pixels: Pixels, kind: str, detail: str) -> bytes:
    """Write a picture in a given way, with the same bytes for the same versions of Pillow and its libraries.

    Args:
        pixels: shape (height, width, 3), uint8, RGB.
        kind: one of `KINDS`.
        detail: which of several ways, where a kind has them: an orientation from 2 to 8, a way to break an EXIF block,
            to cut a file or to spoil it.

    Returns:
        The file.
    """
    return KINDS[kind](pixels, detail)


def _jpeg(pixels: Pixels, _: str) -> bytes:
    return _saved(Image.fromarray(pixels), "JPEG", quality=QUALITY)


def _png(pixels: Pixels, _: str) -> bytes:
    return _saved(Image.fromarray(pixels), "PNG")


def _cmyk(pixels: Pixels, _: str) -> bytes:
    """Adobe's CMYK: the values are stored inverted, as Pillow does it."""
    return _saved(Image.fromarray(pixels).convert("CMYK"), "JPEG", quality=QUALITY)


def _ycck(pixels: Pixels, _: str) -> bytes:
    """Adobe's YCCK: of CMYK, the first three channels are stored as luminance and colour differences.

    Pillow writes no such file. The three channels are converted here as JFIF says, stored as if they were CMYK, and the
    marker of Adobe (APP14) is told so in its last byte, the transform: 0 for CMYK, 2 for YCCK.
    """
    cmyk = np.asarray(Image.fromarray(pixels).convert("CMYK"))
    colours = np.asarray(Image.fromarray(cmyk[..., :3]).convert("YCbCr"))
    stored = np.dstack([colours, 255 - cmyk[..., 3]])
    image = Image.frombytes("CMYK", (stored.shape[1], stored.shape[0]), (255 - stored).tobytes())
    content = bytearray(_saved(image, "JPEG", quality=QUALITY))
    content[content.index(b"\xff\xee\0\x0eAdobe") + 15] = 2
    return bytes(content)


def _grey(pixels: Pixels, _: str) -> bytes:
    return _saved(Image.fromarray(pixels).convert("L"), "JPEG", quality=QUALITY)


def _sixteen_bits(pixels: Pixels, _: str) -> bytes:
    grey = np.asarray(Image.fromarray(pixels).convert("L"), dtype=np.uint16)
    return _saved(Image.fromarray(grey * 257), "PNG")


def _alpha(pixels: Pixels, _: str) -> bytes:
    """Opaque at the left and transparent at the right."""
    opacity = np.broadcast_to(np.linspace(255, 0, pixels.shape[1]).astype(np.uint8), pixels.shape[:2])
    return _saved(Image.fromarray(np.dstack([pixels, opacity])), "PNG")


def _palette(pixels: Pixels, _: str) -> bytes:
    return _saved(Image.fromarray(pixels).quantize(64, method=Image.Quantize.MEDIANCUT), "PNG")


def _broken_exif(pixels: Pixels, detail: str) -> bytes:
    return _saved(Image.fromarray(pixels), "JPEG", quality=QUALITY, exif=_BROKEN_EXIF[detail])


def _orientation(pixels: Pixels, detail: str) -> bytes:
    """The pixels stay as they are; whoever heeds the tag turns them."""
    exif = Image.Exif()
    exif[_ORIENTATION] = int(detail)
    return _saved(Image.fromarray(pixels), "JPEG", quality=QUALITY, exif=exif.tobytes())


def _truncated(pixels: Pixels, detail: str) -> bytes:
    content = _jpeg(pixels, "")
    return content[: {"header": 200, "half": len(content) // 2, "tail": len(content) - 100}[detail]]


def _corrupt(pixels: Pixels, detail: str) -> bytes:
    content = _jpeg(pixels, "")
    spoilt = {
        "empty": b"",
        "page": _PAGE,
        "noise": content[:2] + bytes(byte ^ 0x5A for byte in content[2:5000]),
        "swapped-header": b"\x89PNG\r\n\x1a\n" + content[8:],
    }
    return spoilt[detail]


def _saved(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


KINDS: dict[str, Callable[[Pixels, str], bytes]] = {
    "plain": _jpeg,
    "png": _png,
    "cmyk": _cmyk,
    "ycck": _ycck,
    "grey": _grey,
    "16-bit": _sixteen_bits,
    "alpha": _alpha,
    "palette": _palette,
    "exif-broken": _broken_exif,
    "exif-orientation": _orientation,
    "truncated": _truncated,
    "corrupt": _corrupt,
}
"""Ways to write a picture, by name. All but the last two leave it whole."""
