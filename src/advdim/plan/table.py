"""The plan as a table for people."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from advdim.artefacts.store import is_complete
from advdim.plan.expand import NotRun, Plan


def plan_table(plan: Plan, data: Path) -> pd.DataFrame:
    """List every recipe of a plan.

    Args:
        plan: the plan.
        data: the data folder.

    Returns:
        One row a recipe: `stage`, `path`, `exists`, `would_run`, `seconds` (expected, on one core).
    """
    rows = []
    for recipe in plan.recipes.values():
        exists = is_complete(data.parent / recipe.path, recipe.key)
        rows.append(
            {
                "stage": recipe.stage,
                "path": recipe.path,
                "exists": exists,
                "would_run": not exists,
                "seconds": recipe.seconds,
            }
        )
    return pd.DataFrame(rows)


def print_plan(table: pd.DataFrame, not_run: Sequence[NotRun], *, only_missing: bool) -> None:
    """Print the table, then what is left out; in a pipe every row is one line of full length."""
    console = Console(soft_wrap=True)
    shown = table[table["would_run"]] if only_missing else table
    drawn = Table("artefact", "exists", "would run", "cost", box=None, pad_edge=False)
    for row in shown.itertuples():
        yes_no = ["yes" if answer else "no" for answer in (row.exists, row.would_run)]
        drawn.add_row(str(row.path), *yes_no, f"{row.seconds:.0f} s")
    if not shown.empty:
        width = max(map(len, shown["path"])) + 40
        Console(width=width, soft_wrap=True).print(drawn)
    waiting = table.loc[table["would_run"], "seconds"].sum()
    console.print(
        f"{len(table)} artefacts, {int(table['exists'].sum())} exist, {int(table['would_run'].sum())} would run, "
        f"about {waiting / 60:.1f} minutes on one core"
    )
    for part in not_run:
        console.print(f"not run: experiment {part.experiment} ({part.what}) needs {part.needs}", markup=False)
