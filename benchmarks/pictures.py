"""Preparing photographs: decoding, cropping to 256 pixels, three smaller sizes. Ours, two peers, and decoding alone.

All of them have the same threads, and run in turn, so that a slow moment of the machine meets all.
"""

import io
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
import simplejpeg
import tensorflow as tf
from comparisons import ALTERNATIONS, Comparison
from PIL import Image

from advdim.datasets.imagenet.decoding import decode
from advdim.datasets.imagenet.resizing import downsize, shortest_edge_crop
from advdim.datasets.photographs import PHOTOGRAPHS, load

RATES = "work for each second that passes, in one process with a thread for each core"
"""What the rates are, for the page."""
WIDTHS = (256, 128, 64, 32)
QUALITY = 90
AT_ONCE = 16
"""Pictures that a thread takes at a time."""
BILINEAR = Image.Resampling.BILINEAR
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Preparing:
    """How fast a set of JPEG files was prepared, and how near the pixels are to Pillow's.

    Attributes:
        files: what the files are.
        threads: threads that each had.
        rates: images a second, one a round, by the name of what ran: "ours", "Pillow", "TensorFlow", "decoding".
        psnr: for "ours" and "TensorFlow", by width: mean and worst peak signal-to-noise ratio against Pillow, dB; not
            finite where every pixel is the same.
    """

    files: str
    threads: int
    rates: dict[str, list[float]]
    psnr: dict[str, dict[int, tuple[float, float]]]

    def ratio(self, name: str, over: str) -> float:
        """Median over the rounds of one rate over another of the same round."""
        return statistics.median(a / b for a, b in zip(self.rates[name], self.rates[over], strict=True))


def small_photographs(count: int = 2000, height: int = 375, width: int = 500, seed: int = 0) -> list[bytes]:
    """JPEG files of about the size of ImageNet's: crops of photographs, not enlarged by more than a fourth."""
    generator = np.random.default_rng(seed)
    photographs = [load(photograph) for photograph in PHOTOGRAPHS]
    return [_jpeg(_crop(photographs[i % len(photographs)], height, width, generator)) for i in range(count)]


