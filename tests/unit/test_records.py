"""Results of long runs, kept without their nets: read where they fit, told where they do not, never half."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pandas as pd
import pytest
import yaml

from advdim.artefacts import store
from advdim.artefacts.tables import write_table
from advdim.config.experiments import Config
from advdim.errors import AdvdimError
from advdim.plan import plan as planning
from advdim.plan.code import Code
from advdim.plan.expand import expand
from advdim.plan.plan import Plan
from advdim.plan.table import plan_table, print_plan
from advdim.reports.record import record, unmade
from advdim.statistics.collect import Results

pytestmark = pytest.mark.usefixtures("bare_checkout")

FOLDER = "data/records/spheres"
CONFIG = """
scale: small
dataset_seed: 0
threads: 1
datasets:
  balls: {kind: spheres, dimension: 5}
models:
  net: {kind: relu, width: 4, depth: 1}
training:
  adam: {kind: gradient, steps: 2}
attacks:
  manifold: {kind: manifold, starts: 3, steps: 2, step_size: 0.1}
statistics:
  pairs: {kind: pair_distance, pairs: 10}
  errors: {kind: error_rate, points: 10}
experiments:
  distances: {study: spheres, datasets: [balls], statistics: [pairs], records: data/records/spheres}
  errors:
    study: spheres
    datasets: [balls]
    models: [net]
    training: [adam]
    seeds: [0, 1]
    attacks: [manifold]
    statistics: [errors]
    records: data/records/spheres
