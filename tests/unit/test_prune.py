"""What exists of a plan, and what no plan names any more."""

from pathlib import Path

import pytest
import yaml

from advdim.config.experiments import Config
from advdim.config.loading import load_config
from advdim.errors import AdvdimError
from advdim.plan.expand import expand
from advdim.plan.prune import run_configurations, superfluous
from advdim.plan.table import plan_table, print_plan
from tests.made_up_artefact import put

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_table_tells_what_exists_and_what_would_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = expand(load_config(ROOT / "config" / "test.yaml"))
    present = plan.of_stage("datasets")[0]
    put(present, tmp_path)
    table = plan_table(plan, tmp_path / "data")
    assert [row.recipe.path for row in table] == list(plan.recipes)
    assert [row.recipe for row in table if row.exists] == [present]
    print_plan(plan, table, only_missing=True)
    waiting = [recipe for recipe in plan.recipes.values() if recipe != present]
    _, *lines = capsys.readouterr().out.splitlines()
    rows, total, left_out = lines[: len(waiting)], lines[len(waiting)], lines[len(waiting) + 1 :]
    assert [row.split()[:3] for row in rows] == [[recipe.path, "no", "yes"] for recipe in waiting]
    assert [line.split(" (")[0] for line in left_out] == [
        f"not run: experiment {part.experiment}" for part in plan.not_run
    ]
    assert total.startswith(f"{len(table)} artefacts, 1 exist, {len(table) - 1} would run, about ")


def test_prune_lists_what_no_recipe_names_and_never_what_one_does(tmp_path: Path) -> None:
    data = tmp_path / "data"
    laptop = yaml.safe_load((ROOT / "config" / "laptop.yaml").read_text(encoding="utf-8"))
    test, current = expand(load_config(ROOT / "config" / "test.yaml")), expand(Config.model_validate(laptop))
    laptop["attacks"]["linf"]["eps_pixel"] = 0.004
    old = expand(Config.model_validate(laptop))
    for recipe in [*test.recipes.values(), *current.recipes.values()]:
        put(recipe, data.parent)
    assert superfluous([test, current], data) == []
    stale = {put(recipe, data.parent) for path, recipe in old.recipes.items() if path not in current.recipes}
    assert set(superfluous([test, current], data)) == stale
    assert set(superfluous([test, old], data)) & stale == set()
    own = {data.parent / path for path in set(test.recipes) - set(current.recipes)}
    assert set(superfluous([current], data)) == stale | own


def test_prune_lists_what_killed_jobs_left_behind(tmp_path: Path) -> None:
    data = tmp_path / "data"
    plan = expand(load_config(ROOT / "config" / "test.yaml"))
    key = plan.of_stage("models")[0].key
    for folder in (".checkpoints", ".staging"):
        for name in ("0123456789", key):
            (data / folder / name).mkdir(parents=True)
            (data / folder / name / "part").write_text("half", encoding="utf-8")
    left = set(superfluous([plan], data))
    assert data / ".checkpoints" / key not in left
    assert {data / ".checkpoints" / "0123456789", data / ".staging" / "0123456789"} <= left


def test_without_any_configuration_nothing_is_superfluous(tmp_path: Path) -> None:
    (tmp_path / "claims.yaml").write_text("claims: []\n", encoding="utf-8")
    with pytest.raises(AdvdimError, match="holds no configuration of a run; expected one with experiments"):
        run_configurations(tmp_path)


def test_configurations_in_folders_of_a_folder_and_of_either_ending_are_found(tmp_path: Path) -> None:
    for name in ("a/b.yaml", "c/d/e.yml", "c/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("experiments: {}\n", encoding="utf-8")
    found = run_configurations(tmp_path / "a", tmp_path / "c", tmp_path / "absent")
    assert [path.name for path in found] == ["b.yaml", "e.yml"]


def test_configurations_are_told_from_other_files() -> None:
    assert {path.stem for path in run_configurations(ROOT / "config")} >= {"laptop", "paper", "test"}
    assert ROOT / "config" / "claims.yaml" not in run_configurations(ROOT / "config")
