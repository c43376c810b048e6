"""To which synset each validation image of ILSVRC2012 belongs: three forms in which that is handed on.

1. A synset a line, line i for image i, as in TensorFlow's ``imagenet_2012_validation_synset_labels.txt``.
2. Kaggle's ``LOC_val_solution.csv``: ``ILSVRC2012_val_00048981,n03995372 85 1 499 272`` after a line of headings.
3. ``ILSVRC2012_validation_ground_truth.txt`` of the development kit, a number from 1 to 1000 a line, together with
   ``map_clsloc.txt``, which says what the numbers mean: ``n02119789 1 kit_fox``.

The kit of 2012 has the meaning of its numbers in ``meta.mat`` alone, a MATLAB file, which is not read here. The kits of
2014 to 2017 have the same numbers in ``map_clsloc.txt``. They are *not* the order of the synsets' names, in which most
nets count: a list in that order, which would give nearly every image a wrong synset, is refused.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from advdim.errors import AdvdimError

SYNSETS = "ILSVRC2012_validation_synset_labels.txt"
"""The name under which the first form is written; it is read under TensorFlow's name too."""
_SYNSETS = (SYNSETS, "imagenet_2012_validation_synset_labels.txt")
_SOLUTION = "LOC_val_solution.csv"
_NUMBERS = "ILSVRC2012_validation_ground_truth.txt"
_MEANINGS = "map_clsloc.txt"
_MOST_BYTES = 20_000_000
_SYNSET = re.compile(r"n\d{8}", re.ASCII)
_SOLUTION_LINE = re.compile(r"ILSVRC2012_val_(\d{8}),(n\d{8}) [^,]*", re.ASCII)
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)
_MEANING_LINE = re.compile(r"(n\d{8})\s+(\d{1,4})(?:\s.*)?", re.ASCII)


def needs(folders: Sequence[Path]) -> str | None:
    """Say what is missing. Files are looked for, not read.

    Args:
        folders: where the files may lie.

    Returns:
        None if all is there; otherwise a clause that goes on after "needs".
    """
    if _find(folders, *_SYNSETS, _SOLUTION) or (_find(folders, _NUMBERS) and _find(folders, _MEANINGS)):
        return None
    if numbers := _find(folders, _NUMBERS):
        told = "; meta.mat beside it says that too, but is a MATLAB file" if _find(folders, "meta.mat") else ""
        return (
            f"{_MEANINGS} in {numbers.parent} to tell what the numbers in {_NUMBERS} mean (lines like 'n02119789 1 "
            f"kit_fox', from the development kits of 2014 to 2017{told}), or {SYNSETS} (a synset a line) instead"
        )
    return (
        f"the labels of the validation images in {folders[0]}: {SYNSETS} (a synset a line), "
        f"or {_SOLUTION}, or {_NUMBERS} with {_MEANINGS}"
    )


def read(folders: Sequence[Path]) -> tuple[Path, Mapping[int, str]]:
    """Read the synset of each validation image.

    Args:
        folders: where the files may lie; the first that has one counts.

    Returns:
        The file that was read, and synsets by the number of the image, from 1 on.

    Raises:
        AdvdimError: a file is missing, or a line of it is not of the expected form.
    """
    if path := _find(folders, *_SYNSETS):
        lines = _matched(path, _SYNSET, "a synset such as n01440764")
        return path, {number: line[0] for number, line in enumerate(lines, 1)}
    if path := _find(folders, _SOLUTION):
        example = "ILSVRC2012_val_00048981,n03995372 85 1 499 272"
        lines = _matched(path, _SOLUTION_LINE, f"a line like '{example}'", headings=1)
        return path, {int(line[1]): line[2] for line in lines}
    path, meanings = _find(folders, _NUMBERS), _find(folders, _MEANINGS)
    if path and meanings:
        return path, _from_numbers(path, meanings)
    raise AdvdimError(f"{folders[0]}: the validation images have no labels; expected {needs(folders)}; put it there")


def _from_numbers(path: Path, meanings: Path) -> Mapping[int, str]:
    lines = _matched(meanings, _MEANING_LINE, "a line like 'n02119789 1 kit_fox'")
    synsets = {int(line[2]): line[1] for line in lines}
    if [synsets[number] for number in sorted(synsets)] == sorted(synsets.values()):
        raise AdvdimError(
            f"{meanings}: numbers the synsets in the order of their names, expected ILSVRC2012's own numbers, in which "
            "n02119789 (kit fox) is 1; take the file of that name from a development kit of 2014 to 2017"
        )
    numbers = [int(line[0]) for line in _matched(path, _NUMBER, "a number from 1 to 1000")]
    unknown = sorted(set(numbers) - synsets.keys())
    if unknown:
        raise AdvdimError(
            f"{path}: found the number {unknown[0]}, to which {meanings} gives no synset, expected one for each; "
            "put the two files of the development kits there"
        )
    return {image: synsets[number] for image, number in enumerate(numbers, 1)}


def _find(folders: Iterable[Path], *names: str) -> Path | None:
    paths = (folder / name for folder in folders for name in names)
    return next((path for path in paths if path.is_file()), None)


def _matched(path: Path, form: re.Pattern[str], expected: str, *, headings: int = 0) -> list[re.Match[str]]:
    """Match all lines of a text file."""
    try:
        with path.open("rb") as stream:
            text = stream.read(_MOST_BYTES).decode("ascii", "backslashreplace")
    except OSError as error:
        raise AdvdimError(f"{path}: cannot be read ({error.strerror}), expected a file of labels; mend that") from error
    matches = []
    for number, line in enumerate(text.splitlines()[headings:], headings + 1):
        match = form.fullmatch(line.strip())
        if match is None:
            raise AdvdimError(
                f"{path}: line {number} is {line[:60]!r}, expected {expected}; correct or replace the file"
            )
        matches.append(match)
    return matches
