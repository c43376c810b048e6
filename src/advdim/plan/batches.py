"""Batches: several small pieces of work in one job.

Importing TensorFlow costs a job as much as training a small net, so the workflow runs recipes in batches. Results do
not depend on the batch: each recipe is made by itself, under its own key and seeds, and what exists is not made again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from advdim.plan.plan import Plan
from advdim.plan.recipe import Recipe, Stage

BATCH_SECONDS = 120.0
"""Expected cost of a batch: many times the cost of starting a job, short enough to keep every core busy at the end.

Reports import no TensorFlow, and each page has a kernel of its own to start: they are jobs of their own, side by side.
"""


@dataclass(frozen=True)
class Batch:
    """Recipes of one stage that one job makes.

    Attributes:
        stage: the stage.
        number: its place among the stage's batches, from 1.
        recipes: what the job makes, in this order.
        inputs: tokens of what the job reads, without what it makes itself.
    """

    stage: Stage
    number: int
    recipes: tuple[Recipe, ...]
    inputs: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name for rules, logs and benchmarks."""
        return f"{self.stage}_{self.number}"

    @property
    def paths(self) -> list[str]:
        """Folders that the job fills."""
        return [recipe.path for recipe in self.recipes]

    @property
    def tokens(self) -> list[str]:
        """Files that the job leaves for the workflow to see."""
        return [recipe.token for recipe in self.recipes]

    @property
    def replicas(self) -> int:
        """Devices that the job computes with at once."""
        return replicas_of(self.recipes[0])

    @property
    def title(self) -> str:
        """A few words for people."""
        first = self.recipes[0].name
        return first if len(self.recipes) == 1 else f"{first} and {len(self.recipes) - 1} more"


def batches(stage: Stage, plan: Plan) -> list[Batch]:
    """Divide a stage's recipes into batches of about equal cost, in their order.

    Args:
        stage: the stage.
        plan: the plan, in which a recipe that reads another of its stage comes after it.

    Returns:
        Batches in which every recipe stands once.
    """
    groups: list[list[Recipe]] = []
    filled = most = 0.0 if stage == "reports" else BATCH_SECONDS
    for recipe in plan.of_stage(stage):
        if filled + recipe.seconds > most or replicas_of(recipe) != replicas_of(groups[-1][-1]):
            groups.append([])
            filled = 0.0
        groups[-1].append(recipe)
        filled += recipe.seconds
    return [Batch(stage, number, tuple(group), _inputs(group, plan)) for number, group in enumerate(groups, 1)]


def _inputs(recipes: Sequence[Recipe], plan: Plan) -> tuple[str, ...]:
    """Tokens of what recipes read; a dataset that is there may be of one that is gone and cannot be made again."""
    own = {recipe.key for recipe in recipes}
    read = [needed for recipe in recipes for needed in recipe.inputs.values() if needed.key not in own]
    return tuple(dict.fromkeys(needed.token for needed in read if needed.path in plan.recipes))


def replicas_of(recipe: Recipe) -> int:
    """Devices that share each batch of a training; a process divides its devices once."""
    return int(recipe.execution.get("replicas", 1))
