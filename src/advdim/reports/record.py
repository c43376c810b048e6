"""Recording the results of a long run in the repository, for reports to read where nobody has its nets."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from advdim.artefacts.store import RECIPE, exclusively, is_complete, read_recipe, verify
from advdim.errors import AdvdimError
from advdim.plan.plan import Plan
from advdim.plan.recipe import Recipe
from advdim.plan.records import LARGE, PROVENANCE, Record, Records, read_records
from advdim.reports.publish import provenance_facts


def record(plan: Plan, study: str, root: Path, folder: Path) -> list[Path]:
    """Copy what was made for a study, as far as it is there: recipes and tables, neither weights nor pictures.

    What was recorded before stays, so that runs of several machines and days add up. A net that was trained anew takes
    the place of the old one, with all that was measured on that.

    Args:
        plan: the plan whose results are recorded.
        study: the study.
        root: the root of the project, in which the artefacts lie.
        folder: where the records go, a folder for each stage as in `data`, with `provenance.json` beside them.

    Returns:
        The folders that were written.

    Raises:
        AdvdimError: the plan has no result of the study, or an artefact, or a record that lies there, is not as it was
            written.
    """
    if not any(result.study == study for result in plan.results):
        raise AdvdimError(
            f"{study}: the configuration asks for no result of this study, or lacks what it needs; expected some to "
            "record; see `advdim plan`, or name another study or configuration"
        )
    made = _made(plan, study, root)
    for path in made:
        verify(root / path)
    with exclusively(root / "data", "records"):  # the notes of two who record at once would overwrite each other
        return _write(made, root, folder)


def _write(made: Mapping[str, Recipe], root: Path, folder: Path) -> list[Path]:
    """Put copies in their places, take away what they supersede, and note where they come from."""
    facts, records = provenance_facts(), read_records(folder)  # before the copies make the checkout one with changes
    for left in [path for path in folder.rglob(_aside(Path("*")).name) if path.is_dir()]:
        shutil.rmtree(left)
    targets = {folder / path.removeprefix("data/"): root / path for path in made}
    new = [target for target in targets if not target.exists()]  # one of that key that lies there is the same
    for target in new:
        _copy(targets[target], _aside(target))
    # Whatever a kill leaves can be read: no two records of one thing, and none whose net is not there.
    for old in sorted(_superseded(records, made.values()), key=lambda record: record.recipe["stage"] == "models"):
        shutil.rmtree(old.path.rename(_aside(old.path)))
    for target in new:
        _aside(target).rename(target)
    if targets:
        _tell(folder, records.notes, facts, targets)
    return list(targets)


def unmade(plan: Plan, study: str, root: Path) -> int:
    """Count the nets and measurements of a study that are neither made nor recorded."""
    wanted = [r for r in plan.results if r.study == study and not r.is_recorded and r.recipe.stage != "datasets"]
    return len({r.path for r in wanted if not is_complete(root / r.path, r.recipe.key)})


def _made(plan: Plan, study: str, root: Path) -> dict[str, Recipe]:
    """The complete artefacts of a study that are not read from records, with those that they were made from."""
    made: dict[str, Recipe] = {}
    for result in plan.results:
        if result.study == study and not result.is_recorded and is_complete(root / result.path, result.recipe.key):
            for recipe in (*result.recipe.inputs.values(), result.recipe):
                made[recipe.path] = recipe
    return made


def _superseded(records: Records, made: Iterable[Recipe]) -> list[Record]:
    """Records of nets and measurements that were made anew, and of what was measured on such nets."""
    keys = {recipe.identity: recipe.key for recipe in made}
    old = {
        record.key
        for record in records.all
        if record.recipe["stage"] != "datasets" and keys.get(record.identity, record.key) != record.key
    }
    return [record for record in records.all if record.key in old or old.intersection(record.recipe["inputs"].values())]


def _aside(target: Path) -> Path:
    """Where a record lies while it is copied or removed, and is read by nobody."""
    return target.with_name(f".{target.name}.partial")


def _copy(artefact: Path, into: Path) -> None:
    """Copy an artefact without its large files."""
    for name in (*read_recipe(artefact)["files"], RECIPE):
        if not name.endswith(LARGE):
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(artefact / name, into / name)


def _tell(folder: Path, notes: Iterable[Mapping[str, Any]], facts: Mapping[str, str], written: Iterable[Path]) -> None:
    """Note commit and machine of these records, and drop from older notes what is gone or was recorded anew."""
    new = sorted(target.relative_to(folder).as_posix() for target in written)
    kept = [
        {
            **note,
            "Records": [name for name in note["Records"] if name not in new and (folder / name / RECIPE).is_file()],
        }
        for note in notes
    ]
    told = [note for note in [*kept, {**facts, "Records": new}] if note["Records"]]
    aside = _aside(folder / PROVENANCE)
    aside.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    aside.replace(folder / PROVENANCE)
