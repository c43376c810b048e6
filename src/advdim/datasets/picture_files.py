"""The folder of pictures that the user brings: a folder for each class, named by the number of the class."""

import re
from pathlib import Path

from advdim.errors import AdvdimError

SUFFIXES = (".png", ".jpg", ".jpeg")
NAME = re.compile(r"(\d{1,6})(-.+)?")
"""``207`` or ``207-golden-retriever``: the number of the class as the net counts, and any name after a hyphen."""


def needs(folder: str | Path) -> str | None:
    """Say what is missing for a dataset of pictures. Files are looked for, not read.

    Args:
        folder: where the pictures are expected.

    Returns:
        None if there is a picture; otherwise a clause that goes on after "needs".
    """
    if Path(folder).is_dir() and files(folder):
        return None
    return f"pictures (PNG or JPEG) in {folder}, in a folder for each class that is named like 207-golden-retriever"


def files(folder: str | Path) -> tuple[Path, ...]:
    """List the pictures of a folder: by the number of their class, then by their name.

    Args:
        folder: the folder of the classes' folders; hidden files, and files that are no PNG or JPEG, are passed over.

    Raises:
        AdvdimError: as for `class_folders` and `pictures_in`.
    """
    folders = class_folders(folder)
    return tuple(path for label in sorted(folders) for path in pictures_in(folders[label]))


def class_folders(folder: str | Path) -> dict[int, Path]:
    """Find the folder of each class; an empty one only lends the class its name.

    Args:
        folder: the folder that holds them.

    Returns:
        Folders by the number of the class.

    Raises:
        AdvdimError: the folder cannot be read, or a folder in it has no number or that of another.
    """
    found: dict[int, Path] = {}
    for path in _listed(folder):
        if not path.is_dir():
            continue
        match = NAME.fullmatch(path.name)
        if match is None:
            raise AdvdimError(
                f"{path}: found a folder that does not begin with the number of a class; expected a name such as "
                "207-golden-retriever; rename it"
            )
        twin = found.setdefault(int(match[1]), path)
        if twin != path:
            raise AdvdimError(f"{path}: has the same number as {twin.name}; expected one folder a class; join them")
    return found


def pictures_in(folder: Path) -> list[Path]:
    """List the PNG and JPEG files of one class, by name.

    Raises:
        AdvdimError: there is a folder among them, whose pictures would be passed over.
    """
    paths = _listed(folder)
    inner = next((path for path in paths if path.is_dir()), None)
    if inner is not None:
        raise AdvdimError(f"{inner}: found a folder within that of a class; expected pictures; move them up or away")
    return [path for path in paths if path.suffix.lower() in SUFFIXES]


def _listed(folder: str | Path) -> list[Path]:
    try:
        return sorted(path for path in Path(folder).iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise AdvdimError(
            f"{folder}: cannot be read ({error.strerror}); expected a folder of pictures, a folder for each class; put "
            "it there or correct the path"
        ) from error
