"""The plan as a table for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from advdim.artefacts.store import is_complete
from advdim.plan.plan import Plan
from advdim.plan.recipe import Recipe


@dataclass(frozen=True)
class Row:
    """A recipe, and whether its artefact exists; if not, it would run."""

    recipe: Recipe
    exists: bool


def plan_table(plan: Plan, data: Path) -> list[Row]:
    """List every recipe of a plan.

    Args:
        plan: the plan.
        data: the data folder.

    Returns:
        One row a recipe, in the plan's order.
    """
    return [Row(recipe, is_complete(data.parent / recipe.path, recipe.key)) for recipe in plan.recipes.values()]


def print_plan(plan: Plan, table: Sequence[Row], *, only_missing: bool) -> None:
    """Print the table, then what is recorded and what is left out; in a pipe every row is one line of full length."""
    console = Console(soft_wrap=True)
    waiting = [row for row in table if not row.exists]
    shown = waiting if only_missing else table
    drawn = Table("artefact", "exists", "would run", "cost", box=None, pad_edge=False)
    for row in shown:
        yes_no = ("yes", "no") if row.exists else ("no", "yes")
        drawn.add_row(row.recipe.path, *yes_no, f"{row.recipe.seconds:.0f} s")
    if shown:
        width = max(len(row.recipe.path) for row in shown) + 40
        Console(width=width, soft_wrap=True).print(drawn)
    console.print(
        f"{len(table)} artefacts, {len(table) - len(waiting)} exist, {len(waiting)} would run, "
        f"about {sum(row.recipe.seconds for row in waiting) / 60:.1f} minutes on one core"
        + "; what cannot run is not in the sum"
        * bool(plan.not_run)
    )
    for folder, records in plan.records.items():
        recorded = {result.recipe.identity for result in plan.results if result.path.startswith(f"{folder}/")}
        unread = len(records.unread(recorded))
        console.print(
            f"recorded: {len(recorded)} artefacts are read from {folder}"
            + ", where nothing lies yet" * (not records.all)
            + f"; {unread} measurements there fit no result of this configuration" * bool(unread),
            markup=False,
        )
    for part in plan.not_run:
        console.print(f"not run: experiment {part.experiment} ({part.what}) needs {part.needs}", markup=False)
