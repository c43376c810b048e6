"""Reading images for training, against what the source's net consumes of them on this machine."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from comparisons import Comparison

from advdim.datasets.stored import ImageInfo
from advdim.models import convolutional
from advdim.models.loss import cross_entropy
from advdim.training import sources
from advdim.training.objectives import plain
from advdim.training.sources import FiniteSet
from advdim.training.trainer import Trainer

RATES = "work for each second that passes, in one process with one thread"
"""What the rates are, for the page."""
WIDTHS = (32, 64, 128, 256)
BATCH = 16
IMAGES = 512


def compare_all() -> Iterator[Comparison]:
    """Reading at every width."""
    return (compare_reading(width) for width in WIDTHS)


def compare_reading(width: int, rounds: int = 3) -> Comparison:
    """Batches in random order from a memory-mapped file, as for a set larger than memory, against training."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        images = np.random.default_rng(0).integers(0, 256, (IMAGES, width, width, 3), dtype=np.uint8)
        np.save(path, images)
        limit, sources.IN_MEMORY_BYTES = sources.IN_MEMORY_BYTES, 0
        source = FiniteSet(np.load(path, mmap_mode="r"), np.arange(IMAGES) % 12, BATCH, seed=0)
        sources.IN_MEMORY_BYTES = limit
        info = ImageInfo((width, width, 3), tuple(map(str, range(12))), (0.5,) * 3, (0.25,) * 3)
        net = convolutional.build(info, channels=64, layers=8, pool_after=(2, 4, 6), base_width=32, seed=0)
        trainer = Trainer(net, source, plain.prepare(net, cross_entropy), 1e-3)
        ours = _rates(_reader(source, 4 * IMAGES // BATCH), 4 * IMAGES, rounds)
        theirs = _rates(lambda: trainer.advance(0, 1), BATCH, rounds)
    remark = f"random batches of {BATCH} from disk, mapped; net of 64 channels"
    return Comparison(
        f"reading for training, width {width}", "what training consumes", "images/s", ours, theirs, remark
    )


def _reader(source: FiniteSet, steps: int) -> Callable[[], object]:
    feed = source.feed(0, steps)

    @tf.function
    def total() -> tf.Tensor:
        def add(number: tf.Tensor, so_far: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            inputs, _ = source.batch(feed[number])
            return number + 1, so_far + inputs[0, 0, 0, 0]

        return tf.while_loop(lambda number, _: number < steps, add, (tf.constant(0), tf.constant(0.0)))[1]

    return lambda: float(total())


def _rates(work: Callable[[], object], images: int, rounds: int) -> list[float]:
    work()
    rates = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        rates.append(images / (time.perf_counter() - start))
    return rates
