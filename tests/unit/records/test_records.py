"""Results of long runs, kept without their nets: read where they fit, told where they do not, never half."""

import json
import shutil
import threading
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from small_records import FOLDER, make, make_anew, planned, recorded, values, with_other_code

from advdim.artefacts.store import exclusively
from advdim.errors import AdvdimError
from advdim.plan.prune import superfluous
from advdim.plan.records import read_records
from advdim.plan.table import plan_table, print_plan
from advdim.reports.record import record, unmade

pytestmark = pytest.mark.usefixtures("bare_checkout")


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


def test_nets_stay_when_what_was_measured_on_them_is_recorded(document: dict[str, Any]) -> None:
    plan = planned(document)
    make(plan)
    record(plan, "spheres", Path(), Path(FOLDER))
    assert superfluous([planned(document)], Path("data")) == []


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


def test_who_records_waits_for_another_who_does_and_keeps_its_notes(document: dict[str, Any]) -> None:
    plan = recorded(document, but="-s1")
    make(plan)
    path = Path(FOLDER, "provenance.json")
    second = threading.Thread(target=record, args=(plan, "spheres", Path(), Path(FOLDER)))
    with exclusively(Path("data"), "records"):
        second.start()
        second.join(0.3)
        (first,) = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps([first | {"Machine": "another"}]), encoding="utf-8")
    second.join()
    notes = json.loads(path.read_text(encoding="utf-8"))
    assert [note["Machine"] == "another" for note in notes] == [True, False]


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


@pytest.mark.parametrize("after", range(12))
def test_a_kill_at_any_moment_leaves_records_that_can_be_read_and_the_next_run_completes(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    anew = make_anew(document, monkeypatch)
    moves = iter([True] * after)

    def rename(path: Path, target: Path) -> Path:
        if not next(moves, False):
            raise KeyboardInterrupt
        path.replace(target)
        return target

    with monkeypatch.context() as killed:
        killed.setattr(Path, "rename", rename)
        with pytest.raises(KeyboardInterrupt):
            record(anew, "spheres", Path(), Path(FOLDER))
    read_records(Path(FOLDER))
    Path(FOLDER, ".provenance.json.partial").touch()
    record(anew, "spheres", Path(), Path(FOLDER))
    assert not list(Path(FOLDER).rglob(".*"))
    document["experiments"]["errors"]["records"] = FOLDER
    assert values(planned(document)) == {"manifold": [0.25, 0.25], "error_rate": [0.25, 0.25]}
