"""Experiments: which settings are crossed with which, for which study."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from advdim.config.attacks import Attack
from advdim.config.datasets import Dataset
from advdim.config.models import Model
from advdim.config.section import Name, Names, Section, each_once
from advdim.config.statistics import Statistic
from advdim.config.training import Training

ClassName = Annotated[str, BeforeValidator(lambda name: str(name) if isinstance(name, int) else name)]
Study = Literal["spheres", "dimension", "tilting"]
STUDIES: tuple[Study, ...] = ("spheres", "dimension", "tilting")


Pair = tuple[ClassName, ClassName]
"""Two classes: I, to which a linear classifier gives y = -1, and J with y = +1."""


def _all_or_pairs(pairs: Any) -> Any:
    """Refuse any other form in one sentence: of a union Pydantic would tell one for each of its sides."""
    listed = isinstance(pairs, list | tuple) and all(isinstance(pair, list | tuple) for pair in pairs)
    named = listed and all(len(pair) == 2 and all(isinstance(name, str | int) for name in pair) for pair in pairs)
    if pairs != "all" and not named:
        raise ValueError("`all`, or pairs of class names such as [[2, 3], [7, 9]]")
    if named and len({tuple(map(str, pair)) for pair in pairs}) < len(pairs):
        raise ValueError("each pair once")
    return pairs


Pairs = Annotated[tuple[Pair, ...] | Literal["all"], BeforeValidator(_all_or_pairs)]


class Experiment(Section):
    """Every dataset with every model, training and seed, then every attack and statistic on each trained model.

    Without models the statistics are taken of the datasets themselves.
    """

    study: Study = Field(description="The study that reads the results.")
    datasets: Names = Field(min_length=1, description="Names from the section `datasets`.")
    models: Names = Field(default=(), description="Names from the section `models`.")
    training: Names = Field(default=(), description="Names from the section `training`.")
    pairs: Pairs = Field(
        default="all",
        min_length=1,
        description="Pairs of classes that linear classifiers separate, by name, such as [[2, 3], [7, 9]]; `all` takes "
        "every pair of the dataset. Other models always learn all classes.",
    )
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], AfterValidator(each_once)] = Field(
        default=(0,), min_length=1, description="Root seeds; each gives one net, and one draw of every random number."
    )
    attacks: Names = Field(default=(), description="Names from the section `attacks`.")
    statistics: Names = Field(default=(), description="Names from the section `statistics`.")
    records: str | None = Field(
        default=None,
        description="Folder of `data/records` that `advdim record` wrote: what is recorded there, by another commit or "
        "machine, is read and not made again. Null makes everything.",
    )


class Config(Section):
    """A whole run.

    What DVC watches for a stage has no default: it must stand in the file.
    """

    scale: Name = Field(description="Name of the scale, printed in every report.")
    dataset_seed: int = Field(ge=0, description="Root seed of finite datasets: crops, splits, point sets.")
    threads: int = Field(
        ge=1,
        le=64,
        description="Threads of each job. Sums are split over them, so they are part of every recipe: another number "
        "gives other last digits.",
    )
    checkpoint_seconds: float = Field(
        default=60,
        gt=0,
        description="Seconds between the checkpoints from which a killed run resumes; part of no recipe.",
    )
    tensorboard: bool = Field(
        default=False, description="Leave TensorBoard's files of each training in logs/tensorboard; part of no recipe."
    )
    datasets: dict[Name, Dataset] = Field(description="Datasets by name.")
    models: dict[Name, Model] = Field(description="Models by name.")
    training: dict[Name, Training] = Field(description="Ways of training by name.")
    attacks: dict[Name, Attack] = Field(description="Attacks by name.")
    statistics: dict[Name, Statistic] = Field(description="Statistics by name.")
    experiments: dict[Name, Experiment] = Field(min_length=1, description="Experiments by name.")
