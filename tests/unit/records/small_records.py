"""Records of a small study: planned, made up, recorded, and made anew by other code."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from advdim.artefacts import store
from advdim.artefacts.tables import write_table
from advdim.config.experiments import Config
from advdim.plan import plan as planning
from advdim.plan.code import Code
from advdim.plan.expand import expand
from advdim.plan.plan import Plan
from advdim.reports.record import record
from advdim.statistics.collect import Results

FOLDER = "data/records/spheres"
CONFIG = """
scale: small
dataset_seed: 0
threads: 1
datasets:
  balls: {kind: spheres, dimension: 5}
models:
  net: {kind: relu, width: 4, depth: 1}
training:
  adam: {kind: gradient, steps: 2}
attacks:
  manifold: {kind: manifold, starts: 3, steps: 2, step_size: 0.1}
statistics:
  pairs: {kind: pair_distance, pairs: 10}
  errors: {kind: error_rate, points: 10}
experiments:
  distances: {study: spheres, datasets: [balls], statistics: [pairs], records: data/records/spheres}
  errors:
    study: spheres
    datasets: [balls]
    models: [net]
    training: [adam]
    seeds: [0, 1]
    attacks: [manifold]
    statistics: [errors]
    records: data/records/spheres
"""


def planned(document: dict[str, Any]) -> Plan:
    return expand(Config.model_validate(document))


def make(plan: Plan, value: float = 0.5, *, but: str = "no path") -> None:
    """Put every artefact of a plan in its place but its pages: a table, and weights where it is a net."""
    for recipe in plan.recipes.values():
        folder = Path(recipe.path)
        if recipe.stage == "reports" or but in recipe.path or folder.exists():
            continue
        with store.staged(Path("data"), folder, recipe.key, recipe.document) as staging:
            write_table(pd.DataFrame({"value": [value]}), staging / "table.parquet")
            if recipe.stage == "models":
                (staging / "step-0000002.weights.h5").write_bytes(b"weights")


def recorded(document: dict[str, Any], value: float = 0.5, *, but: str = "no path") -> Plan:
    """Make, record, and lose the data folder; the plan of what is left to do."""
    plan = planned(document)
    make(plan, value, but=but)
    record(plan, "spheres", Path(), Path(FOLDER))
    for stage in ("datasets", "models", "attacks", "statistics"):
        shutil.rmtree(Path("data", stage))
    return planned(document)


def with_other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "code_of", lambda *_: Code("another commit", {"numpy": "99"}))


def make_anew(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch, *, but: str = "no path") -> Plan:
    """Record, then make everything again by other code without reading the records; the plan of that."""
    recorded(document)
    for experiment in document["experiments"].values():
        del experiment["records"]
    with_other_code(monkeypatch)
    plan = planned(document)
    make(plan, value=0.25, but=but)
    return plan


def values(plan: Plan) -> dict[str, list[float]]:
    """What a page would read, by kind."""
    rows = tuple(plan.page("spheres").settings["results"])
    return {kind: Results(rows, Path()).table(kind)["value"].to_list() for kind in ("manifold", "error_rate")}
