"""Expanding a configuration into recipes."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from advdim.artefacts.keys import canonical_json
from advdim.artefacts.store import is_complete
from advdim.config.datasets import Resized
from advdim.config.experiments import STUDIES, Config, Experiment, Pair, Study
from advdim.config.section import Section
from advdim.errors import AdvdimError
from advdim.layout import CLAIMS, notebooks_of
from advdim.plan import cost
from advdim.plan.code import code_of
from advdim.plan.recipe import STAGES, Recipe, Stage
from advdim.plan.sources import (
    NotRun,
    dataset_digests,
    missing_attack,
    missing_dataset,
    missing_model,
    model_digests,
    peer_versions,
)

Device = Literal["cpu", "gpu"]

PAGES = ("index", *STUDIES, "ledger")


@dataclass(frozen=True)
class Result:
    """One artefact in its role in an experiment: what the reports read.

    Attributes:
        study: the study that reads it.
        recipe: how it is made.
        kind: kind of the dataset, model, attack or statistic.
        labels: names of the configuration that led to it (experiment, dataset, model, training, measurement) and the
            seed; they become columns of the tidy tables.
    """

    study: Study
    recipe: Recipe
    kind: str
    labels: dict[str, str | int]


@dataclass
class Plan:
    """All recipes of a configuration.

    Attributes:
        config: the configuration.
        device: the kind of device that computes.
        recipes: recipe by path, in the order of the stages once expanded.
        results: every artefact in each role that it has.
        not_run: what is left out, because something is not at hand.
        datasets: recipe of each dataset by its name, and what is missing to make it.
    """

    config: Config
    device: Device
    recipes: dict[str, Recipe] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    not_run: list[NotRun] = field(default_factory=list)
    datasets: dict[str, tuple[Recipe, str | None]] = field(default_factory=dict, repr=False)

    def of_stage(self, stage: Stage) -> list[Recipe]:
        """Recipes of one stage, in the order of the configuration."""
        return [recipe for recipe in self.recipes.values() if recipe.stage == stage]

    def page(self, name: str) -> Recipe:
        """The recipe of one page of the report."""
        return next(recipe for recipe in self.of_stage("reports") if recipe.name == name)

    def make_recipe(self, stage: Stage, name: str, entry: str, kind: str, **rest: Any) -> Recipe:
        """Make a recipe whose code is a stage's entry and the module of the kind, and take it into the plan.

        An equal recipe that is there already is shared.
        """
        code = code_of((entry, *rest.pop("modules", [f"advdim.{stage}.{kind}"])), rest.pop("extra", ()))
        recipe = Recipe(stage, name, entry, code=code.digest, libraries=code.libraries, **rest)
        return self.recipes.setdefault(recipe.path, recipe)

    def leave_out(self, part: NotRun) -> None:
        """Note a part that cannot run, once for all seeds."""
        if part not in self.not_run:
            self.not_run.append(part)


def expand(config: Config, *, device: Device = "cpu") -> Plan:
    """Expand a configuration into the recipes of every artefact, the reports included.

    Args:
        config: a checked configuration.
        device: ``gpu`` gives other last digits than ``cpu``, so it is part of the recipes.

    Returns:
        The plan, with recipes in the order datasets, models, attacks, statistics, reports.
    """
    _file_digest(CLAIMS)  # tells first of all if this is not the root of the project
    plan = Plan(config, device)
    for name, experiment in config.experiments.items():
        for dataset in experiment.datasets:
            _expand_dataset(plan, name, experiment, dataset)
    judgements = {study: _expand_judgement(plan, study) for study in STUDIES}
    for page in PAGES:
        _expand_page(plan, page, judgements)
    order = {stage: number for number, stage in enumerate(STAGES)}
    plan.recipes = dict(sorted(plan.recipes.items(), key=lambda item: order[item[1].stage]))
    return plan


def _dump(settings: Section) -> dict[str, Any]:
    return settings.model_dump(mode="json")


def _expand_dataset(plan: Plan, experiment_name: str, experiment: Experiment, name: str) -> None:
    settings = plan.config.datasets[name]
    dataset, needs = _plan_dataset(plan, name)
    if needs:
        plan.leave_out(NotRun(experiment.study, experiment_name, name, needs))
        return
    labels: dict[str, str | int] = {"experiment": experiment_name, "dataset": name}
    plan.results.append(Result(experiment.study, dataset, settings.kind, labels))
    for seed in experiment.seeds:
        if not experiment.models:
            _expand_measurements(plan, experiment, {"dataset": dataset}, labels | {"seed": seed})
        for model_name, training_name, pair in _trained(plan.config, experiment, name):
            missing = missing_model(plan.config.models[model_name])
            if missing:
                plan.leave_out(NotRun(experiment.study, experiment_name, f"{model_name} on {name}", missing))
                continue
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
    lacking = None if is_complete(Path(dataset.path), dataset.key) else needs
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
    plan.results.append(Result(experiment.study, recipe, model.kind, labels))
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
        plan.results.append(Result(experiment.study, recipe, settings.kind, labels | {"measurement": name}))


def _model_name(labels: dict[str, str | int]) -> str:
    return "-".join(str(labels[part]) for part in ("model", "pair", "training") if part in labels)


def _expand_judgement(plan: Plan, study: Study) -> Recipe:
    """The verdicts of one study: a table made from its tables."""
    return plan.make_recipe(
        "reports",
        f"verdicts-{study}",
        "advdim.ledger.stage",
        study,
        modules=[f"advdim.ledger.{study}"],
        settings={"study": study, "claims": _file_digest(CLAIMS), "scale": plan.config.scale}
        | _results_of(plan, study),
        seed=None,
        execution={},
        inputs=_inputs_of(plan, study),
        seconds=3.0,
    )


def _expand_page(plan: Plan, page: str, judgements: dict[Study, Recipe]) -> None:
    """One HTML page: a study's page reads its tables and verdicts, the front page and the ledger all verdicts."""
    verdicts = {
        f"verdicts-{study}": recipe for study, recipe in judgements.items() if page in (study, "index", "ledger")
    }
    plan.make_recipe(
        "reports",
        page,
        "advdim.reports.stage",
        page,
        modules=[],
        extra=notebooks_of(page),
        settings={"page": page, "claims": _file_digest(CLAIMS), "scale": plan.config.scale}
        | _results_of(plan, page)
        | {"not_run": [vars(part) for part in plan.not_run if page in (part.study, "index")]},
        seed=None,
        execution={},
        inputs=_inputs_of(plan, page) | verdicts,
        seconds=8.0,
    )


def _results_of(plan: Plan, study: str) -> dict[str, Any]:
    listing = [
        {"path": result.recipe.path, "stage": result.recipe.stage, "kind": result.kind, "labels": result.labels}
        for result in plan.results
        if result.study == study
    ]
    return {"results": sorted(listing, key=canonical_json)}


def _inputs_of(plan: Plan, study: str) -> dict[str, Recipe]:
    return {result.recipe.path: result.recipe for result in plan.results if result.study == study}


def _file_digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise AdvdimError(
            f"{path}: cannot be read ({error.strerror}); run advdim from the root of the project, where {path} lies"
        ) from error
