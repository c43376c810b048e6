"""Records: measurements of long runs, kept in the repository and read instead of being made again.

A record is an artefact without its large files: the recipe, and the tables that judges and figures read. Another commit
or another machine made it, so its key is not the one that this code would give it. What it measures is told by its
identity (`advdim.plan.recipe.identity_of`), for which the recipes of its net and dataset are recorded too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from advdim.artefacts.keys import key_of, parse_json
from advdim.artefacts.store import RECIPE, digest_file
from advdim.config.reading import validation_mistakes
from advdim.errors import AdvdimError
from advdim.plan.recipe import Stage, identity_of

PROVENANCE = "provenance.json"
LARGE = (".h5", ".npy", ".npz")
"""Endings of what a record leaves out: weights, pictures and points."""


class _File(BaseModel):
    """What a recipe says of a file."""

    sha256: str


class _Recipe(BaseModel):
    """What must stand in the recipe of a record; `inputs` has the keys of what it was made from."""

    stage: Stage
    entry: str
    settings: dict[str, Any]
    seed: int | None
    execution: dict[str, Any]
    inputs: dict[str, str]


class _Document(BaseModel):
    """What must stand in the file beside what is recorded."""

    key: str
    recipe: _Recipe
    files: dict[str, _File]


class _Note(BaseModel):
    """What must stand in a note of where records come from."""

    Commit: str
    Machine: str
    Records: list[str]


@dataclass(frozen=True)
class Record:
    """A recorded artefact.

    Attributes:
        path: its folder.
        key: key of the artefact that was recorded.
        recipe: canonical document of its recipe.
        identity: what it is, whatever the commit.
    """

    path: Path
    key: str
    recipe: dict[str, Any]
    identity: str


@dataclass(frozen=True)
class Records:
    """What a folder records.

    Attributes:
        all: the records.
        notes: commit, machine and so on, and under `Records` the paths within the folder of what was recorded there.
    """

    all: tuple[Record, ...] = ()
    notes: tuple[dict[str, Any], ...] = ()

    def path_of(self, identity: str) -> str | None:
        """Folder of the record of this identity; None where there is none."""
        return self._paths.get(identity)

    def unread(self, identities: set[str]) -> list[Record]:
        """The records of measurements, of nets or of a dataset alone, that are none of these."""
        measured = (record for record in self.all if record.recipe["stage"] in ("attacks", "statistics"))
        return [record for record in measured if record.identity not in identities]

    @cached_property
    def _paths(self) -> dict[str, str]:
        return {record.identity: record.path.as_posix() for record in self.all}


def read_records(folder: Path) -> Records:
    """Read what a folder records, and compare every file with the digest in its recipe.

    Args:
        folder: a folder that `advdim record` wrote, relative to the root of the project; it may be missing.

    Returns:
        The records, in the order of their paths.

    Raises:
        AdvdimError: the folder is none, or one of artefacts; a file is missing or not as it was written, a record's net
            or dataset is not recorded, or two records are of the same net or measurement.
    """
    _refuse_other_folders(folder)
    found = [path for path in sorted(folder.rglob(RECIPE)) if not path.parent.name.startswith(".")]  # half-written
    documents = {path.parent: _read_recipe(path) for path in found}
    for path, document in documents.items():
        _verify(path, document)
    recipes = {document["key"]: document["recipe"] for document in documents.values()}
    records: dict[str, Record] = {}
    datasets = []
    for path, document in documents.items():
        record = Record(path, document["key"], document["recipe"], _identity(document["key"], recipes, path))
        if record.recipe["stage"] == "datasets":  # the same one may have been made by several commits
            datasets.append(record)
        elif records.setdefault(record.identity, record) is not record:
            other = records[record.identity].path
            raise AdvdimError(f"{path}: records the same as {other}; expected one record of it; remove one of them")
    return Records((*datasets, *records.values()), _notes(folder / PROVENANCE))


def _refuse_other_folders(folder: Path) -> None:
    """Refuse a file, and a folder with artefacts in it: recording there would put their tables in their place."""
    expected = "expected a folder of records, such as data/records/spheres; name another"
    if folder.exists() and not folder.is_dir():
        raise AdvdimError(f"{folder}: found a file; {expected}")
    place, data = folder.resolve(), Path("data").resolve()
    if data.is_relative_to(place) or (place.is_relative_to(data) and not place.is_relative_to(data / "records")):
        raise AdvdimError(f"{folder}: found the folder of artefacts, or one in or around it; {expected}")


def _read_recipe(path: Path) -> dict[str, Any]:
    """Read the recipe of a record."""
    return dict(_read_json(path, _Document, "a recipe as advdim wrote it", "restore the folder from Git, or remove it"))


def _notes(path: Path) -> tuple[dict[str, Any], ...]:
    """Read where records come from."""
    if not path.exists():
        return ()
    expected = f"a list of notes with {', '.join(_Note.model_fields)} each"
    return tuple(_read_json(path, list[_Note], expected, "merge its two versions, or restore it from Git"))


def _read_json(path: Path, form: Any, expected: str, remedy: str) -> Any:
    """Read a file of JSON that must have a form, which is that of a Pydantic type."""
    try:
        document = parse_json(path.read_text(encoding="utf-8"))
        TypeAdapter(form).validate_python(document)
    except ValidationError as error:
        raise AdvdimError(f"{path}: expected {expected} ({validation_mistakes(error)[0]}); {remedy}") from error
    except OSError as error:
        raise AdvdimError(f"{path}: cannot be read ({error.strerror}); expected {expected}; {remedy}") from error
    except (ValueError, RecursionError) as error:
        raise AdvdimError(f"{path}: is no JSON ({error}); expected {expected}; {remedy}") from error
    return document


def _verify(path: Path, document: Mapping[str, Any]) -> None:
    """Compare what a record holds with the digests in its recipe; large files were left out."""
    names = [name for name in document["files"] if (path / name).exists() or not name.endswith(LARGE)]
    missing = [name for name in names if not (path / name).is_file()]
    if missing:
        raise AdvdimError(f"{path / missing[0]}: found no file; restore the folder from Git, or remove it")
    changed = [name for name in names if digest_file(path / name) != document["files"][name]["sha256"]]
    if changed or key_of(document["recipe"]) != document["key"]:
        raise AdvdimError(
            f"{path / (changed[0] if changed else RECIPE)}: found another content than was recorded; restore the "
            "folder from Git, or remove it"
        )


def _identity(key: str, recipes: Mapping[str, dict[str, Any]], path: Path) -> str:
    if key not in recipes:
        raise AdvdimError(
            f"{path}: its recipe reads {key}, of which there is no record; expected one in the same folder of records; "
            "run `advdim record` again, or remove this record"
        )
    inputs = recipes[key]["inputs"].items()
    return identity_of(recipes[key], {role: _identity(needed, recipes, path) for role, needed in inputs})
