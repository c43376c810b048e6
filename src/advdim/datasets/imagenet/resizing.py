"""Square pictures of one width, as the published code makes them: shortest edge, centre crop, then smaller sizes.

The shortest edge becomes ``width``, the longer one ``int(width * longer / shorter)``, with antialiasing: the kernel is
as wide as the factor when a picture is made smaller, and interpolates when it is enlarged. The square begins at
``int(round((edge - width) / 2))``, halves rounded to even. Both are the rules of torchvision's ``Resize`` and
``CenterCrop`` on a Pillow image. Only the square is computed.

A picture whose longer edge is more than `LONGEST` times the shorter one loses its ends first: nothing of them can be
seen in the square, and the whole of it resized would fill the memory.
"""

import numpy as np

from advdim.datasets.imagenet.resampling import Kernel, Pixels, Square, by_pillow, compiled
from advdim.errors import AdvdimError

LONGEST = 100
"""Ratio of the edges beyond which the ends are cut off before resizing."""


def shortest_edge_crop(pixels: Pixels, width: int, kernel: Kernel = "bilinear") -> Pixels:
    """Resize a picture so that its shortest edge has one width, and keep the central square.

    Args:
        pixels: shape (height, width, 3), uint8, RGB, at least one pixel.
        width: side of the square, pixels, at least 1; a smaller picture is enlarged.
        kernel: kernel of the resampling; the bilinear one is the published one, and the only one that is fast.

    Returns:
        Shape (width, width, 3), uint8.

    Raises:
        AdvdimError: the picture has no pixel, or not three channels of 8 bits.
    """
    _check(pixels)
    height, length = pixels.shape[:2]
    limit = LONGEST * min(height, length)
    top, left = max(0, height - limit) // 2, max(0, length - limit) // 2
    pixels = pixels[top : height - top, left : length - left]
    new_height, new_width = resized(pixels.shape[0], pixels.shape[1], width)
    square = Square(new_height, new_width, _middle(new_height, width), _middle(new_width, width), width)
    return _resample(pixels, square, kernel)


def downsize(pixels: Pixels, width: int, kernel: Kernel = "bilinear") -> Pixels:
    """Make a square picture smaller, with antialiasing.

    Args:
        pixels: shape (side, side, 3), uint8, RGB.
        width: side of the result, pixels, from 1 to ``side``.
        kernel: kernel of the resampling.

    Returns:
        Shape (width, width, 3), uint8.

    Raises:
        AdvdimError: the picture is not square or smaller than the result, or has not three channels of 8 bits.
    """
    _check(pixels)
    height, length = pixels.shape[:2]
    if height != length or not 1 <= width <= height:
        raise AdvdimError(
            f"cannot downsize a picture of {height} x {length} pixels to {width} x {width}; expected a square one and "
            "a width of at most its own; crop it first or ask for a smaller width"
        )
    return _resample(pixels, Square(width, width, 0, 0, width), kernel)


def resized(height: int, length: int, shortest: int) -> tuple[int, int]:
    """Height and width of a picture whose shortest edge becomes ``shortest``; the other one is rounded down."""
    short, long = sorted((height, length))
    other = int(shortest * long / short)
    return (other, shortest) if height > length else (shortest, other)


def _middle(edge: int, width: int) -> int:
    return round((edge - width) / 2)


def _resample(pixels: Pixels, square: Square, kernel: Kernel) -> Pixels:
    twin = compiled() if kernel == "bilinear" else None
    if twin is None:
        return by_pillow(pixels, square, kernel)
    return twin(np.ascontiguousarray(pixels), square)


def _check(pixels: Pixels) -> None:
    """The twin in C reads memory by this shape: it must be true."""
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
        raise AdvdimError(
            f"cannot resize an array of shape {pixels.shape} and type {pixels.dtype}; expected (height, width, 3) of "
            "uint8, with at least one pixel; convert it"
        )
