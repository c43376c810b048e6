"""Pictures from the bytes of JPEG and PNG files, whatever their names are: always RGB with 8 bits, upright and whole.

- The first bytes decide what a file is, not its name.
- JPEG is decoded by libjpeg-turbo through simplejpeg, straight into an array. The pixels are those of Pillow, which has
  the same library with the same settings (accurate integer transform, smooth upsampling of the colours).
- Whatever libjpeg warns of counts as damage: a file that ends early or whose bits went astray does not pass as a
  picture with a grey or shifted part, as it would with libjpeg's usual leniency. Wrong bits that still mean something
  are seen by nobody: JPEG has no checksum.
- CMYK and YCCK are taken for inverted, as Adobe writes them, and become RGB by Pillow's ``convert``.
- Of PNG, the checksum of every chunk is compared, and only the chunks that make the pixels are read.
- One channel becomes three equal ones; of 16 bits the high byte is kept, so that 65535 is 255; the colours of a palette
  are looked up. Transparency is dropped, not laid on a background: the colours are those that the file stores, as with
  Pillow's ``convert("RGB")``.
- The picture is turned as its EXIF block says. A broken block costs nothing but itself: of what it says, the
  orientation is used if it can be read.

Where simplejpeg cannot be imported, and for subsampling of the colours that it does not know, Pillow decodes. The
pixels are the same; but Pillow does not tell what libjpeg warns of, so that damage may pass.
"""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

try:
    import simplejpeg
except ImportError:  # a platform without a wheel: Pillow does all of it
    simplejpeg = None

Pixels = npt.NDArray[np.uint8]

MAX_PIXELS = 100_000_000
"""Largest picture that is decoded, pixels: 300 MB of RGB."""
MAX_SCANS = 500
"""Most passes of a progressive JPEG. An honest one has about ten; each costs a walk over the whole picture."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
EXIF_PREFIX = b"Exif\0\0"
ORIENTATION = 0x0112
APP1, SCAN = 0xE1, 0xDA
ONE_SCAN = (0xC0, 0xC1)
"""Markers of the frames that are not progressive."""
EXIF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
"""Bytes of a value, by the number of its type in an EXIF block."""


@dataclass(frozen=True)
class Decoded:
    """A picture as a dataset needs it.

    Attributes:
        pixels: shape (height, width, 3), uint8, RGB, upright.
        mode: what the file holds, in Pillow's words (RGB, L, CMYK, RGBA, P, ...), and YCCK, which Pillow calls CMYK.
        mended: what was not an ordinary upright RGB JPEG, a word each: ``png``, ``cmyk``, ``ycck``, ``grey``,
            ``16-bit``, ``alpha``, ``palette``, ``sampling`` (colours subsampled as few files have them),
            ``exif-orientation``, ``exif-broken``.
    """

    pixels: Pixels
    mode: str
    mended: tuple[str, ...]


class Undecodable(Exception):  # noqa: N818 - it names the file's condition
    """The bytes are not a whole picture of a sane size.

    Attributes:
        reason: why, in words; the same for the same bytes.
    """

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def decode(content: bytes) -> Decoded:
    """Decode a JPEG or PNG file.

    Args:
        content: all bytes of the file.

    Returns:
        The picture, and what was mended.

    Raises:
        Undecodable: the file is neither a JPEG nor a PNG, damaged, truncated, or too large a picture.
        MemoryError: the machine has no room for a picture of a sane size; nothing else is raised.
    """
    if content.startswith(b"\xff\xd8"):
        pixels, mode, mended, exif = _decode_jpeg(content)
    elif content.startswith(PNG_SIGNATURE):
        pixels, mode, mended, exif = _decode_png(content)
    else:
        raise Undecodable(f"neither a JPEG nor a PNG file, it begins with {content[:4].hex(' ') or 'nothing'}")
    orientation, whole = _read_orientation(exif) if exif else (1, True)
    if 1 < orientation <= 8:
        pixels = _upright(pixels, orientation)
        mended.append("exif-orientation")
    if not whole:
        mended.append("exif-broken")
    return Decoded(pixels, mode, tuple(mended))


def _decode_jpeg(content: bytes) -> tuple[Pixels, str, list[str], bytes]:
    segments = _segments(content)
    blocks = [(start, end) for name, start, end in segments if name == APP1 and _is_exif(content, start)]
    exif = b"".join(content[start + 10 : end] for start, end in blocks)
    if not any(name in ONE_SCAN for name, _, _ in segments):
        scans = content.count(b"\xff\xda")
        if scans > MAX_SCANS:
            raise Undecodable(f"the JPEG has {scans} scans, more than {MAX_SCANS}")
    colours = _colours(content) if simplejpeg else None
    if colours in ("YCbCr", "RGB"):
        return _by_simplejpeg(content, "RGB"), "RGB", [], exif
    if colours == "Gray":
        return _by_simplejpeg(content, "RGB"), "L", ["grey"], exif
    if colours in ("CMYK", "YCCK"):
        _by_simplejpeg(content, "CMYK")  # only to hear of damage
    for start, end in reversed(blocks):  # Pillow trips over broken ones
        content = content[:start] + content[end:]
    pixels, mode = _by_pillow(content, JpegImageFile)
    words = {"L": ["grey"], "CMYK": ["cmyk"], "YCCK": ["ycck"]}.get(mode, [])
    return pixels, mode, [*words, "sampling"] if simplejpeg and not colours else words, exif


def _segments(content: bytes) -> list[tuple[int, int, int]]:
    """The parts of a JPEG before its first scan: marker, where it starts, where it ends."""
    segments, at = [], 2
    while content[at : at + 1] == b"\xff" and at + 4 <= len(content) and content[at + 1] != SCAN:
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        segments.append((content[at + 1], at, end))
        at = end
    return segments


def _is_exif(content: bytes, start: int) -> bool:
    return content[start + 4 : start + 10] == EXIF_PREFIX


def _colours(content: bytes) -> str | None:
    """The colours of a JPEG, in simplejpeg's words; None if it does not know their subsampling."""
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
    except MemoryError:
        raise
    except Exception as error:  # a ValueError for most subsampling, but a KeyError for 4:4:1
        if not isinstance(error, ValueError) or "subsampling" in str(error):
            return None
        raise Undecodable(f"the JPEG is damaged: {error}") from error
    _check_size(height, width)
    return str(colours)


