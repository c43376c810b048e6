"""The nets of the spheres study, and what attacks on them found."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from advdim.ledger.observations import NET, Net, at_end, measurement_settings, observations, of_nets, trained_nets
from advdim.statistics.collect import Results

DIMENSION = 500
HIDDEN = 1000
OUTER_RADIUS = 1.3
"""The source's spheres, and the units of its nets."""
STEPS = 1_000_000
SEEDS = 3
STARTS = 100
WAY = 1.0
"""How far an attack goes, its steps' number and size multiplied: 1000 of 0.001 in the source."""


def relu_nets(results: Results) -> list[Net]:
    """The net of S01: two batch-normalised hidden layers, trained on endless points for as long as the source's."""
    return [net for net in source_nets(results) if is_full_size(net, None)]


def source_nets(results: Results) -> list[Net]:
    """ReLU nets of the source's architecture, in any dimension and however trained."""
    return trained_nets(results, kind="relu", width=HIDDEN, depth=2, batch_norm=True)


def quadratic_nets(results: Results, points: int | None) -> list[Net]:
    """Quadratic nets that were trained from a random start on a set of this size; None means endless points."""
    nets = trained_nets(results, kind="quadratic", width=HIDDEN)
    return [net for net in nets if is_full_size(net, points) and not net.model.get("perfect_radius")]


def is_full_size(net: Net, points: int | None) -> bool:
    """Whether a net knows the source's spheres from so many points and was trained as long as the source's."""
    return on_spheres(net, DIMENSION, points) and net.training.get("steps", 0) >= STEPS


def on_spheres(net: Net, dimension: int, points: int | None) -> bool:
    """Whether a net was trained on so many points of spheres of the source's radii in some dimension."""
    spheres = {"dimension": dimension, "outer_radius": OUTER_RADIUS, "points": points}
    return all(net.dataset.get(name) == value for name, value in spheres.items())


def searched(results: Results, nets: Sequence[Net], radii: Sequence[float] = (1.0,)) -> pd.DataFrame:
    """Rows of every snapshot under the attacks for the nearest error that search spheres of these radii.

    Attacks begin at the same starts; of two that began at one the attack counts that goes farther.
    """
    table = of_nets(observations(results, "manifold"), nets)
    if table.empty:
        return table
    settings = measurement_settings(results, "manifold")
    ways = {name: _way(attack) for name, attack in settings.items() if attack["aim"] == "nearest"}
    table = table[table["measurement"].isin(ways) & table["radius"].isin(radii)]
    table = table.assign(way=table["measurement"].map(ways)).sort_values("way", ascending=False, kind="stable")
    return table.drop_duplicates([*NET, "step", "radius", "start"]).sort_index()


def searched_at_end(results: Results, nets: Sequence[Net], radii: Sequence[float] = (1.0,)) -> pd.DataFrame:
    """Rows of each net at its end under such attacks that go as far as the source's."""
    table = at_end(searched(results, nets, radii))
    return table if table.empty else table[table["way"] >= WAY]


def well_searched(table: pd.DataFrame) -> bool:
    """Whether a table holds enough nets, and of each enough starts."""
    starts = table.groupby(NET)["start"].nunique()
    return len(starts) >= SEEDS and bool(starts.min() >= STARTS)


def _way(attack: dict[str, Any]) -> float:
    return float(attack["steps"] * attack["step_size"])
