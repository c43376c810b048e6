"""Expanding a configuration into recipes."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from advdim.artefacts.store import is_complete
from advdim.config.datasets import Resized
from advdim.config.experiments import Config, Experiment, Pair
from advdim.config.section import Section
from advdim.layout import require_root
from advdim.plan import cost
from advdim.plan.pages import expand_reports
from advdim.plan.plan import Device, Plan
from advdim.plan.recipe import STAGES, Recipe
from advdim.plan.sources import (
    NotRun,
    dataset_digests,
    missing_attack,
    missing_dataset,
    missing_model,
    model_digests,
    peer_versions,
    refuse_other_archive,
)


def expand(config: Config, *, device: Device = "cpu") -> Plan:
    """Expand a configuration into the recipes of every artefact, the reports included.

    Args:
        config: a checked configuration.
        device: ``gpu`` gives other last digits than ``cpu``, so it is part of the recipes.

    Returns:
        The plan, with recipes in the order datasets, models, attacks, statistics, reports.
    """
    require_root()
    plan = Plan(config, device)
    for name, experiment in config.experiments.items():
        for dataset in experiment.datasets:
            _expand_dataset(plan, name, experiment, dataset)
    expand_reports(plan)
    needed, order = _needed(plan), {stage: number for number, stage in enumerate(STAGES)}
    plan.named = plan.recipes
    kept = [(path, recipe) for path, recipe in plan.recipes.items() if path in needed]
    plan.recipes = dict(sorted(kept, key=lambda item: order[item[1].stage]))
    return plan


def _needed(plan: Plan) -> set[str]:
    """Paths of the reports, and of all that must be made for them: records need neither their nets nor their data."""
    paths, waiting = set(), plan.of_stage("reports")
    while waiting:
        recipe = waiting.pop()
        if recipe.path not in paths:
            paths.add(recipe.path)
            waiting += recipe.inputs.values()
    return paths


def _dump(settings: Section) -> dict[str, Any]:
    return settings.model_dump(mode="json")


def _expand_dataset(plan: Plan, experiment_name: str, experiment: Experiment, name: str) -> None:
    settings = plan.config.datasets[name]
    dataset, needs = _plan_dataset(plan, name)
    if needs:
        plan.leave_out(NotRun(experiment.study, experiment_name, name, needs))
        return
    labels: dict[str, str | int] = {"experiment": experiment_name, "dataset": name}
    plan.add_result(experiment, dataset, settings.kind, labels)
    if not experiment.models:
        for seed in experiment.seeds:
            _expand_measurements(plan, experiment, {"dataset": dataset}, labels | {"seed": seed})
    for model_name, training_name, pair in _trained(plan.config, experiment, name):
        missing = missing_model(plan.config.models[model_name])
        if missing:
            plan.leave_out(NotRun(experiment.study, experiment_name, f"{model_name} on {name}", missing))
            continue
        for seed in experiment.seeds:  # one after the other: what a process compiled for one seed serves the next
            chain = labels | {"model": model_name, "training": training_name, "seed": seed}
            chain |= {"pair": "-".join(pair)} if pair else {}
            model = _expand_model(plan, experiment, dataset, chain, pair)
            _expand_measurements(plan, experiment, {"dataset": dataset, "model": model}, chain)


def _plan_dataset(plan: Plan, name: str) -> tuple[Recipe, str | None]:
    """The recipe of a dataset, with that of its source, in the plan; or out of it, and what is missing to make it."""
    if name in plan.datasets:
        return plan.datasets[name]
    settings = plan.config.datasets[name]
    inputs, needs = {}, missing_dataset(settings)
    if isinstance(settings, Resized):
        inputs["source"], needs = _plan_dataset(plan, settings.source)
    dataset = plan.make_recipe(
        "datasets",
        name,
        "advdim.datasets.stage",
        settings.kind,
        settings=_dump(settings),
        seed=plan.config.dataset_seed,
        execution=dataset_digests(settings),
        inputs=inputs,
        seconds=cost.dataset_seconds(settings),
    )
    built = is_complete(Path(dataset.path), dataset.key)
    if built:
        refuse_other_archive(settings, Path(dataset.path))
    lacking = None if built else needs
    if lacking:
        plan.recipes.pop(dataset.path)
    return plan.datasets.setdefault(name, (dataset, lacking))


def _trained(config: Config, experiment: Experiment, dataset: str) -> Iterator[tuple[str, str, Pair | None]]:
    """Every model with every training, linear models once for each pair of classes."""
    for model in experiment.models:
        for training in experiment.training:
            if config.models[model].kind != "linear":
                yield model, training, None
                continue
            names = getattr(config.datasets[dataset], "class_names", ())
            for pair in combinations(names, 2) if experiment.pairs == "all" else experiment.pairs:
                yield model, training, pair


def _expand_model(
    plan: Plan, experiment: Experiment, dataset: Recipe, labels: dict[str, str | int], pair: Pair | None
) -> Recipe:
    config = plan.config
    model, training = config.models[str(labels["model"])], config.training[str(labels["training"])]
    separated = {"pair": list(pair)} if pair else {}
    recipe = plan.make_recipe(
        "models",
        f"{labels['dataset']}/{_model_name(labels)}-s{labels['seed']}",
        "advdim.training.stage",
        training.kind,
        modules=[*(f"advdim.training.{module}" for module in training.modules), f"advdim.models.{model.kind}"],
        settings={"model": _dump(model), "training": _dump(training)} | separated,
        seed=int(labels["seed"]),
        execution={"device": plan.device, "threads": config.threads} | model_digests(model) | training.shared,
        inputs={"dataset": dataset},
        seconds=cost.training_seconds(training, model, config.datasets[str(labels["dataset"])]),
    )
    plan.add_result(experiment, recipe, model.kind, labels)
    return recipe


def _expand_measurements(
    plan: Plan, experiment: Experiment, inputs: dict[str, Recipe], labels: dict[str, str | int]
) -> None:
    measured = _model_name(labels) if "model" in labels else "data"
    measurements: list[tuple[Literal["attacks", "statistics"], str]] = [
        ("attacks", name) for name in experiment.attacks
    ]
    measurements += [("statistics", name) for name in experiment.statistics]
    for stage, name in measurements:
        settings = getattr(plan.config, stage)[name]
        missing = missing_attack(settings)
        if missing:
            what = f"{name} on {labels['dataset']}"
            plan.leave_out(NotRun(experiment.study, str(labels["experiment"]), what, missing))
            continue
        recipe = plan.make_recipe(
            stage,
            f"{labels['dataset']}/{measured}-s{labels['seed']}-{name}",
            f"advdim.{stage}.stage",
            settings.kind,
            settings=_dump(settings),
            seed=int(labels["seed"]),
            execution={"device": plan.device, "threads": plan.config.threads, **peer_versions(settings)},
            inputs=inputs,
            seconds=cost.measurement_seconds(plan.config, stage, name, labels),
        )
        plan.add_result(experiment, recipe, settings.kind, labels | {"measurement": name})


def _model_name(labels: dict[str, str | int]) -> str:
    return "-".join(str(labels[part]) for part in ("model", "pair", "training") if part in labels)
