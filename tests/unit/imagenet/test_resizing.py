"""Resizing: Pillow's pixels bit for bit, by either engine, and the geometry of the published code."""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from advdim.datasets.imagenet import resampling, resizing
from advdim.datasets.imagenet.resizing import downsize, resized, shortest_edge_crop
from advdim.datasets.photographs import PHOTOGRAPHS, load
from advdim.errors import AdvdimError

WIDTHS = (256, 128, 64, 32)
BILINEAR = Image.Resampling.BILINEAR


@cache
def photographs() -> dict[str, NDArray[np.uint8]]:
    return {entry.name: load(entry) for entry in PHOTOGRAPHS if entry.name in ("chelsea", "coffee", "rocket")}


@pytest.fixture(params=["compiled", "Pillow"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Once with the twin in C, once as on a machine without a compiler."""
    if request.param == "Pillow":
        monkeypatch.setattr(resizing, "compiled", lambda: None)
    elif not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    return str(request.param)


@pytest.fixture
def _forget() -> Iterator[None]:
    resampling.compiled.cache_clear()
    yield
    resampling.compiled.cache_clear()


def plain_pillow(pixels: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """What everyone writes: resize all of it, then crop."""
    image = Image.fromarray(pixels)
    short, long = sorted(image.size)
    edge = int(width * long / short)
    image = image.resize((edge, width) if image.width > image.height else (width, edge), BILINEAR)
    left, top = round((image.width - width) / 2), round((image.height - width) / 2)
    return np.asarray(image.crop((left, top, left + width, top + width)))


def antialiased(size: int, to: int) -> NDArray[np.float64]:
    """Weights of the triangular kernel, as wide as the factor, centred on each new pixel: (to, size)."""
    factor = max(size / to, 1)
    centres = (np.arange(to) + 0.5) * size / to
    weights = np.maximum(0, 1 - np.abs(np.arange(size) + 0.5 - centres[:, None]) / factor)
    return weights / weights.sum(axis=1, keepdims=True)


def psnr(one: NDArray[np.uint8], other: NDArray[np.float64]) -> float:
    return float(10 * np.log10(255**2 / np.square(one - other).mean()))


def test_a_machine_with_a_compiler_uses_it() -> None:
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    assert resampling.compiled() is not None


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("name", ["chelsea", "coffee", "rocket"])
@pytest.mark.parametrize("upright", [False, True])
def test_photographs_have_pillows_pixels_at_every_width(name: str, upright: bool) -> None:
    pixels = photographs()[name]
    pixels = pixels.transpose(1, 0, 2) if upright else pixels
    crop = shortest_edge_crop(pixels, 256)
    np.testing.assert_array_equal(crop, plain_pillow(np.ascontiguousarray(pixels), 256))
    for width in WIDTHS:
        expected = np.asarray(Image.fromarray(crop).resize((width, width), BILINEAR))
        np.testing.assert_array_equal(downsize(crop, width), expected)


@pytest.mark.usefixtures("engine")
def test_any_shape_has_pillows_pixels() -> None:
    generator = np.random.default_rng(0)
    for _ in range(150):
        height, width = np.exp(generator.uniform(0, np.log(300), 2)).astype(int).tolist()
        pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        side = int(generator.choice([1, 2, 7, 32, 51]))
        if max(height, width) <= resizing.LONGEST * min(height, width):
            np.testing.assert_array_equal(shortest_edge_crop(pixels, side), plain_pillow(pixels, side))


@pytest.mark.usefixtures("engine")
def test_weights_are_the_triangle_that_is_as_wide_as_the_factor() -> None:
    pixels = photographs()["coffee"]  # 400 x 600
    across = antialiased(600, 384)[64:320]
    exact = np.einsum("ih,hwc,jw->ijc", antialiased(400, 256), pixels.astype(float), across, optimize=True)
    crop = shortest_edge_crop(pixels, 256)
    assert psnr(crop, exact) > 55  # two roundings to 8 bits
    for width in WIDTHS[1:]:
        weights = antialiased(256, width)
        small = np.einsum("ih,hwc,jw->ijc", weights, crop.astype(float), weights, optimize=True)
        assert psnr(downsize(crop, width), small) > 55


@pytest.mark.usefixtures("engine")
def test_even_colours_stay_and_ramps_stay_straight() -> None:
    for value in (0, 1, 128, 255):
        even = np.full((77, 93, 3), value, np.uint8)
        assert set(shortest_edge_crop(even, 32).flat) == set(shortest_edge_crop(even, 100).flat) == {value}
    ramp = np.broadcast_to(np.arange(0, 256, dtype=np.uint8)[None, :, None], (256, 256, 3))
    inner = downsize(ramp, 64)[:, 1:-1].astype(float)
    np.testing.assert_allclose(inner - (np.arange(1, 63)[:, None] * 4 + 1.5), 0, atol=0.51)


def test_geometry_is_that_of_torchvision() -> None:
    assert resized(375, 500, 256) == (256, 341)  # 341.33, rounded down
    assert resized(500, 375, 256) == (341, 256)
    assert resized(300, 300, 256) == (256, 256)
    assert resized(10, 25, 256) == (256, 640)
    columns = np.zeros((256, 341, 3), np.uint8)
    columns[:, 42] = 255  # the square begins at 42.5, rounded to even
    assert np.flatnonzero(shortest_edge_crop(columns, 256)[0, :, 0]).tolist() == [0]


@pytest.mark.usefixtures("engine")
def test_tiny_pictures_are_enlarged_and_long_ones_lose_their_ends() -> None:
    assert set(shortest_edge_crop(np.full((1, 1, 3), 9, np.uint8), 256).flat) == {9}
    line = np.zeros((1, 60_001, 3), np.uint8)
    line[0, 30_000] = 200
    crop = shortest_edge_crop(line, 32)  # the whole of it would be 32 x 1,920,032
    assert crop.shape == (32, 32, 3)
    assert crop[:, 8:24].min() > 100
    assert shortest_edge_crop(line.transpose(1, 0, 2), 32)[8:24].min() > 100


@pytest.mark.parametrize("kernel", ["box", "bicubic", "lanczos"])
def test_other_kernels_are_pillows(kernel: resampling.Kernel) -> None:
    square = photographs()["coffee"][:256, :256]
    expected = Image.fromarray(square).resize((64, 64), Image.Resampling[kernel.upper()])
    np.testing.assert_array_equal(downsize(square, 64, kernel), np.asarray(expected))


@pytest.mark.usefixtures("_forget")
def test_without_a_compiler_pillow_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert resampling.compiled() is None
    assert resizing.shortest_edge_crop(photographs()["coffee"], 32).shape == (32, 32, 3)


@pytest.mark.usefixtures("_forget")
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("int resample(", "int resample(("),  # not C
        ("HALF = 1 << (BITS - 1)", "HALF = 0"),  # rounds down
        ("1 - x : 0", "1 : 0"),  # another kernel
    ],
)
def test_a_twin_that_differs_is_not_used(monkeypatch: pytest.MonkeyPatch, right: str, wrong: str) -> None:
    assert right in resampling.SOURCE
    monkeypatch.setattr(resampling, "SOURCE", resampling.SOURCE.replace(right, wrong))
    assert resampling.compiled() is None


def test_compiler_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resampling.tempfile, "tempdir", str(tmp_path))
    resampling._compile()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
    ids=["grey", "alpha", "float", "empty"],
)
def test_what_is_no_rgb_picture_is_refused(pixels: NDArray[np.uint8]) -> None:
    for work in (shortest_edge_crop, downsize):
        with pytest.raises(AdvdimError, match=r"expected \(height, width, 3\) of uint8"):
            work(pixels, 2)


def test_downsizing_wants_a_square_and_a_smaller_width() -> None:
    for shape, width in (((4, 5, 3), 2), ((4, 4, 3), 5), ((4, 4, 3), 0)):
        with pytest.raises(AdvdimError, match="crop it first or ask for a smaller width"):
            downsize(np.zeros(shape, np.uint8), width)