"""


@pytest.fixture
def document() -> dict[str, Any]:
    return dict(yaml.safe_load(CONFIG))


def planned(document: dict[str, Any]) -> Plan:
    return expand(Config.model_validate(document))


def make(plan: Plan, value: float = 0.5, *, but: str = "no path") -> None:
    """Put every artefact of a plan in its place but its pages: a table, and weights where it is a net."""
    for recipe in plan.recipes.values():
        folder = Path(recipe.path)
        if recipe.stage == "reports" or but in recipe.path or folder.exists():
            continue
        with store.staged(Path("data"), folder, recipe.key, recipe.document) as staging:
            write_table(pd.DataFrame({"value": [value]}), staging / "table.parquet")
            if recipe.stage == "models":
                (staging / "step-0000002.weights.h5").write_bytes(b"weights")


def recorded(document: dict[str, Any], value: float = 0.5, *, but: str = "no path") -> Plan:
    """Make, record, and lose the data folder; the plan of what is left to do."""
    plan = planned(document)
    make(plan, value, but=but)
    record(plan, "spheres", Path(), Path(FOLDER))
    for stage in ("datasets", "models", "attacks", "statistics"):
        shutil.rmtree(Path("data", stage))
    return planned(document)


def with_other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "code_of", lambda *_: Code("another commit", {"numpy": "99"}))


def make_anew(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch, *, but: str = "no path") -> Plan:
    """Record, then make everything again by other code without reading the records; the plan of that."""
    recorded(document)
    for experiment in document["experiments"].values():
        del experiment["records"]
    with_other_code(monkeypatch)
    plan = planned(document)
    make(plan, value=0.25, but=but)
    return plan


def values(plan: Plan) -> dict[str, list[float]]:
    """What a page would read, by kind."""
    rows = tuple(plan.page("spheres").settings["results"])
    return {kind: Results(rows, Path()).table(kind)["value"].to_list() for kind in ("manifold", "error_rate")}


def test_what_is_recorded_is_read_and_neither_it_nor_its_net_is_made(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = planned(document)
    recorded(document)
    with_other_code(monkeypatch)
    after = planned(document)
    assert set(after.recipes).isdisjoint(before.recipes)
    assert {recipe.stage for recipe in after.recipes.values()} == {"datasets", "reports"}
    assert {role.split("/")[1] for role in after.page("spheres").inputs if "/" in role} == {"datasets"}
    assert values(after) == {"manifold": [0.5, 0.5], "error_rate": [0.5, 0.5]}
    rows = after.page("spheres").settings["results"]
    assert [row["labels"] for row in rows] == [row["labels"] for row in before.page("spheres").settings["results"]]


def test_records_hold_tables_and_recipes_but_no_weights(document: dict[str, Any]) -> None:
    recorded(document)
    names = {path.name for path in Path(FOLDER).rglob("*") if path.is_file()}
    assert names == {"recipe.json", "table.parquet", "provenance.json"}


def test_what_is_missing_is_made_with_the_net_that_it_needs(document: dict[str, Any]) -> None:
    plan = recorded(document, but="-s1-errors")
    left = [path.removeprefix("data/")[:-11] for path in plan.recipes if "reports" not in path]
    assert left == ["datasets/balls", "models/balls/net-adam-s1", "statistics/balls/net-adam-s1-errors"]
    document["statistics"]["errors"]["points"] = 11
    assert len([path for path in planned(document).recipes if path.startswith("data/models")]) == 2


def test_records_of_several_days_and_commits_add_up(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(document, but="-s1")
    with_other_code(monkeypatch)
    plan = recorded(document, value=0.25)
    assert {recipe.stage for recipe in plan.recipes.values()} == {"datasets", "reports"}
    assert values(plan) == {"manifold": [0.5, 0.25], "error_rate": [0.5, 0.25]}
    notes = json.loads(Path(FOLDER, "provenance.json").read_text(encoding="utf-8"))
    assert [any("-s0-manifold" in name for name in note["Records"]) for note in notes] == [True, False]
    assert [any("-s1-manifold" in name for name in note["Records"]) for note in notes] == [False, True]
    assert all(note["Commit"] and note["Machine"] for note in notes)
    told = plan.page("spheres").settings["recorded"]
    assert [origin["results"] for origin in told] == [4, 3]
    assert plan.page("index").settings["recorded"] == told
    assert plan.page("tilting").settings["recorded"] == []


def test_a_net_that_is_trained_anew_takes_the_place_of_the_old_one_with_all_that_was_measured_on_that(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_anew(document, monkeypatch, but="-s0-errors")
    record(planned(document), "spheres", Path(), Path(FOLDER))
    document["experiments"]["errors"]["records"] = FOLDER
    after = planned(document)
    assert [path.split("/")[-1][:-11] for path in after.recipes if "errors" in path] == ["net-adam-s0-errors"]
    make(after, value=0.125)
    assert values(after) == {"manifold": [0.25, 0.25], "error_rate": [0.125, 0.25]}


def test_the_plan_tells_what_is_read_and_what_fits_nothing(
    document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    plan = planned(document)
    print_plan(plan, plan_table(plan, Path("data")), only_missing=True)
    assert capsys.readouterr().out.endswith(
        "recorded: 0 artefacts are read from data/records/spheres, where nothing lies yet\n"
    )
    plan = recorded(document)
    print_plan(plan, plan_table(plan, Path("data")), only_missing=True)
    assert capsys.readouterr().out.endswith("recorded: 7 artefacts are read from data/records/spheres\n")
    document["attacks"]["manifold"]["steps"] = 3
    document["statistics"]["pairs"]["pairs"] = 11
    plan = planned(document)
    print_plan(plan, plan_table(plan, Path("data")), only_missing=True)
    assert "recorded: 4 artefacts are read from" in (told := capsys.readouterr().out)
    assert told.endswith("; 3 measurements there fit no result of this configuration\n")


def test_what_is_not_made_yet_is_counted_and_a_study_without_results_is_told(document: dict[str, Any]) -> None:
    plan = planned(document)
    make(plan, but="-s1")
    record(plan, "spheres", Path(), Path(FOLDER))
    assert unmade(planned(document), "spheres", Path()) == 3  # the net of seed 1 and its two measurements
    with pytest.raises(AdvdimError, match="tilting: the configuration asks for no result of this study"):
        record(plan, "tilting", Path(), Path(FOLDER))


def test_without_any_record_yet_everything_is_made(document: dict[str, Any]) -> None:
    with_records = planned(document)
    for experiment in document["experiments"].values():
        del experiment["records"]
    assert list(planned(document).recipes) == list(with_records.recipes)


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


def test_records_are_lost_neither_to_a_corrupt_artefact_nor_to_a_kill(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    anew = make_anew(document, monkeypatch)
    before = sorted(Path(FOLDER).rglob("*"))
    table = next(Path("data/attacks").rglob("table.parquet"))
    content = table.read_bytes()
    table.write_bytes(b"corrupt")
    with pytest.raises(AdvdimError, match=r"table\.parquet: found"):
        record(anew, "spheres", Path(), Path(FOLDER))
    assert sorted(Path(FOLDER).rglob("*")) == before
    table.write_bytes(content)
    with monkeypatch.context() as killed:
        killed.setattr(shutil, "copyfile", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            record(anew, "spheres", Path(), Path(FOLDER))
    assert sorted(path for path in Path(FOLDER).rglob("*") if ".partial" not in str(path)) == before
    record(anew, "spheres", Path(), Path(FOLDER))
    document["experiments"]["errors"]["records"] = FOLDER
    assert values(planned(document)) == {"manifold": [0.25, 0.25], "error_rate": [0.25, 0.25]}


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