def large_photographs(count: int = 24, height: int = 2448, width: int = 3264, seed: int = 0) -> list[bytes]:
    """JPEG files of 8 megapixels: mosaics of crops of photographs, which keeps their detail."""
    generator = np.random.default_rng(seed)
    photographs = [load(photograph) for photograph in PHOTOGRAPHS]
    files = []
    for _ in range(count):
        chosen = generator.integers(0, len(photographs), (8, 8))
        rows = [[_crop(photographs[i], height // 8, width // 8, generator) for i in row] for row in chosen]
        files.append(_jpeg(np.concatenate([np.concatenate(row, axis=1) for row in rows])))
    return files


def measure(files: Sequence[bytes], rounds: int = ALTERNATIONS, threads: int = 2) -> Preparing:
    """Let all of them prepare the files in turn, after a first time that is not counted.

    Args:
        files: JPEG files.
        rounds: how often each runs.
        threads: threads of each.
    """
    in_graph = tensorflow_pipeline(files, threads)
    with ThreadPoolExecutor(threads) as pool:
        ways: dict[str, Callable[[], Iterable[object]]] = {
            "ours": lambda: _in_threads(pool, ours, files),
            "Pillow": lambda: _in_threads(pool, plain_pillow, files),
            "TensorFlow": lambda: in_graph,
            "decoding": lambda: _in_threads(pool, decoding_alone, files),
        }
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for counted in range(-1, rounds):
            for name, way in ways.items():
                start = time.perf_counter()
                done = sum(1 for _ in way())
                if counted >= 0:
                    rates[name].append(done / (time.perf_counter() - start))
    sizes = sum(map(len, files)) / len(files)
    height, width = simplejpeg.decode_jpeg_header(files[0])[:2]
    what = f"{len(files)} JPEGs of {width} x {height}, {sizes / 1000:.0f} kB each"
    few = range(0, len(files), max(1, len(files) // 200))
    reference = [plain_pillow(files[i]) for i in few]
    tensors = [_arrays(images) for i, images in enumerate(in_graph) if i in few]
    psnr = {"ours": _psnr([ours(files[i]) for i in few], reference), "TensorFlow": _psnr(tensors, reference)}
    return Preparing(what, threads, rates, psnr)


def compare_all() -> Iterator[Comparison]:
    """Files of the usual size, and large ones."""
    for files in (small_photographs(), large_photographs()):
        yield from compare(files)


def compare(files: Sequence[bytes]) -> list[Comparison]:
    """Ours against each of the others."""
    measured = measure(files)
    own = measured.rates["ours"]
    near = {name: min(worst for _, worst in by_width.values()) for name, by_width in measured.psnr.items()}
    told = {
        name: "the same pixels" if np.isinf(worst) else f"worst PSNR {worst:.0f} dB" for name, worst in near.items()
    }
    limit = measured.ratio("ours", "decoding")
    sizes = f"{measured.files}; to 256, 128, 64 and 32 pixels, {measured.threads} threads"
    peers = {
        "Pillow": f"{sizes}; {told['ours']} as Pillow",
        "TensorFlow": f"as above; TensorFlow's pixels: {told['TensorFlow']} against Pillow",
        "decoding": f"as above; nothing but decoding, the limit: ours reaches {limit:.0%} of it",
    }
    return [
        Comparison("preparing photographs", peer, "images/s", own, measured.rates[peer], remark)
        for peer, remark in peers.items()
    ]


def ours(content: bytes) -> list[Pixels]:
    """Prepare a file as the project does."""
    crop = shortest_edge_crop(decode(content).pixels, WIDTHS[0])
    return [crop, *(downsize(crop, width) for width in WIDTHS[1:])]


def plain_pillow(content: bytes) -> list[Pixels]:
    """Prepare a file as everyone does with Pillow: decode, resize all of it, crop, resize the crop."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    edge = int(WIDTHS[0] * max(image.size) / min(image.size))
    image = image.resize((edge, WIDTHS[0]) if image.width > image.height else (WIDTHS[0], edge), BILINEAR)
    left, top = (round((size - WIDTHS[0]) / 2) for size in image.size)
    crop = image.crop((left, top, left + WIDTHS[0], top + WIDTHS[0]))
    return [np.asarray(crop), *(np.asarray(crop.resize((width, width), BILINEAR)) for width in WIDTHS[1:])]


def decoding_alone(content: bytes) -> Pixels:
    """Decode a file and leave it at that: the limit."""
    pixels: Pixels = simplejpeg.decode_jpeg(content)
    return pixels


def tensorflow_pipeline(files: Sequence[bytes], threads: int) -> tf.data.Dataset:
    """Prepare the files in a graph, as tf.data does it best: in threads of its own."""

    def prepare(content: tf.Tensor) -> tuple[tf.Tensor, ...]:
        image = tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE")
        sizes = tf.shape(image)[:2]
        new = WIDTHS[0] * sizes // tf.reduce_min(sizes)
        whole = _bytes(tf.image.resize(image, new, antialias=True))
        top, left = tf.unstack(tf.cast(tf.round((new - WIDTHS[0]) / 2), tf.int32))
        crop = tf.image.crop_to_bounding_box(whole, top, left, WIDTHS[0], WIDTHS[0])
        smaller = (_bytes(tf.image.resize(crop, (width, width), antialias=True)) for width in WIDTHS[1:])
        return (crop, *smaller)

    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    options.threading.max_intra_op_parallelism = 1
    dataset = tf.data.Dataset.from_tensor_slices(list(files))
    return dataset.map(prepare, num_parallel_calls=threads).with_options(options)


def _bytes(image: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.round(image), tf.uint8)


def _arrays(images: Iterable[tf.Tensor]) -> list[Pixels]:
    return [image.numpy() for image in images]


def _in_threads(pool: ThreadPoolExecutor, work: Callable[[bytes], object], files: Sequence[bytes]) -> Iterable[object]:
    def some(start: int) -> list[bool]:
        return [work(content) is not None for content in files[start : start + AT_ONCE]]

    return chain.from_iterable(pool.map(some, range(0, len(files), AT_ONCE)))


def _crop(photograph: Pixels, height: int, width: int, generator: np.random.Generator) -> Pixels:
    """Draw a crop with the photograph's own pixels; where it does not hold the crop, the largest one, enlarged."""
    factor = min(1, photograph.shape[0] / height, photograph.shape[1] / width)
    rows, columns = int(height * factor), int(width * factor)
    top, left = generator.integers(0, [photograph.shape[0] - rows + 1, photograph.shape[1] - columns + 1])
    crop = Image.fromarray(photograph[top : top + rows, left : left + columns])
    return np.asarray(crop.resize((width, height), Image.Resampling.BICUBIC))


def _jpeg(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _psnr(images: Sequence[Sequence[Pixels]], reference: Sequence[Sequence[Pixels]]) -> dict[int, tuple[float, float]]:
    """Mean and worst by width, dB."""
    found = {}
    for at, width in enumerate(WIDTHS):
        pairs = zip(images, reference, strict=True)
        errors = np.array([np.square(one[at].astype(float) - other[at]).mean() for one, other in pairs])
        with np.errstate(divide="ignore"):
            ratios = 10 * np.log10(255**2 / errors)
        found[width] = (float(ratios.mean()), float(ratios.min()))
    return found
