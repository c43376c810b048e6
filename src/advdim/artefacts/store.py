"""The store: an artefact is a folder under its recipe's key, put in place in one move.

Beside its files lie ``recipe.json`` (the recipe, and size and SHA-256 of each file) and ``key`` (the token that the
workflow looks at). A job fills a folder in ``data/.staging`` and moves it; a kernel lock per key, which a killed
process loses by itself, keeps two jobs from making the same artefact at once.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock

from advdim.artefacts.keys import key_of, parse_json
from advdim.errors import AdvdimError

RECIPE = "recipe.json"
TOKEN = "key"  # noqa: S105 (no secret)
LOCK = ".lock"
"""Ending of the file whose lock a job holds, behind the key of what it makes."""


def digest_file(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_complete(folder: Path, key: str) -> bool:
    """Whether an artefact lies in a folder under this key; its files are not read.

    Raises:
        AdvdimError: a recipe lies there that cannot be read or has another key.
    """
    recipe = folder / RECIPE
    if not recipe.is_file():
        return False
    found = read_recipe(folder)["key"]
    if found != key:
        raise AdvdimError(f"{recipe}: has the key {found}; expected {key}; delete the folder {folder} and run again")
    return True


def read_recipe(folder: Path) -> dict[str, Any]:
    """Read the recipe of an artefact.

    Raises:
        AdvdimError: it is missing or corrupt.
    """
    path = folder / RECIPE
    try:
        document = parse_json(path.read_text(encoding="utf-8"))
        document["key"], document["recipe"]
        for written in document["files"].values():
            written["bytes"], written["sha256"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AdvdimError(
            f"{path}: is no readable recipe ({error}); delete the folder {folder} and run again"
        ) from error
    return dict(document)


def verify(folder: Path) -> None:
    """Compare every file of an artefact with the sizes and digests that its recipe names.

    Raises:
        AdvdimError: a file is missing, or its content is not what was written.
    """
    document = read_recipe(folder)
    if key_of(document["recipe"]) != document["key"]:
        raise AdvdimError(
            f"{folder / RECIPE}: its recipe has the key {key_of(document['recipe'])}, expected {document['key']}; "
            f"delete the folder {folder} and run again"
        )
    for name, written in document["files"].items():
        path = folder / name
        if not path.is_file():
            found = "no file"
        elif path.stat().st_size != written["bytes"]:
            found = f"{path.stat().st_size} bytes"
        elif digest_file(path) != written["sha256"]:
            found = "another content"
        else:
            continue
        raise AdvdimError(
            f"{path}: found {found}, expected the {written['bytes']} bytes that were written; "
            f"delete the folder {folder} and run again"
        )


def unlisted(folder: Path) -> list[Path]:
    """Files that lie in the folder of an artefact though its recipe does not name them: nothing here wrote them."""
    listed = {folder / name for name in (*read_recipe(folder)["files"], RECIPE, TOKEN)}
    return sorted(path for path in folder.rglob("*") if path.is_file() and path not in listed)


def write_token(folder: Path, key: str) -> None:
    """Leave the file that tells the workflow that the artefact is there."""
    try:
        (folder / TOKEN).write_text(key + "\n", encoding="utf-8")
    except OSError as error:
        raise _unwritable(error, folder / TOKEN) from error


@contextlib.contextmanager
def exclusively(data: Path, key: str) -> Iterator[None]:
    """Hold the lock of a key; wait while another living process holds it."""
    locks = data / ".locks"
    make_folder(locks)
    lock = FileLock(locks / f"{key}{LOCK}")
    try:
        lock.acquire()
    except OSError as error:
        raise _unwritable(error, locks) from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def staged(data: Path, final: Path, key: str, recipe: dict[str, Any]) -> Iterator[Path]:
    """Offer an empty folder; when the block ends well, complete it and move it to its final place.

    Args:
        data: the data folder, on the same file system as ``final``.
        final: where the artefact goes.
        key: its key.
        recipe: its canonical document.

    Yields:
        The folder to fill.

    Raises:
        AdvdimError: a folder cannot be made, or the disk is full; nothing is left under the final name.
    """
    staging = data / ".staging" / key
    shutil.rmtree(staging, ignore_errors=True)
    make_folder(staging)
    try:
        yield staging
        _seal(staging, key, recipe)
        _move(staging, final)
    except OSError as error:
        raise _unwritable(error, final) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _seal(folder: Path, key: str, recipe: dict[str, Any]) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listing = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": digest_file(path)}
        for path in files
    }
    document = {"key": key, "recipe": recipe, "files": listing}
    (folder / RECIPE).write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    write_token(folder, key)
    for path in [*files, folder / RECIPE, folder / TOKEN, folder]:
        sync(path)


def _move(staging: Path, final: Path) -> None:
    make_folder(final.parent)
    if final.exists():
        shutil.rmtree(final)  # without a recipe it is no artefact: a leftover, or the folder made for the token
    staging.replace(final)
    sync(final.parent)


def sync(path: Path) -> None:
    """Have the system write a file or folder to the disk now."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder, and say it in one sentence where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(error, folder) from error


def _unwritable(error: OSError, target: Path) -> AdvdimError:
    return AdvdimError(
        f"{target}: cannot be written ({error.strerror or error}); expected a writable folder with room left; "
        "mend that and run again, nothing half-written was kept"
    )
