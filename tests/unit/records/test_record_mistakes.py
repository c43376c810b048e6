"""Mistakes among records, each told in one sentence that says what to do."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from small_records import FOLDER, make, planned, recorded, with_other_code

from advdim.artefacts.tables import write_table
from advdim.errors import AdvdimError
from advdim.reports.record import record

pytestmark = pytest.mark.usefixtures("bare_checkout")


def test_a_changed_table_is_told(document: dict[str, Any]) -> None:
    recorded(document)
    table = next(Path(FOLDER).rglob("*manifold*/table.parquet"))
    write_table(pd.DataFrame({"value": [0.1]}), table)
    with pytest.raises(AdvdimError, match=r"data/records/spheres/attacks/.*table\.parquet: found another content"):
        planned(document)


def test_a_missing_table_is_told(document: dict[str, Any]) -> None:
    recorded(document)
    next(Path(FOLDER).rglob("*manifold*/table.parquet")).unlink()
    with pytest.raises(AdvdimError, match=r"manifold.*table\.parquet: found no file; restore the folder from Git"):
        planned(document)


@pytest.mark.parametrize(
    ("notes", "told"),
    [
        ("<<<<<<< HEAD\n[]", "is no JSON"),
        ("{}", "expected a list of notes"),
        ('[{"Records": []}]', "expected a list of"),
        ('[{"Commit": "c", "Machine": "m", "Records": null}]', "expected a list of notes.*0.Records: found None"),
    ],
)
def test_damaged_provenance_is_told(document: dict[str, Any], notes: str, told: str) -> None:
    recorded(document)
    Path(FOLDER, "provenance.json").write_text(notes, encoding="utf-8")
    with pytest.raises(AdvdimError, match=rf"provenance\.json: {told}.*restore it from Git"):
        planned(document)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda document: document.pop("recipe"), "expected a recipe as advdim wrote it .*recipe: missing"),
        (lambda document: document["recipe"].pop("stage"), "recipe.stage: missing"),
        (lambda document: document["recipe"].update(inputs=["model"]), r"recipe.inputs: found \['model'\]"),
        (lambda document: document["files"].update({"table.parquet": 7}), "files.table.parquet: found 7"),
        (lambda document: document["recipe"]["settings"].update(steps=float("nan")), "is no JSON .found NaN"),
        (lambda document: document["recipe"]["settings"].update(steps=7), "found another content than was recorded"),
    ],
)
def test_a_broken_or_foreign_recipe_is_told(
    document: dict[str, Any], change: Callable[[dict[str, Any]], object], told: str
) -> None:
    recorded(document)
    recipe = next(Path(FOLDER).rglob("*manifold*/recipe.json"))
    broken = json.loads(recipe.read_text(encoding="utf-8"))
    change(broken)
    recipe.write_text(json.dumps(broken), encoding="utf-8")
    with pytest.raises(AdvdimError, match=rf"manifold.*recipe\.json: .*{told}.*; restore the folder from Git"):
        planned(document)


@pytest.mark.parametrize("folder", ["data", ".", "data/models", "data/records/../../data"])
def test_the_folder_of_artefacts_is_never_one_of_records(document: dict[str, Any], folder: str) -> None:
    plan = planned(document)
    make(plan)
    weights = sorted(Path("data").rglob("*.h5"))
    with pytest.raises(AdvdimError, match=r"found the folder of artefacts.*; expected a folder of records"):
        record(plan, "spheres", Path(), Path(folder))
    assert sorted(Path("data").rglob("*.h5")) == weights
    document["experiments"]["errors"]["records"] = folder
    with pytest.raises(AdvdimError, match=r"found the folder of artefacts"):
        planned(document)


def test_a_file_in_place_of_records_is_told(document: dict[str, Any]) -> None:
    Path("data/records/spheres").write_text("a file", encoding="utf-8")
    with pytest.raises(AdvdimError, match=r"data/records/spheres: found a file; expected a folder of records"):
        planned(document)


def test_a_folder_that_cannot_be_one_of_records_is_told(document: dict[str, Any]) -> None:
    document["experiments"]["errors"]["records"] = "data/recods/spheres"
    with pytest.raises(AdvdimError, match=r"recods/spheres: found no folder data/recods; expected one of records"):
        planned(document)


def test_a_record_whose_net_is_not_recorded_is_told(document: dict[str, Any]) -> None:
    recorded(document)
    shutil.rmtree(next(Path(FOLDER).rglob("net-adam-s0-??????????")))
    with pytest.raises(
        AdvdimError, match=r"-s0-.*: its recipe reads \w{10}, of which there is no record; expected one"
    ):
        planned(document)


def test_two_records_of_one_thing_are_told(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(document)
    shutil.move(FOLDER, "elsewhere")
    with_other_code(monkeypatch)
    recorded(document)
    shutil.copytree("elsewhere", FOLDER, dirs_exist_ok=True)
    with pytest.raises(
        AdvdimError, match=r"records the same as data/records/spheres/.*; expected one record of it; remove one"
    ):
        planned(document)
