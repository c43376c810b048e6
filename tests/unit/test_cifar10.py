"""CIFAR-10: each form of the binary version is read, the pickled one never, and classes are chosen by name.

What is known of the real set is checked where its files lie at the root of the checkout.
"""

import contextlib
import hashlib
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_mnist import Member, regular, special, write_tarball

from advdim.config.datasets import Cifar10
from advdim.datasets import cifar10, cifar10_files
from advdim.datasets.images import ImageSplits
from advdim.datasets.source_files import SourceFile
from advdim.errors import AdvdimError

ROOT = Path(__file__).parents[2]
NAMES = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
LABELS = {"data_batch_1.bin": (3, 9), "data_batch_2.bin": (0, 3), "test_batch.bin": (9, 3, 5)}
"""The classes of a few images: cat 3, truck 9, airplane 0 and dog 5."""


def image(seed: int) -> np.ndarray:
    """Noise of shape (height, width, channels)."""
    return np.random.default_rng(seed).integers(0, 256, (32, 32, 3), np.uint8)


def record(label: int, pixels: np.ndarray) -> bytes:
    """Write a record from the description on the data's page: label, red plane, green plane, blue plane, row by row."""
    red, green, blue = (bytes(pixels[row, column, c] for row in range(32) for column in range(32)) for c in range(3))
    return bytes([label]) + red + green + blue


