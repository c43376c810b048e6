"""The plan of a configuration: recipes, their roles in the studies, and what is left out."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from advdim.config.experiments import STUDIES, Config, Experiment, Study
from advdim.errors import AdvdimError
from advdim.plan.code import code_of
from advdim.plan.recipe import Recipe, Stage
from advdim.plan.records import Records, read_records
from advdim.plan.sources import NotRun

Device = Literal["cpu", "gpu"]
DEVICES: tuple[Device, ...] = ("cpu", "gpu")

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
        path: its folder, relative to the root of the project: that of the recipe, or that of its record.
    """

    study: Study
    recipe: Recipe
    kind: str
    labels: dict[str, str | int]
    path: str

    @property
    def is_recorded(self) -> bool:
        """Whether it is read from a record, so that it need not be made."""
        return self.path != self.recipe.path


@dataclass
class Plan:
    """All recipes of a configuration.

    Attributes:
        config: the configuration.
        device: the kind of device that computes.
        recipes: recipe by path, in the order of the stages once expanded.
        named: recipe by path, also of what need not be made because records hold what was measured on it.
        results: every artefact in each role that it has.
        not_run: what is left out, because something is not at hand.
        datasets: recipe of each dataset by its name, and what is missing to make it.
        records: the records of each folder that an experiment names.
    """

    config: Config
    device: Device
    recipes: dict[str, Recipe] = field(default_factory=dict)
    named: dict[str, Recipe] = field(default_factory=dict, repr=False)
    results: list[Result] = field(default_factory=list)
    not_run: list[NotRun] = field(default_factory=list)
    datasets: dict[str, tuple[Recipe, str | None]] = field(default_factory=dict, repr=False)
    records: dict[str, Records] = field(default_factory=dict, repr=False)

    def of_stage(self, stage: Stage) -> list[Recipe]:
        """Recipes of one stage, in the order of the configuration."""
        return [recipe for recipe in self.recipes.values() if recipe.stage == stage]

    def page(self, name: str) -> Recipe:
        """The recipe of one page of the report, or of the verdicts on a study."""
        return next(recipe for recipe in self.of_stage("reports") if recipe.name == name)

    def make_recipe(self, stage: Stage, name: str, entry: str, kind: str, **rest: Any) -> Recipe:
        """Make a recipe whose code is a stage's entry and the module of the kind, and take it into the plan.

        An equal recipe that is there already is shared.
        """
        code = code_of((entry, *rest.pop("modules", [f"advdim.{stage}.{kind}"])), rest.pop("extra", ()))
        recipe = Recipe(stage, name, entry, code=code.digest, libraries=code.libraries, **rest)
        return self.recipes.setdefault(recipe.path, recipe)

    def add_result(self, experiment: Experiment, recipe: Recipe, kind: str, labels: dict[str, str | int]) -> None:
        """Note an artefact in a role; where the experiment's records hold it, it is read from there.

        Datasets are made in any case: pages show their pictures, which no record holds.
        """
        recorded = None
        if experiment.records is not None and recipe.stage != "datasets":
            recorded = self._records_in(Path(experiment.records)).path_of(recipe.identity)
        self.results.append(Result(experiment.study, recipe, kind, labels, recorded or recipe.path))

    def _records_in(self, folder: Path) -> Records:
        """What a folder records, read once; nothing where it is missing, as long as it could be one."""
        if not folder.parent.is_dir():
            raise AdvdimError(
                f"{folder}: found no folder {folder.parent}; expected one of records, such as data/records"
            )
        if folder.as_posix() not in self.records:
            self.records[folder.as_posix()] = read_records(folder)
        return self.records[folder.as_posix()]

    def leave_out(self, part: NotRun) -> None:
        """Note a part that cannot run, once for all seeds."""
        if part not in self.not_run:
            self.not_run.append(part)