def _by_simplejpeg(content: bytes, colours: str) -> Pixels:
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(content, colours, fastdct=False, fastupsample=False, strict=True)
    except MemoryError:
        raise
    except Exception as error:
        raise Undecodable(f"the JPEG is damaged: {error}") from error
    return pixels


def _decode_png(content: bytes) -> tuple[Pixels, str, list[str], bytes]:
    exif, parts = b"", [PNG_SIGNATURE]
    for name, chunk in _png_chunks(content):
        if name in PNG_CHUNKS:
            parts.append(chunk)
        elif name == b"eXIf":
            exif = chunk[8:-4].removeprefix(EXIF_PREFIX)
    pixels, mode = _by_pillow(b"".join(parts), PngImageFile)
    depth = content[24]
    words = {
        "grey": mode in ("1", "L", "LA", "I", "I;16") or (depth, content[25]) == (16, 4),
        "16-bit": depth == 16,
        "palette": mode == "P",
        "alpha": mode in ("LA", "RGBA") or any(part[4:8] == b"tRNS" for part in parts[1:]),
    }
    return pixels, mode, ["png", *(word for word, true in words.items() if true)], exif


def _png_chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """Names of the chunks and their bytes, up to the end of the picture; their checksums are right."""
    at, chunks = len(PNG_SIGNATURE), [(b"", b"")]
    while chunks[-1][0] != b"IEND":
        head = content[at : at + 8]
        end = at + 12 + int.from_bytes(head[:4], "big")
        if len(head) < 8 or end > len(content):
            raise Undecodable("the PNG is truncated")
        if zlib.crc32(content[at + 4 : end - 4]) != int.from_bytes(content[end - 4 : end], "big"):
            raise Undecodable(f"the PNG is damaged: wrong checksum of the chunk {head[4:]!r}")
        chunks.append((head[4:], content[at:end]))
        at = end
    return chunks[1:]


def _by_pillow(content: bytes, reader: type[ImageFile]) -> tuple[Pixels, str]:
    """Decode by one of Pillow's readers, into RGB and the mode of the file."""
    try:
        image = reader(io.BytesIO(content))
        _check_size(image.height, image.width)
        image.load()
    except (Undecodable, MemoryError):
        raise
    except Exception as error:  # damaged files make Pillow raise nearly everything
        raise Undecodable(f"the {reader.format} is damaged: {str(error) or type(error).__name__}") from error
    image.info.pop("transparency", None)  # otherwise it warns that it drops it
    mode = "YCCK" if image.mode == "CMYK" and image.info.get("adobe_transform") == 2 else image.mode
    if image.mode in ("I", "I;16"):
        return np.repeat((np.asarray(image) >> 8).astype(np.uint8)[:, :, None], 3, axis=2), mode
    return np.array(image.convert("RGB"), dtype=np.uint8), mode


def _check_size(height: int, width: int) -> None:
    if not 1 <= height * width <= MAX_PIXELS:
        raise Undecodable(f"the picture has {height} x {width} pixels; expected 1 to {MAX_PIXELS:,} in all")


def _read_orientation(exif: bytes) -> tuple[int, bool]:
    """Read an EXIF block, which is a TIFF file of which only the first directory is looked at.

    Returns:
        The orientation, 1 where none is told; and whether the directory and all that it points to lie in the block.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1, False
    orientation, whole = 1, True
    try:
        (start,) = struct.unpack_from(f"{order}L", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, start)
        for at in range(start + 2, start + 2 + 12 * entries, 12):
            tag, kind, count, value = struct.unpack_from(f"{order}HHL4s", exif, at)
            size = EXIF_SIZES.get(kind, 0) * count
            whole = whole and (size <= 4 or struct.unpack(f"{order}L", value)[0] + size <= len(exif))
            if tag == ORIENTATION and kind in (3, 4):
                (orientation,) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'L'}", value)
        struct.unpack_from("4s", exif, start + 2 + 12 * entries)  # where the next directory is
    except struct.error:
        whole = False
    return orientation, whole


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn and mirror a picture by the number of the EXIF standard, 2 to 8."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(pixels[::rows, ::columns])
