"""MNIST as a dataset: choice of classes, order, and what is known of it.

What is known is checked where MNIST's files lie at the root of the checkout; `advdim fetch mnist` puts them there.
"""

import contextlib
import gzip
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_mnist import IMAGES, LABELS, idx

from advdim.datasets import mnist, mnist_files
from advdim.datasets.images import ImageSplits
from advdim.errors import AdvdimError

ROOT = Path(__file__).parents[2]


def chosen(*classes: int) -> ImageSplits:
    splits = {"train": (IMAGES, LABELS), "test": (255 - IMAGES[:3], LABELS[:3])}
    return mnist.in_order_of_files(splits, classes=classes)


def test_chosen_classes_keep_the_order_of_the_file_and_are_relabelled_in_theirs() -> None:
    splits = chosen(3, 2)
    assert splits.class_names == ("3", "2")
    assert splits.train_images.shape == (4, 28, 28, 1)
    assert (splits.train_images[..., 0] == IMAGES[[0, 1, 2, 4]]).all()
    assert (splits.test_images[..., 0] == 255 - IMAGES[:3]).all()
    assert splits.train_labels.tolist() == [0, 1, 0, 1]
    assert splits.test_labels.dtype == np.int64
    table = splits.manifest
    assert list(table.columns) == ["split", "index", "label", "class", "row"]
    assert table["split"].tolist() == ["train"] * 4 + ["test"] * 3
    assert table["index"].tolist() == [0, 1, 2, 3, 0, 1, 2]
    assert table["label"].tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert table["class"].tolist() == ["3", "2", "3", "2", "3", "2", "3"]
    assert table["row"].tolist() == [0, 1, 2, 4, 0, 1, 2]


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        ((2, 2), "classes are 2, 2 with [2, 0] images for train, expected some of each"),
        ((2, 10), "classes are 2, 10 with [2, 0] images for train"),
        ((2, -1), "classes are 2, -1 with [2, 0] images for train"),
        ((2, 258), "classes are 2, 258 with [2, 0] images for train"),
        ((2, 7), "classes are 2, 7 with [1, 0] images for test"),
        ((2,), "classes are 2 with [2] images for train, expected some of each of at least two"),
    ],
)
def test_bad_classes_are_told(classes: tuple[int, ...], told: str) -> None:
    with pytest.raises(AdvdimError, match=re.escape(told)):
        chosen(*classes)


def test_building_without_the_files_is_told(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path), pytest.raises(AdvdimError, match="data/sources/mnist: not all of MNIST is there"):
        mnist.build(classes=(2, 3), seed=0)


LACK = mnist_files.needs(ROOT / mnist_files.FOLDER)


@pytest.fixture(scope="module")
def real() -> ImageSplits:
    if LACK:
        pytest.skip(f"needs {LACK}")
    with contextlib.chdir(ROOT):
        return mnist.build(classes=tuple(range(10)), seed=0)


def test_mnist_has_its_published_counts(real: ImageSplits) -> None:
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(real.train_labels).tolist() == train
    assert np.bincount(real.test_labels).tolist() == test
    assert real.manifest["row"].tolist() == [*range(60_000), *range(10_000)]


def test_mnist_has_its_well_known_pixels(real: ImageSplits) -> None:
    """The first labels, and the mean and deviation by which everybody normalises the images."""
    assert real.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert real.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    values = np.arange(256) / 255
    shares = np.bincount(real.train_images.ravel(), minlength=256) / real.train_images.size
    mean = shares @ values
    assert mean == pytest.approx(0.1307, abs=5e-5)
    assert np.sqrt(shares @ (values - mean) ** 2) == pytest.approx(0.3081, abs=5e-5)


def test_mnist_is_the_same_in_every_form(real: ImageSplits, tmp_path: Path) -> None:
    """A gzipped file that Python wrote beside a tarball gives the arrays of the tarball alone."""
    arrays = mnist_files.read(ROOT / mnist_files.FOLDER, [mnist_files.TEST_IMAGES])
    for path in (ROOT / mnist_files.FOLDER).iterdir():
        shutil.copy(path, tmp_path)
    packed = gzip.compress(idx(arrays["t10k-images-idx3-ubyte"]), 1)
    (tmp_path / "t10k-images.idx3-ubyte.gz").write_bytes(packed)
    again = mnist_files.read(tmp_path)
    assert (again["t10k-images-idx3-ubyte"] == real.test_images[..., 0]).all()
