"""The plan: what depends on a setting gets another key, and nothing else does."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from advdim.config.experiments import STUDIES, Config
from advdim.config.loading import load_config
from advdim.plan import batches as batching
from advdim.plan import code
from advdim.plan.batches import batches
from advdim.plan.expand import expand
from advdim.plan.plan import Plan
from advdim.plan.prune import run_configurations
from advdim.plan.recipe import STAGES

ROOT = Path(__file__).parents[2]
Document = dict[str, Any]
ALWAYS_RENDERED = {"index", "ledger"}


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def laptop() -> Document:
    return dict(yaml.safe_load((ROOT / "config" / "laptop.yaml").read_text(encoding="utf-8")))


def plan_of(document: Document) -> Plan:
    return expand(Config.model_validate(document))


def changed(document: Document, change: Callable[[Document], object]) -> Plan:
    other = copy.deepcopy(document)
    change(other)
    return plan_of(other)


def forget_code() -> None:
    code.code_of.cache_clear()
    code._module_digest.cache_clear()


def pages_of(study: str) -> set[str]:
    return {f"verdicts-{study}", study, *ALWAYS_RENDERED}


def names_of(paths: set[str], plan: Plan) -> set[tuple[str, str]]:
    return {(plan.recipes[path].stage, plan.recipes[path].name) for path in paths}


def test_an_attack_s_eps_changes_exactly_what_depends_on_it(laptop: Document) -> None:
    before = plan_of(laptop)
    after = changed(laptop, lambda d: d["attacks"]["linf"].update(eps_pixel=0.004))
    gone, new = set(before.recipes) - set(after.recipes), set(after.recipes) - set(before.recipes)
    assert names_of(gone, before) == names_of(new, after)
    photographs = [r for r in before.of_stage("attacks") if r.name.startswith("photos12")]
    attacked = {("attacks", r.name) for r in photographs if r.name.endswith("-linf")}
    assert len(attacked) == 20
    assert names_of(gone, before) == attacked | {("reports", name) for name in pages_of("dimension")}


def test_a_dataset_s_setting_changes_its_whole_chain_and_no_other(laptop: Document) -> None:
    before = plan_of(laptop)
    after = changed(laptop, lambda d: d["datasets"]["photos12-w16"].update(test_per_class=21))
    gone = names_of(set(before.recipes) - set(after.recipes), before)
    chain = {(r.stage, r.name) for r in before.recipes.values() if r.name.split("/")[0] == "photos12-w16"}
    assert len(chain) == 1 + 5 * (1 + 2 + 1) + 3 * (2 + 2)  # nets, and more measurements of three of the five
    assert gone == chain | {("reports", name) for name in pages_of("dimension") | pages_of("tilting")}


def test_a_setting_that_came_later_is_told_only_where_it_is_used(laptop: Document) -> None:
    def told(scale: float | None) -> list[dict[str, Any]]:
        def change(document: Document) -> None:
            for model in document["models"].values():
                if model["kind"] == "relu":
                    model["initial_scale"] = scale

        nets = [recipe.document["settings"]["model"] for recipe in changed(laptop, change).of_stage("models")]
        return [settings for settings in nets if settings["kind"] == "relu"]

    assert told(None)
    assert all("initial_scale" not in settings for settings in told(None))
    assert told(16.0) == [settings | {"initial_scale": 16.0} for settings in told(None)]


def test_adding_a_seed_adds_one_chain_and_renders_its_study_anew(laptop: Document) -> None:
    laptop["experiments"]["all-pairs"]["pairs"] = [[2, 3]]
    before = plan_of(laptop)
    after = changed(laptop, lambda d: d["experiments"]["all-pairs"].update(seeds=[0, 7]))
    new, gone = set(after.recipes) - set(before.recipes), set(before.recipes) - set(after.recipes)
    assert names_of(gone, before) == {("reports", name) for name in pages_of("tilting")}
    assert names_of(new, after) - names_of(gone, before) == {
        ("models", "digits/linear-2-3-svm-path-s7"),
        ("statistics", "digits/linear-2-3-svm-path-s7-tilting"),
    }
    chain = [after.recipes[path] for path in new if after.recipes[path].stage == "statistics"]
    assert chain[0].inputs["model"].seed == chain[0].seed == 7


def test_threads_change_what_computes_and_checkpoint_seconds_change_nothing(laptop: Document) -> None:
    before = plan_of(laptop)
    assert set(changed(laptop, lambda d: d.update(checkpoint_seconds=5)).recipes) == set(before.recipes)
    after = changed(laptop, lambda d: d.update(threads=2))
    kept = {before.recipes[path].stage for path in set(before.recipes) & set(after.recipes)}
    assert kept == {"datasets"}


def test_the_device_is_part_of_what_it_computes() -> None:
    config = load_config(ROOT / "config" / "test.yaml")
    on_cpu, on_gpu = expand(config, device="cpu"), expand(config, device="gpu")
    assert {on_cpu.recipes[path].stage for path in set(on_cpu.recipes) & set(on_gpu.recipes)} == {"datasets"}


def reversed_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return [reversed_keys(item) for item in value] if isinstance(value, list) else value


def test_the_order_of_keys_does_not_matter(laptop: Document) -> None:
    other = reversed_keys(laptop)
    assert list(other["datasets"]) == list(laptop["datasets"])[::-1]
    other["experiments"] = dict(reversed(other["experiments"].items()))
    assert set(plan_of(other).recipes) == set(plan_of(laptop).recipes)


def test_the_order_of_experiments_changes_at_most_the_order_of_rows_in_reports(laptop: Document) -> None:
    before, after = plan_of(laptop), changed(laptop, lambda d: d.update(reversed_keys(d)))
    gone = set(before.recipes) - set(after.recipes)
    assert {before.recipes[path].stage for path in gone} <= {"reports"}


def test_swapped_values_are_another_recipe(laptop: Document) -> None:
    def attacks(relative_step: float, steps: int) -> set[str]:
        plan = changed(laptop, lambda d: d["attacks"]["linf"].update(relative_step=relative_step, steps=steps))
        return {recipe.key for recipe in plan.of_stage("attacks")}

    assert len(attacks(1, 2) & attacks(2, 1)) == len(attacks(1, 2)) - 20
    assert attacks(1, 2) == attacks(1.0, 2)


def test_a_recipe_in_two_experiments_is_shared(laptop: Document) -> None:
    before = plan_of(laptop)

    def add(document: Document) -> None:
        document["experiments"]["again"] = document["experiments"]["other-classifiers"]

    after = changed(laptop, add)
    computed = {path for path, recipe in before.recipes.items() if recipe.stage != "reports"}
    assert {path for path, recipe in after.recipes.items() if recipe.stage != "reports"} == computed
    once, again = (
        [result for result in after.results if result.labels["experiment"] == name]
        for name in ("other-classifiers", "again")
    )
    assert len(once) == 1 + 2 * (1 + 1)
    for result, shared in zip(once, again, strict=True):
        assert shared.recipe is result.recipe
        assert shared.labels == result.labels | {"experiment": "again"}


def test_pairs_of_a_dataset_become_models_of_their_own(laptop: Document) -> None:
    classes = [3, 1, 4, 5]
    laptop["datasets"]["digits"]["classes"] = classes
    laptop["experiments"] = {"e": laptop["experiments"]["all-pairs"]}
    pairs = [["3", "1"], ["3", "4"], ["3", "5"], ["1", "4"], ["1", "5"], ["4", "5"]]
    every = plan_of(laptop)
    assert [recipe.settings["pair"] for recipe in every.of_stage("models")] == pairs
    assert [recipe.name for recipe in every.of_stage("models")] == [
        f"digits/linear-{i}-{j}-svm-path-s0" for i, j in pairs
    ]
    for model, statistic in zip(every.of_stage("models"), every.of_stage("statistics"), strict=True):
        assert statistic.inputs["model"] is model
    some = changed(laptop, lambda d: d["experiments"]["e"].update(pairs=[[1, 5], [5, 1]]))
    assert [recipe.settings["pair"] for recipe in some.of_stage("models")] == [["1", "5"], ["5", "1"]]
    (shared,) = set(some.recipes) & {recipe.path for recipe in every.of_stage("models")}
    assert every.recipes[shared].settings["pair"] == ["1", "5"]
    labels = [result.labels["pair"] for result in some.results if "measurement" in result.labels]
    assert labels == ["1-5", "5-1"]


def test_other_models_learn_all_classes_at_once(laptop: Document) -> None:
    nets = [recipe for recipe in plan_of(laptop).of_stage("models") if recipe.settings["model"]["kind"] != "linear"]
    assert nets
    assert all("pair" not in recipe.settings for recipe in nets)


def test_every_input_is_in_the_plan_before_its_reader() -> None:
    for path in run_configurations(ROOT / "config"):
        order: dict[str, int] = {}
        for number, (name, recipe) in enumerate(expand(load_config(path)).recipes.items()):
            assert name == recipe.path
            assert all(needed.path in order for needed in recipe.inputs.values()), name
            order[name] = number


def test_each_page_reads_the_verdicts_of_its_study(laptop: Document) -> None:
    plan = plan_of(laptop)
    for page in (*STUDIES, *ALWAYS_RENDERED):
        read = {role for role in plan.page(page).inputs if role.startswith("verdicts-")}
        assert read == {f"verdicts-{study}" for study in STUDIES if page in (study, *ALWAYS_RENDERED)}
    assert {r.stage for r in plan.page("spheres").inputs.values()} == set(STAGES)


@pytest.mark.parametrize("seconds", [0.1, 20.0, batching.BATCH_SECONDS, 1e9])
def test_batches_hold_each_recipe_once_in_order_and_read_nothing_that_comes_later(
    laptop: Document, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(batching, "BATCH_SECONDS", seconds)
    plan = plan_of(laptop)
    made: set[str] = set()
    for stage in STAGES:
        made_before = batches(stage, plan)
        assert [recipe for batch in made_before for recipe in batch.recipes] == plan.of_stage(stage)
        assert [batch.number for batch in made_before] == list(range(1, len(made_before) + 1))
        for batch in made_before:
            assert set(batch.inputs) <= made
            needed = {i.token for recipe in batch.recipes for i in recipe.inputs.values()}
            assert set(batch.inputs) == needed - set(batch.tokens)
            assert len(batch.recipes) == 1 or sum(recipe.seconds for recipe in batch.recipes) <= seconds
            made |= set(batch.tokens)


def test_no_job_waits_for_what_is_not_planned(laptop: Document) -> None:
    plan = plan_of(laptop)
    gone = plan.of_stage("datasets")[0]
    del plan.recipes[gone.path]
    waited = {token for stage in STAGES for batch in batches(stage, plan) for token in batch.inputs}
    assert waited
    assert gone.token not in waited


def test_an_objective_s_code_is_part_of_the_nets_that_it_trains_and_of_no_others(
    laptop: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    penalty = {"kind": "gradient_penalty", "norm": "l1", "eps_pixel": 0.01}

    def with_penalty(document: Document) -> None:
        document["training"]["penalty"] = document["training"]["adam-images"] | {"objective": penalty}
        document["experiments"]["width-sweep"]["training"].append("penalty")

    before = changed(laptop, with_penalty)
    source = code._source
    forget_code()

    def edited(module: str) -> str:
        return source(module) + ("edited = True\n" if module.endswith("objectives.gradient_penalty") else "")

    monkeypatch.setattr(code, "_source", edited)
    after = changed(laptop, with_penalty)
    forget_code()
    gone = [before.recipes[path] for path in set(before.recipes) - set(after.recipes)]
    assert {recipe.settings["training"]["objective"]["kind"] for recipe in gone if recipe.stage == "models"} == {
        "gradient_penalty"
    }


def test_devices_that_share_a_batch_are_part_of_the_recipe_and_have_jobs_of_their_own(laptop: Document) -> None:
    alone = plan_of(laptop)
    shared = changed(laptop, lambda d: d["training"]["adam-images"].update(replicas=2))
    nets = [recipe for recipe in shared.of_stage("models") if "replicas" in recipe.execution]
    assert {recipe.execution["replicas"] for recipe in nets} == {2}
    assert not any("replicas" in recipe.execution for recipe in alone.of_stage("models"))
    for batch in batches("models", shared):
        assert {batching.replicas_of(recipe) for recipe in batch.recipes} == {batch.replicas}
