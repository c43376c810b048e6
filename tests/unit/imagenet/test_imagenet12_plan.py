"""ImageNet's sets in a plan: what their archive lacks is told, and what was built stays without it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from advdim.config.compatibility import mistakes_between_sections
from advdim.config.experiments import Config
from advdim.errors import AdvdimError
from advdim.plan.expand import expand
from advdim.plan.plan import Plan
from advdim.plan.recipe import Recipe
from tests.made_up_artefact import put

ROOT = Path(__file__).parents[3]
ARCHIVE = Path("data/sources/imagenet")

CONFIG = """
scale: test
dataset_seed: 0
threads: 1
datasets:
  whole: {kind: imagenet12}
  small: {kind: resized, source: whole, width: 32}
models: {net: {kind: convolutional, channels: 4, layers: 4, pool_after: [2, 3], base_width: 8}}
training: {adam: {kind: gradient, learning_rate: 1.0e-2, batch: 16, steps: 20, snapshots: [0]}}
attacks: {}
statistics: {norms: {kind: gradient_norms, images: 8}}
experiments:
  imagenet: {study: dimension, datasets: [small], models: [net], training: [adam], statistics: [norms]}
"""


@pytest.fixture(autouse=True)
def _in_a_checkout_without_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    for name in ("claims.yaml", "imagenet12.yaml", "imagenet12.csv"):
        shutil.copy(ROOT / "config" / name, tmp_path / "config")
    shutil.copytree(ROOT / "workflow" / "notebooks", tmp_path / "workflow" / "notebooks")
    monkeypatch.chdir(tmp_path)


def document() -> dict[str, Any]:
    return dict(yaml.safe_load(CONFIG))


def planned(**changes: Any) -> Plan:
    written = document()
    written["datasets"]["whole"] |= changes
    return expand(Config.model_validate(written))


def bring_archive() -> None:
    for part in ("train", "val"):
        (ARCHIVE / part / "n01440764").mkdir(parents=True)


def computed(plan: Plan) -> dict[tuple[str, str], Recipe]:
    recipes = [recipe for recipe in plan.recipes.values() if recipe.stage != "reports"]
    return {(recipe.stage, recipe.name.split("/")[-1]): recipe for recipe in recipes}


def test_without_the_archive_the_smaller_set_is_not_run_and_says_what_its_source_needs() -> None:
    plan = planned()
    (part,) = plan.not_run
    assert (part.study, part.experiment, part.what) == ("dimension", "imagenet", "small")
    assert "ILSVRC2012_img_train.tar" in part.needs
    assert "ILSVRC2012_img_val.tar" in part.needs
    assert str(ARCHIVE) in part.needs
    assert computed(plan) == {}


def test_with_the_archive_the_source_is_planned_before_what_is_made_from_it() -> None:
    bring_archive()
    plan = planned()
    recipes = computed(plan)
    assert plan.not_run == []
    assert list(recipes)[:2] == [("datasets", "whole"), ("datasets", "small")]
    assert [stage for stage, _ in recipes] == ["datasets", "datasets", "models", "statistics"]
    assert recipes["datasets", "small"].inputs == {"source": recipes["datasets", "whole"]}


def test_what_was_built_is_used_without_the_archive() -> None:
    bring_archive()
    before = computed(planned())
    put(before["datasets", "whole"])
    shutil.rmtree(ARCHIVE)
    assert planned().not_run == []
    assert computed(planned()).keys() == before.keys()
    put(before["datasets", "small"])
    shutil.rmtree(before["datasets", "whole"].path)
    assert planned().not_run == []
    assert computed(planned()).keys() == before.keys() - {("datasets", "whole")}


@pytest.mark.parametrize(("name", "value"), [("variant", "published"), ("validation_share", 0.2), ("kernel", "box")])
def test_settings_of_the_source_count_for_what_is_made_from_it(name: str, value: object) -> None:
    bring_archive()
    keys, others = (
        {role: recipe.key for role, recipe in computed(planned(**change)).items()} for change in ({}, {name: value})
    )
    assert keys.keys() == others.keys()
    assert not set(keys.values()) & set(others.values())


def test_the_content_of_the_merge_counts() -> None:
    bring_archive()
    keys = []
    for file in (None, "imagenet12.yaml", "imagenet12.csv"):
        if file:
            path = Path("config") / file
            path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        keys.append(computed(planned())["datasets", "small"].key)
    assert len(set(keys)) == 3


def test_a_merge_that_is_not_there_is_told() -> None:
    with pytest.raises(AdvdimError, match=r"config/mine\.yaml"):
        planned(merge="config/mine.yaml")


@pytest.mark.parametrize("source", ["nothing", "small", "digits"])
def test_only_a_set_of_imagenet_can_be_resized(source: str) -> None:
    written = document()
    written["datasets"]["small"]["source"] = source
    written["datasets"]["digits"] = {"kind": "digits"}
    (mistake,) = mistakes_between_sections(Config.model_validate(written))
    assert mistake.startswith(f"datasets.small.source: found '{source}'; expected a dataset of kind imagenet12")
    assert mistake.endswith("one of ['whole']")


@pytest.mark.parametrize("built_from_stand_in", [True, False])
def test_a_set_of_the_stand_in_is_not_taken_for_imagenet(built_from_stand_in: bool) -> None:
    bring_archive()
    folder = put(computed(planned())["datasets", "whole"])
    info = {"stand_in": built_from_stand_in}
    (folder / "info.json").write_text(json.dumps(info), encoding="utf-8")
    mark = ARCHIVE / "planted-quirks.csv"
    if built_from_stand_in:
        with pytest.raises(
            AdvdimError, match="was built from a stand-in, and data/sources/imagenet now holds ImageNet"
        ):
            planned()
        mark.touch()
    planned()
    mark.unlink(missing_ok=True)
    if not built_from_stand_in:
        mark.touch()
        with pytest.raises(AdvdimError, match=r"was built from ImageNet, and .* now holds a stand-in"):
            planned()