CONTENTS = {
    name: b"".join(
        record(label, image(10 * number + turn)) for turn, label in enumerate(LABELS.get(name, (number % 10,)))
    )
    for number, name in enumerate(NAMES)
}
FILES = [SourceFile(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in CONTENTS.items()]
PACKED = [regular(f"cifar-10-batches-bin/{name}", content) for name, content in CONTENTS.items()]


def write_loose(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)


def write_packed(folder: Path, members: list[Member] = PACKED) -> Path:
    return write_tarball(folder, members).rename(folder / "cifar-10-binary.tar.gz")


def write_both(folder: Path) -> None:
    write_packed(folder, PACKED[1:])
    (folder / "data_batch_1.bin").write_bytes(CONTENTS["data_batch_1.bin"])


def complaint(folder: Path) -> str:
    with pytest.raises(AdvdimError) as told:
        cifar10_files.read(folder, FILES)
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.mark.parametrize(
    "write", [write_loose, lambda folder: write_loose(folder / "cifar-10-batches-bin"), write_packed, write_both]
)
def test_every_form_of_the_binary_version_is_read(tmp_path: Path, write: Callable[[Path], object]) -> None:
    write(tmp_path)
    assert cifar10_files.needs(tmp_path) is None
    records = cifar10_files.read(tmp_path, FILES)
    assert {name: array.tobytes() for name, array in records.items()} == CONTENTS
    assert {array.shape[1] for array in records.values()} == {3073}


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    assert cifar10_files.needs(tmp_path) == (
        "cifar-10-binary.tar.gz (MD5 c32a1d4ab5d03f1284b67883e8d87530), as its author Alex Krizhevsky publishes it, or "
        f"the six *.bin files in it, in {tmp_path} (nothing is downloaded)"
    )
    write_loose(tmp_path)
    (tmp_path / "test_batch.bin").unlink()
    assert "or the test_batch.bin in it" in (cifar10_files.needs(tmp_path) or "")
    assert f"{tmp_path}: not all of CIFAR-10 is there; expected cifar-10-binary.tar.gz" in complaint(tmp_path)


@pytest.mark.parametrize("name", ["cifar-10-python.tar.gz", "cifar-10-batches-py", "data_batch_1"])
def test_the_pickled_version_is_never_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x80\x02c__builtin__\nexit\n")
    rest = f"(nothing is downloaded; {name}, which lies there, is the pickled version and is never read)"
    assert (cifar10_files.needs(tmp_path) or "").endswith(rest)
    assert rest in complaint(tmp_path)


def test_wrong_files_are_told(tmp_path: Path) -> None:
    write_loose(tmp_path)
    path = tmp_path / "data_batch_2.bin"
    for content, told in ((b"", "0 bytes"), (CONTENTS[path.name] + b"+", "more than 6146 bytes")):
        path.write_bytes(content)
        found = complaint(tmp_path)
        assert found.startswith(f"{path}: found {told}, expected CIFAR-10's data_batch_2.bin of 6146 bytes")
        assert found.endswith("; replace data_batch_2.bin")
    path.write_bytes(b"\1" + CONTENTS[path.name][1:])
    assert f"{path}: found the SHA-256 " in complaint(tmp_path)


def test_a_damaged_tarball_is_told(tmp_path: Path) -> None:
    outside = special("cifar-10-batches-bin/test_batch.bin", tarfile.SYMTYPE, "/etc/hostname")
    path = write_packed(tmp_path, [*PACKED[:-1], outside])
    assert f"{path}: found no file cifar-10-batches-bin/test_batch.bin, expected one, as in" in complaint(tmp_path)
    path.write_bytes(path.read_bytes()[:500])
    assert f"{path}: cannot be read (" in complaint(tmp_path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (CONTENTS["test_batch.bin"][:-1], "found 9218 bytes, expected records of 3073 bytes with labels up to 9"),
        (record(10, image(0)), "found labels up to 10, expected records of 3073 bytes with labels up to 9"),
    ],
)
def test_what_is_no_record_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    """CIFAR-100's files, for example, are of the same kind and have two labels an image."""
    (tmp_path / "test_batch.bin").write_bytes(content)
    file = SourceFile("test_batch.bin", len(content), hashlib.sha256(content).hexdigest())
    with pytest.raises(AdvdimError, match=re.escape(f"test_batch.bin: {told}")):
        cifar10_files.read(tmp_path, [file])


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny files in the place of the real ones."""
    records = {name: np.frombuffer(content, np.uint8).reshape(-1, 3073) for name, content in CONTENTS.items()}
    monkeypatch.setattr(cifar10_files, "read", lambda: records)


@pytest.mark.usefixtures("tiny")
def test_chosen_classes_keep_the_order_of_the_files_and_are_relabelled_in_theirs() -> None:
    splits = cifar10.build(classes=("truck", "cat"), seed=0)
    assert splits.class_names == ("truck", "cat")
    assert splits.train_labels.tolist() == [1, 0, 1, 1]
    assert (splits.train_images == np.stack([image(0), image(1), image(11), image(30)])).all()
    assert (splits.test_images == np.stack([image(50), image(51)])).all()
    assert splits.test_labels.tolist() == [0, 1]
    table = splits.manifest
    assert list(table.columns) == ["split", "index", "label", "class", "row"]
    assert table["row"].tolist() == [0, 1, 3, 5, 0, 1]
    assert table["class"].tolist() == ["cat", "truck", "cat", "cat", "truck", "cat"]


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("classes", "told"),
    [
        (
            ("cat", "cat"),
            "cifar10: classes are cat, cat with [3, 0] images for train, expected some of each of at least",
        ),
        (("cat", "lion"), "cifar10: classes are cat, lion with [3, 0] images for train"),
        (
            ("cat",),
            "at least two different classes of airplane, automobile, bird, cat, deer, dog, frog, horse, ship, tru",
        ),
    ],
)
def test_bad_classes_are_told(classes: tuple[str, ...], told: str) -> None:
    with pytest.raises(AdvdimError, match=re.escape(told)):
        cifar10.build(classes=classes, seed=0)


def test_the_settings_name_the_classes_of_the_files() -> None:
    assert Cifar10(kind="cifar10").class_names == cifar10_files.CLASSES


LACK = cifar10_files.needs(ROOT / cifar10_files.FOLDER)


@pytest.fixture(scope="module")
def real() -> ImageSplits:
    if LACK:
        pytest.skip(f"needs {LACK}")
    with contextlib.chdir(ROOT):
        return cifar10.build(classes=None, seed=0)


def test_cifar10_has_its_published_counts(real: ImageSplits) -> None:
    assert real.train_images.shape == (50_000, 32, 32, 3)
    assert np.bincount(real.train_labels).tolist() == [5_000] * 10
    assert np.bincount(real.test_labels).tolist() == [1_000] * 10
    assert real.manifest["row"].tolist() == [*range(50_000), *range(10_000)]


def test_cifar10_has_its_well_known_pixels(real: ImageSplits) -> None:
    """The first image is a frog with the corner (59, 62, 63); everybody knows the channels' means and deviations."""
    assert (real.class_names[real.train_labels[0]], real.class_names[real.test_labels[0]]) == ("frog", "cat")
    assert real.train_images[0, 0, 0].tolist() == [59, 62, 63]
    values = np.arange(256) / 255
    for channel, mean, deviation in ((0, 0.4914, 0.2470), (1, 0.4822, 0.2435), (2, 0.4465, 0.2616)):
        shares = np.bincount(real.train_images[..., channel].ravel(), minlength=256) / (50_000 * 1024)
        assert shares @ values == pytest.approx(mean, abs=5e-5)
        assert np.sqrt(shares @ (values - shares @ values) ** 2) == pytest.approx(deviation, abs=1e-4)
